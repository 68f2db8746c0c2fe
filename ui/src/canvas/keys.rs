//! What keys do.

use super::{
    dom::{closest, element_at, node_at},
    geometry::{Point, order::neighbour, snap::GRID, viewport::Viewport},
    keep,
    outbox::Edit,
    scene::{Scene, Source},
};
use alumia_protocol::blocks::NodeId;
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

/// How far an arrow moves a node without Shift.
const NUDGE: f64 = 4.0;
const MARGIN: f64 = 48.0;

/// Whether keys belong to what is being typed.
fn is_field(element: &web_sys::Element) -> bool {
    closest(element, "input, textarea, select, [contenteditable=\"true\"]").is_some()
}

impl Scene {
    pub fn key_down(self, event: &ev::KeyboardEvent) {
        let Some(target) = element_at(event) else { return };
        if is_field(&target) || event.default_prevented() {
            return;
        }
        let own = target.has_attribute("data-node") || target.has_attribute("data-canvas");
        let command = event.ctrl_key() || event.meta_key();
        let shift = event.shift_key();
        let key = event.key();
        let done = match key.as_str() {
            "z" | "Z" if command && !self.read_only => {
                self.time_travel(!shift);
                true
            }
            "y" if command && !self.read_only => {
                self.time_travel(false);
                true
            }
            "a" | "A" if own || !command => {
                let all = self.reading_order();
                self.announce(format!("{} selected", all.len()));
                self.select(all);
                true
            }
            "f" | "F" => {
                self.finding.set(true);
                true
            }
            "0" => self.zoom_by_key(|_| 1.0),
            "+" | "=" => self.zoom_by_key(|zoom| zoom * 1.25),
            "-" | "_" => self.zoom_by_key(|zoom| zoom / 1.25),
            "1" => {
                self.fit();
                true
            }
            "Escape" => {
                self.escape(&target);
                true
            }
            _ if !own || command || event.alt_key() => false,
            "Tab" => self.walk(&target, shift),
            "Enter" => self.enter(&target),
            "Delete" | "Backspace" if !self.read_only => {
                self.delete_selected();
                true
            }
            "ArrowLeft" => self.nudge(-1.0, 0.0, shift),
            "ArrowRight" => self.nudge(1.0, 0.0, shift),
            "ArrowUp" => self.nudge(0.0, -1.0, shift),
            "ArrowDown" => self.nudge(0.0, 1.0, shift),
            _ => false,
        };
        if done {
            event.prevent_default();
            event.stop_propagation();
        }
    }

    /// The space bar turns the pointer into a hand, wherever the focus is, as long as nothing else
    /// wants the key.
    pub fn space(self, event: &ev::KeyboardEvent, down: bool) {
        if event.key() != " " {
            return;
        }
        let target = element_at(event);
        let taken = target.as_ref().is_some_and(|target| {
            is_field(target) || closest(target, "button, a, summary, [role=\"tab\"], [data-live]").is_some()
        });
        let inside = self.inner.with_value(|inner| inner.inside)
            || target.is_some_and(|target| closest(&target, "[data-canvas]").is_some());
        if !down {
            self.inner.update_value(|inner| inner.space = false);
        } else if inside && !taken {
            event.prevent_default();
            self.inner.update_value(|inner| inner.space = true);
        }
        if let Some(root) = self.root.get_untracked() {
            let on = self.inner.with_value(|inner| inner.space);
            drop(root.toggle_attribute_with_force("data-hand", on));
        }
    }

    fn escape(self, target: &web_sys::Element) {
        if self.menu.get_untracked().is_some() {
            self.menu.set(None);
        } else if self.inner.with_value(|inner| inner.gesture.moves_nodes()) {
            self.let_go();
        } else if let Some(id) = node_at(target).filter(|_| !target.has_attribute("data-node")) {
            // From the content back to its node.
            self.focus(id);
        } else {
            self.select(vec![]);
            self.announce("Nothing selected");
        }
    }

    /// Tab: the next node in reading order. `false` at the end: the focus leaves the canvas.
    fn walk(self, target: &web_sys::Element, back: bool) -> bool {
        let order = self.reading_order();
        let here = target.get_attribute("data-node").as_deref().and_then(keep::parse);
        if here.is_none() && back {
            return false;
        }
        match neighbour(&order, here, back) {
            Some(next) => {
                self.select(vec![next]);
                self.focus(next);
                true
            }
            None => {
                self.inner.update_value(|inner| inner.focused = None);
                self.leave(back);
                back
            }
        }
    }

    /// Lets Tab go on behind (or before) the nodes instead of into their content.
    fn leave(self, back: bool) {
        let Some(root) = self.root.get_untracked() else { return };
        if back {
            drop(root.focus());
        } else if let Ok(Some(end)) = root.query_selector("[data-end]")
            && let Ok(end) = end.dyn_into::<web_sys::HtmlElement>()
        {
            drop(end.focus());
        }
    }

