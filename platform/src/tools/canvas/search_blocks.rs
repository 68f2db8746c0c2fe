use super::described;
use crate::{
    canvas::Canvas,
    tools::{Tool, ToolContext, about, errors, schema},
};
use alumia_protocol::tools::ToolError;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// Words that the block holds, all of them, in its heading or content.
    #[schemars(length(min = 1, max = 500))]
    query: String,
    /// How many at most, 5 when absent.
    #[serde(default)]
    #[schemars(range(min = 1, max = 20))]
    limit: Option<u32>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Finds blocks by what they say.
pub struct SearchBlocks {
    pub canvas: Canvas,
}

#[async_trait]
impl Tool for SearchBlocks {
    about! {
        name: "search_blocks", group: "canvas", effect: Read, idempotent: true, seconds: 20,
        title: "Search blocks", "Searching blocks", "Searched blocks",
        description: "Finds blocks on the canvas by words in their headings and content, best first, and \
            answers with what they hold. Look here before you make a block that may be there already."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "query")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { query, limit } = schema::read(&arguments)?;
        let found = self.canvas.search(&context.scope, context.project_id, &query, limit.unwrap_or(5)).await;
        let found = found.map_err(errors::service)?;
        let blocks: Vec<_> = found.iter().map(|block| described(block, true)).collect();
        Ok(json!({ "blocks": blocks }))
    }
}
