use super::{Spawn, told};
use crate::tools::{Tool, ToolContext, about, errors, schema};
use alumia_protocol::tools::ToolError;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// The slug or exact name of the agent that shall do it; you yourself, in a session of its own, when absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    agent: Option<String>,
    /// What it shall do. It reads nothing else of your conversation: say what it needs to know.
    #[schemars(length(min = 1, max = 20_000))]
    task: String,
    /// A few words that its conversation is called by.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    label: Option<String>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Starts an agent in a session of its own.
pub struct SpawnAgent;

#[async_trait]
impl Tool for SpawnAgent {
    about! {
        name: "spawn_agent", group: "peers", effect: Write, idempotent: true, seconds: 20,
        title: "Start agent", "Starting agent", "Started agent",
        description: "Starts an agent in a session of its own with a task and returns at once. Several work side by \
            side. When one ends, fails or is stopped you get a message with its last words; check_messages waits \
            for that."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        let named = arguments.get("agent").or_else(|| arguments.get("label"))?;
        named.as_str().map(ToOwned::to_owned)
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { agent, task, label } = schema::read(&arguments)?;
        let label = label.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
        let spawn = Spawn { agent, task, label };
        let receipt = context.peers.spawn(&context, spawn).await.map_err(errors::service)?;
        Ok(told(&receipt))
    }
}
