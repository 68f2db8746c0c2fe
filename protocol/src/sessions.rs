//! Sessions, messages, turns.

use crate::{
    AgentId, CallId, MessageId, ProjectId, RunId, SessionId, Timestamp, UserId,
    billing::Spent,
    blocks::Position,
    peers::PeerRef,
    tools::{Effect, ToolError},
};
use serde::{Deserialize, Serialize};

/// What a session is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Nothing is going on.
    #[default]
    Idle,
    /// A run is going on.
    Active,
    /// Its run waits for another agent.
    AwaitingPeer,
    /// Its run waits for a person to allow a call.
    AwaitingApproval,
    /// Its run waits for a connection.
    AwaitingConnection,
    /// Its run waits for credits.
    AwaitingPayment,
    /// Its last run failed.
    Failed,
}

/// One conversation between people and an agent; an agent node on the canvas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// The project that it is in.
    pub project_id: ProjectId,
    /// The agent that answers.
    pub agent_id: AgentId,
    /// The agent's name.
    pub agent_name: String,
    /// The agent's avatar.
    pub agent_avatar: String,
    /// At most 255 characters; `New chat` until the agent renames it.
    pub label: String,
    /// What it is doing.
    pub status: SessionStatus,
    /// Where its node stands on the canvas.
    pub position: Position,
    /// Free JSON.
    pub metadata: serde_json::Value,
    /// The session whose agent started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<SessionId>,
    /// Who started it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why a run has yet to begin: its organisation's package runs no more at once. It begins by itself when another one
/// ends, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunDelay {
    /// A sentence for people.
    pub message: String,
    /// The package's id.
    pub package: String,
    /// How many runs it runs at once.
    pub at_once: u32,
}

/// A session with what it has used so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionDetails {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// What it has used.
    #[serde(flatten)]
    pub spent: Spent,
    /// Why its run has yet to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delayed: Option<RunDelay>,
}

/// `POST /sessions`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateSession {
    /// See [`Session::label`].
    #[serde(default)]
    pub label: Option<String>,
    /// The project; the caller's most recent one when absent.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// The agent; Ala when absent.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    /// Free JSON.
    #[serde(default)]
    pub metadata: Option<serde_json::Value>,
}

/// `PATCH /sessions/:id`: absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UpdateSession {
    /// See [`Session::label`].
    #[serde(default)]
    pub label: Option<String>,
    /// See [`Session::metadata`].
    #[serde(default)]
    pub metadata: Option<serde_json::Value>,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MessageRole {
    /// A person, or another agent.
    User,
    /// The agent.
    Assistant,
    /// The server, to the agent: a summary of what was compacted.
    System,
}

/// Something that goes with a person's message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// `text/plain`, `text/csv`, `image/png` …
    pub media_type: String,
    /// Path of the stored file below the project's folder.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// One part of a message, in the order that it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum MessagePart {
    /// Markdown.
    Text {
        /// The text.
        text: String,
    },
    /// What the model thought before it answered, where the provider shows it.
    Reasoning {
        /// The text.
        text: String,
        /// The provider's own proof of it, to send back with the next call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// A tool call; its outcome is in the `tool.completed` or `tool.failed` event of the same id.
    ToolCall {
        /// Id.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// Arguments as the model sent them.
        arguments: serde_json::Value,
    },
}

/// One message of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Id.
    pub id: MessageId,
    /// Who wrote it.
    pub role: MessageRole,
    /// The agent that wrote a [`MessageRole::User`]'s message; absent for a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PeerRef>,
    /// Its parts.
    pub parts: Vec<MessagePart>,
    /// What goes with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The run that it belongs to.
    pub run_id: Option<RunId>,
    /// When it was finished.
    pub created_at: Timestamp,
}

impl Message {
    /// Its text parts, joined.
    pub fn text(&self) -> String {
        let parts = self.parts.iter().filter_map(|part| match part {
            MessagePart::Text { text } => Some(text.as_str()),
            _ => None,
        });
        parts.collect::<Vec<_>>().join("\n\n")
    }
}

/// The person's message in `POST /chat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    /// Chosen by the client; sending it again gives the same run.
    pub id: MessageId,
    /// Markdown; 1–100,000 characters, or empty with an attachment.
    pub content: String,
    /// At most 10.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// `POST /chat`: either `sessionId`, or `projectId` (and `agentId`) for a new session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("examples" = [{
    "projectId": "0190a5c2-7b1e-7cc0-9d3c-5e2f6a1b4c8d",
    "message": { "id": "0190a5c2-7b1e-7cc0-9d3c-5e2f6a1b4c8d", "content": "Show me around" },
}])))]
#[serde(rename_all = "camelCase")]
pub struct ChatRequest {
    /// A session to go on with.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// The agent of a new session; Ala when absent.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    /// The project of a new session.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// What the person says.
    pub message: NewMessage,
    /// A model for this run alone.
    #[serde(default)]
    pub model: Option<String>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChatAccepted {
    /// The session.
    pub session_id: SessionId,
    /// The run that answers it; when the message is queued, the one going on.
    pub run_id: RunId,
    /// Whether it waits for the run going on to reach a step boundary.
    pub queued: bool,
    /// The event log's position just before this message: stream from here to see all that follows.
    pub seq: i64,
}

/// A message waiting for the next step boundary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueuedMessage {
    /// Id.
    pub id: MessageId,
    /// The agent that wrote it; absent for a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PeerRef>,
    /// Markdown.
    pub content: String,
    /// What goes with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// When it was sent.
    pub created_at: Timestamp,
}

/// How far a tool call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// Its arguments are still arriving.
    Preparing,
    /// Waits for a person.
    Asking,
    /// Runs.
    Running,
    /// Its arguments were malformed; the model tries again.
    Retrying,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
}

/// A tool call as the chat, its node's chip and the inspector show it: what its events add up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallView {
    /// Id.
    pub call_id: CallId,
    /// The session that it belongs to.
    pub session_id: SessionId,
    /// The run that it belongs to.
    pub run_id: RunId,
    /// The tool.
    pub tool: String,
    /// "Running command", "Ran command" …
    pub title: String,
    /// What it touches.
    pub effect: Effect,
    /// How far it is.
    pub state: CallState,
    /// Arguments as text; partial JSON while they arrive.
    pub arguments: String,
    /// Partial output while it runs.
    pub output: String,
    /// Final output.
    pub result: Option<serde_json::Value>,
    /// Why it failed or is being retried.
    pub error: Option<ToolError>,
    /// Which attempt in a row this is.
    pub attempt: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// When it will be stopped; while it asks, until when somebody may answer.
    pub deadline_at: Option<Timestamp>,
    /// Its silence, when that is long.
    #[serde(default)]
    pub stalled: Option<Stall>,
    /// The sessions whose messages it waits for, while it waits; empty for anybody's.
    #[serde(default)]
    pub awaits: Option<Vec<SessionId>>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// What it cost.
    #[serde(default)]
    pub cost_microcredits: i64,
}

/// A running call that puts out nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stall {
    /// Its last output, or its start.
    pub since: Timestamp,
    /// When that was long enough to be told.
    pub noticed_at: Timestamp,
}
