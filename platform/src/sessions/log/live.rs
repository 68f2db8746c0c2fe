//! The live end of each project's log: numbers, the newest events, what is unfinished.

use super::unfinished::Unfinished;
use alumia_protocol::{
    OrgId, ProjectId, SessionId,
    events::{Event, EventData},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Mutex as Turn, Semaphore, watch},
    time::Instant,
};

/// How much of the log stays in memory.
#[derive(Clone, Copy, Debug)]
pub struct LogLimits {
    /// Events of a project that a returning reader can be given without a snapshot.
    pub events: usize,
    /// About how many bytes those may take.
    pub bytes: usize,
    /// Bytes of one unfinished text or output; what comes beyond is dropped for everybody, and the
    /// finished message or result has the whole.
    pub text: usize,
    /// Numbers reserved at once.
    pub block: i64,
    /// How long a project stays in memory when nobody reads or writes it.
    pub idle: Duration,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { events: 4_096, bytes: 4 << 20, text: 1 << 20, block: 1_024, idle: Duration::from_mins(1) }
    }
}

/// The projects that somebody reads or writes now.
pub(super) struct Lives {
    pub(super) limits: LogLimits,
    /// Snapshots read at once: each holds a connection, and readers that come back all together must not
    /// take every one.
    pub(super) snapshots: Semaphore,
    map: Mutex<Map>,
}

struct Map {
    lives: HashMap<ProjectId, Arc<Live>>,
    swept: Instant,
}

impl Lives {
    pub(super) fn new(limits: LogLimits) -> Self {
        let map = Map { lives: HashMap::new(), swept: Instant::now() };
        Self { limits, snapshots: Semaphore::new(2), map: Mutex::new(map) }
    }

    /// A project's live state, made when it is not in memory. Whoever holds it keeps it there.
    pub(super) fn get(&self, project: ProjectId) -> Arc<Live> {
        let mut map = lock(&self.map);
        let now = Instant::now();
        if now - map.swept >= self.limits.idle {
            map.swept = now;
            // Only this map hands out clones, so a count of one can't grow meanwhile.
            map.lives.retain(|_, live| Arc::strong_count(live) > 1 || !live.is_idle(now, self.limits.idle));
        }
        let live = map.lives.entry(project).or_insert_with(|| Arc::new(Live::new(self.limits)));
        live.touch();
        live.clone()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        lock(&self.map).lives.len()
    }
}

/// Where a project's numbers stand.
pub(super) struct Counter {
    /// The next number to give.
    pub(super) next: i64,
    /// The last one that is durably ours; 0 when that isn't known.
    pub(super) reserved: i64,
    /// Whose project it is, once that is known.
    pub(super) org: Option<OrgId>,
}

impl Default for Counter {
    /// Nothing is known: the next number is beyond the reservation.
    fn default() -> Self {
        Self { next: 1, reserved: 0, org: None }
    }
}

/// The live state of one project.
pub(super) struct Live {
    /// Held from the first number of a write to its publishing.
    pub(super) turn: Arc<Turn<Counter>>,
    buffer: Mutex<Buffer>,
    head: watch::Sender<i64>,
    used: Mutex<Instant>,
}

/// Where a session's events stand in its project's buffer.
struct Mark {
    /// The last one published. Its readers wait on this, so that what others write doesn't wake them.
    head: watch::Sender<i64>,
    /// The last one that is no longer in the buffer.
    gone: i64,
}

impl Live {
    fn new(limits: LogLimits) -> Self {
        Self {
            turn: Arc::default(),
            buffer: Mutex::new(Buffer::new(limits)),
            head: watch::Sender::new(0),
            used: Mutex::new(Instant::now()),
        }
    }

    /// Says from which position on this process knows everything; only the first answer counts.
    pub(super) fn start(&self, at: i64) {
        lock(&self.buffer).start(at);
    }

    /// Whether everything that follows `after` can be read from here, of one session or of all.
    pub(super) fn covers(&self, after: i64, session: Option<SessionId>) -> bool {
        lock(&self.buffer).covers(after, session)
    }

    /// At most `max` events that follow `after`, of one session or of all; `None` when some of them are no
    /// longer here.
    pub(super) fn after(
        &self,
        after: i64,
        session: Option<SessionId>,
        max: usize,
    ) -> Option<Vec<Arc<Event>>> {
        lock(&self.buffer).after(after, session, max)
    }

    /// Appends events (each with its size) and wakes the readers. The caller has the turn.
    pub(super) fn publish(&self, events: impl IntoIterator<Item = (Arc<Event>, usize)>) {
        let head = {
            let mut buffer = lock(&self.buffer);
            for (event, size) in events {
                buffer.push(event, size);
            }
            buffer.head
        };
        self.touch();
        self.head.send_replace(head);
    }

