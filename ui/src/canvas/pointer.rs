//! What mouse, pen and fingers do.

use super::{
    dom::{closest, element_at, node_at, scrolls},
    geometry::{
        Point, Rect,
        resize::Edges,
        snap::{Aligned, align, to_grid},
        viewport::Viewport,
    },
    outbox::Edit,
    scene::{MenuAt, Node, Scene},
};
use alumia_protocol::blocks::{NodeId, Position};
use leptos::{ev, prelude::*};

/// How far a press may slip and still be a click, in screen pixels.
const SLIP: f64 = 3.0;
/// How near guides catch, in screen pixels.
const REACH: f64 = 6.0;
/// What keeps its own presses.
const LIVE: &str = "button, a, input, textarea, select, label, summary, [data-live]";

/// What the pressed pointer is doing.
#[derive(Clone, Debug, Default)]
pub(super) enum Gesture {
    /// Nothing.
    #[default]
    None,
    /// Moving the view.
    Pan { from: Viewport, at: Point },
    /// Two fingers.
    Pinch { from: Viewport, at: Point, apart: f64 },
    /// Drawing a rectangle around nodes.
    Marquee { start: Point, base: Vec<NodeId> },
    /// Moving nodes, by one of them or by their workboard's name; `begun` once the pointer left the place of the press.
    Drag { pressed: Option<NodeId>, start: Point, nodes: Vec<Held>, neighbours: Vec<Rect>, begun: bool },
    /// Pulling a block's edges.
    Resize { start: Point, node: Box<Held>, edges: Edges, neighbours: Vec<Rect> },
}

/// A node in the hand, and where it was.
#[derive(Clone, Debug)]
pub(super) struct Held {
    id: NodeId,
    rect: Rect,
    position: Position,
}

impl Pointers {
    /// Whether any pointer is pressed.
    pub fn is_down(&self) -> bool {
        !self.down.is_empty()
    }
}

impl Gesture {
    /// Whether the pointer is doing anything.
    pub const fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether nodes follow the pointer.
    pub const fn moves_nodes(&self) -> bool {
        matches!(self, Self::Drag { .. } | Self::Resize { .. })
    }
}

/// The pointers that are down.
#[derive(Clone, Debug, Default)]
pub(super) struct Pointers {
    down: Vec<(i32, Point)>,
    pressed_at: Point,
    alt: bool,
    shift: bool,
    fresh: bool,
    /// Whether the last two presses were on live content.
    was_live: [bool; 2],
}

impl Scene {
    /// A place in the window as a place on the canvas's part of the screen.
    pub fn local_point(self, x: i32, y: i32) -> Point {
        let corner = self.root.get_untracked().map(|root| root.get_bounding_client_rect());
        let corner = corner.map_or(Point::default(), |rect| Point::new(rect.left(), rect.top()));
        Point::new(f64::from(x), f64::from(y)) - corner
    }

    fn capture(self, pointer: i32) {
        if let Some(root) = self.root.get_untracked() {
            // Fails only when the pointer is gone already; its up event comes then.
            drop(root.set_pointer_capture(pointer));
        }
    }

    fn hold(self, node: Node) -> Held {
        Held { id: node.id, rect: node.rect.get_untracked(), position: node.position() }
    }

    /// What is on the screen and not in the hand.
    fn neighbours(self, held: &[NodeId]) -> Vec<Rect> {
        let shown = self.view.get_untracked().shown(self.size.get_untracked());
        self.inner.with_value(|inner| {
            let near = inner.grid.query(shown).into_iter().filter(|id| !held.contains(id));
            near.filter_map(|id| inner.grid.get(id)).take(400).collect()
        })
    }

