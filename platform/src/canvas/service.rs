use super::{
    model::{check_content, check_position, check_title},
    place::{Rect, block_place},
    search::search,
    store,
};
use crate::{
    Error, OrgScope, Result,
    clock::Clock,
    projects::Projects,
    sessions::{Append, Log, LogTx},
    store::{Cursor, Store},
};
use alumia_protocol::{
    BlockId, List, OrgId, ProjectId, RunId, SessionId, StepId, Timestamp,
    blocks::{Block, CreateBlock, UpdateBlock},
    events::EventData,
};
use std::sync::Arc;

/// The run on whose behalf a block is made or changed; all `None` for a person's own edit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// The session.
    pub session_id: Option<SessionId>,
    /// The run.
    pub run_id: Option<RunId>,
    /// The step.
    pub step_id: Option<StepId>,
}

/// The blocks of a project's canvas.
#[derive(Clone)]
pub struct Canvas {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
    pub(crate) projects: Projects,
}

impl Canvas {
    /// Oldest first; `limit` counts 1–500.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the project, `BadRequest` for a cursor that isn't ours.
    pub async fn list(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<Block>> {
        self.projects.get(scope, project).await?;
        let after = match cursor {
            // The helper's own start is that of lists with the newest first.
            None => Cursor { at: Timestamp(i64::MIN), id: String::new() },
            some => Cursor::parse(some)?,
        };
        let limit = limit.clamp(1, 500) as usize;
        let mut items = store::list(&self.store, scope.org_id(), project, after, limit + 1).await?;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items
            .last()
            .filter(|_| has_more)
            .map(|last| Cursor { at: last.created_at, id: last.id.to_string() }.encode());
        Ok(List { items, next_cursor, has_more })
    }

    /// One block.
    ///
    /// # Errors
    /// `NotFound` when it is missing or on a canvas that the caller doesn't see.
    pub async fn get(&self, scope: &OrgScope, id: BlockId) -> Result<Block> {
        let block = store::find(&self.store, scope.org_id(), id).await?;
        match self.projects.get(scope, block.project_id).await {
            Err(Error::NotFound(_)) => Err(Error::NotFound("Block")),
            Err(error) => Err(error),
            Ok(_) => Ok(block),
        }
    }

    /// Case-blind search in titles and content for blocks that hold every word; best first.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the project.
    pub async fn search(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        query: &str,
        limit: u32,
    ) -> Result<Vec<Block>> {
        self.projects.get(scope, project).await?;
        let mut tx = self.store.moment().await?;
        let blocks = store::blocks_of(&mut tx, scope.org_id(), project, None).await?;
        Ok(search(blocks, query, limit.clamp(1, 500) as usize))
    }

    /// Places it beside what its session made before, without covering anything, unless a position is
    /// given. The id of a block that was deleted from this canvas brings it back.
    ///
    /// # Errors
    /// `Invalid` with the field's path, `TooLarge` over 512 KB, `Conflict` when the id is taken,
    /// `NotFound` when the caller doesn't see the project, `Forbidden` for roles that only read.
    pub async fn create(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        new: CreateBlock,
        origin: Origin,
    ) -> Result<Block> {
        scope.require_writer()?;
        let CreateBlock { id, title, content, position } = new;
        check_title(&title)?;
        let json = check_content(&content)?;
        if let Some(position) = &position {
            check_position("position", position)?;
        }
        let org = scope.org_id();
        self.projects.get(scope, project).await?;
        let mut log = self.log.begin(org, project).await?;
        let former = match id {
            Some(id) => store::deleted(log.tx(), org, project, id).await?,
            None => None,
        };
        let position = match position {
            Some(position) => position,
            None => {
                let (taken, node) = store::nodes(log.tx(), org, project, origin.session_id).await?;
                let taken: Vec<Rect> = taken.iter().map(Rect::from).collect();
                block_place(&taken, node.as_ref().map(Rect::from), &content)
            }
        };
        let now = self.clock.now();
        let block = match former {
            Some(former) => {
                Block { title, content, position, version: former.version + 1, updated_at: now, ..former }
            }
            None => Block {
                id: id.unwrap_or_else(BlockId::new),
                project_id: project,
                title,
                content,
                position,
                version: 1,
                session_id: origin.session_id,
                run_id: origin.run_id,
                created_at: now,
                updated_at: now,
            },
        };
        store::put(log.tx(), org, &block, &json, origin.run_id).await?;
        push(&mut log, origin, EventData::BlockCreated { block: Box::new(block.clone()) });
        log.commit().await?;
        Ok(block)
    }

    /// Absent fields stay.
    ///
    /// # Errors
    /// `Conflict` with the present block as `block` in `details` when the version is stale; the others as
    /// with [`Canvas::create`].
    pub async fn update(
        &self,
        scope: &OrgScope,
        id: BlockId,
        change: UpdateBlock,
        origin: Origin,
    ) -> Result<Block> {
        scope.require_writer()?;
        if let Some(title) = &change.title {
            check_title(title)?;
        }
        if let Some(position) = &change.position {
            check_position("position", position)?;
        }
        if let Some(content) = &change.content {
            check_content(content)?;
        }
        let org = scope.org_id();
        let project = self.get(scope, id).await?.project_id;
        let mut log = self.log.begin(org, project).await?;
        let present = store::get(log.tx(), org, id).await?;
        if present.version != change.version {
            return Err(stale(&present));
        }
        let block = Block {
            title: change.title.unwrap_or(present.title),
            content: change.content.unwrap_or(present.content),
            position: change.position.unwrap_or(present.position),
            version: present.version + 1,
            updated_at: self.clock.now(),
            ..present
        };
        let json = serde_json::to_string(&block.content)?;
        store::put(log.tx(), org, &block, &json, origin.run_id).await?;
        push(&mut log, origin, EventData::BlockUpdated { block: Box::new(block.clone()) });
        log.commit().await?;
        Ok(block)
    }

    /// Takes a block off the canvas; creating one with its id brings it back.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn delete(&self, scope: &OrgScope, id: BlockId) -> Result<()> {
        scope.require_writer()?;
        let org: OrgId = scope.org_id();
        let project = self.get(scope, id).await?.project_id;
        let mut log = self.log.begin(org, project).await?;
        store::get(log.tx(), org, id).await?;
        store::delete(log.tx(), org, id, self.clock.now(), None).await?;
        push(&mut log, Origin::default(), EventData::BlockDeleted { block_id: id });
        log.commit().await?;
        Ok(())
    }
}

/// The refusal of a change that is based on an older version.
pub(super) fn stale(present: &Block) -> Error {
    Error::Conflict {
        message: "This block has changed since you read it. Look at it as it is now, then change it again."
            .into(),
        details: Some(serde_json::json!({ "block": present })),
    }
}

pub(super) fn push(log: &mut LogTx, origin: Origin, data: EventData) {
    let Origin { session_id, run_id, step_id } = origin;
    log.push(Append { session_id, run_id, step_id, data });
}
