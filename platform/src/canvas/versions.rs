//! What blocks were: kept at every change, and brought back for all that a run changed at once.

use super::{Canvas, Origin, service::push, store};
use crate::{
    Error, OrgScope, Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    BlockId, List, OrgId, ProjectId, RunId, Timestamp,
    blocks::{Block, BlockVersion, RestoredRun},
    events::EventData,
};
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

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
        for block in changed_last_by(log.tx(), org, project, run).await? {
            let id = block.id;
            let before = before(log.tx(), org, id, run).await?;
            match before {
                Some(before) => {
                    let Former { title, content, .. } = before;
                    let json = serde_json::to_string(&content)?;
                    let block =
                        Block { title, content, version: block.version + 1, updated_at: now, ..block };
                    store::put(log.tx(), org, &block, &json, None).await?;
                    push(&mut log, Origin::default(), EventData::BlockUpdated { block: Box::new(block) });
                    done.restored.push(id);
                }
                None => {
                    store::delete(log.tx(), org, id, now).await?;
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

/// Keeps what a block is, before `run`, or a person, changes it.
pub(super) async fn keep(
    tx: &mut Tx,
    org: OrgId,
    block: BlockId,
    run: Option<RunId>,
    now: Timestamp,
) -> Result<()> {
    let kept = sqlx::query(
        "INSERT INTO block_versions (org_id, block_id, version, project_id, title, content, run_id, replaced_by,
         replaced_at) SELECT org_id, id, version, project_id, title, content, last_run_id, $3, $4
         FROM blocks WHERE org_id = $1 AND id = $2",
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
    let row = sqlx::query(
        "SELECT MAX(last_run_id) AS run FROM blocks WHERE org_id = $1 AND project_id = $2 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .fetch_one(&mut **tx)
    .await?;
    row.parsed_or_null("run")
}

/// Blocks that nobody has changed since this run did.
async fn changed_last_by(tx: &mut Tx, org: OrgId, project: ProjectId, run: RunId) -> Result<Vec<Block>> {
    let blocks = store::blocks_of(tx, org, project, None).await?;
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT id FROM blocks WHERE org_id = $1 AND project_id = $2 AND last_run_id = $3 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .bind(run.to_string())
    .fetch_all(&mut **tx)
    .await?;
    let its: BTreeSet<String> = rows.into_iter().map(|(id,)| id).collect();
    Ok(blocks.into_iter().filter(|block| its.contains(&block.id.to_string())).collect())
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
    replaced_by: Option<RunId>,
}

/// What a block was before the changes that this run has made to it last; `None` where the run made it.
async fn before(tx: &mut Tx, org: OrgId, block: BlockId, run: RunId) -> Result<Option<Former>> {
    let rows = sqlx::query(
        "SELECT version, run_id, title, content, replaced_by FROM block_versions WHERE org_id = $1 AND block_id = $2
         ORDER BY version DESC",
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
            replaced_by: row.parsed_or_null("replaced_by")?,
        })
    };
    let formers: Vec<Former> = rows.iter().map(former).collect::<Result<_>>()?;
    // All of one run's changes in a row are one.
    let before = formers.into_iter().take_while(|former| former.replaced_by == Some(run)).last();
    Ok(before.filter(|former| former.version > 1 || former.made_by != Some(run)))
}
