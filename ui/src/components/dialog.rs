//! Dialogs, on the browser's own `<dialog>`: focus stays inside, Escape closes, the page behind is inert.

use super::button::IconButton;
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// Shows it; while the page around it is still being put together, on one of the next `frames`.
fn show(dialog: web_sys::HtmlDialogElement, frames: u32) {
    if dialog.show_modal().is_err() && frames > 0 {
        request_animation_frame(move || show(dialog, frames - 1));
    }
}

/// A dialog over the page; `open` is the truth and follows Escape and the close button.
#[component]
pub fn Dialog(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: String,
    /// A class that sets its size.
    #[prop(default = "")]
    class: &'static str,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let (Some(dialog), open) = (dialog.get(), open.get()) else { return };
        if open && !dialog.matches(":modal").unwrap_or(false) {
            // The server draws an open dialog as a plain one, for browsers without script.
            drop(dialog.remove_attribute("open"));
            show(dialog, 60);
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    // A click on the dialog itself, outside its box, is a click on the page behind.
    let outside = move |event: ev::MouseEvent| {
        let on_dialog =
            event.target().and_then(|target| target.dyn_into::<web_sys::HtmlDialogElement>().ok());
        if on_dialog.is_some() {
            open.set(false);
        }
    };
    let name = title.clone();
    view! {
        <dialog
            node_ref=dialog
            open=open.get_untracked()
            class=format!("dialog {class}")
            aria-label=name
            on:close=move |_| open.set(false)
            on:click=outside
        >
            <div class="dialog-box">
                <header class="dialog-head">
                    <h2>{title}</h2>
                    <IconButton icon="close" label="Close" on:click=move |_| open.set(false) />
                </header>
                {children()}
            </div>
        </dialog>
    }
}
