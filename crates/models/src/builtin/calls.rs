//! The calls that the guide makes, as a model would write them.

use alumia_protocol::dataspec::DataSpec;
use serde_json::{Value, json};

pub const FILE_LIST: &str = "file_list";
pub const FILE_READ: &str = "file_read";
pub const SANDBOX_EXEC: &str = "sandbox_exec";
pub const HTTP_FETCH: &str = "http_fetch";
pub const DATA_BLOCK: &str = "data_block";
pub const SPAWN_AGENT: &str = "spawn_agent";
pub const CHECK_MESSAGES: &str = "check_messages";

/// A call to make: the tool, and its arguments as text, which need not be JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCall {
    pub tool: String,
    pub arguments: String,
}

impl NewCall {
    pub fn new(tool: &str, arguments: &Value) -> Self {
        Self { tool: tool.to_owned(), arguments: arguments.to_string() }
    }
}

pub fn file_list() -> NewCall {
    NewCall::new(FILE_LIST, &json!({}))
}

pub fn file_read(path: &str) -> NewCall {
    NewCall::new(FILE_READ, &json!({ "path": path }))
}

pub fn sandbox_exec(command: &str) -> NewCall {
    NewCall::new(SANDBOX_EXEC, &json!({ "command": command }))
}

pub fn http_fetch(url: &str) -> NewCall {
    NewCall::new(HTTP_FETCH, &json!({ "url": url }))
}

pub fn spawn_agent(label: &str, task: &str) -> NewCall {
    NewCall::new(SPAWN_AGENT, &json!({ "label": label, "task": task }))
}

pub fn check_messages(seconds: u32) -> NewCall {
    NewCall::new(CHECK_MESSAGES, &json!({ "waitSeconds": seconds }))
}

pub fn data_block(title: &str, spec: &DataSpec) -> NewCall {
    NewCall::new(DATA_BLOCK, &json!({ "title": title, "spec": spec }))
}
