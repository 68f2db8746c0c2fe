//! Which model answers: the catalog and routing.
mod cost;
mod local;
mod own;
mod service;
pub use cost::cost;
pub use local::OnThisMachine;
pub use own::Own;
pub use service::{Models, Route};
