//! The real program, to be killed and started again on the same data.

use alumia_platform::store::testing::TestStore;
use std::{os::unix::process::ExitStatusExt as _, process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// What outlives a process: its data directory and database.
pub struct Home {
    folder: TempDir,
    pub store: TestStore,
    /// Settings, by their names in the environment.
    pub settings: Vec<(&'static str, String)>,
}

impl Home {
    pub async fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), store: TestStore::new().await, settings: Vec::new() }
    }
}

impl Home {
    /// Where servers keep their files.
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }
}

/// A running `alumia serve`. Dropping it kills it.
pub struct Process {
    child: Child,
    pub url: String,
}

impl Process {
    /// Starts the server on a free port; with `fault` it aborts itself at that point.
    pub async fn start(home: &Home, fault: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alumia"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"])
            .current_dir(home.folder.path())
            .env("ALUMIA_DATABASE__URL", home.store.url())
            .env("ALUMIA_LIMITS__AUTH_PER_MINUTE", "100000")
            .env("ALUMIA_LIMITS__CHAT_PER_MINUTE", "100000")
            .env("ALUMIA_LIMITS__READS_PER_MINUTE", "100000")
            .env("ALUMIA_LIMITS__WRITES_PER_MINUTE", "100000")
            .env("RUST_LOG", "error")
            .env_remove("ALUMIA_FAULT")
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command.envs(home.settings.iter().map(|(name, value)| (name, value)));
        if let Some(point) = fault {
            command.env("ALUMIA_FAULT", point);
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(Duration::from_mins(1), lines.next_line()).await;
        let first =
            first.expect("the server starts within a minute").unwrap().expect("it prints its address");
        let url = first.strip_prefix("listening on ").expect("its first line is its address").to_owned();
        Self { child, url }
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Whether it has ended, which it only does by being killed or by aborting at a fault point.
    pub fn is_dead(&mut self) -> bool {
        let Some(status) = self.child.try_wait().unwrap() else { return false };
        assert!(matches!(status.signal(), Some(6 | 9)), "the server ended by itself: {status}");
        true
    }
}
