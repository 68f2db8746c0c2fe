use crate::{
    canvas::Canvas,
    tools::{Tool, ToolContext, about, errors, schema},
};
use alumia_protocol::{
    apps::{App, AppFile},
    blocks::{Content, CreateBlock},
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
    /// The app's files. `index.html` is opened, and names the others relative to itself.
    #[schemars(length(min = 1, max = 40))]
    files: Vec<AppFile>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Puts an app on the canvas.
pub struct AppCreate {
    pub canvas: Canvas,
}

#[async_trait]
impl Tool for AppCreate {
    about! {
        name: "app_create", group: "canvas", effect: Write, idempotent: false, seconds: 20,
        title: "Make app", "Making app", "Made app",
        description: "Puts a small app of HTML, CSS and JavaScript files on the canvas. Only when the person asks for an \
            app, a tool or a game of their own; results go into data_block. It runs in a frame without network, cookies \
            or storage and loads nothing but its own files. What it shall keep goes into its SQLite database: load \
            alumia.js with a script tag, then await alumia.execute(sql, params) changes and await alumia.query(sql, \
            params) reads, both with { columns, rows }. Make tables with CREATE TABLE IF NOT EXISTS. Follow the \
            reader's theme with color-scheme: light dark. Answers with the block's id and version."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "title")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let Arguments { files, .. } = schema::read(arguments)?;
        App { files }.check().map_err(|error| errors::spec("", error))
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { title, files } = schema::read(&arguments)?;
        let content = Content::App(App { files });
        let new = CreateBlock { id: None, title, content, position: None };
        let made = self.canvas.create(&context.scope, context.project_id, new, context.origin).await;
        let block = made.map_err(errors::service)?;
        Ok(json!({ "blockId": block.id, "version": block.version }))
    }
}
