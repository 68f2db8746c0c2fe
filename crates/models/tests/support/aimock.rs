//! Runs `@copilotkit/aimock`, a simulator of providers that others wrote, with fixtures of a test's own.

use serde_json::Value;
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const PROGRAM: &str = "end2end/node_modules/@copilotkit/aimock/dist/cli.js";
const SET_UP: &str = "run `scripts/setup node` first (`make test` does)";
/// Node.js starts slowly on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The simulator; ends when it is dropped.
pub struct Aimock {
    pub origin: String,
    _process: Child,
    _folder: tempfile::TempDir,
}

impl Aimock {
    /// Starts it on a free port.
    pub async fn start(fixtures: &Value) -> Self {
        let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let program = folders.find_map(|folder| Some(folder.join(PROGRAM)).filter(|file| file.is_file()));
        let program = program.unwrap_or_else(|| panic!("{PROGRAM} is missing: {SET_UP}"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fixtures.json");
        std::fs::write(&file, fixtures.to_string()).unwrap();
        let mut process = Command::new("node")
            .arg(program)
            .args(["--port", "0", "--log-level", "info", "--validate-on-load", "--fixtures"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("node does not start ({error}): {SET_UP}"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let origin = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(at) = line.find("listening on http://") {
                    return line[at + "listening on ".len()..].trim().to_owned();
                }
            }
            panic!("aimock ended before it listened: {SET_UP}");
        };
        let origin = tokio::time::timeout(PATIENCE, origin).await.expect("aimock does not start");
        // It goes on writing; a full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { origin, _process: process, _folder: folder }
    }
}
