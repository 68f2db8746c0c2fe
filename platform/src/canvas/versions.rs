//! What blocks were: kept at every change, and brought back for all that a run changed at once.

use super::{Canvas, Origin, service::push, store};
use crate::{
    Error, OrgScope, Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    BlockId, List, OrgId, ProjectId, RunId, Timestamp,
    blocks::{Block, BlockVersion, Position, RestoredRun},
    events::EventData,
};
use sqlx::any::AnyRow;

/// Kept of each block.
const MOST: i64 = 50;

impl Canvas {
    /// What a block was before, newest first: the last 50 versions.
    ///
    /// # Errors
    /// As [`Canvas::get`].
    pub async fn versions(&self, scope: &OrgScope, id: BlockId) -> Result<List<BlockVersion>> {
        self.get(scope, id).await?;
        Ok(List::whole(of_block(&self.store, scope.org_id(), id).await?))
    }

    /// Undoes what the last run did to the canvas, as one: what it changed is what it was before, what it made is
    /// gone. What somebody has changed since stays, and so does what was brought back: doing it again undoes what is left
    /// of the run before.
    ///
    /// # Errors
    /// `Conflict` when no run's work is left to undo; `NotFound`, `Forbidden`.
    pub async fn restore_last_run(&self, scope: &OrgScope, project: ProjectId) -> Result<RestoredRun> {
        scope.require_writer()?;
        self.projects.get(scope, project).await?;
        let org = scope.org_id();
        let mut log = self.log.begin(org, project).await?;
        let Some(run) = last_run(log.tx(), org, project).await? else {
            return Err(Error::conflict("No agent's work is left on this canvas that could be undone."));
        };
        let now = self.clock.now();
        let mut done = RestoredRun { run_id: run, restored: vec![], removed: vec![], kept: vec![] };
        for (block, gone) in store::last_changed_by(log.tx(), org, project, run).await? {
            let id = block.id;
            let before = before(log.tx(), org, id, run).await?;
            match before {
                Some(before) => {
                    let Former { title, content, position, replaced_at, .. } = before;
                    let json = serde_json::to_string(&content)?;
                    // Whoever has moved it since put it where it is.
                    let position = position.filter(|_| block.updated_at == replaced_at);
                    let position = position.unwrap_or(block.position);
                    let version = block.version + 1;
                    let block = Block { title, content, position, version, updated_at: now, ..block };
                    store::put(log.tx(), org, &block, &json, None).await?;
                    let block = Box::new(block);
                    let back = if gone {
                        EventData::BlockCreated { block }
                    } else {
                        EventData::BlockUpdated { block }
                    };
                    push(&mut log, Origin::default(), back);
                    done.restored.push(id);
                }
                // Made and taken away by the same run.
                None if gone => store::delete(log.tx(), org, id, now, None).await?,
                None => {
                    store::delete(log.tx(), org, id, now, None).await?;
                    push(&mut log, Origin::default(), EventData::BlockDeleted { block_id: id });
                    done.removed.push(id);
                }
            }
        }
        let touched = touched_by(log.tx(), org, project, run).await?;
        done.kept = touched
            .into_iter()
            .filter(|id| !done.restored.contains(id) && !done.removed.contains(id))
            .collect();
        log.commit().await?;
        Ok(done)
    }
}

