use crate::{
    canvas::Canvas,
    files::Files,
    tools::{Tool, ToolContext, about, content, errors, schema},
};
use alumia_protocol::{
    blocks::{Content, CreateBlock},
    dataspec::{DataSpec, TileSpec},
    tools::ToolError,
};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// The block's heading on the canvas, at most 255 characters. Say what it shows, not what it is.
    #[schemars(length(min = 1, max = 255))]
    title: String,
    /// What the block shows.
    spec: DataSpec,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Puts a typed display on the canvas.
pub struct DataBlock {
    pub canvas: Canvas,
    pub files: Files,
}

#[async_trait]
impl Tool for DataBlock {
    about! {
        name: "data_block", group: "canvas", effect: Write, idempotent: false, seconds: 20,
        title: "Make block", "Making block", "Made block",
        description: "Puts a block on the canvas beside the chat: a typed display of results that people can \
            read, edit and share. Choose the type that says most at a glance: a chart for a trend or a \
            comparison, a table for rows to look up, a metric for one number, a kpi-grid for several, \
            markdown for prose. Use values that you have read or computed; never invent any. Answers with \
            the block's id and version, which update_block takes."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "title")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let arguments: Arguments = schema::read(arguments)?;
        arguments.spec.check().map_err(|error| errors::spec("/spec", error))
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { title, spec } = schema::read(&arguments)?;
        require_pictures(&self.files, &context, &spec, "/spec").await?;
        let new = CreateBlock { id: None, title, content: Content::Data(spec), position: None };
        let made = self.canvas.create(&context.scope, context.project_id, new, context.origin).await;
        let block = made.map_err(errors::service)?;
        Ok(json!({ "blockId": block.id, "version": block.version }))
    }
}

/// Whether the pictures that a spec names are there. `at` is where the spec stands in the arguments.
pub(super) async fn require_pictures(
    files: &Files,
    context: &ToolContext,
    spec: &DataSpec,
    at: &str,
) -> Result<(), ToolError> {
    let mut named = Vec::new();
    match spec {
        DataSpec::Card(card) => named.push((format!("{at}/image"), card.image.as_ref())),
        DataSpec::Dashboard(dashboard) => {
            for (index, tile) in dashboard.tiles.iter().enumerate() {
                if let TileSpec::Card(card) = &tile.spec {
                    named.push((format!("{at}/tiles/{index}/spec/image"), card.image.as_ref()));
                }
            }
        }
        _ => {}
    }
    for (pointer, path) in named {
        if let Some(path) = path {
            content::require_picture(files, context, path, &pointer).await?;
        }
    }
    Ok(())
}
