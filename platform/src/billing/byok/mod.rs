//! Keys of organisations' own for model providers: their calls cost no credits.
mod service;
mod store;

pub use service::OwnKeys;
pub(super) use store::{count, owners};
