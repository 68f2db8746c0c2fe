//! A long text, set as a page.

use crate::components::markdown::Markdown;
use leptos::prelude::*;

pub(super) fn view(text: String) -> AnyView {
    view! { <article class="block-document"><Markdown text=Signal::stored(text) /></article> }.into_any()
}
