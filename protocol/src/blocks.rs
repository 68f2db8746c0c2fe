//! Blocks: typed outputs on the canvas.

use crate::{BlockId, ProjectId, RunId, SessionId, Timestamp, apps::App, dataspec::DataSpec, show::Show};
use serde::{Deserialize, Serialize};

/// A rectangle on the canvas, in canvas pixels; `x` and `y` are its top left corner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height; 0 fits the content.
    pub height: f64,
    /// Stacking order, higher in front.
    #[serde(default)]
    pub z: i64,
    /// The workboard that it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The workboard's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_label: Option<String>,
    /// The workboard's preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_kind: Option<String>,
}

/// What a block holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", content = "data", rename_all = "lowercase")]
pub enum Content {
    /// A typed DataSpec.
    Data(DataSpec),
    /// A primitive with an interface of its own.
    Show(Show),
    /// A small program in a frame.
    App(App),
}

/// A typed output on a project's canvas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Id.
    pub id: BlockId,
    /// The project whose canvas it is on.
    pub project_id: ProjectId,
    /// At most 255 characters.
    pub title: String,
    /// What it holds.
    pub content: Content,
    /// Where it stands.
    pub position: Position,
    /// Counts up with every change; a change names the version that it is based on.
    pub version: i64,
    /// The session whose agent made it; absent for a person's.
    pub session_id: Option<SessionId>,
    /// The run that made it.
    pub run_id: Option<RunId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// `POST /projects/:id/blocks`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateBlock {
    /// Chosen by the client, so that undoing a deletion brings the same block back; new when absent.
    #[serde(default)]
    pub id: Option<BlockId>,
    /// See [`Block::title`].
    #[serde(default)]
    pub title: String,
    /// See [`Block::content`].
    pub content: Content,
    /// See [`Block::position`]; a free place when absent.
    #[serde(default)]
    pub position: Option<Position>,
}

/// `PATCH /blocks/:id`: absent fields stay; 409 when `version` is not the present one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UpdateBlock {
    /// The version that the change is based on.
    pub version: i64,
    /// See [`Block::title`].
    #[serde(default)]
    pub title: Option<String>,
    /// See [`Block::content`].
    #[serde(default)]
    pub content: Option<Content>,
    /// See [`Block::position`].
    #[serde(default)]
    pub position: Option<Position>,
}

/// What a block was before it was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BlockVersion {
    /// Its number.
    pub version: i64,
    /// See [`Block::title`].
    pub title: String,
    /// See [`Block::content`].
    pub content: Content,
    /// The run that made it; absent for a person's.
    pub run_id: Option<RunId>,
    /// Until when it stood.
    pub replaced_at: Timestamp,
}

/// What `POST /projects/:id/restore-last-run` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RestoredRun {
    /// The run whose changes were undone.
    pub run_id: RunId,
    /// Blocks that are what they were before it.
    pub restored: Vec<BlockId>,
    /// Blocks that it had made and that are gone.
    pub removed: Vec<BlockId>,
    /// Blocks that somebody has changed since, which stay as they are.
    pub kept: Vec<BlockId>,
}

/// Whose node a position is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", content = "id", rename_all = "lowercase")]
pub enum NodeId {
    /// A block's.
    Block(BlockId),
    /// A session's agent.
    Session(SessionId),
}

/// One node's new place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Move {
    /// The node.
    pub node: NodeId,
    /// Its place; the last write wins.
    pub position: Position,
}

/// `PATCH /projects/:id/blocks/positions`: all or nothing; at most 5,000 moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MoveNodes {
    /// The moves.
    pub moves: Vec<Move>,
}
