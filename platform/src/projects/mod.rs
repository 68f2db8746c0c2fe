//! Projects.
mod model;
mod service;
mod store;
pub use service::Projects;
pub(crate) use service::require_holder;
pub(crate) use store::visible;
