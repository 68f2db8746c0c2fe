//! Toasts: short news in a corner, read out politely. Failures stay until they are dismissed.

use super::{button::IconButton, icon::Icon};
use leptos::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
struct Toast {
    key: u64,
    text: String,
    failed: bool,
}

/// Where any part of the page puts its news.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    last: StoredValue<u64>,
}

impl Toasts {
    /// Makes the toasts' place; the root provides it as context.
    pub fn new() -> Self {
        Self { shown: RwSignal::new(vec![]), last: StoredValue::new(0) }
    }

    /// Good news; goes by itself.
    pub fn say(self, text: impl Into<String>) {
        let key = self.push(text.into(), false);
        set_timeout(move || self.dismiss(key), Duration::from_secs(5));
    }

    /// What didn't work and what to do.
    pub fn fail(self, text: impl Into<String>) {
        self.push(text.into(), true);
    }

    fn push(self, text: String, failed: bool) -> u64 {
        self.last.update_value(|last| *last += 1);
        let key = self.last.get_value();
        self.shown.update(|shown| {
            shown.retain(|toast| toast.text != text);
            shown.push(Toast { key, text, failed });
        });
        key
    }

    fn dismiss(self, key: u64) {
        self.shown.try_update(|shown| shown.retain(|toast| toast.key != key));
    }
}

impl Default for Toasts {
    fn default() -> Self {
        Self::new()
    }
}

/// The toasts of the page.
pub fn use_toasts() -> Toasts {
    expect_context()
}

/// Draws them. Once, at the root.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite" aria-atomic="false">
            <For each=move || toasts.shown.get() key=|toast| toast.key let:toast>
                <div class="toast" data-failed=toast.failed.to_string()>
                    <Icon name=if toast.failed { "alert" } else { "check" } />
                    <span>{toast.text.clone()}</span>
                    <IconButton icon="close" label="Dismiss" on:click=move |_| toasts.dismiss(toast.key) />
                </div>
            </For>
        </div>
    }
}
