//! An organisation's own keys for model providers.

use crate::{OwnKeyId, Timestamp};
use serde::{Deserialize, Serialize};

/// A key, without itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OwnKey {
    /// Id.
    pub id: OwnKeyId,
    /// The provider's id, as in the catalog of models.
    pub provider: String,
    /// What can be shown of it: `…9f3c`.
    pub masked: String,
    /// Calls that it has paid for.
    pub requests: i64,
    /// When it paid last.
    pub last_used_at: Option<Timestamp>,
    /// When it was added, and proved by a call.
    pub created_at: Timestamp,
}

/// The body of `POST /billing/byok-keys`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewOwnKey {
    /// The provider's id, as in the catalog of models.
    pub provider: String,
    /// The key; it is tried with a call of the provider's cheapest model.
    pub key: String,
}

impl std::fmt::Debug for NewOwnKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewOwnKey").field("provider", &self.provider).finish_non_exhaustive()
    }
}
