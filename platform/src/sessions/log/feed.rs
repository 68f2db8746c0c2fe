//! Reading along.
//!
//! A reader is a position in the project's buffer and waits on a shared signal, the project's or its
//! session's: no task and no queue per reader. One that is so slow that its position leaves the buffer is cut off.

use super::{Log, live::Live};
use crate::Result;
use alumia_protocol::{
    OrgId, ProjectId, SessionId,
    events::{Event, Snapshot},
};
use async_stream::stream;
use futures::{StreamExt as _, stream::BoxStream};
use std::sync::Arc;
use tokio::sync::watch;

/// Events that a reader takes at once.
const BATCH: usize = 64;

/// What a subscriber gets.
#[derive(Clone, Debug)]
pub enum Feed {
    /// The position is no longer in the live buffer, or none was given: everything as of `seq`.
    Snapshot(Arc<Snapshot>),
    /// The next event.
    Event(Arc<Event>),
    /// The subscriber was too slow and has been cut off: it reads on from its last position.
    Lagged,
}

impl Log {
    pub(super) async fn open(
        &self,
        org: OrgId,
        project: ProjectId,
        session: Option<SessionId>,
        after: Option<i64>,
    ) -> Result<BoxStream<'static, Feed>> {
        let reader = Reader::new(self.lives.get(project), session);
        let (position, first) = match after {
            Some(after) if reader.live.covers(after, session) => (after, None),
            _ => {
                let snapshot = self.read_snapshot(org, project, session).await?;
                (snapshot.seq, Some(Feed::Snapshot(Arc::new(snapshot))))
            }
        };
        Ok(reader.read(position, first).boxed())
    }
}

/// Keeps the project's state in memory while it lives, and for a while after.
struct Reader {
    live: Arc<Live>,
    /// The only one that is read along, if it isn't all.
    session: Option<SessionId>,
    head: watch::Receiver<i64>,
}

impl Reader {
    fn new(live: Arc<Live>, session: Option<SessionId>) -> Self {
        let head = live.watch(session);
        Self { live, session, head }
    }

    fn read(mut self, mut position: i64, first: Option<Feed>) -> impl futures::Stream<Item = Feed> {
        stream! {
            if let Some(first) = first {
                yield first;
            }
            loop {
                // Before looking: what is published while we look wakes us again.
                self.head.mark_unchanged();
                let Some(events) = self.live.after(position, self.session, BATCH) else {
                    yield Feed::Lagged;
                    return;
                };
                let Some(last) = events.last() else {
                    if self.head.changed().await.is_err() {
                        return;
                    }
                    continue;
                };
                position = last.seq;
                for event in events {
                    yield Feed::Event(event);
                }
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.live.touch();
    }
}
