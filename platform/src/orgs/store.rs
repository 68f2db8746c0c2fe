use super::{Resource, model::role_word};
use crate::{
    OrgScope, Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    OrgId, ProjectId, Timestamp, UserId, WorkspaceId,
    people::{Membership, Org, Role},
};
use sqlx::any::AnyRow;

/// False when another organisation has this slug.
pub(super) async fn insert_org(tx: &mut Tx, org: &Org, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO orgs (id, slug, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) \
         ON CONFLICT (slug) DO NOTHING",
    )
    .bind(org.id.to_string())
    .bind(&org.slug)
    .bind(&org.name)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// False when they are a member already.
pub(super) async fn add_member(
    tx: &mut Tx,
    org: OrgId,
    user: UserId,
    role: Role,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (org_id, user_id) DO NOTHING",
    )
    .bind(org.to_string())
    .bind(user.to_string())
    .bind(role_word(role))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn insert_default_workspace(
    tx: &mut Tx,
    org: OrgId,
    id: WorkspaceId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO workspaces (org_id, id, name, slug, is_default, created_at) \
         VALUES ($1, $2, 'Default', 'default', 1, $3)",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn scope_by_slug(store: &Store, user: UserId, slug: &str) -> Result<Option<OrgScope>> {
    let row = sqlx::query(
        "SELECT m.org_id, m.role FROM orgs o JOIN members m ON m.org_id = o.id \
         WHERE o.slug = $1 AND m.user_id = $2 AND o.deleted_at IS NULL",
    )
    .bind(slug)
    .bind(user.to_string())
    .fetch_optional(store.read())
    .await?;
    row.map(|row| scope(&row, user)).transpose()
}

pub(super) async fn home_scope(store: &Store, user: UserId) -> Result<Option<OrgScope>> {
    let row = sqlx::query(
        "SELECT m.org_id, m.role FROM members m JOIN orgs o ON o.id = m.org_id AND o.deleted_at IS NULL \
         WHERE m.user_id = $1 ORDER BY m.created_at, m.org_id LIMIT 1",
    )
    .bind(user.to_string())
    .fetch_optional(store.read())
    .await?;
    row.map(|row| scope(&row, user)).transpose()
}

pub(super) async fn scope_of(store: &Store, user: UserId, resource: Resource) -> Result<Option<OrgScope>> {
    let (sql, id) = match resource {
        Resource::Project(id) => (
            "SELECT m.org_id, m.role FROM projects r JOIN members m ON m.org_id = r.org_id \
             JOIN orgs o ON o.id = r.org_id AND o.deleted_at IS NULL WHERE r.id = $1 AND m.user_id = $2 AND r.deleted_at IS NULL",
            id.0,
        ),
        Resource::Session(id) => (
            "SELECT m.org_id, m.role FROM sessions r JOIN members m ON m.org_id = r.org_id \
             JOIN orgs o ON o.id = r.org_id AND o.deleted_at IS NULL WHERE r.id = $1 AND m.user_id = $2 AND r.deleted_at IS NULL",
            id.0,
        ),
        Resource::Block(id) => (
            "SELECT m.org_id, m.role FROM blocks r JOIN members m ON m.org_id = r.org_id \
             JOIN orgs o ON o.id = r.org_id AND o.deleted_at IS NULL WHERE r.id = $1 AND m.user_id = $2 AND r.deleted_at IS NULL",
            id.0,
        ),
        Resource::Agent(id) => (
            "SELECT m.org_id, m.role FROM agents r JOIN members m ON m.org_id = r.org_id \
             JOIN orgs o ON o.id = r.org_id AND o.deleted_at IS NULL WHERE r.id = $1 AND m.user_id = $2 AND r.deleted_at IS NULL",
            id.0,
        ),
        Resource::Workspace(id) => (
            "SELECT m.org_id, m.role FROM workspaces r JOIN members m ON m.org_id = r.org_id \
             JOIN orgs o ON o.id = r.org_id AND o.deleted_at IS NULL WHERE r.id = $1 AND m.user_id = $2 \
             AND (m.role IN ('owner', 'admin') OR EXISTS (SELECT 1 FROM workspace_members x \
             WHERE x.workspace_id = r.id AND x.user_id = m.user_id))",
            id.0,
        ),
    };
    let row =
        sqlx::query(sql).bind(id.to_string()).bind(user.to_string()).fetch_optional(store.read()).await?;
    row.map(|row| scope(&row, user)).transpose()
}

pub(super) async fn get(store: &Store, org: OrgId) -> Result<Option<Org>> {
    let row = sqlx::query("SELECT id AS org_id, slug, name FROM orgs WHERE id = $1")
        .bind(org.to_string())
        .fetch_optional(store.read())
        .await?;
    row.map(|row| read_org(&row)).transpose()
}

pub(super) async fn memberships(store: &Store, user: UserId) -> Result<Vec<Membership>> {
    let rows = sqlx::query(
        "SELECT m.org_id, o.slug, o.name, m.role, w.id AS workspace_id \
         FROM members m JOIN orgs o ON o.id = m.org_id AND o.deleted_at IS NULL \
         JOIN workspaces w ON w.org_id = o.id AND w.is_default = 1 \
         WHERE m.user_id = $1 ORDER BY m.created_at, m.org_id",
    )
    .bind(user.to_string())
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Membership {
                org: read_org(row)?,
                role: row.named("role")?,
                default_workspace_id: row.parsed("workspace_id")?,
            })
        })
        .collect()
}

/// The organisation, unless it is deleted, as a write sees it.
pub(super) async fn present(tx: &mut Tx, org: OrgId) -> Result<Option<Org>> {
    let row = sqlx::query("SELECT id AS org_id, slug, name FROM orgs WHERE id = $1 AND deleted_at IS NULL")
        .bind(org.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| read_org(&row)).transpose()
}

fn scope(row: &AnyRow, user: UserId) -> Result<OrgScope> {
    Ok(OrgScope::new(row.parsed("org_id")?, user, row.named::<Role>("role")?))
}

fn read_org(row: &AnyRow) -> Result<Org> {
    Ok(Org { id: row.parsed("org_id")?, slug: row.text("slug")?, name: row.text("name")? })
}

/// The project that a resource is in; an agent is in none.
pub(super) async fn project_of(store: &Store, resource: Resource) -> Result<Option<ProjectId>> {
    let (sql, id) = match resource {
        Resource::Project(id) => return Ok(Some(id)),
        Resource::Agent(_) | Resource::Workspace(_) => return Ok(None),
        Resource::Session(id) => ("SELECT project_id FROM sessions WHERE id = $1", id.0),
        Resource::Block(id) => ("SELECT project_id FROM blocks WHERE id = $1", id.0),
    };
    let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(store.read()).await?;
    row.map(|row| row.parsed("project_id")).transpose()
}
