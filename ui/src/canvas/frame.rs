//! What happens once per frame: the pointer's last place, the view, what is near enough to draw.

use super::{
    edges,
    geometry::{Point, Rect, viewport::Viewport},
    scene::{FAR, Node, Scene},
};
use alumia_protocol::blocks::NodeId;
use leptos::prelude::*;
use std::{collections::HashSet, time::Duration};
use wasm_bindgen::JsCast;

/// How many frames' and contents may be made in one frame, in motion and at rest.
const FRAMES: (usize, usize) = (24, 160);
const CONTENTS: (usize, usize) = (3, 16);
const GLIDE_MS: f64 = 220.0;
const REST_MS: u64 = 160;

/// What has to be brought up to date.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stale {
    /// Nodes moved.
    pub layout: bool,
    /// Edges came, went, or look different.
    pub edges: bool,
    /// Nodes came or went, or not all that should be drawn are.
    pub cull: bool,
    /// The view moved since the last rest.
    pub moved: bool,
}

/// A view on its way to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glide {
    from: Viewport,
    to: Viewport,
    /// Milliseconds on the page's clock.
    began: f64,
}

fn clock() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

impl Scene {
    /// Asks for a frame, once.
    pub fn request_frame(self) {
        if !cfg!(feature = "hydrate") {
            return;
        }
        let first = self.inner.try_update_value(|inner| !std::mem::replace(&mut inner.framed, true));
        if first == Some(true) {
            request_animation_frame(move || self.frame());
        }
    }

    /// Says what is stale and asks for a frame.
    pub fn mark_stale(self, mark: impl FnOnce(&mut Stale)) {
        self.inner.update_value(|inner| mark(&mut inner.stale));
        self.request_frame();
    }

    /// The view as it will be after the next frame.
    pub fn coming_view(self) -> Viewport {
        self.inner.with_value(|inner| inner.wanted_view).unwrap_or_else(|| self.view.get_untracked())
    }

    /// Goes to a view at once.
    pub fn look(self, view: Viewport) {
        self.inner.update_value(|inner| {
            inner.wanted_view = Some(view);
            inner.glide = None;
            inner.follows = false;
        });
        self.request_frame();
    }

    /// Goes to a view in a moment that lets the eye follow.
    pub fn glide(self, to: Viewport) {
        let still = window()
            .match_media("(prefers-reduced-motion: reduce)")
            .ok()
            .flatten()
            .is_some_and(|query| query.matches());
        if still {
            return self.look(to);
        }
        let glide = Glide { from: self.view.get_untracked(), to, began: clock() };
        self.inner.update_value(|inner| {
            inner.glide = Some(glide);
            inner.follows = false;
        });
        self.request_frame();
    }

    /// Goes where something new appeared, as long as nobody has looked elsewhere: to everything where
    /// that is readable, else to the newest.
    fn follow(self) {
        let appeared = self.inner.try_update_value(|inner| {
            let held = inner.gesture.is_some();
            inner.follows && !held && std::mem::take(&mut inner.appeared)
        });
        if appeared == Some(true)
            && let Some(view) = self.following_view(self.size.get_untracked())
        {
            self.glide(view);
            self.inner.update_value(|inner| inner.follows = true);
        }
    }

    fn frame(self) {
        if self.inner.is_disposed() {
            return;
        }
        self.inner.update_value(|inner| inner.framed = false);
        self.follow_pointer();
        self.follow();
        self.step_glide();
        if let Some(view) = self.inner.try_update_value(|inner| inner.wanted_view.take()).flatten()
            && view != self.view.get_untracked()
        {
            self.view.set(view);
            self.begin_motion();
        }
        let stale = self.inner.try_update_value(|inner| std::mem::take(&mut inner.stale)).unwrap_or_default();
        self.cull(stale.cull);
        if stale.edges || (stale.layout && !self.inner.with_value(|inner| inner.gesture.moves_nodes())) {
            self.paths.set(edges::draw(self));
        } else if stale.layout {
            let (near, alive) = edges::draw_near(self);
            self.paths.update(|paths| (paths.near, paths.alive) = (near, alive));
        }
        if stale.layout || stale.edges {
            self.layout.update(|count| *count = count.wrapping_add(1));
        }
        if stale.moved {
            self.inner.update_value(|inner| inner.stale.moved = true);
        }
        self.focus_wanted();
    }

    fn step_glide(self) {
        let Some(glide) = self.inner.with_value(|inner| inner.glide) else { return };
        let part = ((clock() - glide.began) / GLIDE_MS).clamp(0.0, 1.0);
        let eased = 1.0 - (1.0 - part).powi(3);
        let view = glide.from.toward(glide.to, self.size.get_untracked(), eased);
        self.inner.update_value(|inner| {
            inner.wanted_view = Some(view);
            if part >= 1.0 {
                inner.glide = None;
            }
        });
        if part < 1.0 {
            self.request_frame();
        }
    }

    fn begin_motion(self) {
        self.inner.update_value(|inner| inner.stale.moved = true);
        if !self.moving.get_untracked() {
            self.moving.set(true);
            set_timeout(move || self.rest(), Duration::from_millis(REST_MS));
        }
    }

