//! Workboards: many blocks made, changed and taken away as one step, laid out by what the board is for.

use super::{
    Canvas, Origin,
    model::{check_content, check_position, check_title},
    place::{GRID, Rect, first_free, height_at, size},
    service::push,
    store,
};
use crate::{Error, OrgScope, Result};
use alumia_protocol::{
    BlockId, BoardId, ProjectId,
    blocks::{Block, Content, Position},
    boards::{MOST_PARTS, Preset},
    events::EventData,
};
use std::collections::HashSet;

/// The width of one column, in canvas pixels.
const COLUMN: f64 = 20.0 * GRID;
/// Between a board's blocks.
const GAP: f64 = GRID;
/// What a board's frame takes around its blocks, and above them for its name.
const FRAME: f64 = GRID;
const HEAD: f64 = 2.0 * GRID;

/// What a workboard is and holds.
#[derive(Clone, Debug)]
pub struct Layout {
    /// At most 255 characters.
    pub label: String,
    /// Decides where the parts go.
    pub preset: Preset,
    /// 1 to 24, the most important first.
    pub parts: Vec<Part>,
}

/// One block of a workboard.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// A block of this canvas that stays, and the version that the change is based on where one is named; a new block
    /// when absent.
    pub block: Option<(BlockId, Option<i64>)>,
    /// See [`Block::title`]; a block that stays keeps its own when absent.
    pub title: Option<String>,
    /// See [`Block::content`]; only a block that stays can do without.
    pub content: Option<Content>,
}

/// A workboard as it stands after the step.
#[derive(Clone, Debug)]
pub struct Composed {
    /// Its id: the `groupId` of its blocks.
    pub board: String,
    /// In the order of the parts.
    pub blocks: Vec<Block>,
    /// Blocks that were part of it and are gone.
    pub removed: Vec<BlockId>,
}

impl Canvas {
    /// Makes a workboard in a free place beside the session's node.
    ///
    /// # Errors
    /// `Invalid` with the field's path, `TooLarge` over 512 KB for one block, `NotFound` when the caller doesn't see the
    /// project or a part's block isn't on this canvas, `Conflict` with the present block as `block` in `details` when a
    /// part's version is stale, `Forbidden` for roles that only read. Then nothing is done.
    pub async fn compose(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        layout: Layout,
        origin: Origin,
    ) -> Result<Composed> {
        self.lay(scope, project, None, layout, origin).await
    }

    /// Puts these parts in the place of what a workboard held: blocks that are named stay and change, the others go.
    ///
    /// # Errors
    /// As [`Canvas::compose`], and `NotFound` when there is no such board on this canvas.
    pub async fn recompose(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        board: &str,
        layout: Layout,
        origin: Origin,
    ) -> Result<Composed> {
        self.lay(scope, project, Some(board), layout, origin).await
    }

    /// A workboard's blocks, oldest first; none when there is no such board.
    ///
    /// # Errors
    /// `NotFound` when the caller doesn't see the project.
    pub async fn board(&self, scope: &OrgScope, project: ProjectId, board: &str) -> Result<Vec<Block>> {
        self.projects.get(scope, project).await?;
        let mut tx = self.store.moment().await?;
        let mut blocks = store::blocks_of(&mut tx, scope.org_id(), project, None).await?;
        blocks.retain(|block| block.position.group_id.as_deref() == Some(board));
        Ok(blocks)
    }

