use super::told;
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
    /// An agent's slug or exact name, or the id of one of its sessions, as list_agents tells them.
    #[schemars(length(min = 1, max = 255))]
    to: String,
    /// What to say. It reads nothing else of your conversation: say what it needs to know.
    #[schemars(length(min = 1, max = 20_000))]
    message: String,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Writes to another agent of the project.
pub struct MessageAgent;

#[async_trait]
impl Tool for MessageAgent {
    about! {
        name: "message_agent", group: "peers", effect: Write, idempotent: true, seconds: 20,
        title: "Message agent", "Messaging agent", "Messaged agent",
        description: "Writes to another agent of this project and returns at once with a receipt: delivered, \
            queued behind others, or refused and why. It works on its own; an answer comes as a message to \
            you, which check_messages waits for."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        arguments.get("to")?.as_str().map(ToOwned::to_owned)
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { to, message } = schema::read(&arguments)?;
        let receipt = context.peers.write(&context, &to, &message).await.map_err(errors::service)?;
        Ok(told(&receipt))
    }
}
