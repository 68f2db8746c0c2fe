//! `/orgs`: the organisations of a person, a new one, and those that can be brought back.

use super::{
    PageError, Problem,
    auth::{Before, of_field, of_form, trouble},
    frame::Mark,
};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, TextField},
        time::date,
    },
    live::step_up::SteppedUpClient,
};
use alumia_protocol::{OrgId, orgs::DeletedOrg, people::Membership};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrgsData {
    /// Where the person belongs.
    pub memberships: Vec<Membership>,
    /// What they can bring back.
    pub deleted: Vec<DeletedOrg>,
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "orgs")]
pub async fn load_orgs() -> Result<OrgsData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let user = crate::server::signed_in("/orgs")?;
    Ok(OrgsData {
        memberships: platform.orgs.memberships(user).await?,
        deleted: platform.tenants.deleted(user).await?,
    })
}

/// Makes an organisation and goes to it.
#[server(prefix = "/fn", endpoint = "create_org")]
pub async fn create_org(name: String) -> Result<(), PageError> {
    use alumia_protocol::orgs::CreateOrg;
    let user = crate::server::signed_in("/orgs")?;
    let tenants = expect_context::<alumia_platform::Platform>().tenants.clone();
    match tenants.create(user, CreateOrg { name: name.clone() }, crate::server::origin()).await {
        Ok(org) => Ok(leptos_axum::redirect(&format!("/{}/lab", org.slug))),
        Err(error) => crate::server::form_error(error, "new_org", "/orgs", &[("name", name.as_str())]),
    }
}

/// Brings a deleted organisation back and goes to it.
#[server(prefix = "/fn", endpoint = "restore_org", client = SteppedUpClient)]
pub async fn restore_org(id: OrgId) -> Result<(), PageError> {
    let Some(user) = crate::server::stepped_up("/orgs")? else { return Ok(()) };
    let tenants = expect_context::<alumia_platform::Platform>().tenants.clone();
    let org = tenants.restore(user, id, crate::server::origin()).await?;
    leptos_axum::redirect(&format!("/{}/lab", org.slug));
    Ok(())
}

/// `/orgs`
#[component]
pub fn OrgsPage() -> impl IntoView {
    let data = Resource::new_blocking(|| (), |()| load_orgs());
    view! {
        <Title text="Your organizations" />
        <main id="main" class="page plain" tabindex="-1">
            <header class="page-head"><a href="/" class="brand"><Mark />"Alumia"</a></header>
            <h1>"Your organizations"</h1>
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Orgs data /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Orgs(data: OrgsData) -> impl IntoView {
    let action = ServerAction::<CreateOrg>::new();
    let restore = ServerAction::<RestoreOrg>::new();
    let before = Before::of("new_org");
    let error = trouble(action, &before);
    let none = data.memberships.is_empty();
    let rows = data
        .memberships
        .into_iter()
        .map(|membership| {
            let href = format!("/{}/lab", membership.org.slug);
            view! {
                <li class="settings-row">
                    <div class="settings-what">
                        <strong class="truncate">{membership.org.name}</strong>
                        <span class="muted">{format!("/{}", membership.org.slug)}</span>
                    </div>
                    <a class="button" href=href rel="external">"Open"</a>
                </li>
            }
        })
        .collect_view();
    let gone = data
        .deleted
        .into_iter()
        .map(|deleted| {
            let until = format!("Deleted. Gone for good on {}.", date(deleted.purge_at));
            view! {
                <li class="settings-row">
                    <div class="settings-what">
                        <strong class="truncate">{deleted.org.name.clone()}</strong>
                        <span class="muted">{until}</span>
                    </div>
                    <ActionForm action=restore>
                        <input type="hidden" name="id" value=deleted.org.id.to_string() />
                        <Button submit=true attr:aria-label=format!("Bring {} back", deleted.org.name)>"Bring back"</Button>
                    </ActionForm>
                </li>
            }
        })
        .collect_view();
    view! {
        {none.then(|| view! { <p class="muted">"You belong to none now. Make one, or ask somebody to invite you."</p> })}
        <ul role="list" class="settings-list">{rows}{gone}</ul>
        <h2>"New organization"</h2>
        <ActionForm action=action attr:class="form">
            <FormError message=of_form(error) />
            <TextField label="Name" name="name" value=before.value("name") error=of_field(error, "name") required=true />
            <div><Button kind=Kind::Primary submit=true busy=action.pending()>"Create organization"</Button></div>
        </ActionForm>
    }
}
