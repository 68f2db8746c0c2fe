//! Members, invitations, workspaces, an organisation's settings.

use crate::{
    InviteId, OrgId, Timestamp, UserId, WorkspaceId,
    people::{Org, Role},
};
use serde::{Deserialize, Serialize};

/// An organisation with its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrgSettings {
    /// Id.
    pub id: OrgId,
    /// First part of every page's path.
    pub slug: String,
    /// Name.
    pub name: String,
    /// The model of agents that name none; empty for the server's own choice.
    pub default_model: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `POST /orgs`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateOrg {
    /// Name, 1–255 characters.
    pub name: String,
}

/// `PATCH /org`: absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateOrg {
    /// Name, 1–255 characters.
    pub name: Option<String>,
    /// 2–48 lower-case letters, digits and hyphens; the old paths end.
    pub slug: Option<String>,
    /// A model of the catalog, or empty for the server's own choice.
    pub default_model: Option<String>,
}

/// `DELETE /org`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeleteOrg {
    /// The organisation's slug, typed by a person who means it.
    pub confirm: String,
}

/// A deleted organisation, as its owners see it until it is gone for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeletedOrg {
    /// The organisation.
    pub org: Org,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// When nothing of it can be brought back any more.
    pub purge_at: Timestamp,
}

/// A member as the others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Member {
    /// The person.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// When they joined.
    pub joined_at: Timestamp,
}

/// `PATCH /org/members/:id`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeRole {
    /// The new role.
    pub role: Role,
}

/// `POST /org/invites`, and `POST /org/members`, which is the same: nobody becomes a member unasked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateInvite {
    /// Whom; only an account with this address can accept.
    pub email: String,
    /// What they may do once they are in.
    pub role: Role,
    /// The workspace that they begin in; the default one when absent.
    #[serde(default)]
    pub workspace_id: Option<WorkspaceId>,
}

/// An invitation that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invite {
    /// Id.
    pub id: InviteId,
    /// Whom.
    pub email: String,
    /// What they may do once they are in.
    pub role: Role,
    /// The workspace that they begin in.
    pub workspace_id: WorkspaceId,
    /// Who invited them.
    pub invited_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// From then on the link is dead.
    pub expires_at: Timestamp,
    /// Whether that time has come.
    pub expired: bool,
}

/// A new or renewed invitation with its link, this once.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InviteWithLink {
    /// The invitation.
    #[serde(flatten)]
    pub invite: Invite,
    /// The path of the page that accepts it.
    pub path: String,
}

/// What `/invite/<token>` shows before anybody accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InviteView {
    /// The organisation's name.
    pub org_name: String,
    /// Who invited.
    pub invited_by: String,
    /// Whom.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Where to.
    pub workspace: String,
    /// Whether there is an account with this address.
    pub has_account: bool,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Workspace {
    /// Id.
    pub id: WorkspaceId,
    /// Name.
    pub name: String,
    /// Unique in the organisation.
    pub slug: String,
    /// The one that can't be deleted.
    pub is_default: bool,
    /// Members that belong to it.
    pub members: i64,
    /// Projects in it that the caller sees.
    pub projects: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `POST /workspaces` and `PATCH /workspaces/:id`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NameWorkspace {
    /// 1–255 characters.
    pub name: String,
}

/// `POST /workspaces/:id/members`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AddWorkspaceMember {
    /// A member of the organisation.
    pub user_id: UserId,
}

/// `POST /workspaces/switch`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SwitchWorkspace {
    /// The workspace to work in; `null` for all at once.
    pub workspace_id: Option<WorkspaceId>,
}
