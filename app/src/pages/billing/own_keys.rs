//! Keys of the organisation's own for model providers.

use super::EmptyState;
use crate::{
    components::{
        button::{Button, Kind},
        credits,
        field::{FormError, TextField},
        icon::Icon,
        time::Ago,
    },
    live::step_up::SteppedUpClient,
    pages::{
        PageError,
        auth::Before,
        settings::{Confirmed, Section, failure, reload_after},
    },
};
use alumia_protocol::{OwnKeyId, billing::OwnKey};
use leptos::prelude::*;

/// Adds a key once a call has proved it.
#[server(prefix = "/fn", endpoint = "add_own_key", client = SteppedUpClient)]
pub async fn add_own_key(org: String, provider: String, key: String) -> Result<(), PageError> {
    use alumia_protocol::billing::NewOwnKey;
    let page = page_of(&org);
    let Some(caller) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(caller, &org).await?;
    scope.require_treasurer()?;
    let keys = expect_context::<alumia_platform::Platform>().own_keys.clone();
    match keys.add(&scope, NewOwnKey { provider, key }).await {
        Ok(_) => Ok(leptos_axum::redirect(&page)),
        Err(error) => crate::server::form_error(error, "own_key", &page, &[]),
    }
}

/// Removes one.
#[server(prefix = "/fn", endpoint = "remove_own_key", client = SteppedUpClient)]
pub async fn remove_own_key(org: String, key: OwnKeyId) -> Result<(), PageError> {
    let page = page_of(&org);
    let Some(caller) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(caller, &org).await?;
    scope.require_treasurer()?;
    match expect_context::<alumia_platform::Platform>().own_keys.remove(&scope, key).await {
        Ok(()) => Ok(leptos_axum::redirect(&page)),
        Err(error) => crate::server::form_error(error, "own_key", &page, &[]),
    }
}

#[cfg(feature = "ssr")]
fn page_of(org: &str) -> String {
    format!("/{}/billing", crate::live::api::percent_encode(org))
}

/// The section of the page.
#[component]
pub fn OwnKeys(keys: Vec<OwnKey>, providers: Vec<String>, included: bool, org: String) -> impl IntoView {
    let add = ServerAction::<AddOwnKey>::new();
    let remove = ServerAction::<RemoveOwnKey>::new();
    reload_after(add);
    reload_after(remove);
    let first = StoredValue::new(Before::of("own_key").message());
    let (failed, failed_removing) = (failure(add), failure(remove));
    let message =
        Signal::derive(move || failed.get().or_else(|| failed_removing.get()).or_else(|| first.get_value()));
    let rows = keys
        .into_iter()
        .map(|key| {
            let label = format!("Remove the key for {}", key.provider);
            let used = match key.requests {
                0 => "not used yet".to_owned(),
                1 => "1 call".to_owned(),
                many => format!("{} calls", credits::thousands(many.unsigned_abs())),
            };
            let last = key.last_used_at.map(|at| view! { ", last "<Ago at=at /> });
            let org = org.clone();
            view! {
                <li class="settings-row">
                    <div class="settings-what">
                        <strong class="truncate">{key.provider}" "<code>{key.masked}</code></strong>
                        <span class="muted">"Added "<Ago at=key.created_at />" · "{used}{last}</span>
                    </div>
                    <div class="settings-acts">
                        <Confirmed words="Remove" label question="Calls of this provider are paid with credits again.">
                            <ActionForm action=remove>
                                <input type="hidden" name="org" value=org />
                                <input type="hidden" name="key" value=key.id.to_string() />
                                <Button kind=Kind::Danger submit=true busy=remove.pending()>"Remove now"</Button>
                            </ActionForm>
                        </Confirmed>
                    </div>
                </li>
            }
        })
        .collect_view();
    let form = if !included {
        view! {
            <EmptyState icon="lock" title="Not in your package">
                <p>"Your package takes no keys of your own. A larger one does."</p>
            </EmptyState>
        }
        .into_any()
    } else if providers.is_empty() {
        view! {
            <EmptyState icon="lock" title="No provider takes a key here">
                <p>"The operator of this server hasn't set up a model provider that takes keys."</p>
            </EmptyState>
        }
        .into_any()
    } else {
        let options = providers
            .into_iter()
            .map(|provider| view! { <option value=provider.clone()>{provider.clone()}</option> })
            .collect_view();
        view! {
            <ActionForm action=add attr:class="form">
                <input type="hidden" name="org" value=org />
                <div class="field">
                    <label for="own-provider">"Provider"</label>
                    <div class="field-control select">
                        <select id="own-provider" name="provider">{options}</select>
                        <Icon name="chevron-down" />
                    </div>
                </div>
                <TextField
                    label="Key"
                    name="key"
                    kind="password"
                    required=true
                    hint="It is tried with one small call, kept encrypted, and never shown again."
                />
                <div><Button kind=Kind::Primary submit=true busy=add.pending()>"Add key"</Button></div>
            </ActionForm>
        }
        .into_any()
    };
    view! {
        <Section id="own-keys" title="Own keys" lead="Calls that your own key pays for cost no credits. It wins over the server's key.">
            <FormError message />
            <ul class="settings-list" role="list">{rows}</ul>
            {form}
        </Section>
    }
}
