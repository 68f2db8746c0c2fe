use crate::{
    Channel, Command, Confined, Limits, Outcome, OutputSink, Program, Sandbox, SandboxError,
    layout::{self, Cage, Mount},
    output::Reader,
    spawn::Spawner,
    watch::{self, First},
};
use async_trait::async_trait;
use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
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
        let made = move || layout::arguments(&shared.state, &shared.limits, &cage(&wanted, &shared.limits)?);
        let arguments = tokio::task::spawn_blocking(made).await.map_err(io::Error::other)??;
        let stdin = if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        self.spawn(&arguments, stdin).await
    }

    /// Starts a program that stays, with the same confinement and limits as a command, but for its `/work`,
    /// which is held in memory and gone with it, and its memory, which is only counted over all its
    /// processes: programs that reserve far more than they use can't live with a limit on each.
    ///
    /// # Errors
    /// When the system refuses. That it can't run shows in its early end, or before in [`Self::try_out`].
    pub async fn stay(&self, program: &Program) -> io::Result<Confined> {
        let arguments = layout::arguments(&self.shared.state, &self.shared.limits, &program.cage())?;
        let child = self.spawn(&arguments, Stdio::piped()).await?;
        Confined::over(child, self.shared.limits.memory)
    }

    /// Runs a program of [`Self::stay`] to its end, which it must reach in `time`, and gives what it wrote to
    /// standard output. Blocks.
    ///
    /// # Errors
    /// Why it can't run here, for people.
    pub fn try_out(&self, program: &Program, input: &[u8], time: Duration) -> Result<Vec<u8>, String> {
        let Shared { state, limits, .. } = &*self.shared;
        let mut arguments: Vec<OsString> =
            ["timeout", "-s", "KILL", &time.as_secs().to_string()].map(Into::into).into();
        arguments
            .extend(layout::arguments(state, limits, &program.cage()).map_err(|fault| fault.to_string())?);
        try_out(&arguments, input)
    }

    async fn spawn(&self, arguments: &[OsString], stdin: Stdio) -> io::Result<Child> {
        let mut starting = prepare(arguments);
        starting.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut starting = tokio::process::Command::from(starting);
        starting.kill_on_drop(true);
        self.spawner.spawn(starting).await
    }
}

/// A command's cage, and its work folder made ready for it.
fn cage(command: &Command, limits: &Limits) -> io::Result<Cage> {
    fs::create_dir_all(&command.workdir)?;
    layout::give(&command.workdir)?;
    let seen =
        |host: &Path, inside: &str, writable| Mount { host: host.into(), inside: inside.into(), writable };
    let mut mounts = vec![seen(&command.workdir, "/work", true)];
    mounts.extend(command.project_dir.as_ref().map(|project| seen(project, "/project", false)));
    Ok(Cage {
        mounts,
        system: vec![],
        fleeting: false,
        data: Some(limits.memory),
        // A thread that spins on each of a few processors is honest work; the time limit ends it.
        cpu: Some(command.timeout.as_secs().saturating_mul(8).max(8)),
        command: vec!["/bin/sh".into(), "-c".into(), command.script.clone().into()],
    })
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
        let arguments = cage(&command, &self.limits)
            .and_then(|cage| layout::arguments(&self.state, &self.limits, &cage))
            .map_err(|fault| fault.to_string());
        let tried = arguments.and_then(|arguments| try_out(&arguments, b""));
        tried.err().map(|why| format!("bubblewrap does not run here: {why}"))
    }

    fn off(&self) -> Option<String> {
        self.off.get_or_init(|| self.probe()).clone()
    }
}

/// Runs something to its end; why it doesn't run, if it doesn't.
fn try_out(arguments: &[OsString], input: &[u8]) -> Result<Vec<u8>, String> {
    let fails = |fault: io::Error| fault.to_string();
    let mut starting = prepare(arguments);
    starting.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = starting.spawn().map_err(fails)?;
    // It is dropped, and so closed, only after the program has ended: some end when their input does.
    let stdin = child.stdin.take();
    if let Some(mut stdin) = stdin.as_ref() {
        // One that doesn't read it says why on its way out.
        let _ = stdin.write_all(input);
    }
    let output = child.wait_with_output().map_err(fails)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let tools = ["unshare", "setpriv", "bwrap", "prlimit"];
    match output.status.code() {
        Some(0) => Ok(output.stdout),
        Some(127) if tools.iter().any(|tool| said.contains(&format!("{tool}: not found"))) => Err(
            "bubblewrap and util-linux are needed (bwrap, setpriv, prlimit). Install them and start again"
                .into(),
        ),
        _ if said.trim().is_empty() => Err(format!("it ended with status {}", exit_code(output.status))),
        _ => Err(said.trim().to_owned()),
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
pub(crate) async fn end(child: &mut Child, first: &OnceCell<First>, ours: u32) -> io::Result<()> {
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
