use crate::{
    canvas::Canvas,
    files::Files,
    tools::{Tool, ToolContext, about, content, errors, schema},
};
use alumia_protocol::{
    blocks::{Content, CreateBlock},
    show::Show as Shown,
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
    /// The block's heading on the canvas, at most 255 characters.
    #[schemars(length(min = 1, max = 255))]
    title: String,
    /// What the block shows.
    content: Shown,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Puts a primitive on the canvas.
pub struct Show {
    pub canvas: Canvas,
    pub files: Files,
}

#[async_trait]
impl Tool for Show {
    about! {
        name: "show", group: "canvas", effect: Write, idempotent: false, seconds: 20,
        title: "Show", "Showing", "Showed",
        description: "Shows something as it is on the canvas: a long text as a document, source code, what a \
            command printed, a picture, sound, film or PDF from the project's folder, a transcript, a \
            spreadsheet that people edit, a drawing, a map, a timer. For results that have a structure \
            (numbers, rows, steps) use data_block. Answers with the block's id and version."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "title")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let arguments: Arguments = schema::read(arguments)?;
        arguments.content.check().map_err(|error| errors::spec("/content", error))
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { title, content } = schema::read(&arguments)?;
        let content =
            content::prepared(&self.files, &context, content, self.canvas.clock.now(), "/content").await?;
        let new = CreateBlock { id: None, title, content: Content::Show(content), position: None };
        let made = self.canvas.create(&context.scope, context.project_id, new, context.origin).await;
        let block = made.map_err(errors::service)?;
        Ok(json!({ "blockId": block.id, "version": block.version }))
    }
}
