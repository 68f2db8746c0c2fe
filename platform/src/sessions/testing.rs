//! A small organisation for the tests of sessions, canvas and files.

use super::{Log, LogLimits, Sessions};
use crate::{
    OrgScope,
    agents::Agents,
    canvas::Canvas,
    clock::{Clock, SystemClock},
    files::Files,
    projects::Projects,
    store::testing::TestStore,
};
use alumia_protocol::{
    AgentId, CallId, MessageId, OrgId, ProjectId, RunId, SessionId, Timestamp, UserId, WorkspaceId,
    dataspec::{DataSpec, Markdown},
    events::{Event, EventData, RunEnd, Usage},
    people::Role,
    sessions::{Message, MessagePart, MessageRole, QueuedMessage},
    tools::Effect,
};
use std::sync::Arc;

/// A database with one organisation, its owner, Ala and a team project.
pub(crate) struct House {
    pub(crate) store: TestStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) org: OrgId,
    pub(crate) owner: OrgScope,
    pub(crate) agent: AgentId,
    pub(crate) project: ProjectId,
}

impl House {
    pub(crate) async fn new() -> Self {
        let store = TestStore::new().await;
        let (org, owner, agent) = organisation(&store).await;
        let project = project(&store, &owner, "team").await;
        let owner = OrgScope::new(org, owner.user_id(), Role::Owner);
        Self { store, clock: Arc::new(SystemClock), org, owner, agent, project }
    }

    /// Another organisation's owner and project in the same database.
    pub(crate) async fn neighbour(&self) -> (OrgScope, ProjectId) {
        let (_, scope, _) = organisation(&self.store).await;
        let project = project(&self.store, &scope, "team").await;
        (scope, project)
    }

    /// One more project of the owner's.
    pub(crate) async fn project(&self, visibility: &str) -> ProjectId {
        project(&self.store, &self.owner, visibility).await
    }

    /// Another member, of the same workspace.
    pub(crate) async fn member(&self, role: Role) -> OrgScope {
        let user = user(&self.store).await;
        run(
            &self.store,
            "INSERT INTO workspace_members (org_id, workspace_id, user_id, created_at)
             SELECT $1, id, $2, 0 FROM workspaces WHERE org_id = $1",
            &[&self.org.to_string(), &user.to_string()],
        )
        .await;
        OrgScope::new(self.org, user, role)
    }

    pub(crate) fn projects(&self) -> Projects {
        Projects::new(self.store.store(), self.clock.clone())
    }

    pub(crate) fn log(&self, limits: LogLimits) -> Log {
        Log::with_limits(self.store.store(), self.clock.clone(), limits)
    }

    pub(crate) fn sessions(&self, log: &Log) -> Sessions {
        Sessions {
            store: self.store.store(),
            clock: self.clock.clone(),
            log: log.clone(),
            projects: self.projects(),
            agents: Agents::new(self.store.store(), self.clock.clone()),
        }
    }

    /// Files, for questions that never reach the disk.
    pub(crate) fn files(&self) -> Files {
        Files { root: "/nowhere".into(), projects: self.projects() }
    }

    pub(crate) fn canvas(&self, log: &Log) -> Canvas {
        Canvas {
            store: self.store.store(),
            clock: self.clock.clone(),
            log: log.clone(),
            projects: self.projects(),
        }
    }

    /// A session of Ala's in the project.
    pub(crate) async fn session(&self, log: &Log) -> SessionId {
        let new = alumia_protocol::sessions::CreateSession {
            project_id: Some(self.project),
            agent_id: Some(self.agent),
            ..Default::default()
        };
        self.sessions(log).create(&self.owner, new).await.unwrap().id
    }
}

async fn user(store: &TestStore) -> UserId {
    let id = UserId::new();
    run(
        store,
        "INSERT INTO users (id, email, email_key, name, created_at, updated_at) VALUES ($1, $1, $1, 'P', 0, 0)",
        &[&id.to_string()],
    )
    .await;
    id
}

