//! The SQL of the canvas.

use super::{
    place::{Rect, session_place},
    versions,
};
use crate::{
    Error, Result,
    store::{Columns as _, Cursor, Store, Tx, many},
};
use alumia_protocol::{
    BlockId, OrgId, ProjectId, RunId, SessionId, Timestamp,
    blocks::{Block, Position},
};
use sqlx::any::AnyRow;

fn block(row: &AnyRow) -> Result<Block> {
    Ok(Block {
        id: row.parsed("id")?,
        project_id: row.parsed("project_id")?,
        title: row.text("title")?,
        content: row.json("content")?,
        position: row.json("position")?,
        version: row.number("version")?,
        session_id: row.parsed_or_null("session_id")?,
        run_id: row.parsed_or_null("run_id")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// A query for blocks that begins alike everywhere.
macro_rules! select {
    ($rest:literal) => {
        sqlx::query(concat!(
            "SELECT id, project_id, title, content, position, version, session_id, run_id, created_at, updated_at
             FROM blocks ",
            $rest
        ))
    };
}

/// A project's blocks, oldest first, or those of one of its sessions.
pub(crate) async fn blocks_of(
    tx: &mut Tx,
    org: OrgId,
    project: ProjectId,
    session: Option<SessionId>,
) -> Result<Vec<Block>> {
    let query = match session {
        None => {
            select!("WHERE org_id = $1 AND project_id = $2 AND deleted_at IS NULL ORDER BY created_at, id")
                .bind(org.to_string())
                .bind(project.to_string())
        }
        Some(session) => select!(
            "WHERE org_id = $1 AND project_id = $2 AND session_id = $3 AND deleted_at IS NULL
             ORDER BY created_at, id"
        )
        .bind(org.to_string())
        .bind(project.to_string())
        .bind(session.to_string()),
    };
    query.fetch_all(&mut **tx).await?.iter().map(block).collect()
}

/// Blocks of a project after a cursor, oldest first.
pub(super) async fn list(
    store: &Store,
    org: OrgId,
    project: ProjectId,
    after: Cursor,
    limit: usize,
) -> Result<Vec<Block>> {
    select!(
        "WHERE org_id = $1 AND project_id = $2 AND deleted_at IS NULL
         AND (created_at > $3 OR (created_at = $3 AND id > $4)) ORDER BY created_at, id LIMIT $5"
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .bind(after.at.0)
    .bind(after.id)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(store.read())
    .await?
    .iter()
    .map(block)
    .collect()
}

/// A block outside a write.
pub(super) async fn find(store: &Store, org: OrgId, id: BlockId) -> Result<Block> {
    let row = select!("WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL")
        .bind(org.to_string())
        .bind(id.to_string())
        .fetch_optional(store.read())
        .await?;
    block(&row.ok_or(Error::NotFound("Block"))?)
}

/// A block as a write sees it.
pub(super) async fn get(tx: &mut Tx, org: OrgId, id: BlockId) -> Result<Block> {
    let row = select!("WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL")
        .bind(org.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    block(&row.ok_or(Error::NotFound("Block"))?)
}

/// The deleted block with this id, if this canvas had one; `Conflict` when the id is in use.
pub(super) async fn deleted(
    tx: &mut Tx,
    org: OrgId,
    project: ProjectId,
    id: BlockId,
) -> Result<Option<Block>> {
    let used: Option<(i64,)> = sqlx::query_as(
        "SELECT CASE WHEN org_id = $2 AND project_id = $3 AND deleted_at IS NOT NULL THEN 0 ELSE 1 END
         FROM blocks WHERE id = $1",
    )
    .bind(id.to_string())
    .bind(org.to_string())
    .bind(project.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    match used {
        None => Ok(None),
        Some((0,)) => {
            let row = select!("WHERE org_id = $1 AND id = $2")
                .bind(org.to_string())
                .bind(id.to_string())
                .fetch_one(&mut **tx)
                .await?;
            block(&row).map(Some)
        }
        Some(_) => {
            Err(Error::conflict("A block with this id is there already. Change it, or leave the id out."))
        }
    }
}

/// Stores a block, new or changed by `run`; `content` is its content as JSON. What it was is kept.
pub(super) async fn put(
    tx: &mut Tx,
    org: OrgId,
    block: &Block,
    content: &str,
    run: Option<RunId>,
) -> Result<()> {
    versions::keep(tx, org, block.id, run, block.updated_at).await?;
    sqlx::query(
        "INSERT INTO blocks (org_id, id, project_id, title, content, position, version, session_id, run_id,
         created_at, updated_at, last_run_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (org_id, id) DO UPDATE SET title = excluded.title, content = excluded.content,
         position = excluded.position, version = excluded.version, updated_at = excluded.updated_at,
         last_run_id = excluded.last_run_id, deleted_at = NULL",
    )
    .bind(org.to_string())
    .bind(block.id.to_string())
    .bind(block.project_id.to_string())
    .bind(block.title.as_str())
    .bind(content.to_owned())
    .bind(serde_json::to_string(&block.position)?)
    .bind(block.version)
    .bind(block.session_id.map(|id| id.to_string()))
    .bind(block.run_id.map(|id| id.to_string()))
    .bind(block.created_at.0)
    .bind(block.updated_at.0)
    .bind(run.map(|id| id.to_string()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores blocks whose ids nothing has yet, all of people's making.
pub(super) async fn insert_new(tx: &mut Tx, org: OrgId, blocks: &[Block]) -> Result<()> {
    for piece in many::pieces(blocks) {
        let sql = many::rows(
            "INSERT INTO blocks (org_id, id, project_id, title, content, position, version, created_at, updated_at)
             VALUES ",
            piece.len(),
            9,
            "",
        );
        let mut query = sqlx::query(sql);
        for block in piece {
            query = query
                .bind(org.to_string())
                .bind(block.id.to_string())
                .bind(block.project_id.to_string())
                .bind(block.title.clone())
                .bind(serde_json::to_string(&block.content)?)
                .bind(serde_json::to_string(&block.position)?)
                .bind(block.version)
                .bind(block.created_at.0)
                .bind(block.updated_at.0);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Stores a block's position.
pub(super) async fn place(tx: &mut Tx, org: OrgId, block: &Block) -> Result<()> {
    sqlx::query("UPDATE blocks SET position = $3, updated_at = $4 WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(block.id.to_string())
        .bind(serde_json::to_string(&block.position)?)
        .bind(block.updated_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes a block off the canvas, on behalf of `run` or a person. What it was is kept.
pub(super) async fn delete(
    tx: &mut Tx,
    org: OrgId,
    id: BlockId,
    at: Timestamp,
    run: Option<RunId>,
) -> Result<()> {
    versions::keep(tx, org, id, run, at).await?;
    sqlx::query(
        "UPDATE blocks SET deleted_at = $3, updated_at = $3, version = version + 1, last_run_id = $4
         WHERE org_id = $1 AND id = $2",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .bind(at.0)
    .bind(run.map(|run| run.to_string()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Blocks that nobody has changed since this run did, oldest first, and whether it took them off the canvas.
pub(super) async fn last_changed_by(
    tx: &mut Tx,
    org: OrgId,
    project: ProjectId,
    run: RunId,
) -> Result<Vec<(Block, bool)>> {
    let rows = sqlx::query(
        "SELECT id, project_id, title, content, position, version, session_id, run_id, created_at, updated_at,
         CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END AS gone
         FROM blocks WHERE org_id = $1 AND project_id = $2 AND last_run_id = $3 ORDER BY created_at, id",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .bind(run.to_string())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| Ok((block(row)?, row.number("gone")? != 0))).collect()
}

/// The places of all nodes of a canvas, and that of one session's.
pub(super) async fn nodes(
    tx: &mut Tx,
    org: OrgId,
    project: ProjectId,
    session: Option<SessionId>,
) -> Result<(Vec<Position>, Option<Position>)> {
    nodes_without(tx, org, project, session, |_| false).await
}

/// The same without the nodes whose id `without` names.
pub(super) async fn nodes_without(
    tx: &mut Tx,
    org: OrgId,
    project: ProjectId,
    session: Option<SessionId>,
    without: impl Fn(&str) -> bool,
) -> Result<(Vec<Position>, Option<Position>)> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT id, position FROM blocks WHERE org_id = $1 AND project_id = $2 AND deleted_at IS NULL
         UNION ALL
         SELECT id, position FROM sessions WHERE org_id = $1 AND project_id = $2 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .fetch_all(&mut **tx)
    .await?;
    let session = session.map(|id| id.to_string());
    let (mut all, mut own) = (Vec::with_capacity(rows.len()), None);
    for (id, position) in rows.into_iter().filter(|(id, _)| !without(id)) {
        let position: Position = serde_json::from_str(&position)?;
        if session.as_ref() == Some(&id) {
            own = Some(position.clone());
        }
        all.push(position);
    }
    Ok((all, own))
}

/// A free place for a new session's node.
pub(crate) async fn place_session(tx: &mut Tx, org: OrgId, project: ProjectId) -> Result<Position> {
    let (taken, _) = nodes(tx, org, project, None).await?;
    Ok(session_place(&taken.iter().map(Rect::from).collect::<Vec<_>>()))
}
