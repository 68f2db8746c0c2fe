//! What was done in an organisation, by whom.

use crate::{AuditId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// How something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ActorKind {
    /// A person in a browser.
    Person,
    /// A program with somebody's API key.
    Key,
    /// An agent on somebody's behalf.
    Agent,
    /// Alumia itself: something scheduled.
    System,
    /// Somebody who could not say who they are.
    Unknown,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// It happened.
    Done,
    /// It was not allowed.
    Denied,
    /// It was allowed and did not work.
    Failed,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditActor {
    /// How.
    pub kind: ActorKind,
    /// The key's or agent's id.
    pub id: Option<String>,
    /// The person, also behind a key or an agent.
    pub user_id: Option<UserId>,
    /// The person's name now.
    pub name: Option<String>,
    /// The person's address now.
    pub email: Option<String>,
}

/// What it was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditTarget {
    /// `member`, `workspace`, `api_key` …
    pub kind: String,
    /// Its id.
    pub id: String,
    /// What it was called then.
    pub name: String,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// Id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: AuditActor,
    /// What: `member.removed`, `auth.signed_in` …
    pub action: String,
    /// On what.
    pub target: Option<AuditTarget>,
    /// How it went.
    pub outcome: Outcome,
    /// Why not, as the API's `reason` says it.
    pub reason: Option<String>,
    /// Network address that it came from; empty when it came from nowhere.
    pub address: String,
    /// The program that asked, as it calls itself.
    pub user_agent: String,
    /// Facts that go with it; never a secret.
    pub details: serde_json::Value,
}

/// `GET /audit`: which lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditFilter {
    /// Id of a person, key or agent.
    pub actor: Option<String>,
    /// An action, or its first part: `member` finds `member.removed`.
    pub action: Option<String>,
    /// How it went.
    pub outcome: Option<Outcome>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}