    pub fn pointer_down(self, event: &ev::PointerEvent) {
        let Some(target) = element_at(event) else { return };
        if closest(&target, "[data-ui]").is_some() {
            return;
        }
        self.menu.set(None);
        let at = self.local_point(event.client_x(), event.client_y());
        let pointer = event.pointer_id();
        let touch = event.pointer_type() == "touch";
        self.inner.update_value(|inner| {
            inner.glide = None;
            inner.pointer.pressed_at = at;
            inner.pointer.down.retain(|(id, _)| *id != pointer);
            inner.pointer.down.push((pointer, at));
        });
        let down = self.inner.with_value(|inner| inner.pointer.down.clone());
        if let [(_, one), (_, two)] = down.as_slice() {
            self.let_go();
            let gesture = Gesture::Pinch {
                from: self.coming_view(),
                at: one.middle(*two),
                apart: one.distance(*two).max(1.0),
            };
            self.capture(pointer);
            return self.inner.update_value(|inner| inner.gesture = gesture);
        }
        let hit = node_at(&target);
        let board = closest(&target, "[data-board]").and_then(|head| head.get_attribute("data-board"));
        let space = self.inner.with_value(|inner| inner.space);
        if event.button() == 1 || space || (touch && hit.is_none() && board.is_none() && event.button() == 0)
        {
            event.prevent_default();
            self.capture(pointer);
            if touch && !space {
                self.select(vec![]);
            }
            let gesture = Gesture::Pan { from: self.coming_view(), at };
            return self.inner.update_value(|inner| (inner.gesture, inner.follows) = (gesture, false));
        }
        if event.button() != 0 {
            return;
        }
        if self.read_only {
            return self.press_to_look(hit, &target, at);
        }
        let start = self.coming_view().to_canvas(at);
        if let Some(board) = board {
            self.select_board(&board);
            return self.press_selection(None, start);
        }
        match hit.and_then(|id| self.node(id)) {
            None => {
                let base = if event.shift_key() { self.selection.get_untracked() } else { vec![] };
                self.select(base.clone());
                self.inner.update_value(|inner| inner.gesture = Gesture::Marquee { start, base });
            }
            Some(node) => self.press_node(node, &target, start, event),
        }
    }

    /// A press where nothing can be moved: it selects a node, so that its content answers, and moves the view.
    fn press_to_look(self, hit: Option<NodeId>, target: &web_sys::Element, at: Point) {
        let solo = hit.is_some_and(|id| self.selection.with_untracked(|ids| *ids == [id]));
        let content = closest(target, LIVE).is_some() || (solo && closest(target, "[data-grip]").is_none());
        self.select(hit.into_iter().collect());
        let from = self.coming_view();
        self.inner.update_value(|inner| {
            inner.pointer.was_live = [inner.pointer.was_live[1], content];
            if !content {
                (inner.gesture, inner.follows) = (Gesture::Pan { from, at }, false);
            }
        });
    }

    fn press_node(self, node: Node, target: &web_sys::Element, start: Point, event: &ev::PointerEvent) {
        let selection = self.selection.get_untracked();
        let selected = selection.contains(&node.id);
        let solo = selection == [node.id];
        let handle = closest(target, "[data-handle]").and_then(|handle| handle.get_attribute("data-handle"));
        if let Some(edges) = handle.as_deref().and_then(Edges::named) {
            let gesture = Gesture::Resize {
                start,
                node: Box::new(self.hold(node)),
                edges,
                neighbours: self.neighbours(&[node.id]),
            };
            self.capture(event.pointer_id());
            self.inner.update_value(|inner| {
                inner.held.insert(node.id);
                inner.gesture = gesture;
            });
            event.prevent_default();
            return;
        }
        let grip = closest(target, "[data-grip]").is_some();
        let live = closest(target, LIVE).is_some();
        let content = solo && !grip;
        self.inner.update_value(|inner| {
            inner.pointer.was_live = [inner.pointer.was_live[1], content || live];
        });
        if event.shift_key() && !live {
            let mut ids = selection;
            if selected {
                ids.retain(|id| *id != node.id);
            } else {
                ids.push(node.id);
            }
            self.select(ids);
        } else if !selected {
            self.select(vec![node.id]);
        }
        if live || content {
            return;
        }
        self.press_selection(Some(node.id), start);
    }

    /// Takes what is selected into the hand.
    fn press_selection(self, pressed: Option<NodeId>, start: Point) {
        let ids = self.selection.get_untracked();
        let gesture = Gesture::Drag {
            pressed,
            start,
            nodes: ids.iter().filter_map(|id| self.node(*id)).map(|node| self.hold(node)).collect(),
            neighbours: self.neighbours(&ids),
            begun: false,
        };
        self.inner.update_value(|inner| inner.gesture = gesture);
    }

    pub fn pointer_move(self, event: &ev::PointerEvent) {
        let pointer = event.pointer_id();
        if self.inner.with_value(|inner| inner.pointer.down.iter().all(|(id, _)| *id != pointer)) {
            return;
        }
        let at = self.local_point(event.client_x(), event.client_y());
        let mut capture = false;
        self.inner.update_value(|inner| {
            for entry in inner.pointer.down.iter_mut().filter(|(id, _)| *id == pointer) {
                entry.1 = at;
            }
            inner.pointer.alt = event.alt_key();
            inner.pointer.shift = event.shift_key();
            inner.pointer.fresh = true;
            let slipped = at.distance(inner.pointer.pressed_at) > SLIP;
            match &mut inner.gesture {
                Gesture::Drag { begun, nodes, .. } if !*begun && slipped => {
                    *begun = true;
                    capture = true;
                    inner.follows = false;
                    inner.held = nodes.iter().map(|held| held.id).collect();
                }
                Gesture::Marquee { .. } | Gesture::Pan { .. } if slipped => capture = true,
                _ => {}
            }
        });
        if capture {
            self.capture(pointer);
        }
        self.request_frame();
    }

