//! Encrypted columns.
//!
//! A value is sealed with a random data key (XChaCha20-Poly1305), bound to its place: the organisation,
//! table, column and row are associated data, so that a sealed value moved elsewhere doesn't open. Data keys
//! lie in the database, wrapped by a version of the master key, which never does; a new master key re-wraps
//! the data keys and leaves the values alone.

pub(crate) mod cipher;
mod master;
mod seal;
mod secret;
mod service;
mod store;

pub use master::MasterKeys;
pub use secret::Secret;
pub use service::{Place, Secrets};
