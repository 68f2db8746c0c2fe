//! What all viewers of one link share. However many there are, the canvas is read once, and the snapshot and
//! each event are written as JSON once; a viewer is a position in a short buffer of frames.

use super::{model, store::Found};
use crate::Error;
use alumia_protocol::{
    OrgId, ProjectId,
    events::{Event, Snapshot},
    share::{ShareMode, SharedEvent, SharedProject},
};
use async_stream::stream;
use bytes::Bytes;
use futures::Stream;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OnceCell, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Frames that a viewer who comes back, or is slow, can still be given, and their bytes.
const FRAMES: usize = 1_024;
const BYTES: usize = 4 << 20;
/// Frames that a viewer takes at once.
const BATCH: usize = 64;
/// How long a link without viewers stays in memory.
const IDLE: Duration = Duration::from_mins(1);

/// A canvas as it is sent.
pub struct Shown {
    /// The canvas.
    pub project: SharedProject,
    /// The same as JSON.
    pub json: Bytes,
    frame: Bytes,
    pub(super) files: BTreeSet<String>,
}

/// What a viewer's stream brings.
pub enum Piece {
    /// An event as it stands in a stream of server-sent events.
    Frame(Bytes),
    /// The viewer was too slow; this is the last piece.
    Lagged,
}

/// One link that somebody looks at.
pub(super) struct Hub {
    /// The token's hash.
    pub key: String,
    pub org: OrgId,
    pub project: ProjectId,
    pub mode: ShareMode,
    /// See [`model::Frozen`].
    pub frozen_files: BTreeMap<String, String>,
    /// Versions of files that are the frozen ones, by path.
    known: Mutex<BTreeMap<String, String>>,
    /// The link works no more: streams end.
    pub over: CancellationToken,
    files: bool,
    canvas: Mutex<Canvas>,
    head: watch::Sender<i64>,
    used: Mutex<Instant>,
}

struct Canvas {
    now: SharedProject,
    /// `now` as it is sent, once somebody asked.
    shown: Option<Arc<Shown>>,
    frames: VecDeque<(i64, Bytes)>,
    bytes: usize,
    /// What came after this is in `frames`, without a gap.
    begin: i64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    pub(super) fn new(
        key: String,
        link: &Found,
        now: SharedProject,
        frozen_files: BTreeMap<String, String>,
    ) -> Self {
        let begin = now.seq;
        Self {
            key,
            org: link.org,
            project: link.project,
            mode: link.mode,
            frozen_files,
            known: Mutex::default(),
            over: CancellationToken::new(),
            files: link.files,
            canvas: Mutex::new(Canvas { now, shown: None, frames: VecDeque::new(), bytes: 0, begin }),
            head: watch::Sender::new(begin),
            used: Mutex::new(Instant::now()),
        }
    }

    /// Whether a file was found to be the frozen one before.
    pub(super) fn is_known(&self, path: &str, version: &str) -> bool {
        lock(&self.known).get(path).is_some_and(|known| known == version)
    }

    /// Remembers that a file is the frozen one.
    pub(super) fn know(&self, path: &str, version: &str) {
        lock(&self.known).insert(path.to_owned(), version.to_owned());
    }

    /// Adds an event of the project.
    pub(super) fn take(&self, event: &Event) {
        let change = model::change(event, self.files);
        let mut canvas = lock(&self.canvas);
        canvas.now.seq = event.seq;
        let Some(change) = change else { return };
        model::apply(&mut canvas.now, &change);
        let kind = change.kind();
        let frame = frame(event.seq, kind, &SharedEvent { seq: event.seq, change });
        canvas.shown = None;
        canvas.push(event.seq, frame);
        drop(canvas);
        self.head.send_replace(event.seq);
    }

    /// Begins anew from a snapshot; viewers are told to come again.
    pub(super) fn reset(&self, link: &Found, snapshot: &Snapshot) {
        let mut canvas = lock(&self.canvas);
        canvas.now = model::project(link, snapshot);
        canvas.shown = None;
        canvas.frames.clear();
        (canvas.bytes, canvas.begin) = (0, snapshot.seq);
        drop(canvas);
        self.head.send_replace(snapshot.seq);
    }

    /// The project's name as it is now.
    pub(super) fn rename(&self, link: &Found) {
        let mut canvas = lock(&self.canvas);
        if self.mode == ShareMode::Live && (canvas.now.name != link.name || canvas.now.emoji != link.emoji) {
            (canvas.now.name, canvas.now.emoji) = (link.name.clone(), link.emoji.clone());
            canvas.shown = None;
        }
    }

    pub(super) fn shown(&self) -> Arc<Shown> {
        lock(&self.canvas).shown()
    }

