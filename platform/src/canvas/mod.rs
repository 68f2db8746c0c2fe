//! Blocks and where everything stands.
mod model;
mod moves;
mod place;
mod search;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod versions;
pub use service::{Canvas, Origin};
pub(crate) use store::{blocks_of, place_session};
