//! Cards, empty states and what stands in for what is still coming.

use super::icon::Icon;
use leptos::prelude::*;

/// A surface with a hairline around it.
#[component]
pub fn Card(children: Children) -> impl IntoView {
    view! { <div class="card">{children()}</div> }
}

/// A list that has nothing in it yet: what it will hold and what to do next.
#[component]
pub fn EmptyState(
    /// An icon.
    icon: &'static str,
    /// What is not there.
    #[prop(into)]
    title: String,
    /// What to do; may end with a button.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-icon"><Icon name=icon /></span>
            <h2>{title}</h2>
            <div class="empty-body">{children()}</div>
        </div>
    }
}

/// The shape of lines that are still coming. It shows only after 200 ms.
#[component]
pub fn Skeleton(
    /// How many lines.
    #[prop(default = 3)]
    lines: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="sr-only">"Loading"</span>
            {(0..lines).map(|_| view! { <span class="skeleton-line"></span> }).collect_view()}
        </div>
    }
}
