//! Tools: what agents can do. One file per tool; its input is a typed struct whose doc comments are what
//! the model reads.

mod about;
mod browser;
mod canvas;
mod content;
pub(crate) mod errors;
mod files;
pub mod peers;
mod registry;
mod sandbox;
pub mod schema;
mod web;

use about::about;
pub use registry::Tools;

#[cfg(test)]
mod tests;

use crate::{OrgScope, billing::Operation, canvas::Origin};
use alumia_protocol::{
    CallId, ProjectId, SessionId,
    tools::{Effect, Title, ToolError},
};
use async_trait::async_trait;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Everything that a call may know and use.
#[derive(Clone)]
pub struct ToolContext {
    pub scope: OrgScope,
    pub project_id: ProjectId,
    pub session_id: SessionId,
    pub origin: Origin,
    pub call_id: CallId,
    /// The other agents of the project.
    pub peers: Arc<dyn peers::Peers>,
    /// Fires on stop and on the deadline; a tool ends what it started and returns.
    pub cancel: CancellationToken,
    /// Takes partial output: channel (`stdout`, `stderr`, `progress`) and text.
    pub output: Arc<dyn Fn(&str, &str) + Send + Sync>,
}

/// One tool.
#[async_trait]
pub trait Tool: Send + Sync {
    fn name(&self) -> &'static str;
    /// The group that its switch stands in: `canvas`, `sandbox`, `web`, `files` …
    fn group(&self) -> &'static str;
    fn title(&self) -> Title;
    /// What the model reads.
    fn description(&self) -> &'static str;
    /// JSON Schema of the arguments.
    fn schema(&self) -> &Value;
    fn effect(&self) -> Effect;
    /// Whether it may be run again when nobody knows how far it got.
    fn idempotent(&self) -> bool;
    fn timeout(&self) -> Duration;
    /// The deadline of one call: what its arguments ask for, where they may.
    fn timeout_for(&self, _arguments: &Value) -> Duration {
        self.timeout()
    }
    /// What the schema can't say about arguments that fit it.
    fn check(&self, _arguments: &Value) -> Result<(), ToolError> {
        Ok(())
    }
    /// What its time is paid as, where it is paid for.
    fn paid_by_time(&self) -> Option<Operation> {
        None
    }
    /// Whether it waits for messages of other agents and does nothing else. The engine ends such a call; `call` isn't
    /// used.
    fn awaits_peers(&self) -> bool {
        false
    }
    /// A few words on this call after the title: the command, the path, the host.
    fn summary(&self, _arguments: &Value) -> Option<String> {
        None
    }
    /// Runs a call whose arguments fit the schema. What it returns is what the model reads.
    async fn call(&self, context: ToolContext, arguments: Value) -> Result<Value, ToolError>;
}
