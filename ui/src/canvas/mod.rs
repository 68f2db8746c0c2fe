//! The live canvas: agents, what they made, how they hang together.

mod agent;
pub mod bench;
mod boards;
mod dom;
mod edges;
mod envelopes;
mod export;
mod find;
mod frame;
pub mod geometry;
mod inspector;
mod keep;
mod keys;
mod measure;
mod menu;
mod minimap;
mod node;
mod outbox;
mod overlay;
mod pointer;
mod presence;
mod scene;
mod share;
pub(crate) mod ticker;
mod tidy;
mod toolbar;
mod versions;

pub use crate::chat::Inspected;
pub use inspector::Inspector;

use crate::{components::icon::Icon, live::Live};
use boards::Boards;
use edges::EdgeLayer;
use envelopes::Envelopes;
use export::ExportDialog;
use find::Find;
use leptos::{ev, prelude::*};
use menu::{FocusedView, NodeMenu};
use minimap::Map;
use node::NodeView;
use overlay::Overlay;
use presence::{Cursors, GuestMarks, Guests};
use scene::{FAR, Scene};
use share::ShareDialog;
use toolbar::Toolbar;
use versions::Versions;

/// The canvas of the project whose [`Live`] is in context. [`Inspected`] must be in context too.
#[component]
pub fn Canvas() -> impl IntoView {
    let scene = Scene::new(expect_context::<Live>());
    ticker::provide_now();
    scene.wire();
    let far = Memo::new(move |_| scene.view.with(|view| view.zoom < FAR));
    let transform = move || format!("transform:{}", scene.view.get().css());
    let dots = move || {
        let view = scene.view.get();
        // Dots never come closer than half their distance at 100 %.
        let mut step = geometry::snap::GRID * view.zoom;
        while step < 14.0 {
            step *= 2.0;
        }
        let at = view.to_screen(geometry::Point::default());
        format!(
            "background-size:{step:.2}px {step:.2}px;background-position:{:.1}px {:.1}px",
            at.x.rem_euclid(step),
            at.y.rem_euclid(step)
        )
    };
    let empty = move || {
        let nothing = scene.live.blocks().with(Vec::is_empty) && scene.live.sessions().with(Vec::is_empty);
        nothing.then(|| {
            view! {
                <div class="canvas-empty">
                    <Icon name="spark" />
                    <p class="canvas-empty-title">"Nothing on the canvas yet"</p>
                    <p>
                        {if scene.read_only {
                            "What agents and people make here appears by itself."
                        } else {
                            "Ask an agent for something in the chat. What it makes appears here."
                        }}
                    </p>
                </div>
            }
        })
    };
    view! {
        <section
            class="canvas"
            node_ref=scene.root
            tabindex="0"
            aria-label="Canvas"
            aria-describedby="canvas-keys"
            data-canvas=""
            data-ready=move || scene.ready.get().then_some("")
            data-far=move || far.get().then_some("")
            data-moving=move || scene.moving.get().then_some("")
            on:pointerdown=move |event| scene.pointer_down(&event)
            on:pointermove=move |event| {
                scene.point(Some(&event));
                scene.pointer_move(&event);
            }
            on:pointerup=move |event| scene.pointer_up(&event)
            on:pointercancel=move |event| scene.pointer_cancel(&event)
            on:pointerenter=move |_| scene.inner.update_value(|inner| inner.inside = true)
            on:pointerleave=move |_| {
                scene.inner.update_value(|inner| inner.inside = false);
                scene.point(None);
            }
            on:mousedown=move |event: ev::MouseEvent| {
                // The middle button pans; it must not start the browser's own scrolling.
                if event.button() == 1 {
                    event.prevent_default();
                }
            }
            on:dblclick=move |event| scene.double_click(&event)
            on:contextmenu=move |event| scene.context_menu(&event)
            on:keydown=move |event| scene.key_down(&event)
            on:focusin=move |event| scene.focus_entered(&event)
        >
            <p id="canvas-keys" class="sr-only">
                "Tab walks through the nodes in reading order, Enter goes into one, Escape comes back. "
                {if scene.read_only { "Arrows move the view. " } else { "Arrows move what is selected, Delete deletes it, Control Z undoes. " }}
                "F finds, 1 shows everything, 0 is 100 percent, plus and minus zoom."
            </p>
            <div class="canvas-dots" style=dots></div>
            <div class="canvas-layer" style=transform>
                <Boards scene />
                <EdgeLayer scene />
                <Envelopes scene />
                <For each=move || scene.visible.get() key=|id| *id let:id>
                    {scene.node(id).map(|node| view! { <NodeView scene node /> })}
                </For>
                <GuestMarks scene />
            </div>
            <Overlay scene />
            <Cursors scene />
            {empty}
            <Guests scene />
            <Toolbar scene />
            <Map scene />
            <Find scene />
            <NodeMenu scene />
            <FocusedView scene />
            {(!scene.read_only).then(|| view! { <ExportDialog scene /> })}
            {toolbar::offers_sharing(scene).then(|| view! { <ShareDialog scene /> <Versions scene /> })}
            <p class="sr-only" role="status" aria-live="polite">{move || scene.news.get()}</p>
            <span data-end="" tabindex="-1"></span>
        </section>
    }
}

/// What a terminal would show; also for terminal blocks.
pub(crate) use inspector::text as terminal_text;
