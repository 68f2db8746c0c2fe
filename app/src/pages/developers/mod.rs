//! `/<org>/developers`: API keys, a live try-out of the API, the way to its reference.

mod keys;
mod try_it;

use super::{
    PageError, Problem,
    docs::model::{Reader, RouteDoc},
    frame::CurrentOrg,
};
use crate::components::icon::Icon;
use alumia_protocol::keys::ApiKey;
use keys::KeysSection;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use serde::{Deserialize, Serialize};
use try_it::TryIt;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Developers {
    /// The caller's own keys.
    pub keys: Vec<ApiKey>,
    /// What samples are filled in with.
    pub reader: Reader,
    /// Routes that read.
    pub routes: Vec<RouteDoc>,
}

/// The caller's keys in this organisation and the routes to try.
#[server(prefix = "/fn", endpoint = "developers")]
pub async fn load_developers(org: String, path: String) -> Result<Developers, PageError> {
    use super::docs::model::AnswerKind;
    let platform = expect_context::<alumia_platform::Platform>();
    let described = expect_context::<crate::server::Described>();
    let scope = platform.orgs.scope(crate::server::signed_in(&path)?, &org).await?;
    let org = platform.orgs.get(&scope).await?;
    let project =
        platform.projects.list(&scope, None, 1).await?.items.first().map(|first| first.id.to_string());
    let routes = super::docs::model::read(described.document);
    Ok(Developers {
        keys: platform.keys.list(&scope).await?,
        reader: Reader { origin: described.origin, org: Some((org.name, org.slug)), project },
        routes: routes
            .into_iter()
            .filter(|route| route.method == "GET" && route.answer != AnswerKind::Stream)
            .collect(),
    })
}

/// `/<org>/developers`
#[component]
pub fn DevelopersPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let data = Resource::new_blocking(
        move || params.with(|params| params.get("org").unwrap_or_default()),
        move |org| load_developers(org, path.get_untracked()),
    );
    view! {
        <Title text="Developers" />
        <main id="main" class="page" tabindex="-1">
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Inside data /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Inside(data: Developers) -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let origin = data.reader.origin.clone();
    view! {
        <header class="page-head">
            <h1>"Developers"</h1>
            <a class="button" href="/docs/api"><Icon name="code" />"API reference"</a>
        </header>
        <KeysSection org=org keys=data.keys origin />
        <TryIt routes=data.routes reader=data.reader />
    }
}
