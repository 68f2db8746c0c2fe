//! Who looks at a project just now, and where. It lives in the server's memory alone: no part of it is in the log.

use crate::{TabId, UserId, blocks::NodeId};
use serde::{Deserialize, Serialize};

/// The most nodes that a tab says are selected in it.
pub const MOST_SELECTED: usize = 200;

/// A place on the canvas, in canvas pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Spot {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// `PUT /projects/:id/presence`: where a tab that reads the project's stream (`?tab=`) is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Whereabouts {
    /// The tab.
    pub tab: TabId,
    /// Its pointer; absent while that isn't over the canvas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Spot>,
    /// What is selected, at most 200 nodes.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = 200)))]
    pub selection: Vec<NodeId>,
}

/// One tab in which the project is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    /// The tab.
    pub tab: TabId,
    /// Whose it is.
    pub user_id: UserId,
    /// What that person is called.
    pub name: String,
    /// Where its pointer is, while that is over the canvas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Spot>,
    /// What is selected in it.
    pub selection: Vec<NodeId>,
}

/// The stream's `presence`: everybody who is here, the reader too. It has no number, because it isn't part of the log;
/// each replaces the one before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Presence {
    /// Tabs, who came first first.
    pub guests: Vec<Guest>,
}