    /// Does what the pointer's last place asks for; once per frame.
    pub fn follow_pointer(self) {
        let fresh = self.inner.try_update_value(|inner| std::mem::take(&mut inner.pointer.fresh));
        if fresh != Some(true) {
            return;
        }
        let (pointers, gesture) =
            self.inner.with_value(|inner| (inner.pointer.clone(), inner.gesture.clone()));
        let Some((_, at)) = pointers.down.first().copied() else { return };
        let view = self.view.get_untracked();
        let here = view.to_canvas(at);
        match gesture {
            Gesture::None | Gesture::Drag { begun: false, .. } => {}
            Gesture::Pan { from, at: start } => {
                self.inner.update_value(|inner| inner.wanted_view = Some(from.panned(at - start)));
            }
            Gesture::Pinch { from, at: start, apart } => {
                if let [(_, one), (_, two)] = pointers.down.as_slice() {
                    let middle = one.middle(*two);
                    let zoomed = from.zoomed(from.zoom * one.distance(*two) / apart, start);
                    self.inner.update_value(|inner| inner.wanted_view = Some(zoomed.panned(middle - start)));
                }
            }
            Gesture::Marquee { start, base } => {
                let area = Rect::between(start, here);
                let mut ids = base;
                for id in self.inner.with_value(|inner| inner.grid.query(area)) {
                    if !ids.contains(&id) {
                        ids.push(id);
                    }
                }
                self.marquee.set(Some(area));
                self.select(ids);
            }
            Gesture::Drag { start, nodes, neighbours, .. } => {
                let by = here - start;
                let Some(whole) = Rect::around(nodes.iter().map(|held| held.rect)) else { return };
                let by = by + self.caught(whole.moved(by), Edges::ALL, &neighbours, &pointers, view);
                for held in nodes {
                    if let Some(node) = self.node(held.id) {
                        self.put(node, held.rect.moved(by));
                    }
                }
            }
            Gesture::Resize { start, node: held, edges, neighbours } => {
                let by = here - start;
                let catch = self.caught(edges.resized(held.rect, by), edges, &neighbours, &pointers, view);
                let mut rect = edges.resized(held.rect, by + catch);
                let Some(node) = self.node(held.id) else { return };
                if edges.north || edges.south {
                    if node.fits.get_untracked() {
                        node.fits.set(false);
                    }
                } else if node.fits.get_untracked() {
                    rect.h = node.rect.with_untracked(|now| now.h);
                }
                self.put(node, rect);
            }
        }
    }

    /// How far guides and grid pull; draws the guides. Alt suspends both.
    fn caught(
        self,
        rect: Rect,
        edges: Edges,
        neighbours: &[Rect],
        pointers: &Pointers,
        view: Viewport,
    ) -> Point {
        if pointers.alt {
            self.guides.set((vec![], vec![]));
            return Point::default();
        }
        let Aligned { shift, guides, gaps } = align(rect, edges, neighbours, REACH / view.zoom);
        let mut pull = if self.snap.get_untracked() { to_grid(rect, edges) } else { Point::default() };
        if guides.iter().any(|guide| (guide.from.x - guide.to.x).abs() < f64::EPSILON) {
            pull.x = shift.x;
        }
        if guides.iter().any(|guide| (guide.from.y - guide.to.y).abs() < f64::EPSILON) {
            pull.y = shift.y;
        }
        self.guides.set((guides, gaps));
        pull
    }

    pub fn pointer_up(self, event: &ev::PointerEvent) {
        let pointer = event.pointer_id();
        if self.inner.with_value(|inner| inner.pointer.down.iter().all(|(id, _)| *id != pointer)) {
            return;
        }
        self.follow_pointer();
        let gesture = self
            .inner
            .try_update_value(|inner| {
                inner.pointer.down.retain(|(id, _)| *id != pointer);
                std::mem::take(&mut inner.gesture)
            })
            .unwrap_or_default();
        match gesture {
            Gesture::Pinch { .. } => {
                // One finger is left: it goes on moving the view.
                let left = self.inner.with_value(|inner| inner.pointer.down.first().copied());
                if let Some((_, at)) = left {
                    let gesture = Gesture::Pan { from: self.coming_view(), at };
                    return self.inner.update_value(|inner| inner.gesture = gesture);
                }
            }
            Gesture::Drag { pressed, begun: false, .. } => {
                let several = self.selection.with_untracked(|ids| ids.len() > 1) && !event.shift_key();
                if let Some(pressed) = pressed.filter(|_| several) {
                    self.select(vec![pressed]);
                }
            }
            Gesture::Drag { nodes, .. } => self.drop_held(nodes, "Moved"),
            Gesture::Resize { node, .. } => self.drop_held(vec![*node], "Resized"),
            Gesture::Marquee { .. } => {
                let count = self.selection.with_untracked(Vec::len);
                if count > 0 {
                    self.announce(format!("{count} selected"));
                }
            }
            Gesture::None | Gesture::Pan { .. } => {}
        }
        self.clear_gesture();
    }

