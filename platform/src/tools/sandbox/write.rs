use super::{folder, refusal};
use crate::{
    files::{Files, Place},
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
    /// A file in the sandbox's work folder, e.g. `model.py` or `/work/model.py`. Folders on the way are
    /// made.
    path: String,
    /// The whole text of the file.
    text: String,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Writes a file of the session's work folder.
pub struct SandboxWrite {
    pub files: Files,
}

#[async_trait]
impl Tool for SandboxWrite {
    about! {
        name: "sandbox_write", group: "sandbox", effect: Write, idempotent: true, seconds: 20,
        title: "Write sandbox file", "Writing sandbox file", "Wrote sandbox file",
        description: "Writes a text file into /work, for the next commands of this session. For what people \
            should find among the project's files, use file_write."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "path")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { path, text } = schema::read(&arguments)?;
        context.scope.require_writer().map_err(errors::service)?;
        let folder = folder(&self.files, &context).await?;
        let (wanted, size) = (path.clone(), text.len());
        let place = Place::sandbox(&context.scope, context.project_id, context.session_id);
        let (before, at) = (folder.clone(), path.clone());
        let old = move || before.read(&at, 0).map_or(0, |(_, size)| size);
        let put = move || folder.write(&wanted, text.as_bytes());
        let written = self.files.keep(&place, size, old, put).await.map_err(errors::service)?;
        written.map_err(|fault| refusal(&fault))?;
        Ok(json!({ "path": path, "size": size }))
    }
}
