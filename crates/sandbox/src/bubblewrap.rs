use crate::{
    Channel, Command, Limits, Outcome, OutputSink, Sandbox, SandboxError, layout,
    output::Reader,
    spawn::Spawner,
    watch::{self, First},
};
use async_trait::async_trait;
use std::{
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    pin::pin,
    process::{ExitStatus, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin},
    sync::OnceCell,
};
use tokio_util::sync::CancellationToken;

/// How long the end of a killed sandbox is waited for; it takes a few milliseconds.
const GRACE: Duration = Duration::from_secs(1);

/// Commands in bubblewrap: own user, process, mount, network, IPC, host-name and cgroup namespaces, no
/// capabilities, a read-only system, limits on everything. As root it becomes an ordinary user first.
pub struct Bubblewrap {
    shared: Arc<Shared>,
    spawner: Spawner,
}

struct Shared {
    state: PathBuf,
    limits: Limits,
    off: OnceLock<Option<String>>,
}

impl Bubblewrap {
    /// A sandbox that keeps its own small files in `state`.
    ///
    /// # Errors
    /// When `state` can't be written.
    pub fn new(state: &Path, limits: Limits) -> io::Result<Self> {
        layout::prepare(state)?;
        let state = state.canonicalize()?;
        // Whatever this process was started with must not be open in a sandbox.
        close_fds::set_fds_cloexec(3, &[]);
        let shared = Arc::new(Shared { state, limits, off: OnceLock::new() });
        Ok(Self { shared, spawner: Spawner::new()? })
    }

    async fn run(
        &self,
        command: Command,
        sink: OutputSink,
        cancel: CancellationToken,
    ) -> Result<Outcome, SandboxError> {
        let Command { workdir, timeout, stdin, .. } = &command;
        let limits = &self.shared.limits;
        let deadline = tokio::time::sleep(*timeout);
        let room = watch::Room::above(workdir, limits, command.room).await;
        let mut child = self.start(&command).await?;
        let mut stdout = Reader::new(Channel::Stdout, child.stdout.take(), sink.clone(), limits.output);
        let mut stderr = Reader::new(Channel::Stderr, child.stderr.take(), sink, limits.output);
        let ours = child.id().unwrap_or_default();
        let first = OnceCell::new();

        let ended = {
            let watching = async { first.get_or_init(|| First::find(ours)).await.watch(workdir, room).await };
            let feeding = feed(child.stdin.take(), stdin.as_deref());
            let (mut watching, mut feeding, mut deadline) = (pin!(watching), pin!(feeding), pin!(deadline));
            let mut fed = false;
            loop {
                tokio::select! {
                    () = cancel.cancelled() => break Err(SandboxError::Cancelled),
                    () = &mut deadline => break Err(SandboxError::Timeout),
                    fault = &mut watching => break Err(fault),
                    status = child.wait() => break Ok(status?),
                    () = stdout.step(), if stdout.is_open() => {}
                    () = stderr.step(), if stderr.is_open() => {}
                    () = &mut feeding, if !fed => fed = true,
                }
            }
        };
        if ended.is_err() {
            end(&mut child, &first, ours).await?;
        }
        // All that could write has ended, so this reads what the pipes still hold.
        let draining = async { tokio::join!(stdout.to_end(), stderr.to_end()) };
        let _ = tokio::time::timeout(GRACE, draining).await;
        let status = ended?;
        if room.is_used_up(workdir).await {
            return Err(SandboxError::Full);
        }
        Ok(Outcome { exit_code: exit_code(status), stdout: stdout.text, stderr: stderr.text })
    }

    async fn start(&self, command: &Command) -> io::Result<Child> {
        let (shared, wanted) = (self.shared.clone(), command.clone());
        let made = move || layout::arguments(&shared.state, &shared.limits, &wanted);
        let arguments = tokio::task::spawn_blocking(made).await.map_err(io::Error::other)??;
        let stdin = if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut starting = prepare(&arguments);
        starting.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut starting = tokio::process::Command::from(starting);
        starting.kill_on_drop(true);
        self.spawner.spawn(starting).await
    }
}

impl Shared {
    /// Runs `true` as every command is run.
    fn probe(&self) -> Option<String> {
        let command = Command {
            script: "true".into(),
            workdir: self.state.join("probe"),
            project_dir: None,
            timeout: Duration::from_secs(5),
            room: None,
            stdin: None,
        };
        let ran = layout::arguments(&self.state, &self.limits, &command)
            .and_then(|arguments| prepare(&arguments).stdin(Stdio::null()).output());
        match ran {
            Ok(output) if output.status.success() => None,
            Ok(output) if output.status.code() == Some(127) => Some(
                "bubblewrap and util-linux are needed (bwrap, setpriv, prlimit). Install them and start again."
                    .into(),
            ),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                Some(format!("bubblewrap does not run here: {}", said.trim()))
            }
            Err(fault) => Some(format!("bubblewrap does not run here: {fault}")),
        }
    }

    fn off(&self) -> Option<String> {
        self.off.get_or_init(|| self.probe()).clone()
    }
}

#[async_trait]
impl Sandbox for Bubblewrap {
    fn off_reason(&self) -> Option<String> {
        self.shared.off()
    }

    async fn exec(
        &self,
        command: Command,
        output: OutputSink,
        cancel: CancellationToken,
    ) -> Result<Outcome, SandboxError> {
        let shared = self.shared.clone();
        let off = tokio::task::spawn_blocking(move || shared.off()).await.map_err(io::Error::other)?;
        match off {
            Some(reason) => Err(SandboxError::Off(reason)),
            None => self.run(command, output, cancel).await,
        }
    }
}

fn prepare(arguments: &[OsString]) -> std::process::Command {
    let mut command = std::process::Command::new(&arguments[0]);
    command.args(&arguments[1..]).env_clear().env("PATH", layout::PATH).current_dir("/");
    command
}

/// Kills everything inside and waits until it is gone.
async fn end(child: &mut Child, first: &OnceCell<First>, ours: u32) -> io::Result<()> {
    let found = tokio::select! {
        first = first.get_or_init(|| First::find(ours)) => Some(first),
        _ = child.wait() => return Ok(()),
        () = tokio::time::sleep(GRACE / 2) => None,
    };
    match found {
        Some(first) => first.kill(),
        None => child.start_kill()?,
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        child.kill().await?;
    }
    Ok(())
}

async fn feed(stdin: Option<ChildStdin>, bytes: Option<&[u8]>) {
    if let (Some(mut stdin), Some(bytes)) = (stdin, bytes) {
        // A command that doesn't read all of it has closed the pipe; that is its own affair.
        let _ = stdin.write_all(bytes).await;
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}
