use super::{blocking, folder};
use crate::{
    files::Files,
    tools::{Tool, ToolContext, about, content, schema},
};
use alumia_protocol::tools::ToolError;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

/// Bytes of a file that are read.
const MOST: usize = 10 << 20;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// A file in the sandbox's work folder, e.g. `result.json` or `/work/result.json`.
    path: String,
    /// The first line to read, counted from 1.
    #[serde(default)]
    #[schemars(range(min = 1))]
    offset: Option<u64>,
    /// How many lines; 2,000 when absent.
    #[serde(default)]
    #[schemars(range(min = 1))]
    limit: Option<u64>,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Reads a file of the session's work folder.
pub struct SandboxRead {
    pub files: Files,
}

#[async_trait]
impl Tool for SandboxRead {
    about! {
        name: "sandbox_read", group: "sandbox", effect: Read, idempotent: true, seconds: 20,
        title: "Read sandbox file", "Reading sandbox file", "Read sandbox file",
        description: "Reads a text file that a command has left in /work. A long one comes in parts: \
            nextOffset is the offset of the next."
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "path")
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        schema::read::<Arguments>(arguments).map(|_| ())
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { path, offset, limit } = schema::read(&arguments)?;
        let folder = folder(&self.files, &context).await?;
        let wanted = path.clone();
        let (bytes, size) = blocking(move || folder.read(&wanted, MOST)).await?;
        Ok(content::window(&path, &bytes, size, offset, limit))
    }
}
