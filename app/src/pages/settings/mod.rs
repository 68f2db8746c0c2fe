//! Settings of an organisation and of one's own account.

pub mod audit;
pub mod general;
pub mod members;
pub mod models;
pub mod security;
pub mod workspaces;

use super::{PageError, frame::CurrentOrg};
use leptos::prelude::*;
use leptos_router::components::A;

/// The pages, in order: path below `settings` and words.
const TABS: &[(&str, &str)] = &[
    ("general", "General"),
    ("members", "Members"),
    ("workspaces", "Workspaces"),
    ("models", "Models"),
    ("security", "Security"),
    ("audit", "Audit"),
];

/// The heading of every settings page, with the way to the others.
#[component]
pub fn SettingsHead() -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let links = TABS
        .iter()
        .map(|(path, words)| {
            view! { <li><A href=format!("/{org}/settings/{path}") attr:class="settings-tab">{*words}</A></li> }
        })
        .collect_view();
    view! {
        <header class="page-head"><h1>"Settings"</h1></header>
        <nav class="settings-tabs" aria-label="Settings">
            <ul role="list">{links}</ul>
        </nav>
    }
}

/// One concern of the page.
#[component]
pub(super) fn Section(
    /// Its heading.
    title: &'static str,
    /// What it is for.
    lead: &'static str,
    /// Where links lead to.
    #[prop(optional)]
    id: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="settings-section" id=(!id.is_empty()).then_some(id) aria-label=title>
            <div class="settings-lead"><h2>{title}</h2><p class="muted">{lead}</p></div>
            <div class="settings-body">{children()}</div>
        </section>
    }
}

/// Reads the page's data again, after a change.
#[derive(Clone, Copy)]
pub(super) struct Reload(pub(super) Callback<()>);

/// Reads the page's data again whenever an action has worked.
pub(super) fn reload_after<S, T>(action: ServerAction<S>)
where
    S: server_fn::ServerFn<Output = T, Error = PageError> + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    let Reload(reload) = expect_context();
    Effect::new(move || {
        if let Some(Ok(_)) = action.value().get() {
            reload.run(());
        }
    });
}

/// What an action of many small forms failed with, in one place above them.
pub(super) fn failure<S, T>(action: ServerAction<S>) -> Signal<Option<String>>
where
    S: server_fn::ServerFn<Output = T, Error = PageError> + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    Signal::derive(move || match action.value().get() {
        Some(Err(error)) => {
            Some(error.fields.values().next().cloned().unwrap_or_else(|| error.message.clone()))
        }
        _ => None,
    })
}

/// A dangerous button that asks once more, also without script.
#[component]
pub(super) fn Confirmed(
    /// The button's words.
    words: &'static str,
    /// What the button is called when read out.
    #[prop(into)]
    label: String,
    /// What happens.
    #[prop(into)]
    question: String,
    /// The form that does it.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="confirmed">
            <summary class="button danger small" aria-label=label>{words}</summary>
            <div class="confirmed-box">
                <p>{question}</p>
                {children()}
            </div>
        </details>
    }
}

/// Roles as forms offer them.
const ROLES: &[(&str, &str)] = &[
    ("member", "Member"),
    ("admin", "Admin"),
    ("billing", "Billing"),
    ("viewer", "Viewer"),
    ("owner", "Owner"),
];

/// A role's words.
fn role_words(role: alumia_protocol::people::Role) -> &'static str {
    use alumia_protocol::people::Role;
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Billing => "Billing",
        Role::Member => "Member",
        Role::Viewer => "Viewer",
    }
}

/// Path of a settings page, for forms that come back to it.
#[cfg(feature = "ssr")]
fn page_of(org: &str, page: &str) -> String {
    format!("/{}/settings/{page}", crate::live::api::percent_encode(org))
}
