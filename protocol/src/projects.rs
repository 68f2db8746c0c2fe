//! Projects.

use crate::{OrgId, ProjectId, Timestamp, UserId, WorkspaceId, billing::Spent};
use serde::{Deserialize, Serialize};

/// Who sees a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Every member of the workspace.
    #[default]
    Team,
    /// Its creator alone.
    Private,
}

/// The unit of work: one canvas, its sessions, its blocks, its files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Id.
    pub id: ProjectId,
    /// The organisation that owns it.
    pub org_id: OrgId,
    /// The workspace that it is in.
    pub workspace_id: WorkspaceId,
    /// Last part of its page's path; unique in the organisation.
    pub slug: String,
    /// 1–255 characters.
    pub name: String,
    /// At most 5,000 characters.
    pub description: String,
    /// Instructions that every agent of the project reads; at most 12,000 characters.
    pub prompt: String,
    /// At most 16 characters.
    pub emoji: String,
    /// Who sees it.
    pub visibility: Visibility,
    /// `active` or `archived`.
    pub status: String,
    /// Labels.
    pub tags: Vec<String>,
    /// Free JSON.
    pub metadata: serde_json::Value,
    /// Whose it is.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A project with what it has used so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProjectDetails {
    /// The project.
    #[serde(flatten)]
    pub project: Project,
    /// What it has used.
    #[serde(flatten)]
    pub spent: Spent,
}

/// `POST /projects`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateProject {
    /// See [`Project::name`].
    pub name: String,
    /// See [`Project::description`].
    #[serde(default)]
    pub description: String,
    /// See [`Project::prompt`].
    #[serde(default)]
    pub prompt: String,
    /// See [`Project::emoji`].
    #[serde(default)]
    pub emoji: String,
    /// See [`Project::visibility`].
    #[serde(default)]
    pub visibility: Visibility,
    /// See [`Project::tags`].
    #[serde(default)]
    pub tags: Vec<String>,
    /// See [`Project::metadata`].
    #[serde(default)]
    pub metadata: Option<serde_json::Value>,
    /// The workspace; the organisation's default one when absent.
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
}

/// `PATCH /projects/:id`: absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UpdateProject {
    /// See [`Project::name`].
    #[serde(default)]
    pub name: Option<String>,
    /// See [`Project::description`].
    #[serde(default)]
    pub description: Option<String>,
    /// See [`Project::prompt`].
    #[serde(default)]
    pub prompt: Option<String>,
    /// See [`Project::emoji`].
    #[serde(default)]
    pub emoji: Option<String>,
    /// See [`Project::visibility`].
    #[serde(default)]
    pub visibility: Option<Visibility>,
    /// See [`Project::status`].
    #[serde(default)]
    pub status: Option<String>,
    /// See [`Project::tags`].
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// See [`Project::metadata`].
    #[serde(default)]
    pub metadata: Option<serde_json::Value>,
    /// Moves it to another workspace.
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
}
