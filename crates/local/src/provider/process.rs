//! The worker as a child process.

use crate::worker::protocol::{Ask, Said};
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

impl Process {
    /// Starts a worker on weights; it is loading them when this returns.
    ///
    /// # Errors
    /// When there can be no process.
    pub fn start(
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
    pub async fn next(&mut self) -> Option<Said> {
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
    pub async fn epitaph(&mut self) -> String {
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
