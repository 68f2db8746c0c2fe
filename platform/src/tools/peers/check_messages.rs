use crate::tools::{Tool, ToolContext, about, errors, schema};
use alumia_protocol::tools::ToolError;
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::{sync::LazyLock, time::Duration};

/// Seconds that a call waits when it doesn't say.
const SECONDS: u64 = 60;

/// What a call waits for.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    /// Whose messages to wait for: agents' slugs or exact names, or sessions' ids; anybody's when absent.
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub from: Vec<String>,
    /// How long to wait at most; 60 when absent, 0 only looks.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_800))]
    wait_seconds: Option<u64>,
}

impl Check {
    /// From a call's arguments.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(arguments: &Value) -> Result<Self, ToolError> {
        schema::read(arguments)
    }
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Check>);

/// Waits for messages of other agents.
pub struct CheckMessages;

#[async_trait]
impl Tool for CheckMessages {
    about! {
        name: "check_messages", group: "peers", effect: Read, idempotent: true, seconds: 60,
        title: "Wait for messages", "Waiting for messages", "Waited for messages",
        description: "Waits for messages of other agents, or of those that you started to end. Messages reach you by \
            themselves at every step: use this only when there is nothing else to do until one comes. Don't wait \
            for one that waits for you."
    }
    fn timeout_for(&self, arguments: &Value) -> Duration {
        let seconds = Check::read(arguments).ok().and_then(|check| check.wait_seconds);
        Duration::from_secs(seconds.unwrap_or(SECONDS))
    }
    fn awaits_peers(&self) -> bool {
        true
    }
    fn summary(&self, arguments: &Value) -> Option<String> {
        let from = Check::read(arguments).ok()?.from;
        (!from.is_empty()).then(|| format!("from {}", from.join(", ")))
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        Check::read(arguments).map(drop)
    }
    async fn call(&self, _context: ToolContext, _arguments: Value) -> Result<Value, ToolError> {
        Err(errors::failed("Waiting is the engine's; this call never runs."))
    }
}
