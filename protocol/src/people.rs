//! People, organisations, workspaces.

use crate::{OrgId, Timestamp, UserId, WorkspaceId};
use serde::{Deserialize, Serialize};

/// `POST /auth/signup`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SignUp {
    /// The person's name, 1–255 characters.
    pub name: String,
    /// Unique among accounts, compared without case.
    pub email: String,
    /// At least 12 characters and not a common one.
    pub password: String,
    /// The organisation's name; made from the person's name when absent.
    #[serde(default)]
    pub org_name: Option<String>,
}

/// `POST /invites/:token/signup`: an account for the address that was invited.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JoinForm {
    /// The person's name, 1–255 characters.
    pub name: String,
    /// At least 12 characters and not a common one.
    pub password: String,
}

/// `POST /auth/login`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The account's email address.
    pub email: String,
    /// The account's password.
    pub password: String,
    /// The second factor's code, when one is enrolled.
    #[serde(default)]
    pub code: Option<String>,
}

/// A person as they see themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// Email address.
    pub email: String,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// An organisation as its members see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Org {
    /// Id.
    pub id: OrgId,
    /// First part of every page's path.
    pub slug: String,
    /// Name.
    pub name: String,
}

/// What a member may do in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, deletion of the organisation included.
    Owner,
    /// Everything but deletion and owners.
    Admin,
    /// Billing, budgets, provider keys; reads the rest.
    Billing,
    /// Chats, makes projects and agents.
    Member,
    /// Reads.
    Viewer,
}

/// One organisation that a person belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The organisation.
    pub org: Org,
    /// The person's role in it.
    pub role: Role,
    /// Its default workspace.
    pub default_workspace_id: WorkspaceId,
}

/// `GET /me`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The person.
    pub user: User,
    /// Their organisations, oldest membership first.
    pub memberships: Vec<Membership>,
}

/// The answer to a sign-up or sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// The organisation to land in.
    pub org: Org,
}
