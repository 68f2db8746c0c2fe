//! Agents.

use crate::{AgentId, OrgId, Timestamp, WorkspaceId};
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
    /// Model calls in one run; the server's own limit when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u32>,
    /// Credits that one run may spend; no limit of its own when absent.
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
    /// An emoji or a picture's path.
    pub avatar: String,
    /// A catalog model's id; empty follows the organisation's default model.
    pub model: String,
    /// Who it is and how it works.
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
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
