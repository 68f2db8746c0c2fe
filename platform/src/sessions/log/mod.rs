//! The event log: rows in the database, the live end of it in memory.
//!
//! Positions come from one counter per project. Writers of a project take turns from their first number
//! to the publishing of the last, so the order of numbers is the order of commits and of delivery.

#[cfg(test)]
mod cuts;
mod feed;
mod live;
mod snapshot;
pub(super) mod store;
#[cfg(test)]
mod tests;
mod unfinished;
mod write;

pub use feed::Feed;
pub use live::LogLimits;
pub use write::{Append, LogTx};

use crate::{OrgScope, Result, clock::Clock, projects::Projects, store::Store};
use alumia_protocol::{
    List, OrgId, ProjectId, SessionId,
    events::{Event, Snapshot},
};
use futures::stream::BoxStream;
use live::Lives;
use std::sync::Arc;

/// The event log of all projects: the truth in the database, the live buffer in memory. Cheap to clone;
/// the clones share the buffers, so a process makes only one per store.
///
/// A project's numbers come from one counter in memory, reserved from the database in blocks, so that
/// deltas need no write and a number is never used twice, a crash included.
#[derive(Clone)]
pub struct Log {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    projects: Projects,
    lives: Arc<Lives>,
}

impl Log {
    /// A log with the usual limits.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self::with_limits(store, clock, LogLimits::default())
    }

    /// A log with limits of its own; tests make them small.
    pub fn with_limits(store: Store, clock: Arc<dyn Clock>, limits: LogLimits) -> Self {
        let projects = Projects::new(store.clone(), clock.clone());
        Self { store, clock, projects, lives: Arc::new(Lives::new(limits)) }
    }

    /// All that follows position `after`, live; from a snapshot when `after` is `None` or not covered by
    /// the live buffer.
    ///
    /// That is the whole rule: the buffer holds durable events and deltas alike, without a gap, so what
    /// follows a covered position is exactly its rest. The rows alone can't say which deltas a reader has
    /// missed, so an older position is never continued from them.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the project.
    pub async fn subscribe(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        after: Option<i64>,
    ) -> Result<BoxStream<'static, Feed>> {
        self.projects.get(scope, project).await?;
        self.open(scope.org_id(), project, None, after).await
    }

    /// The same for viewers of a share link, who are nobody's members: the link is the proof.
    pub(crate) async fn follow(&self, org: OrgId, project: ProjectId) -> Result<BoxStream<'static, Feed>> {
        self.open(org, project, None, None).await
    }

    /// The same for one session: only its own events, and a snapshot holds only it and its blocks.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the session.
    pub async fn subscribe_session(
        &self,
        scope: &OrgScope,
        session: SessionId,
        after: Option<i64>,
    ) -> Result<BoxStream<'static, Feed>> {
        let project = self.project_of(scope, session).await?;
        self.open(scope.org_id(), project, Some(session), after).await
    }

    /// Everything that the project's page shows.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the project.
    pub async fn snapshot(&self, scope: &OrgScope, project: ProjectId) -> Result<Snapshot> {
        self.projects.get(scope, project).await?;
        self.read_snapshot(scope.org_id(), project, None).await
    }

    /// The durable events of a session after a position, oldest first; `limit` counts 1–500.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the session.
    pub async fn list(
        &self,
        scope: &OrgScope,
        session: SessionId,
        after: i64,
        limit: u32,
    ) -> Result<List<Event>> {
        self.project_of(scope, session).await?;
        let limit = limit.clamp(1, 500) as usize;
        let mut items = store::session_events(&self.store, scope.org_id(), session, after, limit + 1).await?;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| has_more).map(|event| event.seq.to_string());
        Ok(List { items, next_cursor, has_more })
    }

    /// All durable events of a session, oldest first, for folds inside the platform.
    pub(crate) async fn session_events(&self, org: OrgId, session: SessionId) -> Result<Vec<Event>> {
        store::session_events(&self.store, org, session, i64::MIN, i32::MAX as usize).await
    }

    /// The events that bring a session's finished messages, after a position, oldest first.
    pub(super) async fn messages(
        &self,
        org: OrgId,
        session: SessionId,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Event>> {
        store::messages(&self.store, org, session, after, limit).await
    }

    /// The project of a session that the caller sees.
    async fn project_of(&self, scope: &OrgScope, session: SessionId) -> Result<ProjectId> {
        let project = super::store::project_of(&self.store, scope.org_id(), session).await?;
        match self.projects.get(scope, project).await {
            Err(crate::Error::NotFound(_)) => Err(crate::Error::NotFound("Session")),
            Err(error) => Err(error),
            Ok(_) => Ok(project),
        }
    }
}
