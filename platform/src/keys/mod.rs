//! API keys: a program's way in, with its owner's role within the key's scopes.

mod model;
mod service;
mod store;

pub use model::{Holder, Refusal};
pub use service::Keys;