    fn drop_held(self, nodes: Vec<Held>, what: &str) {
        let moves: Vec<_> = nodes
            .into_iter()
            .filter_map(|held| Some((held.id, held.position, self.node(held.id)?.position())))
            .filter(|(_, from, to)| from != to)
            .collect();
        if moves.is_empty() {
            return;
        }
        self.announce(match moves.len() {
            1 => what.to_owned(),
            count => format!("{what} {count} nodes"),
        });
        self.edit(Edit::Move(moves), false);
    }

    /// Ends the gesture and puts back what it moved.
    pub fn let_go(self) {
        let gesture = self.inner.try_update_value(|inner| std::mem::take(&mut inner.gesture));
        match gesture.unwrap_or_default() {
            Gesture::Drag { nodes, begun: true, .. } => self.put_back(&nodes),
            Gesture::Resize { node, .. } => self.put_back(&[*node]),
            Gesture::Marquee { base, .. } => self.select(base),
            _ => {}
        }
        self.clear_gesture();
    }

    fn put_back(self, nodes: &[Held]) {
        for held in nodes {
            if let Some(node) = self.node(held.id) {
                self.settle(node, &held.position);
            }
        }
    }

    fn clear_gesture(self) {
        self.inner.update_value(|inner| inner.held.clear());
        self.marquee.set(None);
        self.guides.set((vec![], vec![]));
        self.mark_stale(|stale| (stale.cull, stale.edges) = (true, true));
    }

    pub fn pointer_cancel(self, event: &ev::PointerEvent) {
        self.inner.update_value(|inner| inner.pointer.down.retain(|(id, _)| *id != event.pointer_id()));
        self.let_go();
    }

    pub fn wheel(self, event: &web_sys::WheelEvent) {
        let Some(target) = element_at(event) else { return };
        let zooms = event.ctrl_key() || event.meta_key();
        if !zooms && (closest(&target, "[data-ui]").is_some() || scrolls(&target)) {
            return;
        }
        event.prevent_default();
        // Lines and pages, where the wheel doesn't count in pixels.
        let unit = match event.delta_mode() {
            1 => 16.0,
            2 => self.size.get_untracked().h,
            _ => 1.0,
        };
        let (dx, dy) = (event.delta_x() * unit, event.delta_y() * unit);
        let view = self.coming_view();
        if zooms {
            let at = self.local_point(event.client_x(), event.client_y());
            let factor = (-dy.clamp(-120.0, 120.0) * 0.006).exp();
            self.look(view.zoomed(view.zoom * factor, at));
        } else if event.shift_key() && dx == 0.0 {
            self.look(view.panned(Point::new(-dy, 0.0)));
        } else {
            self.look(view.panned(Point::new(-dx, -dy)));
        }
    }

    pub fn double_click(self, event: &ev::MouseEvent) {
        let Some(target) = element_at(event) else { return };
        let first_was_live = self.inner.with_value(|inner| inner.pointer.was_live[0]);
        if closest(&target, "[data-ui]").is_some() || closest(&target, LIVE).is_some() {
            return;
        }
        let on_head = closest(&target, "[data-grip]").is_some();
        if let Some(id) = node_at(&target)
            && (on_head || !first_was_live)
        {
            self.zoom_to(&[id]);
        }
    }

    pub fn context_menu(self, event: &ev::MouseEvent) {
        let Some(target) = element_at(event) else { return };
        // Text fields keep the browser's own menu.
        if closest(&target, "[data-ui], input, textarea, a[href]").is_some() {
            return;
        }
        event.prevent_default();
        let node = node_at(&target);
        if let Some(id) = node
            && !self.selection.with_untracked(|ids| ids.contains(&id))
        {
            self.select(vec![id]);
        }
        let mut at = self.local_point(event.client_x(), event.client_y());
        if event.client_x() == 0 && event.client_y() == 0 {
            // Asked for with the keyboard.
            let rect = node.and_then(|id| self.inner.with_value(|inner| inner.grid.get(id)));
            at = rect
                .map_or(Point::new(24.0, 24.0), |rect| self.view.get_untracked().to_screen(rect.origin()));
        }
        self.menu.set(Some(MenuAt { at, node }));
    }
}
