//! The project's folder.
mod disk;
mod path;
mod room;
mod service;
mod store;
#[cfg(all(test, unix))]
mod tests;
#[cfg(all(test, unix))]
mod tests_room;
pub use room::Place;
pub use service::{Files, MAX_FILE};
