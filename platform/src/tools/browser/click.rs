use super::answer;
use crate::{
    billing::Operation,
    browser::{Browsing, Deed},
    tools::{Tool, ToolContext, about, schema},
};
use alumia_protocol::tools::ToolError;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// The number of what to click, from the last outline of the page.
    reference: u32,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Clicks something on the page that is open.
pub struct BrowserClick {
    pub browsing: Browsing,
}

#[async_trait]
impl Tool for BrowserClick {
    about! {
        name: "browser_click", group: "browser", effect: External, idempotent: false, seconds: 40,
        title: "Click", "Clicking", "Clicked",
        description: "Clicks what has this number in the last outline of the page in this session's browser: a link, \
            a button, a box. Answers with the outline of what the page is then. A person is asked first."
    }
    fn paid_by_time(&self) -> Option<Operation> {
        Some(Operation::Browser)
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        Some(format!("[{}]", arguments.get("reference")?.as_u64()?))
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { reference } = schema::read(&arguments)?;
        self.browsing.act(&context, Deed::Click(reference)).await.map(answer)
    }
}
