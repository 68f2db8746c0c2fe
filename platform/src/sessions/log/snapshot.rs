//! Everything that a page shows, as of one position.

use super::{Log, store};
use crate::{Error, Result, canvas, sessions};
use alumia_protocol::{
    OrgId, ProjectId, SessionId,
    events::{Event, EventData, SessionView, Snapshot},
    sessions::{QueuedMessage, Session},
};
use std::collections::HashMap;

impl Log {
    /// Of the whole project, or of one session and its blocks.
    ///
    /// The database's moment is pinned while writers wait, together with the position and what is
    /// unfinished; the long read then goes on beside them.
    pub(super) async fn read_snapshot(
        &self,
        org: OrgId,
        project: ProjectId,
        only: Option<SessionId>,
    ) -> Result<Snapshot> {
        let _permit = self.lives.snapshots.acquire().await.map_err(Error::internal)?;
        let live = self.lives.get(project);
        let (mut tx, seq, unfinished) = {
            let _turn = live.turn.lock().await;
            let mut tx = self.store.moment().await?;
            live.start(store::reserved(&mut tx, org, project).await?);
            let (seq, unfinished) = live.freeze(only);
            (tx, seq, unfinished)
        };
        let sessions = sessions::store::of_project(&mut tx, org, project, only).await?;
        let events = match only {
            Some(session) => store::conversation(&mut tx, org, session).await?,
            None => store::conversations(&mut tx, org, project).await?,
        };
        let blocks = canvas::blocks_of(&mut tx, org, project, only).await?;
        Ok(Snapshot { project_id: project, seq, sessions: views(sessions, events, unfinished), blocks })
    }
}

/// Gives each session its events, oldest first, then what is unfinished.
fn views(sessions: Vec<Session>, events: Vec<Event>, unfinished: Vec<Event>) -> Vec<SessionView> {
    let places: HashMap<_, _> = sessions.iter().enumerate().map(|(at, session)| (session.id, at)).collect();
    let mut views: Vec<_> = sessions
        .into_iter()
        .map(|session| SessionView { session, events: Vec::new(), queue: Vec::new() })
        .collect();
    for event in events.into_iter().chain(unfinished) {
        // Events of a deleted session have no place.
        if let Some(&at) = event.session_id.as_ref().and_then(|id| places.get(id)) {
            let SessionView { events, queue, .. } = &mut views[at];
            if let Some(event) = queued(queue, event) {
                events.push(event);
            }
        }
    }
    views
}

/// Follows the queue; gives back every event that says more than what is in the queue.
fn queued(queue: &mut Vec<QueuedMessage>, event: Event) -> Option<Event> {
    match event.data {
        EventData::MessageQueued { message } => {
            queue.push(message);
            return None;
        }
        EventData::MessageQueueChanged { message_id, content } => {
            match content {
                Some(content) => {
                    queue
                        .iter_mut()
                        .filter(|it| it.id == message_id)
                        .for_each(|it| it.content.clone_from(&content));
                }
                None => queue.retain(|it| it.id != message_id),
            }
            return None;
        }
        EventData::MessageCompleted { ref message } | EventData::RunQueued { ref message } => {
            queue.retain(|it| it.id != message.id);
        }
        _ => {}
    }
    Some(event)
}
