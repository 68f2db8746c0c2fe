//! Sign-up, sign-in, step-up, and the pages behind links in letters. The forms work without script.

mod letters;
mod login;
mod signup;
mod step_up;

pub use letters::{ConfirmPage, ForgotPage, ResetPage};
pub use login::LoginPage;
pub use signup::SignupPage;
pub use step_up::StepUpPage;

use super::{PageError, frame::Mark};
use crate::components::icon::Icon;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// What was typed and what is wrong with it, from a form sent without script.
#[derive(Clone, Default)]
pub(super) struct Before {
    values: BTreeMap<String, String>,
    error: Option<PageError>,
}

impl Before {
    pub(super) fn of(form: &str) -> Self {
        #[cfg(feature = "ssr")]
        if let Some(returned) = crate::server::returned(form) {
            return Self { values: returned.values, error: Some(returned.error) };
        }
        let _ = form;
        Self::default()
    }

    /// What stands above the form, or the first complaint about one of its fields.
    pub(super) fn message(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        Some(error.fields.values().next().unwrap_or(&error.message).clone())
    }

    /// What was wrong.
    pub(super) fn error(&self) -> Option<PageError> {
        self.error.clone()
    }

    pub(super) fn value(&self, name: &str) -> String {
        self.values.get(name).cloned().unwrap_or_default()
    }
}

/// What is wrong with what a form sent last, without script or with it.
pub(super) fn trouble<S>(action: ServerAction<S>, before: &Before) -> Signal<Option<PageError>>
where
    S: server_fn::ServerFn<Output = (), Error = PageError> + Clone + Send + Sync + 'static,
{
    let first = StoredValue::new(before.error.clone());
    Signal::derive(move || match action.value().get() {
        Some(Err(error)) => Some(error),
        Some(Ok(())) => None,
        None => first.get_value(),
    })
}

/// The part of it that belongs to one field.
pub(super) fn of_field(trouble: Signal<Option<PageError>>, name: &'static str) -> Signal<Option<String>> {
    Signal::derive(move || trouble.get().and_then(|error| error.field(name)))
}

/// The part of it that stands above the form.
pub(super) fn of_form(trouble: Signal<Option<PageError>>) -> Signal<Option<String>> {
    Signal::derive(move || trouble.get().and_then(|error| error.general()))
}

/// The page around an account form.
#[component]
pub(super) fn AccountPage(title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
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