    /// Cuts every reader off at `at`: what happened up to there is no longer sure.
    pub(super) fn forget(&self, at: i64) {
        lock(&self.buffer).forget(at);
        self.head.send_replace(at);
    }

    /// What may still be published of a delta: all of it, its beginning, or nothing.
    pub(super) fn fit(&self, data: EventData) -> Option<EventData> {
        let buffer = lock(&self.buffer);
        buffer.unfinished.fit(data, buffer.limits.text)
    }

    /// The position and everything unfinished there, of one session or of all. The caller has the turn.
    pub(super) fn freeze(&self, session: Option<SessionId>) -> (i64, Vec<Event>) {
        let buffer = lock(&self.buffer);
        (buffer.head, buffer.unfinished.events(session))
    }

    /// Tells when something is published, of one session or at all.
    pub(super) fn watch(&self, session: Option<SessionId>) -> watch::Receiver<i64> {
        match session {
            Some(session) => lock(&self.buffer).mark(session).head.subscribe(),
            None => self.head.subscribe(),
        }
    }

    /// Starts the time anew after which an idle project leaves memory.
    pub(super) fn touch(&self) {
        *lock(&self.used) = Instant::now();
    }

    fn is_idle(&self, now: Instant, after: Duration) -> bool {
        now - *lock(&self.used) >= after && lock(&self.buffer).unfinished.is_empty()
    }
}

/// The newest events of a project, without a gap.
struct Buffer {
    limits: LogLimits,
    events: VecDeque<(Arc<Event>, usize)>,
    bytes: usize,
    started: bool,
    /// What came after this was published here.
    begin: i64,
    /// Every event after this position, and not after `head`, is here.
    floor: i64,
    /// The last position published.
    head: i64,
    /// Sessions that were written to or read here.
    sessions: HashMap<SessionId, Mark>,
    unfinished: Unfinished,
}

impl Buffer {
    fn new(limits: LogLimits) -> Self {
        let unfinished = Unfinished::default();
        let (events, sessions) = (VecDeque::new(), HashMap::new());
        Self { limits, events, bytes: 0, started: false, begin: 0, floor: 0, head: 0, sessions, unfinished }
    }

    fn mark(&mut self, session: SessionId) -> &mut Mark {
        let head = self.head;
        self.sessions.entry(session).or_insert_with(|| Mark { head: watch::Sender::new(head), gone: 0 })
    }

    fn start(&mut self, at: i64) {
        if !self.started {
            (self.started, self.begin, self.floor, self.head) = (true, at, at, at);
        }
    }

    fn push(&mut self, event: Arc<Event>, size: usize) {
        self.head = event.seq;
        self.unfinished.apply(&event);
        if let Some(session) = event.session_id {
            self.mark(session).head.send_replace(event.seq);
        }
        self.bytes += size;
        self.events.push_back((event, size));
        while self.events.len() > self.limits.events || self.bytes > self.limits.bytes {
            let Some((oldest, size)) = self.events.pop_front() else { break };
            self.bytes -= size;
            self.floor = oldest.seq;
            if let Some(session) = oldest.session_id {
                self.mark(session).gone = oldest.seq;
            }
        }
    }

    /// A position beyond the head was never given out, so nothing can be said about it either.
    fn covers(&self, after: i64, session: Option<SessionId>) -> bool {
        let floor = match session {
            // Others' events may have left the buffer meanwhile.
            Some(session) => self.sessions.get(&session).map_or(self.begin, |mark| self.begin.max(mark.gone)),
            None => self.floor,
        };
        self.started && floor <= after && after <= self.head
    }

    fn after(&self, after: i64, session: Option<SessionId>, max: usize) -> Option<Vec<Arc<Event>>> {
        if !self.covers(after, session) {
            return None;
        }
        let first = self.events.partition_point(|(event, _)| event.seq <= after);
        let wanted = |event: &Event| session.is_none() || event.session_id == session;
        let rest = self.events.range(first..).map(|(event, _)| event);
        Some(rest.filter(|event| wanted(event)).take(max).cloned().collect())
    }

    /// What is unfinished stays: the event that finishes it comes again or never.
    fn forget(&mut self, at: i64) {
        self.events.clear();
        (self.bytes, self.started, self.begin, self.floor, self.head) = (0, true, at, at, at);
        for mark in self.sessions.values_mut() {
            mark.head.send_replace(at);
        }
    }
}

/// A panic elsewhere leaves these values whole: each is changed in one go.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
