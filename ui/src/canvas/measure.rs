//! What the browser tells the canvas: its size, its nodes' sizes, keys and wheels.

use super::{
    dom::{element_at, node_at},
    geometry::{Rect, Size, viewport::Viewport},
    keep,
    scene::{Node, Scene},
};
use alumia_protocol::blocks::NodeId;
use leptos::{ev, html, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, prelude::Closure};

/// From this zoom on a block can be read.
const READABLE: f64 = 0.45;
/// What the bar of tools takes at the bottom, in screen pixels.
const TOOLS: f64 = 52.0;

/// One observer for the canvas and all its nodes. Made in the browser alone: the server may drop a page on
/// another thread than the one that drew it, which a thread-bound value does not survive.
#[derive(Clone, Copy)]
struct Watcher(StoredValue<Option<SendWrapper<Watch>>>);

struct Watch {
    observer: web_sys::ResizeObserver,
    /// Keeps the callback alive.
    _callback: Closure<dyn FnMut(js_sys::Array)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

impl Scene {
    /// Connects the canvas with the page. Once, while it is made.
    pub fn wire(self) {
        provide_context(Watcher(StoredValue::new(None)));
        let watcher = expect_context::<Watcher>();
        Effect::new(move |started: Option<()>| {
            let Some(root) = self.root.get() else { return };
            if started.is_some() {
                return;
            }
            self.listen(&root);
            watcher.start(self);
            watcher.watch(&root);
            self.recall();
            self.measured_root(Size::new(f64::from(root.client_width()), f64::from(root.client_height())));
            self.ready.set(true);
        });
        Effect::new(move |_| {
            let (sessions, blocks) = (self.live.sessions().get(), self.live.blocks().get());
            self.match_live(&sessions, &blocks);
            self.mark_stale(|stale| (stale.cull, stale.edges) = (true, true));
        });
        // A run that begins or ends changes how its edges look; a first message between two makes one.
        Effect::new(move |_| {
            for id in self.live.sessions().get() {
                if let Some(session) = self.live.session(id) {
                    session.running.track();
                    session.letters.track();
                }
            }
            self.mark_stale(|stale| stale.edges = true);
        });
        self.wire_presence();
    }

    fn listen(self, root: &web_sys::HtmlElement) {
        // Not passive: the canvas, not the page, answers the wheel.
        let wheel = Closure::<dyn FnMut(web_sys::WheelEvent)>::new(move |event: web_sys::WheelEvent| {
            if !self.inner.is_disposed() {
                self.wheel(&event);
            }
        });
        let options = web_sys::AddEventListenerOptions::new();
        options.set_passive(false);
        drop(root.add_event_listener_with_callback_and_add_event_listener_options(
            "wheel",
            wheel.as_ref().unchecked_ref(),
            &options,
        ));
        // The element owns its listener and goes with the page.
        wheel.forget();
        let down = window_event_listener(ev::keydown, move |event| self.space(&event, true));
        let up = window_event_listener(ev::keyup, move |event| self.space(&event, false));
        let blur = window_event_listener(ev::blur, move |_| {
            self.inner.update_value(|inner| inner.space = false);
        });
        self.owner.get_value().with(|| {
            on_cleanup(move || {
                down.remove();
                up.remove();
                blur.remove();
            });
        });
    }

    /// Follows the size of a node that fits its content.
    pub fn watch_size(self, _node: Node, frame: NodeRef<html::Article>) {
        let Some(watcher) = use_context::<Watcher>() else { return };
        Effect::new(move |_| {
            if let Some(frame) = frame.get() {
                watcher.watch(&frame);
            }
        });
    }

    fn measured_root(self, size: Size) {
        let before = self.size.get_untracked();
        if size == before || size.is_empty() {
            return;
        }
        self.size.set(size);
        if before.is_empty() {
            let kept = self.kept_view();
            let follows = kept.is_none();
            if let Some(view) = kept.or_else(|| self.following_view(size)) {
                self.look(view);
            }
            self.inner.update_value(|inner| (inner.follows, inner.appeared) = (follows, false));
        }
        self.mark_stale(|stale| (stale.cull, stale.layout) = (true, true));
    }

    /// Everything when that is readable, else the newest block (or agent) as wide as fits.
    pub fn following_view(self, size: Size) -> Option<Viewport> {
        let all = self.bounds(None)?;
        let narrow = size.w < 600.0;
        let margin = if narrow { 16.0 } else { 48.0 };
        let whole = self.whole(all, size, margin);
        if whole.zoom >= READABLE {
            return Some(whole);
        }
        let newest = self.live.blocks().with_untracked(|blocks| blocks.last().copied()).map(NodeId::Block);
        let newest = newest.or_else(|| {
            self.live.sessions().with_untracked(|sessions| sessions.last().copied()).map(NodeId::Session)
        });
        let newest = newest.and_then(|id| self.inner.with_value(|inner| inner.grid.get(id))).unwrap_or(all);
        let zoom = ((size.w - 2.0 * margin) / newest.w.max(1.0)).clamp(READABLE, 0.9);
        let there = Viewport { zoom, ..whole }.centered(newest.center(), size);
        Some(there.revealing(newest, size, margin))
    }

    /// Around everything, above the tools.
    pub fn whole(self, all: Rect, size: Size, margin: f64) -> Viewport {
        Viewport::fitting(all, Size::new(size.w, (size.h - TOOLS).max(1.0)), margin, 1.0)
    }

    fn measured_node(self, node: Node, height: f64) {
        if !node.fits.get_untracked() || !node.detailed.get_untracked() || height <= 0.0 {
            return;
        }
        let now = node.rect.get_untracked();
        if (now.h - height).abs() > 0.5 {
            self.put(node, Rect { h: height, ..now });
        }
    }

    /// Focus that went into a node selects it, so that its content is live.
    pub fn focus_entered(self, event: &ev::FocusEvent) {
        let Some(id) = element_at(event).as_ref().and_then(node_at) else { return };
        self.inner.update_value(|inner| inner.focused = Some(id));
        let pressed = self.inner.with_value(|inner| inner.pointer.is_down());
        if !pressed && !self.selection.with_untracked(|ids| ids.contains(&id)) {
            self.select(vec![id]);
        }
    }
}

impl Watcher {
    fn start(self, scene: Scene) {
        let callback = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            if scene.inner.is_disposed() {
                return;
            }
            for entry in
                entries.iter().filter_map(|entry| entry.dyn_into::<web_sys::ResizeObserverEntry>().ok())
            {
                let Ok(element) = entry.target().dyn_into::<web_sys::HtmlElement>() else { continue };
                match element.get_attribute("data-node").as_deref().and_then(keep::parse) {
                    Some(id) => {
                        if let Some(node) = scene.node(id) {
                            scene.measured_node(node, f64::from(element.offset_height()));
                        }
                    }
                    None => {
                        let size = (element.client_width(), element.client_height());
                        scene.measured_root(Size::new(f64::from(size.0), f64::from(size.1)));
                    }
                }
            }
        });
        // Without an observer heights are estimates; the canvas still works.
        if let Ok(observer) = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()) {
            self.0.set_value(Some(SendWrapper::new(Watch { observer, _callback: callback })));
        }
    }

    fn watch(self, element: &web_sys::Element) {
        self.0.with_value(|watch| {
            if let Some(watch) = watch {
                watch.observer.observe(element);
            }
        });
    }
}
