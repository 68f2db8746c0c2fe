use super::{described, find};
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
    /// Only these blocks, with what they hold; at most 10.
    #[serde(default)]
    #[schemars(length(max = 10))]
    block_ids: Vec<String>,
    /// Only the blocks of this workboard.
    #[serde(default)]
    board_id: Option<String>,
    /// `nextCursor` of the answer before, for the blocks after those.
    #[serde(default)]
    cursor: Option<String>,
    /// How many, 50 when absent.
    #[serde(default)]
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Lists the blocks of the canvas.
pub struct ListBlocks {
    pub canvas: Canvas,
}

#[async_trait]
impl Tool for ListBlocks {
    about! {
        name: "list_blocks", group: "canvas", effect: Read, idempotent: true, seconds: 20,
        title: "List blocks", "Listing blocks", "Listed blocks",
        description: "Lists what is on the canvas, oldest first: id, version, heading and type of each \
            block, and the workboard that it is part of. With blockIds it answers with those blocks' whole content \
            instead."
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { block_ids, board_id, cursor, limit } = schema::read(&arguments)?;
        if !block_ids.is_empty() {
            let mut blocks = Vec::new();
            for (index, id) in block_ids.iter().enumerate() {
                let block = find(&self.canvas, &context, id, &format!("/blockIds/{index}")).await?;
                blocks.push(described(&block, true));
            }
            return Ok(json!({ "blocks": blocks }));
        }
        let (scope, project) = (&context.scope, context.project_id);
        if let Some(board) = board_id {
            let blocks = self.canvas.board(scope, project, &board).await.map_err(errors::service)?;
            if blocks.is_empty() {
                return Err(errors::invalid("/boardId", "is no workboard of this canvas"));
            }
            let blocks: Vec<_> = blocks.iter().map(|block| described(block, false)).collect();
            return Ok(json!({ "blocks": blocks }));
        }
        let page = self.canvas.list(scope, project, cursor.as_deref(), limit.unwrap_or(50)).await;
        let page = page.map_err(errors::service)?;
        let blocks: Vec<_> = page.items.iter().map(|block| described(block, false)).collect();
        Ok(json!({ "blocks": blocks, "nextCursor": page.next_cursor }))
    }
}
