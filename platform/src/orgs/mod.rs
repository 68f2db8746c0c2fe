//! Organisations, workspaces, members.
mod model;
mod service;
mod store;
pub use service::{Orgs, Resource};
