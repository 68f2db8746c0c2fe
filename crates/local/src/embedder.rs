//! Embeddings on this machine.

use crate::{
    Settings,
    process::{Process, failed, load, said_of},
    weights::{KnownModel, Purpose, WeightsError, known},
    worker::protocol::{Ask, Said},
};
use alumia_embed::DIMENSIONS;
use alumia_models::{Embedder, ModelError};
use async_trait::async_trait;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Mutex;

/// Texts that the worker is given at once: what is still computed when nobody waits any more.
const AT_ONCE: usize = 16;
/// One is quick enough, and never waits for another one.
const THREADS: u32 = 1;

/// The embedder of this machine. Its model is in a process of its own, which is there while it is used. Clones share
/// it.
#[derive(Clone)]
pub struct LocalEmbedder {
    settings: Arc<Settings>,
    model: &'static KnownModel,
    process: Arc<Mutex<Option<Process>>>,
    /// Of what was asked last.
    last: Arc<AtomicU64>,
}

impl LocalEmbedder {
    /// With the model for embeddings, from the same store as the others; `None` where none is known.
    pub fn new(settings: Settings) -> Option<Self> {
        let model = known().iter().find(|model| model.purpose == Purpose::Embeddings)?;
        Some(Self { settings: Arc::new(settings), model, process: Arc::default(), last: Arc::default() })
    }

    /// The process that holds the model now, if one does.
    pub async fn process_id(&self) -> Option<u32> {
        self.process.lock().await.as_ref().and_then(Process::id)
    }

    /// Unloads the model when nobody asks for it for long enough.
    fn unload_later(&self) {
        let (this, last) = (self.clone(), self.last.load(Ordering::Relaxed));
        tokio::spawn(async move {
            tokio::time::sleep(this.settings.idle).await;
            let mut process = this.process.lock().await;
            if this.last.load(Ordering::Relaxed) == last {
                *process = None;
            }
        });
    }

    async fn some(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut process = self.process.lock().await;
        load(&self.settings, self.model, self.model.context, THREADS, &mut process).await?;
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(process) = process.as_ref() {
            process.ask(Ask::Embed { id, texts: texts.to_owned() });
        }
        match said_of(id, &mut process).await? {
            Said::Embedded { vectors, .. } if vectors.len() == texts.len() => Ok(vectors),
            Said::Failed { wrong, detail, .. } => Err(failed(wrong, detail)),
            _ => Err(ModelError::Malformed { detail: "the process answered something else".into() }),
        }
    }
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn model(&self) -> &str {
        &self.model.id
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }

    fn unavailable(&self) -> Option<String> {
        let missing = !self.settings.shelf.has(self.model);
        missing.then(|| WeightsError::Missing(self.model.id.clone()).to_string())
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        let _use = Use(self);
        let mut vectors = Vec::with_capacity(texts.len());
        for texts in texts.chunks(AT_ONCE) {
            vectors.extend(self.some(texts).await?);
        }
        Ok(vectors)
    }
}

/// Begins the time after which the model is unloaded, however a use ends.
struct Use<'a>(&'a LocalEmbedder);

impl Drop for Use<'_> {
    fn drop(&mut self) {
        self.0.unload_later();
    }
}
