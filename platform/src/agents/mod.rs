//! Agents.
mod model;
mod service;
mod store;
pub use model::STANDARD_TOOLS;
pub use service::Agents;
