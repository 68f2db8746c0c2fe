use super::{find, forms, stale};
use crate::{
    Error,
    canvas::Canvas,
    files::Files,
    tools::{Tool, ToolContext, about, errors, schema},
};
use alumia_protocol::{
    apps::AppFile,
    blocks::{Content, UpdateBlock as Change},
    tools::ToolError,
};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// The block's id, as data_block, show, list_blocks or search_blocks gave it.
    block_id: String,
    /// The version that the change is based on. Refused when somebody has changed the block since, so
    /// that nobody's edit is lost. Without it the block is changed whatever its version.
    #[serde(default)]
    version: Option<i64>,
    /// A new heading.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    title: Option<String>,
    /// For a block of data_block: its whole new spec, in the form that data_block takes.
    #[serde(default)]
    spec: Option<Map<String, Value>>,
    /// For a block of show: its whole new content, in the form that show takes.
    #[serde(default)]
    content: Option<Map<String, Value>>,
    /// For a block of app_create: files to add or replace. The others stay.
    #[serde(default)]
    #[schemars(length(min = 1, max = 40))]
    files: Option<Vec<ChangedFile>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangedFile {
    /// Where it is.
    path: String,
    /// What it holds from now on; without it the file goes.
    #[serde(default)]
    text: Option<String>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Changes a block on the canvas.
pub struct UpdateBlock {
    pub canvas: Canvas,
    pub files: Files,
}

impl Arguments {
    fn content(self) -> Result<Option<Content>, ToolError> {
        let nothing = self.title.is_none() && self.spec.is_none() && self.content.is_none();
        if nothing && self.files.is_none() {
            return Err(errors::invalid("", "change nothing; give a title, a spec, a content or files"));
        }
        if self.files.is_some() && (self.spec.is_some() || self.content.is_some()) {
            return Err(errors::invalid("/files", "can't be given together with spec or content"));
        }
        forms::read(self.spec, self.content, "")
    }
}

/// An app with some of its files changed.
fn changed(present: &Content, files: Vec<ChangedFile>) -> Result<Content, ToolError> {
    let Content::App(app) = present else {
        return Err(errors::invalid("/files", "is only for blocks that app_create made"));
    };
    let mut app = app.clone();
    for (index, ChangedFile { path, text }) in files.into_iter().enumerate() {
        let known = app.files.iter().position(|file| file.path == path);
        match (known, text) {
            (Some(at), Some(text)) => app.files[at].text = text,
            (Some(at), None) => drop(app.files.remove(at)),
            (None, Some(text)) => app.files.push(AppFile { path, text }),
            (None, None) => {
                return Err(errors::invalid(format!("/files/{index}/path"), "is no file of this app"));
            }
        }
    }
    app.check().map_err(|error| errors::spec("", error))?;
    Ok(Content::App(app))
}

#[async_trait]
impl Tool for UpdateBlock {
    about! {
        name: "update_block", group: "canvas", effect: Write, idempotent: false, seconds: 20,
        title: "Change block", "Changing block", "Changed block",
        description: "Changes a block that is on the canvas: its heading, its content as a whole, or files of an app. Change \
            a block rather than make a second one with the same purpose. Answers with the new version."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "title")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments)?.content().map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let mut arguments: Arguments = schema::read(&arguments)?;
        let present = find(&self.canvas, &context, &arguments.block_id, "/blockId").await?;
        let (version, title) = (arguments.version.unwrap_or(present.version), arguments.title.clone());
        let new = match arguments.files.take() {
            Some(files) => Some(changed(&present.content, files)?),
            None => match arguments.content()? {
                Some(new) => {
                    Some(forms::prepared(&self.files, &context, new, self.canvas.clock.now(), "").await?)
                }
                None => None,
            },
        };
        let change = Change { version, title, content: new, position: None };
        match self.canvas.update(&context.scope, present.id, change, context.origin).await {
            Ok(block) => Ok(json!({ "blockId": block.id, "version": block.version })),
            Err(Error::Conflict { details, .. }) => Err(stale(details)),
            Err(error) => Err(errors::service(error)),
        }
    }
}
