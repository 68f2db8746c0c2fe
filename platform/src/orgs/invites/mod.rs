//! Invitations by mail.
mod model;
mod service;
mod store;
pub use service::Invites;
