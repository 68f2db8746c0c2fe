//! A store of its own with real weights in it. `ALUMIA_TEST_MODELS` names a folder with them.

use alumia_local::{
    Program, Settings,
    weights::{Shelf, Sources, find},
};
use std::{fs, path::PathBuf, time::Duration};
use tempfile::TempDir;

/// The store; gone when it is dropped.
pub struct Place {
    pub shelf: Shelf,
    _folder: TempDir,
}

/// With the weights of this model, a copy: tests damage it.
#[expect(clippy::disallowed_methods, reason = "where tests find weights is no setting of the server")]
pub fn place(model: &str) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::of(folder.path());
    fs::create_dir_all(shelf.folder()).unwrap();
    let held = std::env::var("ALUMIA_TEST_MODELS").expect("ALUMIA_TEST_MODELS is set by scripts/test");
    let file = shelf.path(find(model).unwrap());
    let from = PathBuf::from(held).join(file.file_name().unwrap());
    fs::copy(from, &file).expect("ALUMIA_TEST_MODELS holds the weights");
    Place { shelf, _folder: folder }
}

/// The example `worker`, which cargo builds along with tests.
pub fn program() -> Program {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(|deps| deps.parent()).unwrap().join("examples/worker");
    Program { path, arguments: Vec::new() }
}

/// One thread, a small context.
pub fn settings(place: &Place, idle: Duration) -> Settings {
    Settings {
        shelf: place.shelf.clone(),
        sources: Sources::default(),
        preferred: "smollm2-135m".into(),
        program: program(),
        threads: 1,
        context: 2048,
        idle,
    }
}