    async fn lay(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        board: Option<&str>,
        layout: Layout,
        origin: Origin,
    ) -> Result<Composed> {
        scope.require_writer()?;
        check(&layout)?;
        let org = scope.org_id();
        self.projects.get(scope, project).await?;
        let mut log = self.log.begin(org, project).await?;
        let present = store::blocks_of(log.tx(), org, project, None).await?;
        let own = |block: &&Block| board.is_some() && block.position.group_id.as_deref() == board;
        let old: Vec<Block> = present.iter().filter(own).cloned().collect();
        if board.is_some() && old.is_empty() {
            return Err(Error::NotFound("Workboard"));
        }
        let Layout { label, preset, parts } = layout;
        let board = board.map_or_else(|| BoardId::new().to_string(), str::to_owned);

        let now = self.clock.now();
        let mut blocks = Vec::with_capacity(parts.len());
        for part in parts {
            blocks.push(match part.block {
                Some((id, version)) => {
                    let block =
                        present.iter().find(|block| block.id == id).ok_or(Error::NotFound("Block"))?;
                    if version.is_some_and(|version| version != block.version) {
                        return Err(super::service::stale(block));
                    }
                    Block {
                        title: part.title.unwrap_or_else(|| block.title.clone()),
                        content: part.content.unwrap_or_else(|| block.content.clone()),
                        version: block.version + 1,
                        updated_at: now,
                        ..block.clone()
                    }
                }
                None => Block {
                    id: BlockId::new(),
                    project_id: project,
                    title: part.title.unwrap_or_default(),
                    content: part
                        .content
                        .ok_or_else(|| Error::invalid("content", "A new block needs one."))?,
                    position: Position::default(),
                    version: 1,
                    session_id: origin.session_id,
                    run_id: origin.run_id,
                    created_at: now,
                    updated_at: now,
                },
            });
        }

        let kept: HashSet<BlockId> = blocks.iter().map(|block| block.id).collect();
        let (others, beside) = store::nodes_without(log.tx(), org, project, origin.session_id, |id| {
            kept.iter().any(|kept| kept.to_string() == id) || old.iter().any(|old| old.id.to_string() == id)
        })
        .await?;
        let others: Vec<Rect> = others.iter().map(Rect::from).collect();
        let contents: Vec<&Content> = blocks.iter().map(|block| &block.content).collect();
        let (places, width, height) = arranged(preset, &contents);
        let whole = (width + 2.0 * FRAME, height + FRAME + HEAD);
        let corner = corner(&others, &old, beside.as_ref().map(Rect::from), whole);
        for (block, place) in blocks.iter_mut().zip(places) {
            block.position = Position {
                x: corner.0 + FRAME + place.x,
                y: corner.1 + HEAD + place.y,
                width: place.width,
                height: place.height,
                z: block.position.z,
                group_id: Some(board.clone()),
                group_label: Some(label.clone()),
                group_kind: Some(preset.name().into()),
            };
            check_position("position", &block.position)?;
        }

        let mut removed = Vec::new();
        for block in old.iter().filter(|old| !kept.contains(&old.id)) {
            store::delete(log.tx(), org, block.id, now, origin.run_id).await?;
            push(&mut log, origin, EventData::BlockDeleted { block_id: block.id });
            removed.push(block.id);
        }
        for block in &blocks {
            let json = serde_json::to_string(&block.content)?;
            store::put(log.tx(), org, block, &json, origin.run_id).await?;
            let told = Box::new(block.clone());
            push(
                &mut log,
                origin,
                match block.version {
                    1 => EventData::BlockCreated { block: told },
                    _ => EventData::BlockUpdated { block: told },
                },
            );
        }
        log.commit().await?;
        Ok(Composed { board, blocks, removed })
    }
}

fn check(layout: &Layout) -> Result<()> {
    if layout.label.trim().is_empty() || layout.label.chars().count() > 255 {
        return Err(Error::invalid("label", "Use 1 to 255 characters."));
    }
    if layout.parts.is_empty() || layout.parts.len() > MOST_PARTS {
        return Err(Error::invalid("blocks", format!("A workboard holds 1 to {MOST_PARTS} blocks.")));
    }
    let mut named = HashSet::new();
    for (index, part) in layout.parts.iter().enumerate() {
        let at = format!("blocks/{index}");
        if let Some((id, _)) = part.block
            && !named.insert(id)
        {
            return Err(Error::invalid(format!("{at}/blockId"), "Is named twice."));
        }
        if part.block.is_none() && part.content.is_none() {
            return Err(Error::invalid(at, "A new block needs its content."));
        }
        let under = |error: Error| match error {
            Error::Invalid(faults) => Error::Invalid(
                faults.into_iter().map(|(field, fault)| (format!("{at}/{field}"), fault)).collect(),
            ),
            other => other,
        };
        part.title.as_deref().map(check_title).transpose().map_err(under)?;
        part.content.as_ref().map(check_content).transpose().map_err(under)?;
    }
    Ok(())
}

/// How many columns a preset has, and over how many of them its first block reaches.
const fn shape(preset: Preset) -> (usize, usize) {
    match preset {
        Preset::ExecutiveOverview => (3, 3),
        Preset::DecisionBrief | Preset::ExecutionPlan | Preset::ReviewRoom => (2, 2),
        Preset::ResearchMap | Preset::MonitorRoom => (3, 1),
        Preset::TriageQueue | Preset::DraftStudio | Preset::DebugConsole | Preset::BuildSpec => (3, 2),
    }
}