    /// Enter: into the node's content.
    fn enter(self, target: &web_sys::Element) -> bool {
        let Some(id) = node_at(target) else { return false };
        self.select(vec![id]);
        let inside = target
            .query_selector(".node-body :is(button, a[href], input, textarea, select, [tabindex=\"0\"])")
            .ok()
            .flatten();
        let Some(inside) = inside.and_then(|inside| inside.dyn_into::<web_sys::HtmlElement>().ok()) else {
            return false;
        };
        drop(inside.focus());
        true
    }

    fn nudge(self, x: f64, y: f64, far: bool) -> bool {
        let ids = self.selection.get_untracked();
        let size = self.size.get_untracked();
        if ids.is_empty() || self.read_only {
            let by = Point::new(-x * size.w * 0.1, -y * size.h * 0.1);
            self.look(self.coming_view().panned(by));
            return true;
        }
        let step = if far || self.snap.get_untracked() { GRID } else { NUDGE };
        let moves = ids.iter().filter_map(|id| self.node(*id)).map(|node| {
            let from = node.position();
            let mut to = from.clone();
            (to.x, to.y) = (to.x + x * step, to.y + y * step);
            (node.id, from, to)
        });
        self.edit(Edit::Move(moves.collect()), true);
        if let Some(rect) = self.bounds(Some(&ids)) {
            self.look(self.coming_view().revealing(rect, size, 16.0));
        }
        self.mark_stale(|stale| stale.edges = true);
        self.announce(match (x > 0.0, x < 0.0, y > 0.0) {
            (true, _, _) => "Moved right",
            (_, true, _) => "Moved left",
            (_, _, true) => "Moved down",
            _ => "Moved up",
        });
        true
    }

    /// Deletes the selected blocks. Conversations stay: they are more than their node.
    pub fn delete_selected(self) {
        let ids = self.selection.get_untracked();
        let blocks: Vec<_> = ids
            .iter()
            .filter_map(|id| match self.node(*id)?.source {
                Source::Block(block) => Some(block.get_untracked()),
                Source::Agent(_) => None,
            })
            .collect();
        if blocks.is_empty() {
            if !ids.is_empty() {
                self.announce("A conversation can't be deleted here. Delete it in the chat.");
            }
            return;
        }
        let order = self.reading_order();
        let gone: Vec<NodeId> = blocks.iter().map(|block| NodeId::Block(block.id)).collect();
        let next = order
            .iter()
            .position(|id| gone.contains(id))
            .and_then(|at| order[at..].iter().chain(order[..at].iter().rev()).find(|id| !gone.contains(id)));
        self.announce(match blocks.len() {
            1 => "Block deleted. Press Control Z to undo.".to_owned(),
            count => format!("{count} blocks deleted. Press Control Z to undo."),
        });
        self.select(vec![]);
        self.edit(Edit::Delete(blocks), false);
        match next {
            Some(next) => self.focus(*next),
            None => self.leave(true),
        }
    }

    /// Brings the selected nodes before all others.
    pub fn bring_to_front(self) {
        let top = self
            .inner
            .with_value(|inner| inner.nodes.values().map(|node| node.z.get_untracked()).max().unwrap_or(0));
        let moves = self.selection.get_untracked();
        let moves = moves.iter().filter_map(|id| self.node(*id)).map(|node| {
            let from = node.position();
            let to = alumia_protocol::blocks::Position { z: top + 1, ..from.clone() };
            (node.id, from, to)
        });
        let moves: Vec<_> = moves.collect();
        if !moves.is_empty() {
            self.edit(Edit::Move(moves), false);
        }
    }

    fn middle(self) -> Point {
        let size = self.size.get_untracked();
        Point::new(size.w / 2.0, size.h / 2.0)
    }

    fn zoom_by_key(self, to: impl Fn(f64) -> f64) -> bool {
        self.zoom_with(to);
        true
    }

    /// Zooms around the middle.
    pub fn zoom_with(self, to: impl Fn(f64) -> f64) {
        let view = self.coming_view();
        let zoomed = view.zoomed(to(view.zoom), self.middle());
        self.glide(zoomed);
        self.announce(format!("{:.0} percent", zoomed.zoom * 100.0));
    }

    /// Shows everything.
    pub fn fit(self) {
        if let Some(all) = self.bounds(None) {
            let size = self.size.get_untracked();
            self.glide(self.whole(all, size, if size.w < 600.0 { 16.0 } else { MARGIN }));
            self.inner.update_value(|inner| inner.follows = true);
            self.announce("Everything in view");
        }
    }

    /// Shows some nodes as large as they can be.
    pub fn zoom_to(self, ids: &[NodeId]) {
        if let Some(rect) = self.bounds(Some(ids)) {
            self.glide(Viewport::fitting(rect, self.size.get_untracked(), MARGIN, 1.5));
        }
    }
}
