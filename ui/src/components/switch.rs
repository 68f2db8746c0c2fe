//! Switches: on or off, at once.

use leptos::prelude::*;

/// A switch; it submits the form around it, so that it works without script.
#[component]
pub fn Switch(
    /// Whether it is on.
    #[prop(into)]
    on: Signal<bool>,
    /// What is on or off.
    #[prop(into)]
    label: String,
    /// Can't be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            role="switch"
            class="switch"
            aria-checked=move || on.get().to_string()
            aria-label=label
            disabled=move || disabled.get()
        ></button>
    }
}
