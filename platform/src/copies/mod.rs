//! Projects as copies: duplicated within their workspace, exported as an archive, restored from one.
//!
//! A copy holds the project's fields, its blocks, its files and what its apps have stored; no sessions, runs, sandboxes, share links or keys, and
//! nothing that says who made it. Restoring never touches a project that is there: an archive becomes a project of its
//! own, beside the one that it came from if that still exists, so nothing can be lost by it and nothing has to be
//! brought back. Whatever the way, a copy is there whole or not at all (`make.rs`).
//!
//! | file | holds |
//! | --- | --- |
//! | `duplicate.rs`, `export.rs`, `restore.rs` | the three verbs |
//! | `make.rs` | making the new project, all or nothing |
//! | `pack.rs`, `unpack.rs` | writing an archive; reading one that is as hostile as can be |
//! | `databases.rs` | what apps have stored, on its way out and in |
//! | `directory.rs` | an archive's table of contents, before a library believes it |
mod databases;
mod directory;
mod duplicate;
mod export;
mod make;
mod model;
mod pack;
mod restore;
mod unpack;
pub use export::Export;
pub use restore::{Restore, Upload};

use crate::{audit::Audit, clock::Clock, files::Files, projects::Projects, store::Store};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Exports and restores going on at once in one server; each holds a thread while it is at work.
const AT_ONCE: usize = 8;

/// Duplicates, exports and restores projects. Cheap to clone.
#[derive(Clone)]
pub struct Copies {
    store: Store,
    clock: Arc<dyn Clock>,
    audit: Audit,
    projects: Projects,
    files: Files,
    permits: Arc<Semaphore>,
}

impl Copies {
    /// Copies of these projects.
    pub fn new(store: Store, clock: Arc<dyn Clock>, audit: Audit, projects: Projects, files: Files) -> Self {
        Self { store, clock, audit, projects, files, permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}
