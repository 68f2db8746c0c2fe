//! The project's folder.
mod disk;
mod path;
mod service;
#[cfg(all(test, unix))]
mod tests;
pub use service::{Files, MAX_FILE};
