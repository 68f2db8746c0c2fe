//! The map in the corner. Pressing or dragging on it moves the view.

use super::{
    geometry::{Point, Rect, Size, minimap::Minimap},
    scene::Scene,
};
use alumia_protocol::blocks::NodeId;
use leptos::{ev, html, prelude::*};
use std::fmt::Write;

const SIZE: Size = Size::new(176.0, 112.0);

/// The map.
#[component]
pub(super) fn Map(scene: Scene) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    let pressed = RwSignal::new(false);
    let map = Memo::new(move |_| {
        scene.layout.track();
        let shown = scene.view.get().shown(scene.size.get());
        Minimap::new(scene.bounds(None), shown, SIZE)
    });
    // All nodes of a kind are one path: a thousand rectangles cost what one costs.
    let nodes = move |agents: bool| {
        scene.layout.track();
        let map = map.get();
        scene.inner.with_value(|inner| {
            inner.grid.iter().filter(|(id, _)| matches!(id, NodeId::Session(_)) == agents).fold(
                String::new(),
                |mut path, (_, rect)| {
                    let at = map.to_map(rect);
                    let (w, h) = (at.w.max(1.5), at.h.max(1.5));
                    // Writing to a String can't fail.
                    let _ = write!(path, "M{:.1} {:.1}h{w:.1}v{h:.1}h-{w:.1}z", at.x, at.y);
                    path
                },
            )
        })
    };
    let shown = move || map.get().to_map(scene.view.get().shown(scene.size.get()));
    let go = move |event: &ev::PointerEvent| {
        let Some(frame) = frame.get_untracked() else { return };
        let corner = frame.get_bounding_client_rect();
        let at = Point::new(
            f64::from(event.client_x()) - corner.left(),
            f64::from(event.client_y()) - corner.top(),
        );
        let size = scene.size.get_untracked();
        scene.look(scene.coming_view().centered(map.get_untracked().to_canvas(at), size));
    };
    let attribute = move |pick: fn(Rect) -> f64| move || format!("{:.1}", pick(shown()).max(0.0));
    view! {
        <div
            class="canvas-map needs-script"
            node_ref=frame
            data-ui=""
            aria-hidden="true"
            on:pointerdown=move |event| {
                event.prevent_default();
                if let Some(frame) = frame.get_untracked() {
                    drop(frame.set_pointer_capture(event.pointer_id()));
                }
                pressed.set(true);
                go(&event);
            }
            on:pointermove=move |event| {
                if pressed.get_untracked() {
                    go(&event);
                }
            }
            on:pointerup=move |_| pressed.set(false)
            on:pointercancel=move |_| pressed.set(false)
        >
            {move || {
                scene.layout.track();
                let something = scene.inner.with_value(|inner| !inner.nodes.is_empty());
                (something && scene.ready.get() && !scene.size.get().is_empty())
                    .then(|| {
                        view! {
                            <svg width=SIZE.w height=SIZE.h>
                                <path class="map-blocks" d=move || nodes(false)></path>
                                <path class="map-agents" d=move || nodes(true)></path>
                                <rect
                                    class="map-view"
                                    rx="3"
                                    x=attribute(|rect| rect.x)
                                    y=attribute(|rect| rect.y)
                                    width=attribute(|rect| rect.w)
                                    height=attribute(|rect| rect.h)
                                ></rect>
                            </svg>
                        }
                    })
            }}
        </div>
    }
}
