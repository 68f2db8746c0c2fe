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
#[serde(deny_unknown_fields)]
struct Arguments {}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Reads the page that is open.
pub struct BrowserRead {
    pub browsing: Browsing,
}

#[async_trait]
impl Tool for BrowserRead {
    about! {
        name: "browser_read", group: "browser", effect: Read, idempotent: true, seconds: 30,
        title: "Read page", "Reading page", "Read page",
        description: "Reads the page that is open in this session's browser as it is now. Answers with its outline, \
            as browser_open does; numbers of an earlier outline no longer count."
    }
    fn paid_by_time(&self) -> Option<Operation> {
        Some(Operation::Browser)
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments {} = schema::read(&arguments)?;
        self.browsing.act(&context, Deed::Read).await.map(answer)
    }
}
