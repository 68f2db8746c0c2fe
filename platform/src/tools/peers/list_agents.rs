use crate::tools::{Tool, ToolContext, about, errors, schema};
use alumia_protocol::tools::ToolError;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Lists the agents that the caller may write to.
pub struct ListAgents;

#[async_trait]
impl Tool for ListAgents {
    about! {
        name: "list_agents", group: "peers", effect: Read, idempotent: true, seconds: 20,
        title: "List agents", "Listing agents", "Listed agents",
        description: "Lists the agents that you may write to, with their sessions in this project: what each is \
            doing, and whether it started you or you started it."
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, _arguments: Value) -> Result<Value, ToolError> {
        context.peers.list(&context).await.map_err(errors::service)
    }
}
