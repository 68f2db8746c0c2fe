use crate::{
    OrgScope, Result,
    store::{Columns as _, Cursor, Store, Tx},
};
use alumia_protocol::{
    OrgId, ProjectId, Timestamp, WorkspaceId,
    projects::{Project, Visibility},
};
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

/// SQL: the project `p` is of organisation $1, and person $2 sees it. A private one is its maker's alone;
/// a member sees the workspaces that they belong to, and where $3 is 1 all of them. Every query for projects,
/// or for what is in them, says this.
macro_rules! visible {
    () => {
        "p.org_id = $1 AND p.deleted_at IS NULL AND (p.visibility = 'team' OR p.created_by = $2) \
         AND ($3 = 1 OR EXISTS (SELECT 1 FROM workspace_members wm WHERE wm.org_id = p.org_id \
         AND wm.workspace_id = p.workspace_id AND wm.user_id = $2)) "
    };
}
pub(crate) use visible;

const fn visibility(value: Visibility) -> &'static str {
    match value {
        Visibility::Team => "team",
        Visibility::Private => "private",
    }
}

/// False when the organisation has a project with this slug.
pub(super) async fn insert(tx: &mut Tx, project: &Project) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO projects (org_id, id, workspace_id, slug, name, description, prompt, emoji, visibility, \
         status, tags, metadata, created_by, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (org_id, slug) DO NOTHING",
    )
    .bind(project.org_id.to_string())
    .bind(project.id.to_string())
    .bind(project.workspace_id.to_string())
    .bind(&project.slug)
    .bind(&project.name)
    .bind(&project.description)
    .bind(&project.prompt)
    .bind(&project.emoji)
    .bind(visibility(project.visibility))
    .bind(&project.status)
    .bind(serde_json::to_string(&project.tags)?)
    .bind(project.metadata.to_string())
    .bind(project.created_by.to_string())
    .bind(project.created_at.0)
    .bind(project.updated_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many there are, whoever sees them.
pub(super) async fn count(tx: &mut Tx, org: OrgId) -> Result<i64> {
    let row =
        sqlx::query("SELECT COUNT(*) AS projects FROM projects WHERE org_id = $1 AND deleted_at IS NULL")
            .bind(org.to_string())
            .fetch_one(&mut **tx)
            .await?;
    row.number("projects")
}

/// Whether there is a row of this id, of whatever organisation, deleted or not.
pub(super) async fn was_made(store: &Store, id: ProjectId) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM projects WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(store.read())
        .await?;
    Ok(row.is_some())
}

/// The names of all that a member sees.
pub(super) async fn names(store: &Store, scope: &OrgScope) -> Result<BTreeSet<String>> {
    let rows = sqlx::query(concat!("SELECT p.name FROM projects p WHERE ", visible!()))
        .bind(scope.org_id().to_string())
        .bind(scope.user_id().to_string())
        .bind(i64::from(scope.is_admin()))
        .fetch_all(store.read())
        .await?;
    rows.iter().map(|row| row.text("name")).collect()
}

/// The given workspace if the person sees it; else the one that they work in, the default one, or any that
/// they see.
pub(super) async fn workspace(
    tx: &mut Tx,
    scope: &OrgScope,
    wanted: Option<WorkspaceId>,
) -> Result<Option<WorkspaceId>> {
    let row = sqlx::query(
        "SELECT w.id FROM workspaces w \
         LEFT JOIN members m ON m.org_id = w.org_id AND m.user_id = $2 \
         WHERE w.org_id = $1 AND ($4 = '' OR w.id = $4) AND ($3 = 1 OR EXISTS (SELECT 1 FROM workspace_members x \
         WHERE x.org_id = w.org_id AND x.workspace_id = w.id AND x.user_id = $2)) \
         ORDER BY CASE WHEN w.id = m.current_workspace_id THEN 0 WHEN w.is_default = 1 THEN 1 ELSE 2 END, \
         w.created_at, w.id LIMIT 1",
    )
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .bind(wanted.map(|id| id.to_string()).unwrap_or_default())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| row.parsed("id")).transpose()
}

