//! The SQL of sessions.

use crate::{
    Error, OrgScope, Result,
    projects::visible,
    store::{Columns as _, Cursor, Store, Tx},
};
use alumia_protocol::{
    AgentId, OrgId, ProjectId, SessionId, Timestamp,
    sessions::{Session, SessionStatus},
};
use serde_json::Value;
use sqlx::any::AnyRow;

fn session(row: &AnyRow) -> Result<Session> {
    Ok(Session {
        id: row.parsed("id")?,
        project_id: row.parsed("project_id")?,
        agent_id: row.parsed("agent_id")?,
        agent_name: row.text("agent_name")?,
        agent_avatar: row.text("agent_avatar")?,
        label: row.text("label")?,
        status: row.named("status")?,
        position: row.json("position")?,
        metadata: row.json("metadata")?,
        parent_id: row.parsed_or_null("parent_id")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// A query for sessions that begins alike everywhere.
macro_rules! select {
    ($($rest:expr),+) => {
        sqlx::query(concat!(
            "SELECT s.id, s.project_id, s.agent_id, a.name AS agent_name, a.avatar AS agent_avatar, s.label,
             s.status, s.position, s.metadata, s.parent_id, s.created_by, s.created_at, s.updated_at
             FROM sessions s JOIN agents a ON a.id = s.agent_id ",
            $($rest),+
        ))
    };
}

/// The project of a session that isn't deleted.
pub(super) async fn project_of(store: &Store, org: OrgId, session: SessionId) -> Result<ProjectId> {
    let row =
        sqlx::query("SELECT project_id FROM sessions WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL")
            .bind(org.to_string())
            .bind(session.to_string())
            .fetch_optional(store.read())
            .await?;
    row.ok_or(Error::NotFound("Session"))?.parsed("project_id")
}

/// A project's sessions, oldest first, or one of them.
pub(super) async fn of_project(
    tx: &mut Tx,
    org: OrgId,
    project: ProjectId,
    only: Option<SessionId>,
) -> Result<Vec<Session>> {
    let query = match only {
        None => select!(
            "WHERE s.org_id = $1 AND s.project_id = $2 AND s.deleted_at IS NULL ORDER BY s.created_at, s.id"
        )
        .bind(org.to_string())
        .bind(project.to_string()),
        Some(only) => {
            select!("WHERE s.org_id = $1 AND s.project_id = $2 AND s.id = $3 AND s.deleted_at IS NULL")
                .bind(org.to_string())
                .bind(project.to_string())
                .bind(only.to_string())
        }
    };
    query.fetch_all(&mut **tx).await?.iter().map(session).collect()
}

/// A session as a write sees it.
pub(crate) async fn get(tx: &mut Tx, org: OrgId, id: SessionId) -> Result<Session> {
    let row = select!("WHERE s.org_id = $1 AND s.id = $2 AND s.deleted_at IS NULL")
        .bind(org.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    session(&row.ok_or(Error::NotFound("Session"))?)
}

/// The same outside a write.
pub(super) async fn find(store: &Store, org: OrgId, id: SessionId) -> Result<Session> {
    let row = select!("WHERE s.org_id = $1 AND s.id = $2 AND s.deleted_at IS NULL")
        .bind(org.to_string())
        .bind(id.to_string())
        .fetch_optional(store.read())
        .await?;
    session(&row.ok_or(Error::NotFound("Session"))?)
}

/// Sessions of projects that a person sees, most recently changed first.
pub(super) async fn list(
    store: &Store,
    scope: &OrgScope,
    (project, agent): (Option<ProjectId>, Option<AgentId>),
    before: Cursor,
    limit: usize,
) -> Result<Vec<Session>> {
    select!(
        "JOIN projects p ON p.id = s.project_id WHERE s.org_id = $1 AND s.deleted_at IS NULL AND ",
        visible!(),
        "AND ($4 = '' OR s.project_id = $4) AND (s.updated_at < $5 OR (s.updated_at = $5 AND s.id < $6))
         AND ($8 = '' OR s.agent_id = $8) ORDER BY s.updated_at DESC, s.id DESC LIMIT $7"
    )
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .bind(project.map(|id| id.to_string()).unwrap_or_default())
    .bind(before.at.0)
    .bind(before.id)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(agent.map(|id| id.to_string()).unwrap_or_default())
    .fetch_all(store.read())
    .await?
    .iter()
    .map(session)
    .collect()
}

/// Stores a new session that lies so many starts away from a person's.
pub(super) async fn insert(tx: &mut Tx, org: OrgId, session: &Session, depth: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO sessions (org_id, id, project_id, agent_id, label, status, position, metadata, created_by,
         created_at, updated_at, parent_id, depth)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(org.to_string())
    .bind(session.id.to_string())
    .bind(session.project_id.to_string())
    .bind(session.agent_id.to_string())
    .bind(session.label.as_str())
    .bind(status_text(session.status)?)
    .bind(serde_json::to_string(&session.position)?)
    .bind(session.metadata.to_string())
    .bind(session.created_by.to_string())
    .bind(session.created_at.0)
    .bind(session.updated_at.0)
    .bind(session.parent_id.map(|id| id.to_string()))
    .bind(depth)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores what may change of a session.
pub(crate) async fn save(tx: &mut Tx, org: OrgId, session: &Session) -> Result<()> {
    sqlx::query(
        "UPDATE sessions SET label = $3, status = $4, position = $5, metadata = $6, updated_at = $7
         WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .bind(session.id.to_string())
    .bind(session.label.as_str())
    .bind(status_text(session.status)?)
    .bind(serde_json::to_string(&session.position)?)
    .bind(session.metadata.to_string())
    .bind(session.updated_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks a session deleted.
pub(super) async fn delete(tx: &mut Tx, org: OrgId, session: SessionId, at: Timestamp) -> Result<()> {
    sqlx::query("UPDATE sessions SET deleted_at = $3 WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(session.to_string())
        .bind(at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn status_text(status: SessionStatus) -> Result<String> {
    match serde_json::to_value(status)? {
        Value::String(text) => Ok(text),
        other => Err(Error::internal(format!("a status is not a word: {other}"))),
    }
}
