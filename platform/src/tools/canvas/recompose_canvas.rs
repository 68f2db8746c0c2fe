use super::{
    compose_canvas::{answer, prepared},
    find, forms, stale,
};
use crate::{
    Error,
    canvas::{Canvas, Layout, Part},
    files::Files,
    tools::{Tool, ToolContext, about, errors, schema},
};
use alumia_protocol::{boards::Preset, tools::ToolError};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// The workboard, as compose_canvas or list_blocks named it.
    board_id: String,
    /// A new name; the present one stays when absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    label: Option<String>,
    /// What it is for from now on; stays when absent.
    #[serde(default)]
    preset: Option<Preset>,
    /// All of its blocks from now on, the most important first. Blocks of it that aren't named here go.
    #[schemars(length(min = 1, max = 24))]
    blocks: Vec<NextPart>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NextPart {
    /// A block that stays; a new one when absent.
    #[serde(default)]
    block_id: Option<String>,
    /// The version of it that you know. Refused when somebody has changed the block since.
    #[serde(default)]
    version: Option<i64>,
    /// Its heading; a block that stays keeps its own when absent.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    title: Option<String>,
    /// A typed display, in the form that data_block takes as spec. A block that stays keeps what it holds without.
    #[serde(default)]
    spec: Option<Map<String, Value>>,
    /// Something shown as it is, in the form that show takes as content.
    #[serde(default)]
    content: Option<Map<String, Value>>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Puts new blocks in the place of those of a workboard.
pub struct RecomposeCanvas {
    pub canvas: Canvas,
    pub files: Files,
}

/// The id and version of a block that stays, as the model named them.
type Staying = Option<(String, Option<i64>)>;

/// The parts, those that stay yet to be found.
fn parts(blocks: Vec<NextPart>) -> Result<Vec<(Staying, Part)>, ToolError> {
    let mut parts = Vec::with_capacity(blocks.len());
    for (index, NextPart { block_id, version, title, spec, content }) in blocks.into_iter().enumerate() {
        let at = format!("/blocks/{index}");
        let content = forms::read(spec, content, &at)?;
        if block_id.is_none() && content.is_none() {
            return Err(errors::invalid(at, "holds nothing; give it a blockId, a spec or a content"));
        }
        if block_id.is_none() && title.is_none() {
            return Err(errors::invalid(format!("{at}/title"), "is missing; a new block needs one"));
        }
        parts.push((block_id.map(|id| (id, version)), Part { block: None, title, content }));
    }
    Ok(parts)
}

#[async_trait]
impl Tool for RecomposeCanvas {
    about! {
        name: "recompose_canvas", group: "canvas", effect: Write, idempotent: false, seconds: 30,
        title: "Rework workboard", "Reworking workboard", "Reworked workboard",
        description: "Replaces what a workboard holds, as one step: blocks that you name stay and change, new ones \
            are added, the others go. Use it to bring a workboard up to date in place of making a second one. \
            Answers with its blocks and those that went."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "label")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        parts(schema::read::<Arguments>(arguments)?.blocks).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { board_id, label, preset, blocks } = schema::read(&arguments)?;
        let (scope, project) = (&context.scope, context.project_id);
        let present = self.canvas.board(scope, project, &board_id).await.map_err(errors::service)?;
        let Some(first) = present.first().map(|block| &block.position) else {
            return Err(errors::invalid(
                "/boardId",
                "is no workboard of this canvas; list_blocks tells them",
            ));
        };
        let kind = first.group_kind.as_deref().and_then(Preset::named);
        let Some(preset) = preset.or(kind) else {
            return Err(errors::invalid("/preset", "is missing; this workboard has none of its own"));
        };
        let label = label.or_else(|| first.group_label.clone()).unwrap_or_else(|| preset.label().into());
        let mut next = Vec::with_capacity(blocks.len());
        for (index, (staying, mut part)) in parts(blocks)?.into_iter().enumerate() {
            if let Some((id, version)) = staying {
                let at = format!("/blocks/{index}/blockId");
                part.block = Some((find(&self.canvas, &context, &id, &at).await?.id, version));
            }
            next.push(part);
        }
        let layout = Layout { label, preset, parts: next };
        let layout = prepared(&self.canvas, &self.files, &context, layout).await?;
        match self.canvas.recompose(scope, project, &board_id, layout, context.origin).await {
            Ok(done) => Ok(answer(&done)),
            Err(Error::Conflict { details, .. }) => Err(stale(details)),
            Err(error) => Err(errors::service(error)),
        }
    }
}