/// Of one workspace, or of all.
pub(super) async fn page(
    store: &Store,
    scope: &OrgScope,
    workspace: Option<WorkspaceId>,
    after: &Cursor,
    limit: i64,
) -> Result<Vec<Project>> {
    let rows = sqlx::query(concat!(
        "SELECT p.* FROM projects p WHERE ",
        visible!(),
        "AND (p.updated_at < $4 OR (p.updated_at = $4 AND p.id < $5)) AND ($7 = '' OR p.workspace_id = $7) \
         ORDER BY p.updated_at DESC, p.id DESC LIMIT $6"
    ))
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .bind(after.at.0)
    .bind(&after.id)
    .bind(limit)
    .bind(workspace.map(|id| id.to_string()).unwrap_or_default())
    .fetch_all(store.read())
    .await?;
    rows.iter().map(project).collect()
}

pub(super) async fn by_id(store: &Store, scope: &OrgScope, id: ProjectId) -> Result<Option<Project>> {
    let row = sqlx::query(concat!("SELECT p.* FROM projects p WHERE ", visible!(), "AND p.id = $4"))
        .bind(scope.org_id().to_string())
        .bind(scope.user_id().to_string())
        .bind(i64::from(scope.is_admin()))
        .bind(id.to_string())
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(project).transpose()
}

pub(super) async fn by_slug(store: &Store, scope: &OrgScope, slug: &str) -> Result<Option<Project>> {
    let row = sqlx::query(concat!("SELECT p.* FROM projects p WHERE ", visible!(), "AND p.slug = $4"))
        .bind(scope.org_id().to_string())
        .bind(scope.user_id().to_string())
        .bind(i64::from(scope.is_admin()))
        .bind(slug)
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(project).transpose()
}

/// What a change leaves alone is NULL.
pub(super) struct Change<'a> {
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    pub prompt: Option<&'a str>,
    pub emoji: Option<&'a str>,
    pub visibility: Option<Visibility>,
    pub status: Option<&'a str>,
    pub tags: Option<String>,
    pub metadata: Option<String>,
    pub workspace_id: Option<WorkspaceId>,
}

/// `None` when the project is gone or not visible.
pub(super) async fn update(
    tx: &mut Tx,
    scope: &OrgScope,
    id: ProjectId,
    change: Change<'_>,
    now: Timestamp,
) -> Result<Option<Project>> {
    let row = sqlx::query(concat!(
        "UPDATE projects AS p SET name = COALESCE($5, name), description = COALESCE($6, description), \
         prompt = COALESCE($7, prompt), emoji = COALESCE($8, emoji), visibility = COALESCE($9, visibility), \
         status = COALESCE($10, status), tags = COALESCE($11, tags), metadata = COALESCE($12, metadata), \
         workspace_id = COALESCE($14, workspace_id), updated_at = $13 WHERE ",
        visible!(),
        "AND p.id = $4 RETURNING *"
    ))
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .bind(id.to_string())
    .bind(change.name)
    .bind(change.description)
    .bind(change.prompt)
    .bind(change.emoji)
    .bind(change.visibility.map(visibility))
    .bind(change.status)
    .bind(change.tags)
    .bind(change.metadata)
    .bind(now.0)
    .bind(change.workspace_id.map(|id| id.to_string()))
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(project).transpose()
}

/// The slug gets a mark that no slug can have, so that the name is free for a new project.
pub(super) async fn delete(tx: &mut Tx, scope: &OrgScope, id: ProjectId, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE projects SET deleted_at = $3, slug = slug || '~' || id \
         WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
    )
    .bind(scope.org_id().to_string())
    .bind(id.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn project(row: &AnyRow) -> Result<Project> {
    Ok(Project {
        id: row.parsed("id")?,
        org_id: row.parsed("org_id")?,
        workspace_id: row.parsed("workspace_id")?,
        slug: row.text("slug")?,
        name: row.text("name")?,
        description: row.text("description")?,
        prompt: row.text("prompt")?,
        emoji: row.text("emoji")?,
        visibility: row.named("visibility")?,
        status: row.text("status")?,
        tags: row.json("tags")?,
        metadata: row.json("metadata")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
