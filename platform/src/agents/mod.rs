//! Agents.
mod model;
mod service;
mod store;
pub use model::STANDARD_TOOLS;
pub(crate) use model::has_usual_prompt;
pub use service::Agents;
