//! The model catalog.

use serde::{Deserialize, Serialize};

/// What a model can do beyond text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Capabilities {
    /// Calls tools.
    pub tools: bool,
    /// Reads images.
    pub vision: bool,
    /// Thinks before it answers.
    pub reasoning: bool,
}

/// Microcredits per million tokens; never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// Tokens sent.
    pub input: i64,
    /// Tokens answered.
    pub output: i64,
    /// Tokens sent that the provider had cached.
    pub cached: i64,
}

/// One entry of `GET /models`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CatalogModel {
    /// The provider's own id, or `<provider>/<id>` where two share one.
    pub id: String,
    /// The provider's id.
    pub provider: String,
    /// For people.
    pub name: String,
    /// Tokens that fit one call.
    pub context_window: u32,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it costs when it runs managed; absent when it has no price and can't.
    pub price: Option<Price>,
    /// The model that fast mode resolves to.
    pub fast_sibling: Option<String>,
    /// Whether a run can use it now.
    pub available: bool,
    /// Why not, as a sentence.
    pub unavailable_reason: Option<String>,
    /// Whether the organisation's own key serves it, so that calls of it cost no credits.
    #[serde(default)]
    pub own_key: bool,
}

/// A model that can run on the server's own machine: one entry of `GET /models/local`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LocalModel {
    /// As it stands in the catalog.
    pub id: String,
    /// For people.
    pub name: String,
    /// SPDX identifier of its weights' licence.
    pub licence: String,
    /// Size of its weights on disk.
    pub bytes: u64,
    /// Megabytes of memory that it takes while it is loaded.
    pub memory_mb: u64,
    /// How far it is.
    pub state: LocalState,
    /// Bytes of its weights that are here.
    pub fetched_bytes: u64,
    /// While it is fetched: bytes that came in a second.
    pub bytes_per_second: Option<u64>,
    /// Tokens that its last answer was written with in a second; absent until it gave one.
    pub tokens_per_second: Option<f64>,
    /// Why the last try to fetch it failed, as a sentence.
    pub problem: Option<String>,
}

/// How far a model of this machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LocalState {
    /// Not here, or not whole.
    Absent,
    /// Its weights are coming.
    Fetching,
    /// Its weights are here and their digest is computed.
    Checking,
    /// It can be used, and is loaded when somebody asks it.
    Installed,
    /// It is in memory.
    Loaded,
}

/// Body of `POST /models/local`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManageLocalModel {
    /// The model.
    pub id: String,
    /// What is to be done.
    pub act: LocalAct,
}

/// What can be done with a model of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LocalAct {
    /// Fetch its weights; goes on where an earlier try stopped.
    Install,
    /// Stop that; what has come is kept.
    Stop,
    /// Delete its weights.
    Remove,
}
