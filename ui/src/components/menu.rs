//! Menus: a disclosure that works without script; with script Escape and a click elsewhere close it.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// A button that opens a list of links and buttons.
#[component]
pub fn Menu(
    /// What the button shows.
    label: AnyView,
    /// What the button is called.
    #[prop(into)]
    name: String,
    /// `down`, `down-end` or `up`.
    #[prop(default = "down")]
    place: &'static str,
    children: Children,
) -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    let close = move |refocus: bool| {
        let Some(details) = details.get_untracked() else { return };
        if !details.open() {
            return;
        }
        details.set_open(false);
        if refocus
            && let Ok(Some(summary)) = details.query_selector("summary")
            && let Ok(summary) = summary.dyn_into::<web_sys::HtmlElement>()
        {
            drop(summary.focus());
        }
    };
    Effect::new(move || {
        let elsewhere = window_event_listener(ev::pointerdown, move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            let inside = details
                .try_get_untracked()
                .flatten()
                .is_some_and(|details| details.contains(target.as_ref()));
            if !inside {
                close(false);
            }
        });
        on_cleanup(move || elsewhere.remove());
    });
    let keys = move |event: ev::KeyboardEvent| {
        let step = match event.key().as_str() {
            "Escape" => {
                event.stop_propagation();
                return close(true);
            }
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        if let Some(details) = details.get_untracked() {
            details.set_open(true);
            move_focus(&details, step);
        }
    };
    let chosen = move |event: ev::MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if target.is_some_and(|target| target.closest(".menu-item").ok().flatten().is_some()) {
            close(false);
        }
    };
    view! {
        <details class="menu" node_ref=details on:keydown=keys>
            <summary aria-label=name>{label}</summary>
            <div class="menu-list" data-place=place on:click=chosen>
                {children()}
            </div>
        </details>
    }
}

/// Moves the focus among a menu's items, around its ends.
fn move_focus(details: &web_sys::Element, step: i32) {
    let Ok(items) = details.query_selector_all(".menu-item") else { return };
    let active = document().active_element();
    let count = i32::try_from(items.length()).unwrap_or(0);
    let here = (0..count).find(|index| {
        let item = items.get(u32::try_from(*index).unwrap_or(0));
        item.as_ref() == active.as_ref().map(|active| active.unchecked_ref::<web_sys::Node>())
    });
    let next = match here {
        Some(index) => (index + step).rem_euclid(count.max(1)),
        None if step < 0 => count - 1,
        None => 0,
    };
    let item = items.get(u32::try_from(next).unwrap_or(0));
    if let Some(item) = item.and_then(|item| item.dyn_into::<web_sys::HtmlElement>().ok()) {
        drop(item.focus());
    }
}
