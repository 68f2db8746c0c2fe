//! Tools for the blocks on the canvas.

mod app_create;
mod compose_canvas;
mod data_block;
mod forms;
mod list_blocks;
mod recompose_canvas;
mod search_blocks;
mod show;
mod update_block;

pub use app_create::AppCreate;
pub use compose_canvas::ComposeCanvas;
pub use data_block::DataBlock;
pub use list_blocks::ListBlocks;
pub use recompose_canvas::RecomposeCanvas;
pub use search_blocks::SearchBlocks;
pub use show::Show;
pub use update_block::UpdateBlock;

use super::{ToolContext, errors};
use crate::canvas::Canvas;
use alumia_protocol::{
    BlockId,
    blocks::{Block, Content},
    tools::ToolError,
};
use serde::Deserialize as _;
use serde_json::{Value, json};

/// Characters of one block's content in an answer.
const CONTENT: usize = 12_000;

/// A block of the project that the agent works in.
async fn find(canvas: &Canvas, context: &ToolContext, id: &str, at: &str) -> Result<Block, ToolError> {
    let missing = || errors::invalid(at, "is no block of this project; list_blocks tells the ids");
    let id: BlockId = id.trim().parse().map_err(|_| missing())?;
    match canvas.get(&context.scope, id).await {
        Ok(block) if block.project_id == context.project_id => Ok(block),
        Ok(_) | Err(crate::Error::NotFound(_)) => Err(missing()),
        Err(error) => Err(errors::service(error)),
    }
}

/// A block as a model reads it.
fn described(block: &Block, with_content: bool) -> Value {
    let (tool, kind, content) = match &block.content {
        Content::Data(spec) => ("data_block", spec.type_name(), json!(spec)),
        Content::Show(shown) => ("show", shown.type_name(), json!(shown)),
        Content::App(app) => ("app_create", "app", json!(app)),
    };
    let mut about = json!({
        "blockId": block.id,
        "version": block.version,
        "title": block.title,
        "tool": tool,
        "type": kind,
        "updatedAt": block.updated_at,
    });
    if let Some(board) = &block.position.group_id {
        about["workboard"] = json!({ "boardId": board, "label": block.position.group_label });
    }
    if with_content {
        let text = content.to_string();
        // What is cut is no longer JSON, so it goes as text.
        about["content"] = if text.len() <= CONTENT { content } else { json!(errors::cut(&text, CONTENT)) };
    }
    about
}

/// The refusal of a stale version, with the block as it is now, so that one more call can succeed.
fn stale(details: Option<Value>) -> ToolError {
    let present = details.and_then(|details| Block::deserialize(&details["block"]).ok());
    let present = present.map(|block| format!(" It is now: {}", described(&block, true))).unwrap_or_default();
    let message = format!(
        "Somebody has changed this block since that version. Base your change on the present one.{present}"
    );
    errors::error("conflict", message)
}
