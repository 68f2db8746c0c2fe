//! Agents.

use crate::{
    AgentId, Microcredits, OrgId, ProjectId, RunId, SessionId, Timestamp, UserId, WorkspaceId,
    sessions::NewMessage,
};
use serde::{Deserialize, Serialize};

/// How hard a reasoning model thinks; has effect only where the model can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReasoningEffort {
    /// Quick answers.
    Low,
    /// The usual.
    Medium,
    /// Long thought.
    High,
}

/// How an agent runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AgentSettings {
    /// Runs on the model's fast sibling where it has one.
    pub fast_mode: bool,
    /// See [`ReasoningEffort`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Model calls in one run, 1 to 1,000; the server's own limit when absent or above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
    /// Credits that one run may spend, 1 to 1,000,000; no limit of its own when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_credits_per_run: Option<u32>,
}

/// A persona: system prompt, model, allowed tools, peers and connectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Id.
    pub id: AgentId,
    /// The organisation that owns it.
    pub org_id: OrgId,
    /// The workspace that it is bound to; `null` for all.
    pub workspace_id: Option<WorkspaceId>,
    /// 1–255 characters.
    pub name: String,
    /// Unique in the organisation; `ala` is the default agent's.
    pub slug: String,
    /// At most 5,000 characters.
    pub description: String,
    /// An emoji; at most 16 characters.
    pub avatar: String,
    /// A catalog model's id; empty follows the organisation's default model.
    pub model: String,
    /// Who it is and how it works; at most 20,000 characters.
    pub system_prompt: String,
    /// Names of the tools that it may call.
    pub allowed_tools: Vec<String>,
    /// Agents that it may message.
    pub allowed_peers: Vec<AgentId>,
    /// Connectors that it may use.
    pub allowed_connectors: Vec<String>,
    /// An inactive agent starts no run.
    pub is_active: bool,
    /// How it runs.
    pub settings: AgentSettings,
    /// Counts up with every change; a change names the version that it is based on.
    #[serde(default)]
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// `POST /agents`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateAgent {
    /// See [`Agent::name`].
    pub name: String,
    /// See [`Agent::description`].
    #[serde(default)]
    pub description: String,
    /// See [`Agent::avatar`].
    #[serde(default)]
    pub avatar: String,
    /// See [`Agent::model`].
    #[serde(default)]
    pub model: String,
    /// See [`Agent::system_prompt`].
    #[serde(default)]
    pub system_prompt: String,
    /// See [`Agent::allowed_tools`]; the standard ones when absent.
    #[serde(default)]
    pub allowed_tools: Option<Vec<String>>,
    /// See [`Agent::allowed_peers`].
    #[serde(default)]
    pub allowed_peers: Vec<AgentId>,
    /// See [`Agent::allowed_connectors`].
    #[serde(default)]
    pub allowed_connectors: Vec<String>,
    /// See [`Agent::is_active`]; `true` when absent.
    #[serde(default)]
    pub is_active: Option<bool>,
    /// See [`Agent::settings`].
    #[serde(default)]
    pub settings: AgentSettings,
    /// See [`Agent::workspace_id`].
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
}

/// `PATCH /agents/:id`: absent fields stay; 409 when `version` is not the present one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UpdateAgent {
    /// The version that the change is based on.
    pub version: i64,
    /// See [`Agent::name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// See [`Agent::description`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// See [`Agent::avatar`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// See [`Agent::model`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// See [`Agent::system_prompt`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// See [`Agent::allowed_tools`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_tools: Option<Vec<String>>,
    /// See [`Agent::allowed_peers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_peers: Option<Vec<AgentId>>,
    /// See [`Agent::allowed_connectors`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_connectors: Option<Vec<String>>,
    /// See [`Agent::is_active`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// See [`Agent::settings`]; takes the place of all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<AgentSettings>,
    /// See [`Agent::workspace_id`]; `null` for all.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Option<WorkspaceId>>,
}

/// Tells `null` from nothing.
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// `POST /agents/:id/sessions`: see [`CreateSession`](crate::sessions::CreateSession).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateAgentSession {
    /// At most 255 characters; `New chat` when absent.
    #[serde(default)]
    pub label: Option<String>,
    /// The project; the caller's most recent one when absent.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// Free JSON.
    #[serde(default)]
    pub metadata: Option<serde_json::Value>,
}

/// `POST /agents/:id/messages`: in one of the agent's sessions, or in a new one of a project.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TellAgent {
    /// One of the agent's sessions; a new one when absent.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// The project of a new session.
    #[serde(default)]
    pub project_id: Option<ProjectId>,
    /// What to say.
    pub message: NewMessage,
}

/// A tool that a person always allows an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AgentGrant {
    /// The tool.
    pub tool: String,
    /// Who allowed it.
    pub granted_by: UserId,
    /// When.
    pub granted_at: Timestamp,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Nobody works on it yet.
    Queued,
    /// Somebody does.
    Running,
    /// It waits for a person, another agent, or credits.
    Waiting,
    /// It ended well.
    Completed,
    /// It failed.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// One run of an agent, for its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRun {
    /// Id.
    pub id: RunId,
    /// The conversation.
    pub session_id: SessionId,
    /// What that is called.
    pub label: String,
    /// Last part of its project's path.
    pub project: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When somebody began to work on it.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// What its calls cost so far.
    pub cost: Microcredits,
}
