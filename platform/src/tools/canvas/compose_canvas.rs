use super::forms;
use crate::{
    canvas::{Canvas, Composed, Layout, Part},
    files::Files,
    tools::{Tool, ToolContext, about, errors, schema},
};
use alumia_protocol::{boards::Preset, tools::ToolError};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// The workboard's name on the canvas, at most 255 characters.
    #[schemars(length(min = 1, max = 255))]
    label: String,
    /// What the workboard is for; decides the layout.
    preset: Preset,
    /// Its blocks, the most important first.
    #[schemars(length(min = 1, max = 24))]
    blocks: Vec<NewPart>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewPart {
    /// The block's heading, at most 255 characters.
    #[schemars(length(min = 1, max = 255))]
    title: String,
    /// A typed display, in the form that data_block takes as spec.
    #[serde(default)]
    spec: Option<Map<String, Value>>,
    /// Something shown as it is, in the form that show takes as content.
    #[serde(default)]
    content: Option<Map<String, Value>>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Puts a workboard on the canvas.
pub struct ComposeCanvas {
    pub canvas: Canvas,
    pub files: Files,
}

fn layout(arguments: Arguments) -> Result<Layout, ToolError> {
    let Arguments { label, preset, blocks } = arguments;
    let mut parts = Vec::with_capacity(blocks.len());
    for (index, NewPart { title, spec, content }) in blocks.into_iter().enumerate() {
        let at = format!("/blocks/{index}");
        let Some(content) = forms::read(spec, content, &at)? else {
            return Err(errors::invalid(at, "holds nothing; give it a spec or a content"));
        };
        parts.push(Part { block: None, title: Some(title), content: Some(content) });
    }
    Ok(Layout { label, preset, parts })
}

/// A board's contents as they are stored.
pub(super) async fn prepared(
    canvas: &Canvas,
    files: &Files,
    context: &ToolContext,
    mut layout: Layout,
) -> Result<Layout, ToolError> {
    for (index, part) in layout.parts.iter_mut().enumerate() {
        if let Some(content) = part.content.take() {
            let at = format!("/blocks/{index}");
            part.content = Some(forms::prepared(files, context, content, canvas.clock.now(), &at).await?);
        }
    }
    Ok(layout)
}

/// A board as a model reads it.
pub(super) fn answer(done: &Composed) -> Value {
    let blocks: Vec<_> = done
        .blocks
        .iter()
        .map(|block| json!({ "blockId": block.id, "version": block.version, "title": block.title }))
        .collect();
    json!({ "boardId": done.board, "blocks": blocks, "removed": done.removed })
}

#[async_trait]
impl Tool for ComposeCanvas {
    about! {
        name: "compose_canvas", group: "canvas", effect: Write, idempotent: false, seconds: 30,
        title: "Make workboard", "Making workboard", "Made workboard",
        description: "Puts a workboard on the canvas: several blocks that belong together, laid out as one. Choose \
            it when an answer has more than three parts; for one result use data_block. Fill it with typed \
            displays, and with what show takes where that says more. Answers with the board's id, which \
            recompose_canvas takes, and its blocks."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "label")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        layout(schema::read(arguments)?).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let layout = layout(schema::read(&arguments)?)?;
        let layout = prepared(&self.canvas, &self.files, &context, layout).await?;
        let done = self.canvas.compose(&context.scope, context.project_id, layout, context.origin).await;
        done.map(|done| answer(&done)).map_err(errors::service)
    }
}
