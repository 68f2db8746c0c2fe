//! Prose.

use crate::components::markdown::Markdown;
use alumia_protocol::dataspec;
use leptos::prelude::*;

pub(super) fn view(spec: dataspec::Markdown) -> AnyView {
    view! { <div class="block-note"><Markdown text=Signal::stored(spec.text) /></div> }.into_any()
}
