//! Workspaces and who belongs to them.
mod service;
mod store;
pub use service::Workspaces;
pub(super) use store::{default_of, insert_member, name_of};
