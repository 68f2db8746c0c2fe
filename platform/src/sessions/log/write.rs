//! Appending: the writer's turn, numbers, the commit.

use super::{
    Log,
    live::{Counter, Live},
    store,
};
use crate::{Error, Result, clock::Clock, store::Tx};
use alumia_protocol::{
    OrgId, ProjectId, RunId, SessionId, StepId,
    events::{Event, EventData},
};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// Numbers that must be left before a write begins; a longer write reserves more when it commits.
const AHEAD: i64 = 64;

/// What an event takes in memory besides its content, about.
const OVERHEAD: usize = 256;

/// An event to append; the log gives it its number and time.
#[derive(Clone, Debug)]
pub struct Append {
    /// The session that it belongs to.
    pub session_id: Option<SessionId>,
    /// The run that it belongs to.
    pub run_id: Option<RunId>,
    /// The step that it belongs to.
    pub step_id: Option<StepId>,
    /// Kind and content.
    pub data: EventData,
}

impl Append {
    fn numbered(self, seq: i64, clock: &dyn Clock) -> Event {
        let Self { session_id, run_id, step_id, data } = self;
        Event { seq, at: clock.now(), session_id, run_id, step_id, data }
    }
}

impl Log {
    /// Begins a write to a project's log and whatever belongs to it in the same transaction. Writers of
    /// one project take turns, so that the order of numbers is the order of commits.
    ///
    /// Whoever holds the write has the project's turn and, on SQLite, the database's only writer: no
    /// second `begin`, `delta` or `Store::begin` before it is committed or dropped, and nothing slow.
    ///
    /// # Errors
    /// `NotFound` when the organisation has no such project.
    pub async fn begin(&self, org: OrgId, project: ProjectId) -> Result<LogTx> {
        let live = self.lives.get(project);
        let mut turn = live.turn.clone().lock_owned().await;
        let mut tx = self.store.begin().await?;
        let mut reserved = turn.reserved;
        if turn.org.is_none() || reserved - turn.next < AHEAD {
            reserved = self.reserve(&mut tx, project, &live, &mut turn).await?;
        }
        if turn.org != Some(org) {
            return Err(Error::NotFound("Project"));
        }
        let (clock, block) = (self.clock.clone(), self.lives.limits.block);
        Ok(LogTx { tx, turn, live, clock, org, project, reserved, block, events: Vec::new() })
    }

    /// Publishes something that is not durable, when its turn has come. What an unfinished text holds
    /// beyond its limit is dropped; so is a delta while the database gives no numbers.
    pub async fn delta(&self, project: ProjectId, append: Append) {
        debug_assert!(!append.data.is_durable(), "a durable event goes through `begin`");
        let live = self.lives.get(project);
        let mut turn = live.turn.clone().lock_owned().await;
        if turn.next > turn.reserved
            && let Err(error) = self.reserve_now(project, &live, &mut turn).await
        {
            tracing::warn!(%project, error = &error as &dyn std::error::Error, "a delta got no number");
            return;
        }
        let Some(data) = live.fit(append.data) else { return };
        let event = Append { data, ..append }.numbered(turn.next, &*self.clock);
        turn.next += 1;
        let size = OVERHEAD + store::delta_len(&event.data);
        live.publish([(Arc::new(event), size)]);
    }

    async fn reserve_now(&self, project: ProjectId, live: &Live, turn: &mut Counter) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let reserved = self.reserve(&mut tx, project, live, turn).await?;
        tx.commit().await?;
        turn.reserved = reserved;
        Ok(())
    }

    /// Reserves the next block of numbers and moves the counter to its first; returns its last, which
    /// counts once the transaction is durable.
    async fn reserve(&self, tx: &mut Tx, project: ProjectId, live: &Live, turn: &mut Counter) -> Result<i64> {
        let block = self.lives.limits.block;
        let (reserved, org) = store::reserve(tx, project, turn.next - 1, block).await?;
        turn.org = Some(org);
        turn.next = reserved - block + 1;
        live.start(turn.next - 1);
        Ok(reserved)
    }
}

/// A write to a project's log. Dropped without `commit` it leaves nothing but skipped numbers.
pub struct LogTx {
    tx: Tx,
    turn: OwnedMutexGuard<Counter>,
    live: Arc<Live>,
    clock: Arc<dyn Clock>,
    org: OrgId,
    project: ProjectId,
    /// The last number that is ours once this is committed.
    reserved: i64,
    block: i64,
    events: Vec<Event>,
}

impl LogTx {
    /// For the SQL that belongs to the events.
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// The organisation that is written to.
    pub const fn org(&self) -> OrgId {
        self.org
    }

    /// The project that is written to.
    pub const fn project(&self) -> ProjectId {
        self.project
    }

    /// Adds an event; returns its number.
    pub fn push(&mut self, append: Append) -> i64 {
        let seq = self.turn.next;
        self.turn.next += 1;
        self.events.push(append.numbered(seq, &*self.clock));
        seq
    }

    /// Commits, then publishes in order. Once called it runs to its end, also when the caller goes away:
    /// what is committed is always published.
    ///
    /// # Errors
    /// Those of the database; then nothing is published.
    pub async fn commit(self) -> Result<Vec<Arc<Event>>> {
        tokio::spawn(self.finish()).await.map_err(Error::internal)?
    }

    async fn finish(mut self) -> Result<Vec<Arc<Event>>> {
        let sizes = self.write().await?;
        let Self { tx, mut turn, live, reserved, events, .. } = self;
        if let Err(error) = tx.commit().await {
            // Nobody knows whether it happened: go on beyond these numbers, and let readers start anew.
            turn.reserved = 0;
            live.forget(turn.next - 1);
            return Err(error.into());
        }
        turn.reserved = reserved;
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        live.publish(events.iter().cloned().zip(sizes));
        Ok(events)
    }

    async fn write(&mut self) -> Result<Vec<usize>> {
        let mut sizes = Vec::with_capacity(self.events.len());
        for event in &self.events {
            let size = if event.data.is_durable() {
                store::insert(&mut self.tx, self.org, self.project, event).await?
            } else {
                store::delta_len(&event.data)
            };
            sizes.push(OVERHEAD + size);
        }
        let last = self.turn.next - 1;
        if last > self.reserved {
            let reserved = last + self.block;
            if !store::extend(&mut self.tx, self.project, self.reserved, reserved).await? {
                self.turn.reserved = 0;
                return Err(Error::Unavailable {
                    message: "Another server wrote to this project at the same moment. Try again.".into(),
                    retry_after_seconds: 1,
                });
            }
            self.reserved = reserved;
        }
        Ok(sizes)
    }
}
