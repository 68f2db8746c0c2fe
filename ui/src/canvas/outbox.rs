//! Changes on their way to the server, in order: shown at once, kept while offline, rolled back when
//! the server says no.

use super::{geometry::history::Change, scene::Scene};
use crate::{
    components::toast::Toasts,
    live::api::{self, Answer},
};
use alumia_protocol::{
    Timestamp,
    blocks::{Block, CreateBlock, Move, MoveNodes, NodeId, Position},
    events::{Event, EventData},
};
use leptos::{prelude::*, task::spawn_local};
use std::{collections::VecDeque, time::Duration};

/// One change of the canvas by its person.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edit {
    /// Nodes and their places before and after.
    Move(Vec<(NodeId, Position, Position)>),
    /// Blocks that appear.
    Create(Vec<Block>),
    /// Blocks that go.
    Delete(Vec<Block>),
}

impl Change for Edit {
    fn reversed(&self) -> Self {
        match self {
            Self::Move(moves) => {
                Self::Move(moves.iter().map(|(id, from, to)| (*id, to.clone(), from.clone())).collect())
            }
            Self::Create(blocks) => Self::Delete(blocks.clone()),
            Self::Delete(blocks) => Self::Create(blocks.clone()),
        }
    }

    fn joined(&mut self, next: Self) -> Result<(), Self> {
        let (Self::Move(moves), Self::Move(more)) = (&mut *self, &next) else { return Err(next) };
        if moves.len() != more.len() || !moves.iter().zip(more).all(|(a, b)| a.0 == b.0) {
            return Err(next);
        }
        for (known, (_, _, to)) in moves.iter_mut().zip(more) {
            known.2.clone_from(to);
        }
        Ok(())
    }
}

/// Edits that the server doesn't have yet.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Edit>,
    sending: Option<Edit>,
}

impl Outbox {
    /// Adds an edit; a move on top of a waiting move becomes one with it.
    pub fn push(&mut self, edit: Edit) {
        if let (Some(Edit::Move(known)), Edit::Move(more)) = (self.waiting.back_mut(), &edit) {
            for (id, from, to) in more {
                match known.iter_mut().find(|(other, _, _)| other == id) {
                    Some(entry) => entry.2.clone_from(to),
                    None => known.push((*id, from.clone(), to.clone())),
                }
            }
            return;
        }
        self.waiting.push_back(edit);
    }

    /// Takes the next edit to send, unless one is on its way.
    fn next(&mut self) -> Option<Edit> {
        if self.sending.is_some() {
            return None;
        }
        self.sending = self.waiting.pop_front();
        self.sending.clone()
    }

    /// Whether a move of the node is waiting or on its way.
    pub fn is_moving(&self, id: NodeId) -> bool {
        let moves =
            |edit: &Edit| matches!(edit, Edit::Move(moves) if moves.iter().any(|(node, _, _)| *node == id));
        self.waiting.iter().chain(&self.sending).any(moves)
    }
}

impl Scene {
    /// Shows an edit, remembers it for undo and sends it.
    pub fn edit(self, edit: Edit, join: bool) {
        if self.read_only {
            return;
        }
        self.show(&edit);
        self.inner.update_value(|inner| inner.history.push(edit.clone(), join));
        self.send(edit, if join { 400 } else { 0 });
    }

    /// Takes the last edit back, or makes it again.
    pub fn time_travel(self, back: bool) {
        let edit = self
            .inner
            .try_update_value(|inner| if back { inner.history.undo() } else { inner.history.redo() });
        match edit.flatten() {
            Some(edit) => {
                self.show(&edit);
                self.announce(if back { "Undone" } else { "Redone" });
                self.send(edit, 0);
            }
            None => self.announce(if back { "Nothing to undo" } else { "Nothing to redo" }),
        }
    }

    fn refresh_undo(self) {
        let now = self.inner.with_value(|inner| (inner.history.can_undo(), inner.history.can_redo()));
        if self.undoable.get_untracked() != now {
            self.undoable.set(now);
        }
    }

    fn send(self, edit: Edit, after_ms: u64) {
        self.inner.update_value(|inner| inner.outbox.push(edit));
        self.refresh_undo();
        if use_context::<super::bench::ExtraEdges>().is_some()
            || self.owner.get_value().with(|| use_context::<super::bench::ExtraEdges>()).is_some()
        {
            // The bench has no server.
            self.inner.update_value(|inner| inner.outbox = Outbox::default());
            return;
        }
        set_timeout(move || self.flush(), Duration::from_millis(after_ms));
    }

    /// Shows an edit on this page.
    fn show(self, edit: &Edit) {
        match edit {
            Edit::Move(moves) => {
                for (id, _, to) in moves {
                    self.tell(*id, to);
                    if let Some(node) = self.node(*id) {
                        self.settle(node, to);
                    }
                }
            }
            Edit::Create(blocks) => {
                for block in blocks {
                    self.local(EventData::BlockCreated { block: Box::new(block.clone()) });
                }
            }
            Edit::Delete(blocks) => {
                for block in blocks {
                    self.local(EventData::BlockDeleted { block_id: block.id });
                }
            }
        }
    }

    /// Writes a place into the page's copy of the project.
    fn tell(self, id: NodeId, to: &Position) {
        match id {
            NodeId::Block(block) => {
                if let Some(block) = self.live.block(block) {
                    block.update(|block| block.position.clone_from(to));
                }
            }
            NodeId::Session(session) => {
                if let Some(session) = self.live.session(session) {
                    session.session.update(|session| session.position.clone_from(to));
                }
            }
        }
    }

