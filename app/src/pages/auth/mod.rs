//! Sign-up and sign-in. The forms work without script.

mod login;
mod signup;

pub use login::LoginPage;
pub use signup::SignupPage;

use super::{PageError, frame::Mark};
use crate::components::icon::Icon;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// What was typed and what is wrong with it, from a form sent without script.
#[derive(Clone, Default)]
struct Before {
    values: BTreeMap<String, String>,
    error: Option<PageError>,
}

impl Before {
    fn of(form: &str) -> Self {
        #[cfg(feature = "ssr")]
        if let Some(returned) = crate::server::returned(form) {
            return Self { values: returned.values, error: Some(returned.error) };
        }
        let _ = form;
        Self::default()
    }

    fn value(&self, name: &str) -> String {
        self.values.get(name).cloned().unwrap_or_default()
    }
}

/// The page around an account form.
#[component]
fn AccountPage(title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
    view! {
        <main id="main" class="account" tabindex="-1">
            <div class="account-form">
                <a href="/" class="brand"><Mark />"Alumia"</a>
                <h1>{title}</h1>
                <p class="muted">{lead}</p>
                {children()}
            </div>
            <aside class="account-side" aria-label="What you get">
                <ul role="list">
                    <li><Icon name="eye" /><div><strong>"Watch the work"</strong><p>"Every tool call shows its arguments, output and time as it happens."</p></div></li>
                    <li><Icon name="grid" /><div><strong>"Keep the results"</strong><p>"Charts, tables and notes stay on the canvas, editable and shared."</p></div></li>
                    <li><Icon name="lock" /><div><strong>"Stay in charge"</strong><p>"What reaches outside asks you first. Stop takes effect within a second."</p></div></li>
                </ul>
            </aside>
        </main>
    }
}
