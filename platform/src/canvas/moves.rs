//! Moving many nodes at once.

use super::{
    model::check_position,
    service::{Canvas, Origin, push},
    store,
};
use crate::{Error, OrgScope, Result, sessions};
use alumia_protocol::{
    ProjectId,
    blocks::{MoveNodes, NodeId, Position},
    events::EventData,
};
use std::collections::{HashMap, hash_map::Entry};

/// Nodes moved by one call.
const MOVES: usize = 5_000;

impl Canvas {
    /// All or nothing; the last write wins, so a block's version stays: whoever edits its content is not
    /// refused because somebody moved it.
    ///
    /// # Errors
    /// `NotFound` when a node isn't on this canvas, `Invalid` with the field's path; then nothing moves.
    pub async fn place(&self, scope: &OrgScope, project: ProjectId, moves: MoveNodes) -> Result<()> {
        scope.require_writer()?;
        let moves = last_of_each(moves)?;
        self.projects.get(scope, project).await?;
        if moves.is_empty() {
            return Ok(());
        }
        let org = scope.org_id();
        let mut log = self.log.begin(org, project).await?;
        let blocks = store::blocks_of(log.tx(), org, project, None).await?;
        let mut blocks: HashMap<_, _> = blocks.into_iter().map(|block| (block.id, block)).collect();
        let now = self.clock.now();
        for (node, position) in moves {
            match node {
                NodeId::Block(id) => {
                    let mut block = blocks.remove(&id).ok_or(Error::NotFound("Block"))?;
                    block.position = position;
                    block.updated_at = now;
                    store::place(log.tx(), org, &block).await?;
                    push(&mut log, Origin::default(), EventData::BlockUpdated { block: Box::new(block) });
                }
                NodeId::Session(id) => {
                    let mut session = sessions::in_turn(&mut log, id).await?;
                    session.position = position;
                    sessions::save(log.tx(), org, &session).await?;
                    let origin = Origin { session_id: Some(id), ..Origin::default() };
                    push(&mut log, origin, EventData::SessionUpdated { session: Box::new(session) });
                }
            }
        }
        log.commit().await?;
        Ok(())
    }
}

/// The moves in their order, of a node that is named more than once only the last.
fn last_of_each(moves: MoveNodes) -> Result<Vec<(NodeId, Position)>> {
    if moves.moves.len() > MOVES {
        return Err(Error::invalid("moves", "Move at most 5,000 nodes at once."));
    }
    let mut places: HashMap<NodeId, usize> = HashMap::new();
    let mut kept: Vec<(NodeId, Position)> = Vec::with_capacity(moves.moves.len());
    for (index, it) in moves.moves.into_iter().enumerate() {
        check_position(&format!("moves/{index}/position"), &it.position)?;
        match places.entry(it.node) {
            Entry::Occupied(at) => kept[*at.get()].1 = it.position,
            Entry::Vacant(free) => {
                free.insert(kept.len());
                kept.push((it.node, it.position));
            }
        }
    }
    Ok(kept)
}
