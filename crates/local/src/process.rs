//! The worker as a child process.

use crate::{
    machine,
    provider::Settings,
    weights::KnownModel,
    worker::protocol::{Ask, Said, Wrong},
};
use alumia_models::ModelError;
use std::{
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    sync::mpsc,
};

/// How a worker is started: a program and its arguments before those of [`Process::start`].
#[derive(Clone, Debug)]
pub struct Program {
    pub path: PathBuf,
    pub arguments: Vec<String>,
}

/// A worker. Dropping it ends it.
pub struct Process {
    child: Child,
    asks: mpsc::UnboundedSender<Ask>,
    said: mpsc::UnboundedReceiver<Said>,
    /// The end of what it wrote to standard error.
    last_words: Arc<Mutex<Vec<u8>>>,
    /// The weights that it has loaded.
    pub model: String,
}

/// Kept of standard error.
const WORDS: usize = 600;
/// How long a worker may say nothing while it works.
const SILENCE: Duration = Duration::from_secs(90);
/// How long loading may take.
const LOADING: Duration = Duration::from_secs(180);

/// Fills `slot` with a worker that has this model loaded, if it hasn't one already.
///
/// # Errors
/// `Unusable` when the weights aren't there or whole or memory is short, `Overloaded` when the process died.
pub async fn load(
    settings: &Settings,
    model: &'static KnownModel,
    context: u32,
    threads: u32,
    slot: &mut Option<Process>,
) -> Result<(), ModelError> {
    if slot.as_mut().is_some_and(|process| process.model == model.id && process.is_alive()) {
        return Ok(());
    }
    // Two models at once would need twice the memory.
    *slot = None;
    let shelf = settings.shelf.clone();
    let opened = tokio::task::spawn_blocking(move || shelf.open(model)).await;
    let path =
        opened.map_err(|fault| unusable(fault.to_string()))?.map_err(|fault| unusable(fault.to_string()))?;
    if let Some(free) = machine::free_memory_mb()
        && free < model.memory_mb
    {
        return Err(unusable(format!(
            "It needs {} MB of memory, and {free} MB are free. Close other programs, or choose a smaller model.",
            model.memory_mb
        )));
    }
    let started = Process::start(&settings.program, &model.id, &path, context, threads);
    let mut process = started.map_err(|fault| unusable(format!("Its process can't be started: {fault}.")))?;
    match tokio::time::timeout(LOADING, process.next()).await {
        Ok(Some(Said::Ready { .. })) => {}
        Ok(Some(Said::Failed { wrong, detail, .. })) => return Err(failed(wrong, detail)),
        Ok(_) => return Err(died(&mut process).await),
        Err(_) => return Err(unusable("It could not be loaded within three minutes.".into())),
    }
    *slot = Some(process);
    Ok(())
}

/// What the worker in `slot` says next of what was asked with this id. On an error that it doesn't survive the slot is
/// empty.
///
/// # Errors
/// When it is gone, or says nothing for too long.
pub async fn said_of(id: u64, slot: &mut Option<Process>) -> Result<Said, ModelError> {
    loop {
        let Some(process) = slot.as_mut() else {
            return Err(unusable("It was unloaded.".into()));
        };
        let said = match tokio::time::timeout(SILENCE, process.next()).await {
            Ok(Some(said)) => said,
            Ok(None) => {
                let error = died(process).await;
                *slot = None;
                return Err(error);
            }
            Err(_) => {
                *slot = None;
                let detail = "the model on this machine made no progress and was ended".into();
                return Err(ModelError::Timeout { detail });
            }
        };
        match said {
            Said::Ready { .. } => {}
            Said::Failed { id: None, wrong, detail } => {
                *slot = None;
                return Err(failed(wrong, detail));
            }
            // The end of an answer that nobody waited for may still come.
            said if said.id() == Some(id) => return Ok(said),
            _ => {}
        }
    }
}

pub fn unusable(detail: String) -> ModelError {
    ModelError::Unusable { detail }
}

pub fn failed(wrong: Wrong, detail: String) -> ModelError {
    match wrong {
        Wrong::TooLong => ModelError::ContextTooLong { detail },
        Wrong::Processor => unusable(format!("It can't run here: {detail}. Connect a provider instead.")),
        Wrong::File | Wrong::Other => unusable(format!("It can't go on: {detail}.")),
    }
}

/// Another try gets a new process.
async fn died(process: &mut Process) -> ModelError {
    let detail = format!("the process of the model on this machine is gone: {}", process.epitaph().await);
    ModelError::Overloaded { retry_after: None, detail }
}

impl Process {
    /// Starts a worker on weights; it is loading them when this returns.
    fn start(
        program: &Program,
        model: &str,
        weights: &std::path::Path,
        context: u32,
        threads: u32,
    ) -> std::io::Result<Self> {
        let mut child = Command::new(&program.path)
            .args(&program.arguments)
            .arg("--weights")
            .arg(weights)
            .args(["--context", &context.to_string(), "--threads", &threads.to_string()])
            // What multiplies matrices for embeddings asks here how many.
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let broken = || std::io::Error::other("the process has no pipes");
        let mut stdin = child.stdin.take().ok_or_else(broken)?;
        let stdout = child.stdout.take().ok_or_else(broken)?;
        let mut stderr = child.stderr.take().ok_or_else(broken)?;
        let (asks, mut asked) = mpsc::unbounded_channel::<Ask>();
        tokio::spawn(async move {
            while let Some(ask) = asked.recv().await {
                let Ok(mut line) = serde_json::to_vec(&ask) else { continue };
                line.push(b'\n');
                if stdin.write_all(&line).await.is_err() {
                    return;
                }
            }
        });
        let (sender, said) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                // Whatever else the library prints isn't for us.
                if let Ok(said) = serde_json::from_str(&line)
                    && sender.send(said).is_err()
                {
                    return;
                }
            }
        });
        let last_words = Arc::new(Mutex::new(Vec::new()));
        let words = last_words.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
                words.extend_from_slice(&buffer[..count]);
                let extra = words.len().saturating_sub(WORDS);
                words.drain(..extra);
            }
        });
        Ok(Self { child, asks, said, last_words, model: model.to_owned() })
    }

    /// Sends something to it; nobody hears it when the process is gone, which the next [`Self::next`] tells.
    pub fn ask(&self, ask: Ask) {
        let _ = self.asks.send(ask);
    }

    /// What it says next; `None` when it is gone.
    async fn next(&mut self) -> Option<Said> {
        self.said.recv().await
    }

    /// Whether it is still there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process id.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// How it ended, for people, after [`Self::next`] gave `None`.
    async fn epitaph(&mut self) -> String {
        let status = tokio::time::timeout(Duration::from_secs(2), self.child.wait()).await;
        let how = match status {
            Ok(Ok(status)) => how(status),
            _ => "it closed its output".into(),
        };
        let words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        match String::from_utf8_lossy(&words).lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) => format!("{how}: {}", line.trim()),
            None => how,
        }
    }
}

fn how(status: std::process::ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            9 => "it was killed, most likely because the machine ran out of memory".into(),
            7 => "its file changed while it ran".into(),
            signal => format!("it ended by signal {signal}"),
        };
    }
    status.code().map_or_else(|| "it ended".into(), |code| format!("it ended with status {code}"))
}
