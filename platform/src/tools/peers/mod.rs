//! Tools for working with other agents. What they may do is decided in the engine, behind [`Peers`].

mod check_messages;
mod create_agent;
mod list_agents;
mod message_agent;
mod set_agent_model;
mod spawn_agent;

pub use check_messages::{Check, CheckMessages};
pub use create_agent::CreateAgent;
pub use list_agents::ListAgents;
pub use message_agent::MessageAgent;
pub use set_agent_model::SetAgentModel;
pub use spawn_agent::SpawnAgent;

use super::ToolContext;
use crate::Result;
use alumia_protocol::{SessionId, agents::CreateAgent as NewAgent};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Value, json};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Receipt {
    /// Its reader begins with it.
    Delivered { session_id: SessionId, agent: String },
    /// It waits behind so many others until its reader's next step.
    Queued { session_id: SessionId, agent: String, behind: usize },
    /// It was not sent.
    Refused(Refusal),
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// For programs.
    pub code: &'static str,
    /// For the agent.
    pub reason: String,
}

/// What `spawn_agent` asks for.
pub struct Spawn {
    /// Slug, exact name or id; the caller itself when absent.
    pub agent: Option<String>,
    pub task: String,
    pub label: Option<String>,
}

/// The other agents of a project, for one that calls a tool.
#[async_trait]
pub trait Peers: Send + Sync {
    /// Whom the caller may write to, and what they are doing.
    async fn list(&self, by: &ToolContext) -> Result<Value>;
    /// Writes to one.
    async fn write(&self, by: &ToolContext, to: &str, text: &str) -> Result<Receipt>;
    /// Starts one in a session of its own.
    async fn spawn(&self, by: &ToolContext, spawn: Spawn) -> Result<Receipt>;
    /// Makes one that reaches no further than the caller.
    async fn create(&self, by: &ToolContext, new: NewAgent) -> Result<Value>;
    /// Gives the caller, or one that it may write to, another model.
    async fn set_model(&self, by: &ToolContext, agent: Option<&str>, model: &str) -> Result<Value>;
}

/// Nobody else, for tests of tools that have nothing to do with other agents.
#[cfg(test)]
pub(super) struct Alone;

#[cfg(test)]
#[async_trait]
impl Peers for Alone {
    async fn list(&self, _: &ToolContext) -> Result<Value> {
        Err(crate::Error::NotFound("agent"))
    }
    async fn write(&self, _: &ToolContext, _: &str, _: &str) -> Result<Receipt> {
        Err(crate::Error::NotFound("agent"))
    }
    async fn spawn(&self, _: &ToolContext, _: Spawn) -> Result<Receipt> {
        Err(crate::Error::NotFound("agent"))
    }
    async fn create(&self, _: &ToolContext, _: NewAgent) -> Result<Value> {
        Err(crate::Error::NotFound("agent"))
    }
    async fn set_model(&self, _: &ToolContext, _: Option<&str>, _: &str) -> Result<Value> {
        Err(crate::Error::NotFound("agent"))
    }
}

/// A receipt as the model reads it.
fn told(receipt: &Receipt) -> Value {
    let mut told = json!(receipt);
    told["note"] = match receipt {
        Receipt::Delivered { .. } => json!("It is at work on it. check_messages waits for an answer."),
        Receipt::Queued { .. } => json!("It reads this at its next step."),
        Receipt::Refused(_) => return told,
    };
    told
}
