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
