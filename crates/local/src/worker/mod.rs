//! The process that holds the model.
//!
//! Inference runs in a child process of the same binary, so that an abort of the library or the system's
//! out-of-memory killer takes no server down, unloading is ending a process, and whatever the model is doing can
//! be stopped for certain. [`main`] is that process; it ends when its standard input does.

mod cache;
mod encoder;
mod grammar;
mod model;
mod prefix;
pub mod protocol;
mod sample;
mod utf8;

use llama_cpp_2::{LogOptions, llama_backend::LlamaBackend, send_logs_to_tracing};
use model::{Engine, Failure};
use prefix::Prefixes;
use protocol::{Ask, Said, Wrong};
use std::{
    io::{BufRead as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
};

/// What a worker is started with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The weights: a GGUF file of a model that answers, or a safetensors file of the one for embeddings.
    pub model: PathBuf,
    /// Tokens that fit the context.
    pub context: u32,
    /// Threads to load with; each generation names its own.
    pub threads: u32,
}

/// Serves generations until standard input ends. Nothing else may write to standard output.
pub fn main(start: &Start) {
    if let Err(Failure { wrong, detail }) = serve(start) {
        say(&Said::Failed { id: None, wrong, detail });
    }
}

fn serve(start: &Start) -> Result<(), Failure> {
    if let Some(detail) = missing_instructions() {
        return Err(Failure { wrong: Wrong::Processor, detail });
    }
    let asked = Asked::listen();
    if start.model.extension().is_some_and(|format| format == "safetensors") {
        return encoder::serve(&start.model, &asked);
    }
    send_logs_to_tracing(LogOptions::default().with_logs_enabled(false));
    let backend =
        LlamaBackend::init().map_err(|error| Failure { wrong: Wrong::Other, detail: error.to_string() })?;
    let model = model::load(&backend, Path::new(&start.model))?;
    let prefixes = Prefixes::beside(&start.model);
    let mut engine = Engine::new(&backend, model, prefixes, start.context, start.threads)?;
    say(&Said::Ready { context: engine.size() });
    while let Ok(ask) = asked.work.recv() {
        let Ask::Generate(ask) = ask else { return Err(misled()) };
        let id = ask.id;
        match engine.generate(&ask, || asked.is_cancelled(id), |said| say(&said)) {
            Ok((ended, counts)) => say(&Said::Done { id, ended, counts }),
            Err(Failure { wrong, detail }) => say(&Said::Failed { id: Some(id), wrong, detail }),
        }
    }
    Ok(())
}

/// The server has mixed its workers up.
fn misled() -> Failure {
    Failure { wrong: Wrong::Other, detail: "it was asked for what it isn't there for".into() }
}

/// What the server asks, read by a thread of its own, so that a cancellation is seen at once.
struct Asked {
    work: mpsc::Receiver<Ask>,
    /// Generations up to this id are cancelled, because there is one at a time.
    cancelled: Arc<AtomicU64>,
    /// The server is gone.
    ended: Arc<AtomicBool>,
}

impl Asked {
    fn listen() -> Self {
        let (sender, work) = mpsc::channel();
        let (cancelled, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let asked = Self { work, cancelled: cancelled.clone(), ended: ended.clone() };
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                match line.map(|line| serde_json::from_str(&line)) {
                    Ok(Ok(Ask::Cancel(id))) => {
                        cancelled.fetch_max(id, Ordering::Relaxed);
                    }
                    Ok(Ok(work)) => {
                        if sender.send(work).is_err() {
                            break;
                        }
                    }
                    Ok(Err(error)) => {
                        let detail = format!("a line from the server can't be read: {error}");
                        say(&Said::Failed { id: None, wrong: Wrong::Other, detail });
                        break;
                    }
                    Err(_) => break,
                }
            }
            ended.store(true, Ordering::Relaxed);
        });
        asked
    }

    fn is_cancelled(&self, id: u64) -> bool {
        self.cancelled.load(Ordering::Relaxed) >= id || self.ended.load(Ordering::Relaxed)
    }
}

/// Nobody who listens: then the server is gone, and this process ends with its standard input.
fn say(said: &Said) {
    if let Ok(line) = serde_json::to_string(said) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

/// The library is built for processors from about 2013 on; on an older one its first instruction would kill
/// this process without a word.
fn missing_instructions() -> Option<String> {
    #[cfg(target_arch = "x86_64")]
    {
        let missing: Vec<&str> = [
            ("AVX2", std::is_x86_feature_detected!("avx2")),
            ("FMA", std::is_x86_feature_detected!("fma")),
            ("F16C", std::is_x86_feature_detected!("f16c")),
            ("BMI2", std::is_x86_feature_detected!("bmi2")),
        ]
        .into_iter()
        .filter_map(|(name, there)| (!there).then_some(name))
        .collect();
        if !missing.is_empty() {
            return Some(format!("this processor lacks {}", missing.join(", ")));
        }
    }
    None
}
