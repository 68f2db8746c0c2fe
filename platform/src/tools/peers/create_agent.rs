use crate::tools::{Tool, ToolContext, about, errors, schema};
use alumia_protocol::{agents::CreateAgent as NewAgent, tools::ToolError};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// What it is called.
    #[schemars(length(min = 1, max = 255))]
    name: String,
    /// What it is for, in a sentence.
    #[serde(default)]
    #[schemars(length(max = 5_000))]
    description: String,
    /// Who it is and how it works.
    #[schemars(length(min = 1, max = 20_000))]
    system_prompt: String,
    /// Names of the tools that it may use, of those that you have; all of them when absent.
    #[serde(default)]
    #[schemars(length(max = 100))]
    tools: Option<Vec<String>>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Makes a new agent of the organisation.
pub struct CreateAgent;

#[async_trait]
impl Tool for CreateAgent {
    about! {
        name: "create_agent", group: "peers", effect: External, idempotent: false, seconds: 20,
        title: "Create agent", "Creating agent", "Created agent",
        description: "Makes a new agent of the organization that stays, with a prompt of its own and no more tools \
            than you have; you may then start it and write to each other. A person is asked first. For help \
            with one task spawn_agent is enough."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        arguments.get("name")?.as_str().map(ToOwned::to_owned)
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { name, description, system_prompt, tools } = schema::read(&arguments)?;
        let new = NewAgent { name, description, system_prompt, allowed_tools: tools, ..NewAgent::default() };
        context.peers.create(&context, new).await.map_err(errors::service)
    }
}
