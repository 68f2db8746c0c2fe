//! Buttons.

use super::icon::Icon;
use leptos::prelude::*;

/// What a button is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The one thing to do here.
    Primary,
    /// Anything else.
    #[default]
    Secondary,
    /// Without an edge, among others of its kind.
    Quiet,
    /// Destroys something.
    Danger,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Secondary => "button",
            Self::Quiet => "button quiet",
            Self::Danger => "button danger",
        }
    }
}

/// A button with words. While busy it keeps its size and says so.
#[component]
pub fn Button(
    /// What it is for.
    #[prop(optional)]
    kind: Kind,
    /// An icon before the words.
    #[prop(optional)]
    icon: &'static str,
    /// Submits the form around it.
    #[prop(optional)]
    submit: bool,
    /// Something that it began is going on.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Can't be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            class=kind.class()
            type=if submit { "submit" } else { "button" }
            disabled=move || disabled.get() || busy.get()
            aria-busy=move || busy.get().then_some("true")
        >
            {(!icon.is_empty()).then(|| view! { <Icon name=icon /> })}
            {children()}
        </button>
    }
}

/// A button that is an icon; its label is read out and shown as its tip.
#[component]
pub fn IconButton(
    /// The icon.
    #[prop(into)]
    icon: Signal<&'static str>,
    /// What it does.
    #[prop(into)]
    label: Signal<String>,
    /// Can't be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            class="icon-button tip"
            type="button"
            aria-label=move || label.get()
            data-tip=move || label.get()
            disabled=move || disabled.get()
        >
            <Icon name=icon />
        </button>
    }
}
