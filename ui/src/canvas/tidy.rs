//! "Arrange": everything in a tidy order.

use super::{
    boards::Board,
    geometry::{
        Point, Rect,
        arrange::{Family, arrange},
    },
    outbox::Edit,
    scene::{Scene, Source},
};
use alumia_protocol::blocks::{NodeId, Position};
use leptos::prelude::*;
use std::collections::HashSet;

/// What gets a place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Thing {
    Node(NodeId),
    /// A workboard keeps its own order; the number is its place among all of them.
    Board(usize),
}

impl Scene {
    /// Puts everything in a tidy order: each agent with what it made.
    pub fn tidy(self) {
        let start = self.bounds(None).map_or(Point::default(), Rect::origin);
        let boards = self.boards();
        let moves: Vec<_> = arrange(&self.families(&boards), start)
            .into_iter()
            .flat_map(|(thing, at)| match thing {
                Thing::Node(id) => self
                    .node(id)
                    .map(|node| (id, at - node.rect.get_untracked().origin()))
                    .into_iter()
                    .collect(),
                Thing::Board(index) => {
                    let by = at - boards[index].rect.origin();
                    boards[index].members.iter().map(|id| (*id, by)).collect::<Vec<_>>()
                }
            })
            .filter_map(|(id, by)| {
                let from = self.node(id)?.position();
                let to = Position { x: from.x + by.x, y: from.y + by.y, ..from.clone() };
                (from != to).then_some((id, from, to))
            })
            .collect();
        if !moves.is_empty() {
            self.edit(Edit::Move(moves), false);
            self.mark_stale(|stale| (stale.cull, stale.edges) = (true, true));
        }
        self.fit();
        self.announce("Arranged");
    }

    /// Each agent with what it made, and what nobody here made, in reading order.
    fn families(self, boards: &[Board]) -> Vec<Family<Thing>> {
        let order = self.reading_order();
        let rect = |id: NodeId| self.inner.with_value(|inner| inner.grid.get(id));
        let maker = |id: NodeId| match self.node(id)?.source {
            Source::Block(block) => block.with_untracked(|block| block.session_id).map(NodeId::Session),
            Source::Agent(_) => None,
        };
        let mut placed = HashSet::new();
        let mut members = |belongs: &dyn Fn(NodeId) -> bool| {
            let mut members = Vec::new();
            for id in order.iter().copied().filter(|id| matches!(id, NodeId::Block(_)) && belongs(*id)) {
                let board = boards.iter().position(|board| board.members.contains(&id));
                let thing = board.map_or(Thing::Node(id), Thing::Board);
                let space = board.map_or_else(|| rect(id), |index| Some(boards[index].rect));
                // A board that several have made goes with the first.
                if let Some(space) = space.filter(|_| placed.insert(thing)) {
                    members.push((thing, space));
                }
            }
            members
        };
        let mut families: Vec<Family<Thing>> = Vec::new();
        for head in order.iter().copied().filter(|id| matches!(id, NodeId::Session(_))) {
            families.push(Family {
                head: rect(head).map(|rect| (Thing::Node(head), rect)),
                members: members(&|id| maker(id) == Some(head)),
            });
        }
        let orphans = members(&|id| maker(id).is_none_or(|maker| self.node(maker).is_none()));
        if !orphans.is_empty() {
            families.push(Family { head: None, members: orphans });
        }
        families
    }
}
