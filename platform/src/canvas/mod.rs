//! Blocks and where everything stands.
mod boards;
mod copies;
mod model;
mod moves;
mod place;
mod search;
mod service;
mod store;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_boards;
mod versions;
pub use boards::{Composed, Layout, Part};
pub(crate) use copies::{Seed, check, plant, seeds_of, sow};
pub use service::{Canvas, Origin};
pub(crate) use store::{blocks_of, place_session};
