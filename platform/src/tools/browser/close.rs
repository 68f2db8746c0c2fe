use crate::{
    browser::Browsing,
    tools::{Tool, ToolContext, about, schema},
};
use alumia_protocol::tools::ToolError;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::LazyLock;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

/// Ends the session's browser.
pub struct BrowserClose {
    pub browsing: Browsing,
}

#[async_trait]
impl Tool for BrowserClose {
    about! {
        name: "browser_close", group: "browser", effect: Read, idempotent: true, seconds: 20,
        title: "Close browser", "Closing browser", "Closed browser",
        description: "Closes this session's browser; what it knew (sign-ins, what was filled in) is gone. Its last \
            page stays on the canvas."
    }
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError> {
        let Arguments {} = schema::read(&arguments)?;
        let closed = self.browsing.close(context.session_id).await;
        Ok(json!({ "closed": closed }))
    }
}
