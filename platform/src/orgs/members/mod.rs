//! Members and their roles.
mod service;
mod store;
pub use service::Members;
pub(super) use store::{lock, member, role_of};
