//! What people and programs learn about tools.

use serde::{Deserialize, Serialize};

/// The channel of a call's output that carries no text: the numbers, one a line, of pictures of the page that its
/// browser shows. The last one can be had at `GET /sessions/:id/browser`.
pub const SCREENSHOT: &str = "screenshot";

/// What a tool call touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Reads; changes nothing.
    Read,
    /// Changes things inside the project.
    Write,
    /// Reaches outside the project; asks the person first.
    External,
}

/// A tool's title for people, in three tenses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Title {
    /// "Run command".
    pub plain: &'static str,
    /// "Running command".
    pub doing: &'static str,
    /// "Ran command".
    pub done: &'static str,
}

/// Why a tool call failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolError {
    /// For programs: `invalid_arguments`, `timeout`, `interrupted`, `not_found`, `denied` (by a
    /// person), `refused` (by a rule), `failed` …
    pub code: String,
    /// For the model and the person: what happened, what to do.
    pub message: String,
    /// JSON pointer to the argument at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A person's answer to an approval request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// This call.
    Once,
    /// This tool, for the rest of the session.
    Session,
    /// This tool, always for this agent.
    Agent,
    /// Not at all.
    Deny,
}
