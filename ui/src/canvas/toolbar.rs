//! The canvas's tools.

use super::scene::Scene;
use crate::components::{button::IconButton, icon::Icon};
use leptos::prelude::*;

/// Whether there is a project behind the canvas that this page may say more about.
pub(super) fn offers_sharing(scene: Scene) -> bool {
    !scene.read_only && use_context::<super::bench::ExtraEdges>().is_none()
}

/// The bar at the bottom.
#[component]
pub(super) fn Toolbar(scene: Scene) -> impl IntoView {
    let percent = Memo::new(move |_| scene.view.with(|view| format!("{:.0} %", view.zoom * 100.0)));
    let nothing_selected = Signal::derive(move || scene.selection.with(Vec::is_empty));
    let cannot_undo = Signal::derive(move || !scene.undoable.get().0);
    let cannot_redo = Signal::derive(move || !scene.undoable.get().1);
    view! {
        <div class="canvas-tools needs-script" data-ui="" role="toolbar" aria-label="Canvas tools">
            {(!scene.read_only)
                .then(|| view! {
                    <IconButton icon="undo" label="Undo" disabled=cannot_undo on:click=move |_| scene.time_travel(true) />
                    <IconButton icon="redo" label="Redo" disabled=cannot_redo on:click=move |_| scene.time_travel(false) />
                    <span class="canvas-tools-rule wide"></span>
                    <button
                        type="button"
                        class="icon-button tip wide"
                        aria-label="Snap to grid"
                        data-tip="Snap to grid"
                        aria-pressed=move || scene.snap.get().to_string()
                        on:click=move |_| scene.toggle_snap()
                    >
                        <Icon name="snap" />
                    </button>
                    <span class="wide"><IconButton icon="layout" label="Arrange" on:click=move |_| scene.tidy() /></span>
                })}
            <IconButton icon="search" label="Find a node (F)" on:click=move |_| scene.finding.update(|open| *open = !*open) />
            {offers_sharing(scene)
                .then(|| view! { <IconButton icon="link" label="Share" on:click=move |_| scene.sharing.set(true) /> })}
            {(!scene.read_only)
                .then(|| view! { <IconButton icon="download" label="Export" on:click=move |_| scene.exporting.set(true) /> })}
            <span class="canvas-tools-rule"></span>
            <IconButton icon="minus" label="Zoom out" on:click=move |_| scene.zoom_with(|zoom| zoom / 1.25) />
            <button
                type="button"
                class="canvas-percent num tip"
                aria-label=move || format!("Zoom {}, set to 100 percent", percent.get())
                data-tip="100 % (0)"
                on:click=move |_| scene.zoom_with(|_| 1.0)
            >
                {move || percent.get()}
            </button>
            <IconButton icon="plus" label="Zoom in" on:click=move |_| scene.zoom_with(|zoom| zoom * 1.25) />
            <IconButton icon="fit" label="Show everything (1)" on:click=move |_| scene.fit() />
            <span class="wide">
                <IconButton
                    icon="zoom-in"
                    label="Zoom to selection"
                    disabled=nothing_selected
                    on:click=move |_| scene.zoom_to(&scene.selection.get_untracked())
                />
            </span>
        </div>
    }
}
