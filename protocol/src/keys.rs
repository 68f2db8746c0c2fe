//! API keys and what they may do.

use crate::{ApiKeyId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! scopes {
    ($($(#[doc = $doc:literal])+ $scope:ident = $name:literal),+ $(,)?) => {
        /// One thing that a key may be allowed to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Scope {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $scope,)+
        }

        impl Scope {
            /// Every scope, in the order that forms show them.
            pub const ALL: &[Self] = &[$(Self::$scope),+];

            /// As it stands on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$scope => $name,)+
                }
            }

            /// What it allows, for people.
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$scope => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

scopes! {
    /// See the model catalog.
    ModelsRead = "models:read",
    /// See agents.
    AgentsRead = "agents:read",
    /// Change agents and their tools.
    AgentsWrite = "agents:write",
    /// Start, message, stop and delete conversations.
    ChatWrite = "chat:write",
    /// See projects, canvases, conversations.
    ProjectsRead = "projects:read",
    /// Make and change projects and their canvases.
    ProjectsWrite = "projects:write",
    /// Read project files.
    FilesRead = "files:read",
    /// Store project files.
    FilesWrite = "files:write",
    /// See credits, usage and invoices.
    BillingRead = "billing:read",
    /// See schedules.
    SchedulesRead = "schedules:read",
    /// Make and change schedules.
    SchedulesWrite = "schedules:write",
    /// See notifications.
    NotificationsRead = "notifications:read",
    /// See connections.
    ConnectionsRead = "connections:read",
    /// Open terminals in a project's sandbox.
    Terminal = "terminal",
    /// All that a key may do.
    Everything = "*",
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key as its owner sees it. The secret itself is shown once, when it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// 1–255 characters.
    pub name: String,
    /// The first 12 characters of the secret.
    pub prefix: String,
    /// What it may do, within what its owner may.
    pub scopes: Vec<Scope>,
    /// When it stops working; `null` for never.
    pub expires_at: Option<Timestamp>,
    /// Its last use, to a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `POST /api-keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewApiKey {
    /// What it is for, 1–255 characters.
    pub name: String,
    /// At least one.
    pub scopes: Vec<Scope>,
    /// When it stops working; never when absent.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// `POST /api-keys/:id/rotate`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RotateApiKey {
    /// How long the old secret goes on working: 0 to 86,400 seconds.
    pub grace_seconds: u32,
}

/// A key with its secret, which no later answer holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MintedApiKey {
    /// The key.
    #[serde(flatten)]
    pub about: ApiKey,
    /// `alm_<live|test>_<48 hex>`, for the header `Authorization: Bearer …`.
    pub key: String,
}

#[cfg(test)]
mod tests {
    use super::Scope;

    #[test]
    fn names_are_the_wires() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
            assert!(scope.words().ends_with('.') && !scope.words().starts_with(' '), "{scope}");
        }
    }
}
