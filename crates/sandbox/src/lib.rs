//! Confined commands: bubblewrap behind a trait, and the files that such commands leave behind. Programs that
//! stay are confined the same way ([`Bubblewrap::stay`]).
#![warn(missing_docs)]

#[cfg(target_os = "linux")]
mod bubblewrap;
mod disabled;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod folder;
#[cfg(target_os = "linux")]
mod layout;
#[cfg(target_os = "linux")]
mod output;
#[cfg(target_os = "linux")]
mod spawn;
#[cfg(target_os = "linux")]
mod stay;
#[cfg(target_os = "linux")]
mod watch;

#[cfg(target_os = "linux")]
pub use bubblewrap::Bubblewrap;
pub use disabled::Disabled;
#[cfg(target_os = "linux")]
pub use folder::Folder;
#[cfg(target_os = "linux")]
pub use stay::{Confined, Ended, Program};

use async_trait::async_trait;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// A command to run.
#[derive(Clone, Debug)]
pub struct Command {
    /// Run by `/bin/sh -c`; at most 128 KiB.
    pub script: String,
    /// The work folder on the host, `/work` inside; made when missing.
    pub workdir: PathBuf,
    /// Mounted read-only as `/project`, when given.
    pub project_dir: Option<PathBuf>,
    /// How long it may run.
    pub timeout: Duration,
    /// Bytes by which the work folder may grow, where that is less than what its limit leaves.
    pub room: Option<u64>,
    /// Given on standard input.
    pub stdin: Option<Vec<u8>>,
}

/// Where output comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Takes output as it comes.
pub type OutputSink = Arc<dyn Fn(Channel, &str) + Send + Sync>;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Exit status; 128 + signal when a signal ended it.
    pub exit_code: i32,
    /// Cut to the cap, with a line that says so.
    pub stdout: String,
    /// As `stdout`.
    pub stderr: String,
}

/// Why a command has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It can't run here.
    #[error("the sandbox is off: {0}")]
    Off(String),
    /// Over its time limit.
    #[error("the command ran into its time limit")]
    Timeout,
    /// Its token was cancelled.
    #[error("the command was stopped")]
    Cancelled,
    /// Over the size or the number of files that the work folder may hold.
    #[error("the work folder is full")]
    Full,
    /// Its processes together took more memory than they may.
    #[error("the command used more memory than it may")]
    Memory,
    /// The system refused.
    #[error("the sandbox could not start: {0}")]
    Start(#[from] std::io::Error),
}

/// What one command may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory, of one process and of all together.
    pub memory: u64,
    /// Processes and threads at a time.
    pub processes: u64,
    /// Bytes in the work folder.
    pub work: u64,
    /// Files and folders in the work folder.
    pub files: u64,
    /// Bytes in `/tmp`, and as many in `/dev/shm`.
    pub tmp: u64,
    /// Open files of one process.
    pub open_files: u64,
    /// Bytes of output kept and passed on, of each channel.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            memory: 2048 * MIB,
            processes: 128,
            work: 1024 * MIB,
            files: 50_000,
            tmp: 128 * MIB,
            open_files: 512,
            output: 1_000_000,
        }
    }
}

/// Runs commands apart from everything else.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// Why it can't run here, if it can't. Finding out starts a process the first time.
    fn off_reason(&self) -> Option<String>;

    /// Runs a command to its end. When `cancel` fires, the whole process tree is gone before this
    /// returns.
    ///
    /// # Errors
    /// See [`SandboxError`]; a command that fails has an [`Outcome`].
    async fn exec(
        &self,
        command: Command,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<Outcome, SandboxError>;
}

/// Makes a file or folder the user's as whom confined programs run, where that isn't the user of this process:
/// they see it as their own.
///
/// # Errors
/// When it isn't there, or the system refuses.
#[cfg(target_os = "linux")]
pub fn give(path: &Path) -> std::io::Result<()> {
    layout::give(path)
}

/// The sandbox of this system, with its own small files in `state`: bubblewrap on Linux, off elsewhere.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "nothing to keep there"))]
pub fn standard(state: &Path) -> Arc<dyn Sandbox> {
    #[cfg(target_os = "linux")]
    match Bubblewrap::new(state, Limits::default()) {
        Ok(sandbox) => Arc::new(sandbox),
        Err(fault) => Arc::new(Disabled::new(format!("{}: {fault}", state.display()))),
    }
    #[cfg(not(target_os = "linux"))]
    Arc::new(Disabled::new("commands are confined on Linux only"))
}
