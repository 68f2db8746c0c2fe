use super::{
    Copies, model,
    pack::{self, Facts, Out, pack},
};
use crate::{Error, OrgScope, Result, audit::Entry, canvas};
use alumia_protocol::{ProjectId, copies::ArchivedProject};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use serde_json::json;
use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{runtime::Handle, sync::mpsc, time::timeout};

/// Bytes that are sent at once.
const PIECE: usize = 128 << 10;
/// Pieces that wait for a reader.
const AHEAD: usize = 4;
/// How long a reader may take nothing. A thread waits for them.
const PATIENCE: Duration = Duration::from_secs(60);

/// An archive, as it is made.
pub struct Export {
    /// What its file is called.
    pub name: String,
    pieces: mpsc::Receiver<io::Result<Bytes>>,
}

impl Export {
    /// Its bytes. Where reading the project fails half-way it ends with an error, and what came before is no archive:
    /// an archive's table of contents is at its end.
    pub fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::unfold(self.pieces, async |mut pieces| pieces.recv().await.map(|piece| (piece, pieces)))
            .fuse()
    }
}

impl Copies {
    /// The project as an archive that [`Copies::restore`] takes, made while it is read: neither memory nor the disk
    /// holds all of it. Each file in it is as it was at one moment, different files at slightly different ones; so is each database, which lies on the disk for that long.
    ///
    /// # Errors
    /// `NotFound`, `TooLarge` for more than an archive holds, `Unavailable` while many archives are made.
    pub async fn export(&self, scope: &OrgScope, id: ProjectId) -> Result<Export> {
        let project = self.projects.get(scope, id).await?;
        let permit = self.permits.clone().try_acquire_owned().map_err(|_| busy())?;
        let seeds = canvas::seeds_of(&self.store, scope.org_id(), id).await?;
        let files = self.files.all(scope, id).await?;
        let databases = self.databases(scope, id, &seeds).await?;
        let bytes = files.bytes().saturating_add(databases.bytes());
        model::check_size(seeds.len(), files.count(), bytes)?;
        model::check_manifest(pack::manifest_size(&seeds, &files, databases.count())?)?;
        let name = model::file_name(&project);
        let details = json!({
            "blocks": seeds.len(), "files": files.count(), "databases": databases.count(), "bytes": bytes,
        });
        let entry =
            Entry::by(scope, "project.exported").on("project", id, project.name.clone()).with(details);
        self.audit.note([entry]).await?;
        // A marker of a project that never will be: what a dead server left of the copies goes with it.
        let coming = match databases.count() {
            0 => None,
            _ => Some(self.files.begin_coming(scope.org_id(), ProjectId::new()).await?),
        };
        let facts = Facts {
            exported_at: self.clock.now(),
            project: ArchivedProject {
                name: project.name,
                description: project.description,
                prompt: project.prompt,
                emoji: project.emoji,
                visibility: project.visibility,
                tags: project.tags,
                metadata: project.metadata.as_object().cloned().unwrap_or_default(),
            },
            seeds,
            files,
            databases,
        };
        let (sender, pieces) = mpsc::channel(AHEAD);
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || {
            let mut pipe = Pipe {
                sender: sender.clone(),
                runtime: runtime.clone(),
                waiting: Vec::new(),
                given_up: Arc::default(),
            };
            let packed =
                pack(facts, coming.as_ref(), &mut pipe).and_then(|()| pipe.flush().map_err(Error::internal));
            if let Some(coming) = coming {
                runtime.block_on(coming.abandon());
            }
            if let Err(error) = packed {
                // A reader that is gone is no failure of ours.
                if !sender.is_closed() {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "an archive was given up half-way"
                    );
                    let broken = io::Error::other("the archive could not be completed");
                    // Nobody may be left to hear of it.
                    let _ = runtime.block_on(timeout(PATIENCE, sender.send(Err(broken))));
                }
            }
            drop(permit);
        });
        Ok(Export { name, pieces })
    }
}

pub(super) fn busy() -> Error {
    Error::Unavailable {
        message: "Many projects are being exported or restored just now. Try again in a minute.".into(),
        retry_after_seconds: 60,
    }
}

/// Where the archive's bytes go, from a thread that may wait.
struct Pipe {
    sender: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
    waiting: Vec<u8>,
    given_up: Arc<AtomicBool>,
}

impl Out for &mut Pipe {
    fn given_up(&self) -> Arc<AtomicBool> {
        self.given_up.clone()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.given_up.load(Ordering::Relaxed) {
            return Ok(bytes.len());
        }
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() || self.given_up.load(Ordering::Relaxed) {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.waiting));
        match self.runtime.block_on(timeout(PATIENCE, self.sender.send(Ok(piece)))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the reader is gone")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the reader takes nothing")),
        }
    }
}
