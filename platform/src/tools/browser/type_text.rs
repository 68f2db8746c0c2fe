use super::answer;
use crate::{
    billing::Operation,
    browser::{Browsing, Deed},
    tools::{Tool, ToolContext, about, errors, schema},
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
    /// The number of the field or list, from the last outline of the page.
    reference: u32,
    /// What it shall hold, in place of what it holds; of a list, the entry to choose.
    #[schemars(length(max = 20_000))]
    text: String,
    /// Whether to press Enter afterwards; false when absent.
    #[serde(default)]
    submit: bool,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Fills in a field of the page that is open.
pub struct BrowserType {
    pub browsing: Browsing,
}

#[async_trait]
impl Tool for BrowserType {
    about! {
        name: "browser_type", group: "browser", effect: External, idempotent: false, seconds: 40,
        title: "Type", "Typing", "Typed",
        description: "Fills in the field, or chooses from the list, that has this number in the last outline of the \
            page in this session's browser. Answers with the outline of what the page is then. A person is asked \
            first. Never type a password or another secret."
    }
    fn paid_by_time(&self) -> Option<Operation> {
        Some(Operation::Browser)
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        let (reference, text) = (arguments.get("reference")?.as_u64()?, arguments.get("text")?.as_str()?);
        Some(format!("[{reference}] {}", errors::cut(text, 60)))
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments { reference, text, submit } = schema::read(&arguments)?;
        self.browsing.act(&context, Deed::Type { reference, text: &text, submit }).await.map(answer)
    }
}
