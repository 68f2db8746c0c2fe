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

/// Entries in one answer.
const MOST: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// A folder below the project's own, e.g. `data/2024`; the project's own when absent.
    #[serde(default)]
    folder: Option<String>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Lists a folder of the project.
pub struct FileList {
    pub files: Files,
}

#[async_trait]
impl Tool for FileList {
    about! {
        name: "file_list", group: "files", effect: Read, idempotent: true, seconds: 20,
        title: "List files", "Listing files", "Listed files",
        description: "Lists the files and folders of this project: path, size in bytes, whether it is a \
            folder, when it last changed."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "folder")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { folder } = schema::read(&arguments)?;
        let folder = folder.as_deref().map(inside).unwrap_or_default();
        let found = self.files.list(&context.scope, context.project_id, folder).await;
        let mut entries = found.map_err(errors::service)?;
        let more = entries.len().saturating_sub(MOST);
        entries.truncate(MOST);
        let mut answer = json!({ "entries": entries });
        if more > 0 {
            answer["note"] = json!(format!("{more} more are not listed; use the sandbox (ls /project)."));
        }
        Ok(answer)
    }
}
