//! Badges: status in colour and in words.

use leptos::prelude::*;

/// What a colour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Idle.
    #[default]
    Grey,
    /// Done.
    Green,
    /// Failed.
    Red,
    /// Waits for someone.
    Blue,
    /// Runs.
    Amber,
}

impl Tone {
    /// As it stands in `data-tone`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grey => "grey",
            Self::Green => "green",
            Self::Red => "red",
            Self::Blue => "blue",
            Self::Amber => "amber",
        }
    }
}

/// A word with a dot in its colour.
#[component]
pub fn Badge(#[prop(into)] tone: Signal<Tone>, #[prop(into)] text: Signal<String>) -> impl IntoView {
    view! {
        <span class="badge" data-tone=move || tone.get().name()>
            <span class="badge-dot"></span>
            {move || text.get()}
        </span>
    }
}
