//! Identifiers: `UUIDv7` newtypes, so that one kind of id can't be passed for another and ids sort by
//! when they were made.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id: `UUIDv7` of the present moment.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": "uuid" })
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A person with an account.
    UserId,
    /// An organisation: the tenant.
    OrgId,
    /// A group of projects and members inside an organisation.
    WorkspaceId,
    /// An invitation into an organisation.
    InviteId,
    /// One line of the audit log.
    AuditId,
    /// One canvas with its sessions, blocks and files.
    ProjectId,
    /// A persona: system prompt, model, allowed tools.
    AgentId,
    /// One open tab of a browser; chosen by the tab, and gone with it.
    TabId,
    /// One conversation between people and an agent.
    SessionId,
    /// One turn of an agent in a session.
    RunId,
    /// One model call of a run together with the tool calls that it asked for.
    StepId,
    /// One message of a session; chosen by the client for a person's message, which makes sending it
    /// twice harmless.
    MessageId,
    /// One call of a tool in a run.
    CallId,
    /// A typed output on the canvas.
    BlockId,
    /// A stored file of a project.
    FileId,
    /// A key for programs.
    ApiKeyId,
    /// Blocks that were made as one workboard.
    BoardId,
    /// Credits that were granted together.
    BucketId,
    /// A limit of spending.
    BudgetId,
    /// What a budget is for: the id of a workspace, person, project, agent, session or run.
    TargetId,
    /// One movement in the ledger.
    LedgerEntryId,
    /// Credits set aside for one call.
    ReservationId,
    /// An organisation's own key for a model provider.
    OwnKeyId,
    /// Something that is paid with money.
    PaymentId,
}
