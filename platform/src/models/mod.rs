//! Which model answers: the catalog and routing.
mod cost;
mod service;
pub use cost::cost;
pub use service::{Models, Route};