async fn organisation(store: &TestStore) -> (OrgId, OrgScope, AgentId) {
    let (org, owner, workspace, agent) =
        (OrgId::new(), user(store).await, WorkspaceId::new(), AgentId::new());
    let (o, w, a) = (org.to_string(), workspace.to_string(), agent.to_string());
    run(store, "INSERT INTO orgs (id, slug, name, created_at, updated_at) VALUES ($1, $1, 'O', 0, 0)", &[&o])
        .await;
    run(
        store,
        "INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, 'owner', 0)",
        &[&o, &owner.to_string()],
    )
    .await;
    run(
        store,
        "INSERT INTO workspaces (org_id, id, name, slug, is_default, created_at)
         VALUES ($1, $2, 'W', 'default', 1, 0)",
        &[&o, &w],
    )
    .await;
    run(
        store,
        "INSERT INTO agents (org_id, id, name, slug, avatar, created_at, updated_at)
         VALUES ($1, $2, 'Ala', 'ala', 'A', 0, 0)",
        &[&o, &a],
    )
    .await;
    (org, OrgScope::new(org, owner, Role::Owner), agent)
}

async fn project(store: &TestStore, owner: &OrgScope, visibility: &str) -> ProjectId {
    let id = ProjectId::new();
    run(
        store,
        "INSERT INTO projects (org_id, id, workspace_id, slug, name, visibility, created_by, created_at, updated_at)
         SELECT org_id, $2, id, $2, 'P', $3, $4, 0, 0 FROM workspaces WHERE org_id = $1",
        &[&owner.org_id().to_string(), &id.to_string(), visibility, &owner.user_id().to_string()],
    )
    .await;
    id
}

async fn run(store: &TestStore, sql: &'static str, values: &[&str]) {
    let mut tx = store.begin().await.unwrap();
    let mut query = sqlx::query(sql);
    for value in values {
        query = query.bind((*value).to_owned());
    }
    query.execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) fn text(message_id: MessageId, text: &str) -> EventData {
    EventData::TextDelta { message_id, text: text.into() }
}

pub(crate) fn output(call_id: CallId, channel: &str, text: &str) -> EventData {
    EventData::ToolOutputDelta { call_id, channel: channel.into(), text: text.into() }
}

pub(crate) fn message(id: MessageId, role: MessageRole, text: &str, call: Option<CallId>) -> Message {
    let mut parts = vec![MessagePart::Text { text: text.into() }];
    parts.extend(call.map(|call_id| MessagePart::ToolCall {
        call_id,
        tool: "sandbox_exec".into(),
        arguments: serde_json::json!({ "b": 1, "a": "\u{0}" }),
    }));
    Message { id, role, from: None, parts, attachments: vec![], run_id: None, created_at: Timestamp(1_000) }
}

pub(crate) fn queued(id: MessageId) -> QueuedMessage {
    QueuedMessage {
        id,
        from: None,
        content: "later".into(),
        attachments: vec![],
        created_at: Timestamp(1_000),
    }
}

pub(crate) fn tool_started(call_id: CallId) -> EventData {
    EventData::ToolStarted {
        call_id,
        tool: "sandbox_exec".into(),
        title: "Running command".into(),
        effect: Effect::Write,
        idempotent: false,
        deadline_at: Timestamp(60_000_000),
        arguments: serde_json::json!({}),
    }
}

pub(crate) fn tool_completed(call_id: CallId) -> EventData {
    EventData::ToolCompleted {
        call_id,
        tool: "sandbox_exec".into(),
        title: "Ran command".into(),
        output: serde_json::json!({ "exitCode": 0 }),
        duration_ms: 5,
        cost_microcredits: 0,
        reservation_id: None,
    }
}

pub(crate) fn run_completed() -> EventData {
    EventData::RunCompleted(RunEnd {
        status: "completed".into(),
        error: None,
        usage: Usage::default(),
        cost_microcredits: 0,
    })
}

pub(crate) fn markdown(text: &str) -> alumia_protocol::blocks::Content {
    alumia_protocol::blocks::Content::Data(DataSpec::Markdown(Markdown { text: text.into() }))
}

/// One event of a run.
pub(crate) fn append(session: SessionId, run: RunId, data: EventData) -> super::Append {
    super::Append { session_id: Some(session), run_id: Some(run), step_id: None, data }
}

/// As it goes over the wire.
pub(crate) fn wire(event: &Event) -> String {
    serde_json::to_string(event).unwrap()
}
