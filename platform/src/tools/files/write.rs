use super::inside;
use crate::{
    files::Files,
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
    /// A file below the project's folder, e.g. `reports/rain.md`. Folders on the way are made.
    path: String,
    /// The whole text of the file.
    text: String,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Writes a file of the project.
pub struct FileWrite {
    pub files: Files,
}

#[async_trait]
impl Tool for FileWrite {
    about! {
        name: "file_write", group: "files", effect: Write, idempotent: true, seconds: 20,
        title: "Write file", "Writing file", "Wrote file",
        description: "Writes a text file into this project, in place of one that has the same path. Read a \
            file before you replace it. For what only this conversation needs, use sandbox_write."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "path")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { path, text } = schema::read(&arguments)?;
        let written =
            self.files.write(&context.scope, context.project_id, inside(&path), text.as_bytes()).await;
        Ok(json!(written.map_err(errors::service)?))
    }
}
