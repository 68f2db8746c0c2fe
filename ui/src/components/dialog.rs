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
    /// Whether somebody else's script may put something over it and the page meanwhile, as Stripe does with a
    /// bank's question: nothing can be put over a modal dialog.
    #[prop(optional, into)]
    under: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let (Some(dialog), open, under) = (dialog.get(), open.get(), under.get()) else { return };
        let modal = dialog.matches(":modal").unwrap_or(false);
        if !open {
            if dialog.open() {
                dialog.close();
            }
        } else if under && modal {
            dialog.close();
            dialog.show();
        } else if !under && !modal {
            // The server draws an open dialog as a plain one, for browsers without script.
            drop(dialog.remove_attribute("open"));
            show(dialog, 60);
        }
    });
    let closed = move |_| {
        // It may have been opened again at once, in the other way.
        if dialog.get_untracked().is_none_or(|dialog| !dialog.open()) {
            open.set(false);
        }
    };
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
            on:close=closed
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