    /// The view stands still again, unless it moved since the last look.
    fn rest(self) {
        if self.inner.is_disposed() {
            return;
        }
        if self.inner.try_update_value(|inner| std::mem::take(&mut inner.stale.moved)) == Some(true) {
            set_timeout(move || self.rest(), Duration::from_millis(REST_MS));
            return;
        }
        self.moving.set(false);
        self.keep_view();
        self.mark_stale(|stale| stale.cull = true);
    }

    /// Draws what is on the screen and a margin around it, and lets go of the rest, a part in each frame.
    fn cull(self, must: bool) {
        let size = self.size.get_untracked();
        if size.is_empty() {
            return;
        }
        let view = self.view.get_untracked();
        let shown = view.shown(size);
        let margin = shown.w.max(shown.h) * 0.4;
        let enough = self
            .inner
            .with_value(|inner| inner.culled)
            .is_some_and(|culled: Rect| culled.holds(shown.grown(margin * 0.2)) && culled.w < shown.w * 4.0);
        if enough && !must {
            return;
        }
        let area = shown.grown(margin);
        let mut wanted: HashSet<NodeId> =
            self.inner.with_value(|inner| inner.grid.query(area).into_iter().collect());
        let selection = self.selection.get_untracked();
        self.inner.with_value(|inner| {
            wanted.extend(selection.iter().take(50).chain(&inner.focused).chain(&inner.held));
            wanted.extend(&inner.exporting);
            wanted.retain(|id| inner.nodes.contains_key(id));
        });
        let moving = self.moving.get_untracked();
        let budget = |(in_motion, at_rest): (usize, usize)| if moving { in_motion } else { at_rest };

        let before = self.visible.get_untracked();
        let mut drawn: Vec<NodeId> = before.iter().filter(|id| wanted.contains(id)).copied().collect();
        let known: HashSet<NodeId> = drawn.iter().copied().collect();
        let missing: Vec<NodeId> = wanted.iter().filter(|id| !known.contains(id)).copied().collect();
        let missing = self.nearest(missing, shown.center());
        let frames = budget(FRAMES);
        drawn.extend(missing.iter().take(frames));
        let mut unfinished = missing.len() > frames;
        if drawn != before {
            let gone: HashSet<NodeId> = before.into_iter().filter(|id| !wanted.contains(id)).collect();
            for node in gone.iter().filter_map(|id| self.node(*id)) {
                node.detailed.set(false);
            }
            self.visible.set(drawn.clone());
        }
        let far = view.zoom < FAR;
        let exporting = self.inner.with_value(|inner| inner.exporting.clone());
        if !far || !exporting.is_empty() {
            let plain: Vec<NodeId> = drawn
                .into_iter()
                .filter(|id| !far || exporting.contains(id))
                .filter(|id| self.node(*id).is_some_and(|node: Node| !node.detailed.get_untracked()))
                .collect();
            let contents = budget(CONTENTS);
            unfinished |= plain.len() > contents;
            for node in
                self.nearest(plain, shown.center()).iter().take(contents).filter_map(|id| self.node(*id))
            {
                node.detailed.set(true);
            }
        }
        self.inner.update_value(|inner| inner.culled = Some(area));
        if unfinished {
            self.mark_stale(|stale| stale.cull = true);
        }
    }

    fn nearest(self, mut ids: Vec<NodeId>, to: Point) -> Vec<NodeId> {
        self.inner.with_value(|inner| {
            let far = |id: &NodeId| inner.grid.get(*id).map_or(f64::MAX, |rect| rect.center().distance(to));
            ids.sort_by(|a, b| far(a).total_cmp(&far(b)));
        });
        ids
    }

    /// Puts the focus on a node, bringing it on the screen first.
    pub fn focus(self, id: NodeId) {
        self.inner.update_value(|inner| {
            inner.focused = Some(id);
            inner.focus_wanted = Some(id);
        });
        if let Some(rect) = self.inner.with_value(|inner| inner.grid.get(id)) {
            let view = self.coming_view();
            let there = view.revealing(rect, self.size.get_untracked(), 32.0);
            if there != view {
                self.glide(there);
            }
        }
        self.mark_stale(|stale| stale.cull = true);
    }

    fn focus_wanted(self) {
        let Some(id) = self.inner.with_value(|inner| inner.focus_wanted) else { return };
        if self.node(id).is_none() {
            self.inner.update_value(|inner| inner.focus_wanted = None);
        } else if let Some(element) = self.element(id) {
            self.inner.update_value(|inner| inner.focus_wanted = None);
            let options = web_sys::FocusOptions::new();
            options.set_prevent_scroll(true);
            drop(element.focus_with_options(&options));
        } else {
            self.mark_stale(|stale| stale.cull = true);
        }
    }

    /// A node's element, when it is drawn.
    pub fn element(self, id: NodeId) -> Option<web_sys::HtmlElement> {
        let root = self.root.get_untracked()?;
        root.query_selector(&format!("[data-node=\"{}\"]", super::keep::key(id))).ok()??.dyn_into().ok()
    }
}
