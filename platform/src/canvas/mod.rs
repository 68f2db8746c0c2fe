//! Blocks and where everything stands.
mod copies;
mod model;
mod moves;
mod place;
mod search;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod versions;
pub(crate) use copies::{Seed, check, plant, seeds_of, sow};
pub use service::{Canvas, Origin};
pub(crate) use store::{blocks_of, place_session};