/// The places of a board's blocks from its inner corner on, and the whole's width and height. The first block reaches as
/// far as the preset says; what is by nature wider than a column takes two. Each goes where it begins highest.
fn arranged(preset: Preset, contents: &[&Content]) -> (Vec<Rect>, f64, f64) {
    let (columns, lead) = shape(preset);
    let mut bottoms = vec![0.0_f64; columns];
    let mut places = Vec::with_capacity(contents.len());
    for (index, content) in contents.iter().enumerate() {
        let span = match index {
            0 => lead,
            _ if size(content).0 > 1.25 * COLUMN => 2,
            _ => 1,
        };
        let top = |first: usize| bottoms[first..first + span].iter().copied().fold(0.0, f64::max);
        let first = (0..=columns - span).min_by(|a, b| top(*a).total_cmp(&top(*b))).unwrap_or(0);
        let y = top(first);
        let (first_column, count) = (units(first), units(span));
        let width = count * COLUMN + (count - 1.0) * GAP;
        let height = height_at(content, width);
        places.push(Rect { x: first_column * (COLUMN + GAP), y, width, height });
        bottoms[first..first + span].fill(y + height + GAP);
    }
    let width = places.iter().map(|it| it.x + it.width).fold(0.0, f64::max);
    let height = places.iter().map(|it| it.y + it.height).fold(0.0, f64::max);
    (places, width, height)
}

/// A few columns as a number to reckon with.
fn units(count: usize) -> f64 {
    u8::try_from(count).map_or(f64::from(u8::MAX), f64::from)
}

/// The top left corner of a board's frame: where it was if there is room, else a free place beside the session's node.
fn corner(others: &[Rect], old: &[Block], beside: Option<Rect>, (width, height): (f64, f64)) -> (f64, f64) {
    let old: Vec<Rect> = old.iter().map(|block| Rect::from(&block.position)).collect();
    let left = old.iter().map(|it| it.x).reduce(f64::min).map(|left| left - FRAME);
    let top = old.iter().map(|it| it.y).reduce(f64::min).map(|top| top - HEAD);
    if let (Some(x), Some(y)) = (left, top) {
        let free = |it: &Rect| {
            it.x >= x + width || it.x + it.width <= x || it.y >= y + height || it.y + it.height <= y
        };
        if others.iter().all(free) {
            return (x, y);
        }
        return first_free(others, (x, y), (width, height));
    }
    first_free(others, super::place::beginning(others, beside), (width, height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::{dataspec::DataSpec, show::Show};
    use proptest::prelude::*;

    fn all() -> Vec<Content> {
        let shown = Show::examples().into_iter().map(Content::Show);
        DataSpec::examples().into_iter().map(Content::Data).chain(shown).collect()
    }

    #[test]
    fn the_first_block_leads_as_the_preset_says() {
        let all = all();
        let some: Vec<&Content> = all.iter().take(5).collect();
        let (top, width, _) = arranged(Preset::DecisionBrief, &some);
        assert_eq!((top[0].x, top[0].y, top[0].width), (0.0, 0.0, width));
        assert!(top[1..].iter().all(|it| it.y >= top[0].height + GAP));
        let (left, width, _) = arranged(Preset::DraftStudio, &some);
        assert!(left[0].width < width && left[0].width > COLUMN);
        assert_eq!((left[1].y, left[1].x), (0.0, 2.0 * (COLUMN + GAP)), "beside the draft");
    }

    proptest! {
        #[test]
        fn prop_no_block_covers_another(which in prop::collection::vec(0usize..17, 1..24), preset in 0usize..10) {
            let all = all();
            let contents: Vec<&Content> = which.iter().map(|at| &all[at % all.len()]).collect();
            let (places, width, height) = arranged(Preset::ALL[preset], &contents);
            prop_assert_eq!(places.len(), contents.len());
            for (index, a) in places.iter().enumerate() {
                prop_assert!(a.x + a.width <= width && a.y + a.height <= height && a.height > 0.0);
                for b in &places[index + 1..] {
                    let apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y
                        || b.y + b.height <= a.y;
                    prop_assert!(apart, "{a:?} {b:?}");
                }
            }
        }
    }
}
