//! Blocks and where everything stands.
mod boards;
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
pub use service::{Canvas, Origin};
pub(crate) use store::{blocks_of, place_session};
