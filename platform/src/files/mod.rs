//! The project's folder.
mod coming;
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
pub(crate) use coming::Coming;
pub(crate) use disk::explain;
pub use opened::Opened;
pub(crate) use room::APPS;
pub use room::Place;
pub(crate) use service::blocking;
pub use service::{Files, MAX_FILE};
pub(crate) use service::{Reading, check_path};
