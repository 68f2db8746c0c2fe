//! A band that must not be missed.

use crate::components::icon::Icon;
use alumia_protocol::dataspec::{Callout, Tone};
use leptos::prelude::*;

pub(super) fn view(spec: Callout) -> AnyView {
    let (icon, word) = match spec.tone {
        Tone::Info => ("info", "Note"),
        Tone::Success => ("check", "Success"),
        Tone::Warning => ("alert", "Warning"),
        Tone::Danger => ("alert", "Danger"),
    };
    view! {
        <div class="block-callout" data-tone=super::tone(spec.tone) role="note">
            <Icon name=icon />
            <div>
                <p class="block-callout-title"><span class="sr-only">{word}": "</span>{spec.title}</p>
                {super::text(spec.text)}
            </div>
        </div>
    }
    .into_any()
}
