use crate::{
    billing::Operation,
    browser::Browsing,
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
    /// Where to store it below the project's folder, without the ending, like `pictures/front`.
    #[schemars(length(min = 1, max = 200))]
    path: String,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Stores a picture of the page that is open.
pub struct BrowserScreenshot {
    pub browsing: Browsing,
}

#[async_trait]
impl Tool for BrowserScreenshot {
    about! {
        name: "browser_screenshot", group: "browser", effect: Write, idempotent: true, seconds: 30,
        title: "Take screenshot", "Taking screenshot", "Took screenshot",
        description: "Stores a picture of what this session's browser shows in the project's folder and answers with \
            its path, which show can put on the canvas as an image. To learn what the page says, use browser_read."
    }
    fn paid_by_time(&self) -> Option<Operation> {
        Some(Operation::Browser)
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        schema::word(arguments, "path")
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { path } = schema::read(&arguments)?;
        let picture = self.browsing.screenshot(&context).await?;
        let ending = if picture.media_type == "image/png" { ".png" } else { ".jpg" };
        let path = format!("{}{ending}", path.trim_end_matches(ending));
        self.browsing.save(&context, &path, &picture).await.map_err(errors::service)?;
        Ok(json!({ "path": path, "bytes": picture.bytes.len() }))
    }
}
