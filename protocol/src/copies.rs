//! Copies of projects: within a workspace, and as archives.
//!
//! An archive is a zip file. `files/<path>` are the project's files, `apps/<block>.sqlite` what its apps have stored,
//! `manifest.json` is a [`Manifest`], and `manifest.json.sha256` is the manifest's own digest as `sha256sum -c` reads it.

use crate::{
    BlockId, Timestamp,
    blocks::{Content, Position},
    projects::{ProjectDetails, Visibility},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What [`Manifest::format`] says.
pub const FORMAT: &str = "alumia-project";
/// The version that is written; older ones are read too.
pub const VERSION: u32 = 2;

/// `POST /projects/:id/duplicate`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DuplicateProject {
    /// The copy's name; "… (copy)" when absent.
    #[serde(default)]
    pub name: Option<String>,
}

/// `manifest.json` of an archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest<B = ArchivedBlock> {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// When the archive was made.
    pub exported_at: Timestamp,
    /// The project's own fields.
    pub project: ArchivedProject,
    /// The canvas, oldest block first.
    pub blocks: Vec<B>,
    /// The files, by path.
    pub files: Vec<ArchivedFile>,
    /// What the apps have stored; archives of version 1 have none.
    #[serde(default)]
    pub databases: Vec<ArchivedDatabase>,
}

/// A project without what ties it to its place: whose it is, where it is, who made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArchivedProject {
    /// See [`crate::projects::Project::name`].
    pub name: String,
    /// See [`crate::projects::Project::description`].
    #[serde(default)]
    pub description: String,
    /// See [`crate::projects::Project::prompt`].
    #[serde(default)]
    pub prompt: String,
    /// See [`crate::projects::Project::emoji`].
    #[serde(default)]
    pub emoji: String,
    /// See [`crate::projects::Project::visibility`].
    #[serde(default)]
    pub visibility: Visibility,
    /// See [`crate::projects::Project::tags`].
    #[serde(default)]
    pub tags: Vec<String>,
    /// See [`crate::projects::Project::metadata`].
    #[serde(default)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// A block without who made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArchivedBlock {
    /// The id that it had, by which other blocks may name it. It gets a new one.
    pub id: BlockId,
    /// See [`crate::blocks::Block::title`].
    #[serde(default)]
    pub title: String,
    /// See [`crate::blocks::Block::content`].
    pub content: Content,
    /// See [`crate::blocks::Block::position`].
    pub position: Position,
}

/// A file, as it lies in the archive under `files/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArchivedFile {
    /// Path below the project's folder, `/`-separated.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// An app's SQLite database, as it lies in the archive under `apps/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArchivedDatabase {
    /// The block whose it is, as [`ArchivedBlock::id`] names it.
    pub block: BlockId,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// What `POST /projects/restore` did, or with `dryRun` would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RestoredProject {
    /// Whether nothing was changed, because that was asked for.
    pub dry_run: bool,
    /// Whether it can be restored: nothing is wrong.
    pub restorable: bool,
    /// What the project is called; empty where the archive doesn't say.
    pub name: String,
    /// When the archive was made.
    pub exported_at: Option<Timestamp>,
    /// Blocks of its canvas.
    pub blocks: u64,
    /// Its files.
    pub files: u64,
    /// Its apps that have stored something.
    pub databases: u64,
    /// Bytes of its files and of what its apps have stored.
    pub bytes: u64,
    /// What is wrong, by the archive's entry: `files/plan.md`, `manifest.json#/blocks/3`; `archive` for all of it,
    /// `package` for what the organization's package has no room for. The first 50.
    pub problems: BTreeMap<String, String>,
    /// The project that was made.
    pub project: Option<ProjectDetails>,
}