    /// A viewer's stream: from `after` where that is still in the buffer, else from a snapshot. It holds the hub
    /// in memory and ends with the link.
    pub(super) fn follow(self: Arc<Self>, after: Option<i64>) -> impl Stream<Item = Piece> + Send + 'static {
        stream! {
            let mut head = self.head.subscribe();
            let (mut position, first) = lock(&self.canvas).enter(after);
            if let Some(first) = first {
                yield Piece::Frame(first);
            }
            while !self.over.is_cancelled() {
                // Before looking: what comes while we look wakes us again.
                head.mark_unchanged();
                let frames = lock(&self.canvas).after(position);
                let Some(frames) = frames else {
                    yield Piece::Lagged;
                    return;
                };
                if frames.is_empty() {
                    tokio::select! {
                        biased;
                        () = self.over.cancelled() => return,
                        changed = head.changed() => if changed.is_err() { return },
                    }
                }
                for (seq, frame) in frames {
                    position = seq;
                    yield Piece::Frame(frame);
                }
            }
        }
    }
}

impl Canvas {
    fn shown(&mut self) -> Arc<Shown> {
        if let Some(shown) = &self.shown {
            return shown.clone();
        }
        let frame = frame(self.now.seq, "snapshot", &self.now);
        // The frame ends with the JSON and two line feeds; JSON's own are escaped.
        let start = frame.windows(7).position(|window| window == b"\ndata: ").map_or(0, |at| at + 7);
        let shown = Arc::new(Shown {
            project: self.now.clone(),
            json: frame.slice(start..frame.len() - 2),
            frame,
            files: model::files(&self.now),
        });
        self.shown = Some(shown.clone());
        shown
    }

    fn push(&mut self, seq: i64, frame: Bytes) {
        self.bytes += frame.len();
        self.frames.push_back((seq, frame));
        while self.frames.len() > FRAMES || (self.bytes > BYTES && self.frames.len() > 1) {
            let Some((gone, frame)) = self.frames.pop_front() else { break };
            self.bytes -= frame.len();
            self.begin = gone;
        }
    }

    /// Where a viewer begins, and what they are given first.
    fn enter(&mut self, after: Option<i64>) -> (i64, Option<Bytes>) {
        match after {
            Some(after) if (self.begin..=self.now.seq).contains(&after) => (after, None),
            _ => {
                let shown = self.shown();
                (shown.project.seq, Some(shown.frame.clone()))
            }
        }
    }

    /// Some of what follows a position; `None` when not all of it is here any more.
    fn after(&self, position: i64) -> Option<Vec<(i64, Bytes)>> {
        if position < self.begin {
            return None;
        }
        let from = self.frames.partition_point(|(seq, _)| *seq <= position);
        Some(self.frames.range(from..).take(BATCH).cloned().collect())
    }
}

fn frame(seq: i64, kind: &str, data: &impl Serialize) -> Bytes {
    // These types have no map whose keys aren't text.
    let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    Bytes::from(format!("id: {seq}\nevent: {kind}\ndata: {data}\n\n"))
}

type Cell = Arc<OnceCell<Arc<Hub>>>;

/// The links that somebody looks at now.
#[derive(Default)]
pub(super) struct Hubs(Mutex<HashMap<String, Cell>>);

impl Hubs {
    /// A link's hub, made by `make` when it isn't in memory, however many ask at once.
    pub(super) async fn get<Made>(
        &self,
        key: &str,
        make: impl FnOnce() -> Made + Send,
    ) -> Result<Arc<Hub>, Error>
    where
        Made: Future<Output = Result<Arc<Hub>, Error>> + Send,
    {
        let cell = lock(&self.0).entry(key.to_owned()).or_default().clone();
        let found = cell.get_or_try_init(make).await.cloned();
        if let Ok(hub) = &found {
            *lock(&hub.used) = Instant::now();
        } else {
            lock(&self.0).retain(|_, cell| cell.initialized() || Arc::strong_count(cell) > 2);
        }
        found
    }

    /// Ends the streams of a project's links, but for one.
    pub(super) fn end(&self, project: ProjectId, but: Option<&str>) {
        for hub in lock(&self.0).values().filter_map(|cell| cell.get()) {
            if hub.project == project && but != Some(hub.key.as_str()) {
                hub.over.cancel();
            }
        }
    }

    /// Forgets a hub that nobody has used for a while; whether it did.
    pub(super) fn let_go(&self, hub: &Arc<Hub>) -> bool {
        let mut hubs = lock(&self.0);
        // The cell here and whoever keeps the hub.
        if Arc::strong_count(hub) > 2 {
            *lock(&hub.used) = Instant::now();
        }
        let in_hand = hubs.get(&hub.key).is_some_and(|cell| Arc::strong_count(cell) > 1);
        if in_hand || lock(&hub.used).elapsed() < IDLE {
            return false;
        }
        hubs.remove(&hub.key);
        true
    }

    /// Forgets a hub whose link is over.
    pub(super) fn forget(&self, hub: &Hub) {
        lock(&self.0).remove(&hub.key);
    }
}
