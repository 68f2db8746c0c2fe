//! What credits were used for.

use super::ChargedTo;
use crate::{Microcredits, ReservationId, Timestamp, events::Usage};
use serde::{Deserialize, Serialize};

/// What is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A call of a model.
    Model,
    /// Time in the sandbox.
    Sandbox,
    /// Time in a browser.
    Browser,
}

/// By what usage is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UsageGroup {
    /// Days, in UTC.
    Day,
    /// Models.
    Model,
    /// Model calls, sandbox, browser.
    Operation,
    /// Workspaces.
    Workspace,
    /// Projects.
    Project,
    /// Agents.
    Agent,
    /// People.
    User,
    /// Sessions.
    Session,
    /// Runs.
    Run,
}

/// What a session or a project has used so far, of what is paid for. Models that cost nobody anything aren't counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Spent {
    /// What was charged and not given back.
    pub cost_microcredits: Microcredits,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Tokens answered.
    pub output_tokens: i64,
    /// Calls that the organisation's own keys have paid for: their tokens are counted, and they cost no credits.
    pub own_key_calls: i64,
}

/// Calls together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageSum {
    /// How many.
    pub calls: i64,
    /// Of those, paid by the organisation's own keys.
    pub byok_calls: i64,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Of those, served from the provider's cache.
    pub cached_tokens: i64,
    /// Tokens answered.
    pub output_tokens: i64,
    /// Milliseconds of what is paid by time.
    pub millis: i64,
    /// What was charged and not given back.
    pub cost: Microcredits,
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// The day, the model, or the id of the project, agent, person …; empty for calls that have none.
    pub key: String,
    /// The name of what the id stands for, where there is one that the caller may see.
    pub name: Option<String>,
    /// What it comes to.
    #[serde(flatten)]
    pub sum: UsageSum,
}

/// `GET /billing/usage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageReport {
    /// By what it is summed up.
    pub group_by: UsageGroup,
    /// From here on.
    pub since: Timestamp,
    /// Before here.
    pub until: Timestamp,
    /// Days in their order, everything else the dearest first; at most 500.
    pub items: Vec<UsageRow>,
    /// All of it, whether or not it has a line.
    pub total: UsageSum,
}

/// A call that was paid, or is being made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaidCall {
    /// Id; the events of the run and the entries of the ledger name it.
    pub id: ReservationId,
    /// When it began.
    pub at: Timestamp,
    /// What it is.
    pub operation: Operation,
    /// The model; empty where there is none.
    pub model: String,
    /// `open` while it goes on, then `settled`, or `released` where it cost nothing.
    pub state: String,
    /// What was set aside for it.
    pub reserved: Microcredits,
    /// What was charged.
    pub cost: Microcredits,
    /// What was given back of that.
    pub refunded: Microcredits,
    /// Used beyond what could be charged; nobody's to pay.
    pub written_off: Microcredits,
    /// The organisation's own key paid for it.
    pub byok: bool,
    /// Tokens.
    pub usage: Usage,
    /// Milliseconds of what is paid by time.
    pub millis: i64,
    /// Whose work it was for.
    #[serde(flatten)]
    pub charged_to: ChargedTo,
}
