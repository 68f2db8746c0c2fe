use crate::{
    OrgScope, Result,
    orgs::members,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    OrgId, Timestamp, UserId, WorkspaceId,
    orgs::{Member, Workspace},
};

/// False when the organisation has a workspace with this slug.
pub(super) async fn insert(
    tx: &mut Tx,
    org: OrgId,
    id: WorkspaceId,
    name: &str,
    slug: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO workspaces (org_id, id, name, slug, is_default, created_at) \
         VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (org_id, slug) DO NOTHING",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .bind(name)
    .bind(slug)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The workspaces that the caller sees, with the projects in each that they see.
pub(super) async fn list(store: &Store, scope: &OrgScope) -> Result<Vec<Workspace>> {
    let rows = sqlx::query(
        "SELECT w.id, w.name, w.slug, w.is_default, w.created_at, \
         (SELECT COUNT(*) FROM workspace_members x WHERE x.org_id = w.org_id AND x.workspace_id = w.id) AS members, \
         (SELECT COUNT(*) FROM projects p WHERE p.org_id = w.org_id AND p.workspace_id = w.id \
          AND p.deleted_at IS NULL AND (p.visibility = 'team' OR p.created_by = $2)) AS projects \
         FROM workspaces w WHERE w.org_id = $1 AND ($3 = 1 OR EXISTS (SELECT 1 FROM workspace_members y \
         WHERE y.org_id = w.org_id AND y.workspace_id = w.id AND y.user_id = $2)) \
         ORDER BY w.is_default DESC, LOWER(w.name), w.id",
    )
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Workspace {
                id: row.parsed("id")?,
                name: row.text("name")?,
                slug: row.text("slug")?,
                is_default: row.flag("is_default")?,
                members: row.number("members")?,
                projects: row.number("projects")?,
                created_at: row.time("created_at")?,
            })
        })
        .collect()
}

pub(super) async fn rename(tx: &mut Tx, org: OrgId, id: WorkspaceId, name: &str) -> Result<()> {
    sqlx::query("UPDATE workspaces SET name = $3 WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(id.to_string())
        .bind(name)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whoever sees them.
pub(super) async fn projects_in(tx: &mut Tx, org: OrgId, id: WorkspaceId) -> Result<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS projects FROM projects WHERE org_id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .fetch_one(&mut **tx)
    .await?;
    row.number("projects")
}

/// What pointed to it points to the default one afterwards, or to none.
pub(super) async fn delete(tx: &mut Tx, org: OrgId, id: WorkspaceId) -> Result<()> {
    for sql in [
        "UPDATE invites SET workspace_id = (SELECT w.id FROM workspaces w WHERE w.org_id = $1 AND w.is_default = 1) \
         WHERE org_id = $1 AND workspace_id = $2",
        "UPDATE members SET current_workspace_id = NULL WHERE org_id = $1 AND current_workspace_id = $2",
        "UPDATE agents SET workspace_id = NULL WHERE org_id = $1 AND workspace_id = $2",
        "DELETE FROM workspace_members WHERE org_id = $1 AND workspace_id = $2",
        "DELETE FROM workspaces WHERE org_id = $1 AND id = $2",
    ] {
        sqlx::query(sql).bind(org.to_string()).bind(id.to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}

pub(super) async fn members(store: &Store, org: OrgId, id: WorkspaceId) -> Result<Vec<Member>> {
    let rows = sqlx::query(
        "SELECT m.user_id, u.name, u.email, m.role, m.created_at FROM workspace_members x \
         JOIN members m ON m.org_id = x.org_id AND m.user_id = x.user_id JOIN users u ON u.id = m.user_id \
         WHERE x.org_id = $1 AND x.workspace_id = $2 ORDER BY x.created_at, m.user_id",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .fetch_all(store.read())
    .await?;
    rows.iter().map(members::member).collect()
}

/// False when they are in it already.
pub(in crate::orgs) async fn insert_member(
    tx: &mut Tx,
    org: OrgId,
    id: WorkspaceId,
    user: UserId,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO workspace_members (org_id, workspace_id, user_id, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (org_id, user_id, workspace_id) DO NOTHING",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .bind(user.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_member(tx: &mut Tx, org: OrgId, id: WorkspaceId, user: UserId) -> Result<bool> {
    let done =
        sqlx::query("DELETE FROM workspace_members WHERE org_id = $1 AND workspace_id = $2 AND user_id = $3")
            .bind(org.to_string())
            .bind(id.to_string())
            .bind(user.to_string())
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// The chosen one, while the caller still sees it.
pub(super) async fn current(store: &Store, scope: &OrgScope) -> Result<Option<WorkspaceId>> {
    let row = sqlx::query(
        "SELECT m.current_workspace_id FROM members m WHERE m.org_id = $1 AND m.user_id = $2 \
         AND m.current_workspace_id IS NOT NULL AND ($3 = 1 OR EXISTS (SELECT 1 FROM workspace_members x \
         WHERE x.org_id = m.org_id AND x.user_id = m.user_id AND x.workspace_id = m.current_workspace_id))",
    )
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .fetch_optional(store.read())
    .await?;
    row.map(|row| row.parsed("current_workspace_id")).transpose()
}

pub(super) async fn switch(tx: &mut Tx, scope: &OrgScope, to: Option<WorkspaceId>) -> Result<()> {
    sqlx::query("UPDATE members SET current_workspace_id = $3 WHERE org_id = $1 AND user_id = $2")
        .bind(scope.org_id().to_string())
        .bind(scope.user_id().to_string())
        .bind(to.map(|id| id.to_string()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The organisation's default workspace.
pub(in crate::orgs) async fn default_of(tx: &mut Tx, org: OrgId) -> Result<WorkspaceId> {
    let row = sqlx::query("SELECT id FROM workspaces WHERE org_id = $1 AND is_default = 1")
        .bind(org.to_string())
        .fetch_one(&mut **tx)
        .await?;
    row.parsed("id")
}

/// The name of one of the organisation's workspaces.
pub(in crate::orgs) async fn name_of(tx: &mut Tx, org: OrgId, id: WorkspaceId) -> Result<Option<String>> {
    let row = sqlx::query("SELECT name FROM workspaces WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.text("name")).transpose()
}
