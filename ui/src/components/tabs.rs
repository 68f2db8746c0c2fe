//! Tabs.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

/// A row of tabs. The panels are the caller's: `id` is `{id}-panel-{n}`, labelled by `{id}-tab-{n}`.
#[component]
pub fn Tabs(
    /// Prefix of the ids.
    id: &'static str,
    /// What the row is about.
    label: &'static str,
    /// The tabs' words.
    tabs: Vec<&'static str>,
    /// The tab that is shown.
    selected: RwSignal<usize>,
) -> impl IntoView {
    let count = tabs.len();
    let keys = move |event: ev::KeyboardEvent| {
        let now = selected.get_untracked();
        let next = match event.key().as_str() {
            "ArrowRight" => (now + 1) % count,
            "ArrowLeft" => (now + count - 1) % count,
            "Home" => 0,
            "End" => count - 1,
            _ => return,
        };
        event.prevent_default();
        selected.set(next);
        let tab = document().get_element_by_id(&format!("{id}-tab-{next}"));
        if let Some(tab) = tab.and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok()) {
            drop(tab.focus());
        }
    };
    let tabs = tabs
        .into_iter()
        .enumerate()
        .map(|(index, words)| {
            view! {
                <button
                    type="button"
                    role="tab"
                    class="tab"
                    id=format!("{id}-tab-{index}")
                    aria-controls=format!("{id}-panel-{index}")
                    aria-selected=move || (selected.get() == index).to_string()
                    tabindex=move || if selected.get() == index { "0" } else { "-1" }
                    on:click=move |_| selected.set(index)
                >
                    {words}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=keys>
            {tabs}
        </div>
    }
}
