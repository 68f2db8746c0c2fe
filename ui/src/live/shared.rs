//! A canvas that is seen by its share link: what is sent of it, as what the canvas draws.

use alumia_protocol::{
    AgentId, BlockId, ProjectId, SessionId, Timestamp, UserId,
    blocks::Block,
    events::{Event, EventData, SessionView, Snapshot},
    sessions::{Session, SessionStatus},
    share::{SharedAgent, SharedBlock, SharedChange, SharedEvent, SharedProject},
};
use leptos::prelude::*;

/// The link that a page was opened by. In context, it makes the canvas below one to look at: nothing in it can be
/// changed or sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The link's secret.
    pub token: String,
}

impl Shared {
    /// Where what the link opens is.
    fn base(&self) -> String {
        format!("/api/v1/share/project/{}", super::api::percent_encode(&self.token))
    }

    /// Where a frame for an app of the canvas is opened, below the API.
    pub fn frame_path(&self, block: BlockId) -> String {
        format!("/share/project/{}/frame?block={block}", super::api::percent_encode(&self.token))
    }

    /// Where the canvas's stream is.
    pub fn stream_url(&self) -> String {
        format!("{}/stream", self.base())
    }
}

/// Whether what is drawn here is only to be looked at.
pub fn is_shared() -> bool {
    use_context::<Shared>().is_some()
}

/// Where a file of the project is; `None` for one that isn't shared.
pub fn file_url(project: ProjectId, path: &str) -> Option<String> {
    match use_context::<Shared>() {
        None => Some(super::api::file_url(project, path)),
        Some(_) if path.is_empty() => None,
        Some(shared) => {
            Some(format!("{}/files/content?path={}", shared.base(), super::api::percent_encode(path)))
        }
    }
}

/// A shared canvas as the page's own copy of a project begins.
pub fn snapshot(project: SharedProject) -> Snapshot {
    let SharedProject { id, seq, agents, blocks, .. } = project;
    let view = |agent: SharedAgent| {
        let events = if agent.working { vec![working(seq, agent.id, true)] } else { vec![] };
        SessionView { session: session(id, agent), events, queue: vec![] }
    };
    Snapshot {
        project_id: id,
        seq,
        sessions: agents.into_iter().map(view).collect(),
        blocks: blocks.into_iter().map(|shown| block(id, shown)).collect(),
    }
}

/// What a shared event changes in it.
pub fn event(project: ProjectId, event: SharedEvent) -> Event {
    let SharedEvent { seq, change } = event;
    match change {
        SharedChange::BlockShown { block: shown } => {
            of(seq, None, EventData::BlockUpdated { block: Box::new(block(project, *shown)) })
        }
        SharedChange::BlockGone { block_id } => of(seq, None, EventData::BlockDeleted { block_id }),
        SharedChange::AgentShown { agent } => {
            let session = Box::new(session(project, *agent));
            of(seq, Some(session.id), EventData::SessionCreated { session })
        }
        SharedChange::AgentWorking { id, working: on } => working(seq, id, on),
        SharedChange::AgentGone { id } => of(seq, Some(id), EventData::SessionDeleted {}),
    }
}

fn working(seq: i64, id: SessionId, on: bool) -> Event {
    let data = if on {
        EventData::RunStarted { attempt: 1, model: String::new() }
    } else {
        EventData::StatusChanged { status: SessionStatus::Idle }
    };
    of(seq, Some(id), data)
}

fn of(seq: i64, session_id: Option<SessionId>, data: EventData) -> Event {
    Event { seq, at: Timestamp(0), session_id, run_id: None, step_id: None, data }
}

/// What isn't shared stays empty; its ids are the node's own, since some must be there.
fn session(project_id: ProjectId, agent: SharedAgent) -> Session {
    let SharedAgent { id, name, avatar, position, .. } = agent;
    Session {
        id,
        project_id,
        agent_id: AgentId(id.0),
        agent_name: name,
        agent_avatar: avatar,
        label: String::new(),
        status: SessionStatus::Idle,
        position,
        parent_id: None,
        metadata: serde_json::Value::Null,
        created_by: UserId(id.0),
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

fn block(project_id: ProjectId, shown: SharedBlock) -> Block {
    let SharedBlock { id, title, content, position, made_by } = shown;
    Block {
        id,
        project_id,
        title,
        content,
        position,
        version: 0,
        session_id: made_by,
        run_id: None,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

#[cfg(test)]
mod tests {
    use super::{event, snapshot};
    use crate::live::fold::SessionFold;
    use alumia_protocol::{
        ProjectId, SessionId, Timestamp,
        share::{ShareMode, SharedAgent, SharedChange, SharedEvent, SharedProject},
    };

    #[test]
    fn an_agent_works_and_rests_as_it_is_told() {
        let id = SessionId::new();
        let agent = SharedAgent {
            id,
            name: "Ala".into(),
            avatar: "🦉".into(),
            working: true,
            position: alumia_protocol::blocks::Position::default(),
        };
        let project = SharedProject {
            id: ProjectId::new(),
            name: "P".into(),
            emoji: String::new(),
            mode: ShareMode::Live,
            files: false,
            shared_at: Timestamp(0),
            expires_at: None,
            seq: 7,
            agents: vec![agent],
            blocks: vec![],
        };
        let (of, mut views) = (project.id, snapshot(project).sessions);
        let mut fold = SessionFold::from_view(views.remove(0));
        assert!(fold.running);
        for (seq, working) in [(8, false), (9, true)] {
            let change = SharedChange::AgentWorking { id, working };
            fold.apply(&event(of, SharedEvent { seq, change }));
            assert_eq!(fold.running, working);
        }
    }
}
