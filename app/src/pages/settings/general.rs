//! `/<org>/settings/general`: name, address, default model, leaving, deleting.

use super::{Confirmed, Section, SettingsHead, failure};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, TextField},
        icon::Icon,
    },
    live::step_up::SteppedUpClient,
    pages::{
        PageError, Problem,
        auth::{Before, of_field, of_form, trouble},
    },
};
use alumia_protocol::{orgs::OrgSettings, people::Role};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeneralData {
    /// The organisation.
    pub org: OrgSettings,
    /// The caller's role.
    pub role: Role,
    /// Models to choose from: id, name.
    pub models: Vec<(String, String)>,
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "general")]
pub async fn load_general(org: String, path: String) -> Result<GeneralData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    let own = platform.own_keys.own(&scope).await?;
    let models = platform.models.catalog(&own).into_iter().filter(|model| model.available);
    Ok(GeneralData {
        org: platform.tenants.settings(&scope).await?,
        role: scope.role(),
        models: models.map(|model| (model.id, model.name)).collect(),
    })
}

/// Changes name, address and default model; goes on at the new address.
#[server(prefix = "/fn", endpoint = "update_org", client = SteppedUpClient)]
pub async fn update_org(
    org: String,
    name: String,
    slug: String,
    default_model: String,
) -> Result<(), PageError> {
    use alumia_protocol::orgs::UpdateOrg;
    let page = super::page_of(&org, "general");
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(user, &org).await?;
    let change =
        UpdateOrg { name: Some(name.clone()), slug: Some(slug.clone()), default_model: Some(default_model) };
    let tenants = expect_context::<alumia_platform::Platform>().tenants.clone();
    match tenants.update(&scope, change).await {
        Ok(changed) => Ok(leptos_axum::redirect(&super::page_of(&changed.slug, "general"))),
        Err(error) => {
            crate::server::form_error(error, "org", &page, &[("name", name.as_str()), ("slug", &slug)])
        }
    }
}

/// Leaves the organisation.
#[server(prefix = "/fn", endpoint = "leave_org", client = SteppedUpClient)]
pub async fn leave_org(org: String) -> Result<(), PageError> {
    let page = super::page_of(&org, "general");
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(user, &org).await?;
    match expect_context::<alumia_platform::Platform>().members.leave(&scope).await {
        Ok(()) => Ok(leptos_axum::redirect("/orgs")),
        Err(error) => crate::server::form_error(error, "leave", &page, &[]),
    }
}

/// Deletes the organisation.
#[server(prefix = "/fn", endpoint = "delete_org", client = SteppedUpClient)]
pub async fn delete_org(org: String, confirm: String) -> Result<(), PageError> {
    use alumia_protocol::orgs::DeleteOrg;
    let page = super::page_of(&org, "general");
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(user, &org).await?;
    match expect_context::<alumia_platform::Platform>().tenants.delete(&scope, DeleteOrg { confirm }).await {
        Ok(_) => Ok(leptos_axum::redirect("/orgs")),
        Err(error) => crate::server::form_error(error, "delete_org", &page, &[]),
    }
}

/// `/<org>/settings/general`
#[component]
pub fn GeneralPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let data = Resource::new_blocking(
        move || params.with(|params| params.get("org").unwrap_or_default()),
        move |org| load_general(org, path.get_untracked()),
    );
    view! {
        <Title text="Settings" />
        <main id="main" class="page settings" tabindex="-1">
            <SettingsHead />
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <General data /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn General(data: GeneralData) -> impl IntoView {
    let GeneralData { org, role, models } = data;
    let manages = matches!(role, Role::Owner | Role::Admin);
    let slug = org.slug.clone();
    let about = if manages {
        view! { <Settings org=org.clone() models /> }.into_any()
    } else {
        let words = format!("{} at /{}. Owners and admins change this.", org.name, org.slug);
        view! { <p class="muted">{words}</p> }.into_any()
    };
    view! {
        <Section title="Organization" lead="How it is called and where its pages are.">{about}</Section>
        <Leave slug=slug.clone() />
        {(role == Role::Owner).then(|| view! { <Delete slug /> })}
    }
}

#[component]
fn Settings(org: OrgSettings, models: Vec<(String, String)>) -> impl IntoView {
    let action = ServerAction::<UpdateOrg>::new();
    let before = Before::of("org");
    let error = trouble(action, &before);
    let first = |typed: String, now: &str| if typed.is_empty() { now.to_owned() } else { typed };
    let chosen = org.default_model.clone();
    let options = models
        .into_iter()
        .map(|(id, name)| {
            let selected = id == chosen;
            view! { <option value=id selected=selected>{name}</option> }
        })
        .collect_view();
    let old = org.slug.clone();
    view! {
        <ActionForm action=action attr:class="form">
            <input type="hidden" name="org" value=old />
            <FormError message=of_form(error) />
            <TextField label="Name" name="name" value=first(before.value("name"), &org.name) error=of_field(error, "name") required=true />
            <TextField
                label="Address"
                name="slug"
                value=first(before.value("slug"), &org.slug)
                error=of_field(error, "slug")
                hint="The first part of every page's path. Links with the old one stop working."
                required=true
            />
            <div class="field">
                <label for="default_model">"Default model"</label>
                <div class="field-control select">
                    <select id="default_model" name="default_model">
                        <option value="">"Whatever the server prefers"</option>
                        {options}
                    </select>
                    <Icon name="chevron-down" />
                </div>
            </div>
            <div><Button kind=Kind::Primary submit=true busy=action.pending()>"Save"</Button></div>
        </ActionForm>
    }
}

#[component]
fn Leave(slug: String) -> impl IntoView {
    let action = ServerAction::<LeaveOrg>::new();
    let before = StoredValue::new(Before::of("leave").message());
    let failed = failure(action);
    let message = Signal::derive(move || failed.get().or_else(|| before.get_value()));
    view! {
        <Section title="Leave" lead="You lose sight of everything here at once, and your API keys to it end.">
            <FormError message />
            <Confirmed
                words="Leave organization"
                label="Leave organization"
                question="Only somebody here can invite you back."
            >
                <ActionForm action=action>
                    <input type="hidden" name="org" value=slug />
                    <Button kind=Kind::Danger submit=true busy=action.pending()>"Leave"</Button>
                </ActionForm>
            </Confirmed>
        </Section>
    }
}

#[component]
fn Delete(slug: String) -> impl IntoView {
    let action = ServerAction::<DeleteOrg>::new();
    let error = trouble(action, &Before::of("delete_org"));
    let label = format!("Type {slug} to delete it");
    view! {
        <Section
            title="Delete"
            lead="Closes the organization for everybody at once. For 30 days an owner can bring it back; then it is gone."
        >
            <Confirmed words="Delete organization" label="Delete organization" question=label>
                <ActionForm action=action attr:class="form">
                    <input type="hidden" name="org" value=slug />
                    <FormError message=of_form(error) />
                    <TextField label="Address of the organization" name="confirm" error=of_field(error, "confirm") required=true />
                    <div><Button kind=Kind::Danger submit=true busy=action.pending()>"Delete"</Button></div>
                </ActionForm>
            </Confirmed>
        </Section>
    }
}
