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
    /// The slug or exact name of one of your peers; you yourself when absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    agent: Option<String>,
    /// The model's id.
    #[schemars(length(min = 1, max = 255))]
    model: String,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Gives an agent another model.
pub struct SetAgentModel;

#[async_trait]
impl Tool for SetAgentModel {
    about! {
        name: "set_agent_model", group: "self", effect: External, idempotent: true, seconds: 20,
        title: "Change model", "Changing model", "Changed model",
        description: "Gives you, or one of your peers, another model from the next step on. Only when a person asks \
            for it in so many words; they are asked once more. Ala keeps the organization's default."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        arguments.get("model")?.as_str().map(|model| format!("to {model}"))
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { agent, model } = schema::read(&arguments)?;
        context.peers.set_model(&context, agent.as_deref(), &model).await.map_err(errors::service)
    }
}
