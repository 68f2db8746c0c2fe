//! `/<org>/settings/models`: the models of the server's own machine.

use super::{Confirmed, Reload, Section, SettingsHead, failure, reload_after};
use crate::{
    components::{
        button::{Button, Kind},
        card::EmptyState,
        field::FormError,
        status::{Badge, Tone},
    },
    pages::{PageError, Problem, auth::Before},
};
use alumia_protocol::models::{LocalAct, LocalModel, LocalState};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What they are good for.
const SMALL: &str = "Small models on this machine: good for chat, extraction and single steps. They need no key and \
                     cost nothing; connect a provider for long work.";
/// How often the page looks while something comes.
const LOOK: Duration = Duration::from_secs(1);

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelsData {
    /// First part of the organisation's paths.
    pub org: String,
    /// Whether the caller installs and removes.
    pub manages: bool,
    /// Those that there are; none where they are switched off.
    pub models: Vec<LocalModel>,
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "local_models")]
pub async fn load_local_models(org: String, path: String) -> Result<ModelsData, PageError> {
    let machine = expect_context::<alumia_platform::Platform>().on_this_machine.clone();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    Ok(ModelsData { org, manages: machine.manages(&scope), models: machine.list() })
}

/// Installs one, stops that, or removes it.
#[server(prefix = "/fn", endpoint = "manage_local_model")]
pub async fn manage_local_model(org: String, id: String, act: LocalAct) -> Result<(), PageError> {
    use alumia_protocol::models::ManageLocalModel;
    let page = super::page_of(&org, "models");
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    let machine = expect_context::<alumia_platform::Platform>().on_this_machine.clone();
    match machine.manage(&scope, &ManageLocalModel { id, act }).await {
        Ok(()) => Ok(leptos_axum::redirect(&page)),
        Err(error) => crate::server::form_error(error, "local_model", &page, &[]),
    }
}

/// `/<org>/settings/models`
#[component]
pub fn ModelsPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let data = Resource::new_blocking(
        move || params.with(|params| params.get("org").unwrap_or_default()),
        move |org| load_local_models(org, path.get_untracked()),
    );
    provide_context(Reload(Callback::new(move |()| data.refetch())));
    Effect::new(move || {
        let comes = |model: &LocalModel| matches!(model.state, LocalState::Fetching | LocalState::Checking);
        let any = data.with(|data| matches!(data, Some(Ok(data)) if data.models.iter().any(comes)));
        if any && let Ok(timer) = set_timeout_with_handle(move || data.refetch(), LOOK) {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <Title text="Models" />
        <main id="main" class="page settings" tabindex="-1">
            <SettingsHead />
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Models data /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Models(data: ModelsData) -> impl IntoView {
    let ModelsData { org, manages, models } = data;
    let action = ServerAction::<ManageLocalModel>::new();
    reload_after(action);
    let before = StoredValue::new(Before::of("local_model").message());
    let failed = failure(action);
    let message = Signal::derive(move || failed.get().or_else(|| before.get_value()));
    if models.is_empty() {
        return view! {
            <EmptyState icon="spark" title="Switched off">
                <p>"The operator of this server runs no models on its own machine."</p>
            </EmptyState>
        }
        .into_any();
    }
    let asks = (!manages).then(|| {
        view! { <p class="muted">"Only who runs this server, or an owner or admin where that is allowed, installs and removes them."</p> }
    });
    let rows =
        models.into_iter().map(|model| view! { <Row model manages org=org.clone() action /> }).collect_view();
    view! {
        <Section title="On this machine" lead=SMALL>
            <FormError message />
            {asks}
            <ul class="settings-list" role="list">{rows}</ul>
        </Section>
    }
    .into_any()
}

#[component]
fn Row(
    model: LocalModel,
    manages: bool,
    org: String,
    action: ServerAction<ManageLocalModel>,
) -> impl IntoView {
    let (tone, state) = match model.state {
        LocalState::Absent if model.problem.is_some() => (Tone::Red, "Failed"),
        LocalState::Absent if model.fetched_bytes > 0 => (Tone::Grey, "Stopped"),
        LocalState::Absent => (Tone::Grey, "Not installed"),
        LocalState::Fetching => (Tone::Amber, "Fetching"),
        LocalState::Checking => (Tone::Amber, "Checking"),
        LocalState::Installed => (Tone::Green, "Installed"),
        LocalState::Loaded => (Tone::Green, "In memory"),
    };
    let mut facts = vec![
        format!("{} on disk", size(model.bytes)),
        format!("{} in memory", size(model.memory_mb * 1_000_000)),
        model.licence.clone(),
    ];
    facts.extend(model.tokens_per_second.map(|speed| format!("wrote {speed} tokens/s last")));
    let coming = matches!(model.state, LocalState::Fetching | LocalState::Checking);
    let part = (coming || (model.state == LocalState::Absent && model.fetched_bytes > 0)).then(|| {
        let speed = model.bytes_per_second.map(|speed| format!(", {}/s", size(speed))).unwrap_or_default();
        let words = format!("{} of {}{speed}", size(model.fetched_bytes), size(model.bytes));
        let label = format!("How much of {} is here", model.name);
        view! {
            <progress class="settings-progress" max=model.bytes.to_string() value=model.fetched_bytes.to_string() aria-label=label></progress>
            <span class="muted">{words}</span>
        }
    });
    let problem = model.problem.clone().map(|problem| view! { <p class="form-error">{problem}</p> });
    let name = model.name.clone();
    let form = |act: &'static str, kind: Kind, words: &'static str, label: String| {
        view! {
            <ActionForm action=action>
                <input type="hidden" name="org" value=org.clone() />
                <input type="hidden" name="id" value=model.id.clone() />
                <input type="hidden" name="act" value=act />
                <Button kind=kind submit=true busy=action.pending() attr:aria-label=label>{words}</Button>
            </ActionForm>
        }
    };
    let acts = manages.then(|| match model.state {
        LocalState::Fetching | LocalState::Checking => {
            form("stop", Kind::Secondary, "Stop", format!("Stop fetching {name}")).into_any()
        }
        LocalState::Absent => {
            let words = if model.fetched_bytes > 0 { "Go on" } else { "Install" };
            form("install", Kind::Primary, words, format!("Install {name}")).into_any()
        }
        LocalState::Installed | LocalState::Loaded => {
            let remove = form("remove", Kind::Danger, "Remove now", format!("Remove {name} now"));
            let question = format!(
                "{} are freed. Agents that use it can't answer until it is here again.",
                size(model.bytes)
            );
            view! { <Confirmed words="Remove" label=format!("Remove {name}") question>{remove}</Confirmed> }
                .into_any()
        }
    });
    view! {
        <li class="settings-row">
            <div class="settings-what">
                <strong>{name.clone()}</strong>
                <Badge tone text=state.to_owned() />
                <span class="muted">{facts.join(" · ")}</span>
                {part}
                {problem}
            </div>
            <div class="settings-acts">{acts}</div>
        </li>
    }
}

/// In megabytes, or gigabytes where there are many.
fn size(bytes: u64) -> String {
    let megabytes = bytes / 1_000_000;
    if megabytes < 1_000 {
        return format!("{megabytes} MB");
    }
    format!("{}.{} GB", megabytes / 1_000, megabytes % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_read_well() {
        assert_eq!([98_362_432, 1_117_320_768].map(super::size), ["98 MB", "1.1 GB"]);
    }
}
