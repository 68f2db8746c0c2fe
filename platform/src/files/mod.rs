//! The project's folder.
mod disk;
mod opened;
mod path;
mod room;
mod service;
mod store;
#[cfg(all(test, unix))]
mod tests;
#[cfg(all(test, unix))]
mod tests_room;
pub use opened::Opened;
pub use room::Place;
pub(crate) use service::blocking;
pub use service::{Files, MAX_FILE};