    fn local(self, data: EventData) {
        self.live.apply(Event {
            seq: 0,
            at: Timestamp::default(),
            session_id: None,
            run_id: None,
            step_id: None,
            data,
        });
    }

    /// Sends what waits, one edit after the other.
    fn flush(self) {
        let Some(edit) = self.inner.try_update_value(|inner| inner.outbox.next()).flatten() else { return };
        let toasts = self.owner.get_value().with(use_context::<Toasts>);
        spawn_local(async move {
            let mut pause = 500;
            loop {
                let answer = self.deliver(&edit).await;
                if self.inner.is_disposed() {
                    return;
                }
                match answer {
                    Err(problem) if problem.is_passing() => {
                        // Over a limit the server says how long.
                        let wait = problem.retry_after_ms.and_then(|wait| u32::try_from(wait).ok());
                        gloo_timers::future::TimeoutFuture::new(wait.unwrap_or(pause)).await;
                        pause = (pause * 2).min(15_000);
                    }
                    Err(problem) => {
                        self.inner.update_value(|inner| inner.outbox.sending = None);
                        self.roll_back(&edit);
                        if let Some(toasts) = toasts {
                            toasts.fail(format!("The canvas change was not saved. {}", problem.message));
                        }
                        break;
                    }
                    Ok(()) => {
                        // An older word of the server may have come in while the answer was on its way.
                        if let Edit::Move(moves) = &edit {
                            for (id, _, to) in moves {
                                self.tell(*id, to);
                            }
                        }
                        self.inner.update_value(|inner| inner.outbox.sending = None);
                        break;
                    }
                }
            }
            self.flush();
        });
    }

    async fn deliver(self, edit: &Edit) -> Answer<()> {
        match edit {
            Edit::Move(moves) => {
                let moves = moves
                    .iter()
                    .filter(|(id, _, _)| self.node(*id).is_some())
                    .map(|(node, _, to)| Move { node: *node, position: to.clone() })
                    .collect::<Vec<_>>();
                if moves.is_empty() {
                    return Ok(());
                }
                api::move_nodes(self.live.project_id(), &MoveNodes { moves }).await
            }
            Edit::Create(blocks) => {
                for block in blocks {
                    let new = CreateBlock {
                        id: Some(block.id),
                        title: block.title.clone(),
                        content: block.content.clone(),
                        position: Some(block.position.clone()),
                    };
                    match api::create_block(self.live.project_id(), &new).await {
                        // Sent before, but the answer was lost.
                        Err(problem) if problem.status == 409 => {}
                        answer => drop(answer?),
                    }
                }
                Ok(())
            }
            Edit::Delete(blocks) => {
                for block in blocks {
                    match api::delete_block(block.id).await {
                        Err(problem) if problem.status == 404 => {}
                        answer => answer?,
                    }
                }
                Ok(())
            }
        }
    }

    fn roll_back(self, edit: &Edit) {
        // A later move of the same node stands: only what nobody touched since goes back.
        let reversed = match edit.reversed() {
            Edit::Move(moves) => Edit::Move(
                moves
                    .into_iter()
                    .filter(|(id, _, _)| !self.inner.with_value(|inner| inner.is_held(*id)))
                    .collect(),
            ),
            other => other,
        };
        self.show(&reversed);
        self.inner.update_value(|inner| inner.history.forget(|known| known == edit));
        self.refresh_undo();
    }
}

#[cfg(test)]
mod tests {
    use super::{Edit, Outbox};
    use crate::canvas::geometry::history::Change;
    use alumia_protocol::{
        BlockId,
        blocks::{NodeId, Position},
    };

    fn to(x: f64) -> Position {
        Position { x, ..Position::default() }
    }

    #[test]
    fn moves_that_wait_become_one() {
        let (a, b) = (NodeId::Block(BlockId::new()), NodeId::Block(BlockId::new()));
        let mut outbox = Outbox::default();
        outbox.push(Edit::Move(vec![(a, to(0.0), to(1.0))]));
        let sent = outbox.next();
        outbox.push(Edit::Move(vec![(a, to(1.0), to(2.0))]));
        outbox.push(Edit::Move(vec![(a, to(2.0), to(3.0)), (b, to(0.0), to(9.0))]));
        assert_eq!(sent, Some(Edit::Move(vec![(a, to(0.0), to(1.0))])));
        assert_eq!(outbox.next(), None, "one at a time");
        assert!(outbox.is_moving(b));
        outbox.sending = None;
        assert_eq!(outbox.next(), Some(Edit::Move(vec![(a, to(1.0), to(3.0)), (b, to(0.0), to(9.0))])));
        outbox.sending = None;
        assert!(!outbox.is_moving(a));
    }

    #[test]
    fn nudges_join_only_for_the_same_nodes() {
        let (a, b) = (NodeId::Block(BlockId::new()), NodeId::Block(BlockId::new()));
        let mut edit = Edit::Move(vec![(a, to(0.0), to(4.0))]);
        assert_eq!(edit.joined(Edit::Move(vec![(a, to(4.0), to(8.0))])), Ok(()));
        assert_eq!(edit.reversed(), Edit::Move(vec![(a, to(8.0), to(0.0))]));
        assert!(edit.joined(Edit::Move(vec![(b, to(0.0), to(1.0))])).is_err());
    }
}