/// Keeps what a block is, before `run`, or a person, changes it or takes it away.
pub(super) async fn keep(
    tx: &mut Tx,
    org: OrgId,
    block: BlockId,
    run: Option<RunId>,
    now: Timestamp,
) -> Result<()> {
    let kept = sqlx::query(
        "INSERT INTO block_versions (org_id, block_id, version, project_id, title, content, position, run_id,
         replaced_by, replaced_at) SELECT org_id, id, version, project_id, title, content, position, last_run_id, $3, $4
         FROM blocks WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .bind(block.to_string())
    .bind(run.map(|run| run.to_string()))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    if kept.rows_affected() > 0 {
        sqlx::query(
            "DELETE FROM block_versions WHERE org_id = $1 AND block_id = $2 AND version <=
             (SELECT version FROM blocks WHERE org_id = $1 AND id = $2) - $3",
        )
        .bind(org.to_string())
        .bind(block.to_string())
        .bind(MOST)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn of_block(store: &Store, org: OrgId, block: BlockId) -> Result<Vec<BlockVersion>> {
    let rows = sqlx::query(
        "SELECT version, title, content, run_id, replaced_at FROM block_versions
         WHERE org_id = $1 AND block_id = $2 ORDER BY version DESC",
    )
    .bind(org.to_string())
    .bind(block.to_string())
    .fetch_all(store.read())
    .await?;
    let version = |row: &AnyRow| {
        Ok(BlockVersion {
            version: row.number("version")?,
            title: row.text("title")?,
            content: row.json("content")?,
            run_id: row.parsed_or_null("run_id")?,
            replaced_at: row.time("replaced_at")?,
        })
    };
    rows.iter().map(version).collect()
}

/// The last run of which something is on the canvas as it left it. Ids of runs are in the order of their beginning.
async fn last_run(tx: &mut Tx, org: OrgId, project: ProjectId) -> Result<Option<RunId>> {
    let row = sqlx::query("SELECT MAX(last_run_id) AS run FROM blocks WHERE org_id = $1 AND project_id = $2")
        .bind(org.to_string())
        .bind(project.to_string())
        .fetch_one(&mut **tx)
        .await?;
    row.parsed_or_null("run")
}

/// Blocks that this run made or changed and that are on the canvas.
async fn touched_by(tx: &mut Tx, org: OrgId, project: ProjectId, run: RunId) -> Result<Vec<BlockId>> {
    let rows = sqlx::query(
        "SELECT id FROM blocks b WHERE org_id = $1 AND project_id = $2 AND deleted_at IS NULL AND (run_id = $3
         OR EXISTS (SELECT 1 FROM block_versions v WHERE v.org_id = $1 AND v.project_id = $2
         AND v.block_id = b.id AND v.replaced_by = $3)) ORDER BY created_at, id",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .bind(run.to_string())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

struct Former {
    version: i64,
    made_by: Option<RunId>,
    title: String,
    content: alumia_protocol::blocks::Content,
    position: Option<Position>,
    replaced_by: Option<RunId>,
    /// When the last of the run's changes was made.
    replaced_at: Timestamp,
}

/// What a block was before the changes that this run has made to it last; `None` where the run made it.
async fn before(tx: &mut Tx, org: OrgId, block: BlockId, run: RunId) -> Result<Option<Former>> {
    let rows = sqlx::query(
        "SELECT version, run_id, title, content, position, replaced_by, replaced_at FROM block_versions
         WHERE org_id = $1 AND block_id = $2 ORDER BY version DESC",
    )
    .bind(org.to_string())
    .bind(block.to_string())
    .fetch_all(&mut **tx)
    .await?;
    let former = |row: &AnyRow| {
        Ok(Former {
            version: row.number("version")?,
            made_by: row.parsed_or_null("run_id")?,
            title: row.text("title")?,
            content: row.json("content")?,
            position: row.json_or_null("position")?,
            replaced_by: row.parsed_or_null("replaced_by")?,
            replaced_at: row.time("replaced_at")?,
        })
    };
    let formers: Vec<Former> = rows.iter().map(former).collect::<Result<_>>()?;
    // All of one run's changes in a row are one.
    let Some(last) = formers.first().map(|former| former.replaced_at) else { return Ok(None) };
    let before = formers.into_iter().take_while(|former| former.replaced_by == Some(run)).last();
    let before = before.filter(|former| former.version > 1 || former.made_by != Some(run));
    Ok(before.map(|former| Former { replaced_at: last, ..former }))
}
