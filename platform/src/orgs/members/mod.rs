//! Members and their roles.
mod service;
mod store;
pub use service::Members;
pub(super) use store::{count, find, lock, member, role_of};
