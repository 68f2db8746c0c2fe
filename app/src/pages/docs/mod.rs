//! `/docs/api`: every route of the API, from its own description.

pub mod gallery;
pub mod model;
pub mod samples;

use super::{
    PageError, Problem,
    frame::{Mark, ThemeSwitch},
};
use crate::components::icon::Icon;
use leptos::prelude::*;
use leptos_meta::Title;
use model::{Reader, RouteDoc};
use samples::{Code, LANGUAGES, sample};

/// The routes, and whose samples to show.
#[server(prefix = "/fn", endpoint = "api_docs")]
pub async fn load_api_docs() -> Result<(Vec<RouteDoc>, Reader), PageError> {
    let described = expect_context::<crate::server::Described>();
    let mut reader = Reader { origin: described.origin.clone(), ..Reader::default() };
    if let Some(user) = expect_context::<crate::server::Caller>().user {
        let platform = expect_context::<alumia_platform::Platform>();
        if let Some(first) = platform.orgs.memberships(user).await?.into_iter().next() {
            let scope = platform.orgs.scope(user, &first.org.slug).await?;
            let projects = platform.projects.list(&scope, None, 1).await?.items;
            reader.project = projects.first().map(|project| project.id.to_string());
            reader.org = Some((first.org.name, first.org.slug));
        }
    }
    Ok((model::read(described.document), reader))
}

/// `/docs/api`
#[component]
pub fn ApiDocsPage() -> impl IntoView {
    let docs = Resource::new_blocking(|| (), |()| load_api_docs());
    view! {
        <Title text="API reference" />
        <header class="home-bar">
            <a href="/" class="brand"><Mark />"Alumia"</a>
            <ThemeSwitch />
        </header>
        <Suspense>
            {move || Suspend::new(async move {
                match docs.await {
                    Ok((routes, reader)) => view! { <Reference routes reader /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Reference(routes: Vec<RouteDoc>, reader: Reader) -> impl IntoView {
    let wanted = RwSignal::new(String::new());
    let count = routes.len();
    let language = RwSignal::new(0_usize);
    let found = StoredValue::new(
        routes
            .iter()
            .map(|route| {
                let scope = route.scope.as_deref().unwrap_or_default();
                format!("{} {} {} {scope}", route.method, route.path, route.summary).to_lowercase()
            })
            .collect::<Vec<_>>(),
    );
    let hidden = move |at: usize| {
        let wanted = wanted.get().to_lowercase();
        !found.with_value(|all| wanted.split_whitespace().all(|word| all[at].contains(word)))
    };
    let shown = move || (0..count).filter(|at| !hidden(*at)).count();
    let choice = LANGUAGES
        .iter()
        .enumerate()
        .map(|(at, name)| {
            view! {
                <button type="button" aria-pressed=move || (language.get() == at).to_string() on:click=move |_| language.set(at)>
                    {*name}
                </button>
            }
        })
        .collect_view();
    let list = routes
        .into_iter()
        .enumerate()
        .map(|(at, route)| {
            let reader = reader.clone();
            view! { <li hidden=move || hidden(at)><Route route reader language /></li> }
        })
        .collect_view();
    view! {
        <main id="main" class="api-docs" tabindex="-1">
            <h1>"API reference"</h1>
            <p>
                "Everything that the dashboard does with projects, agents and conversations, for programs. Answers are JSON: "
                <code>"{ success, data }"</code>", or " <code>"{ success: false, error }"</code>
                " with a code for programs and a sentence for people. The same as "
                <a href="/api/v1/openapi.json" rel="external">"OpenAPI 3.1"</a>"."
            </p>
            <h2>"Before you start"</h2>
            <ul class="api-facts">
                <li>"Make a key on your organization's page Developers and send it as " <code>"Authorization: Bearer …"</code>". It acts with your role, within its scopes, in the organization that it was made in."</li>
                <li>"Over a limit you are answered 429 with " <code>"Retry-After"</code>". Every counted answer says how you stand: " <code>"RateLimit-Limit"</code>", " <code>"RateLimit-Remaining"</code>", " <code>"RateLimit-Reset"</code>"."</li>
                <li>"Any POST may carry " <code>"Idempotency-Key"</code>": sent again within 24 hours, it is done once and answered the same."</li>
                <li>"Lists have " <code>"items"</code>", " <code>"nextCursor"</code>" and " <code>"hasMore"</code>"; pass the cursor on for the next page."</li>
            </ul>
            <div class="api-find needs-script">
                <div class="field">
                    <label for="find">"Find a route"</label>
                    <div class="field-control">
                        <input id="find" type="search" autocomplete="off" prop:value=move || wanted.get() on:input=move |event| wanted.set(event_target_value(&event)) />
                    </div>
                </div>
                <div class="segmented" role="group" aria-label="Language of samples">{choice}</div>
            </div>
            <p class="muted" role="status">{move || format!("{} of {count} routes", shown())}</p>
            <ul class="api-routes" role="list">{list}</ul>
        </main>
    }
}

#[component]
fn Route(route: RouteDoc, reader: Reader, language: RwSignal<usize>) -> impl IntoView {
    let params = route
        .params
        .iter()
        .map(|param| {
            let place = format!("{}{}", param.place, if param.required { ", required" } else { "" });
            view! { <tr><th scope="row"><code>{param.name.clone()}</code></th><td>{place}</td><td>{param.words.clone()}</td></tr> }
        })
        .collect_view();
    let answers = route
        .answers
        .iter()
        .map(|(status, words)| {
            view! { <tr><th scope="row"><code>{status.clone()}</code></th><td>{words.clone()}</td></tr> }
        })
        .collect_view();
    let name = format!("{} {}", route.method, route.path);
    let (params_name, answers_name) = (format!("Parameters of {name}"), format!("Answers of {name}"));
    let (params_caption, answers_caption) = (params_name.clone(), answers_name.clone());
    let (id, method, path) = (route.id.clone(), route.method.clone(), route.path.clone());
    let (summary, description, scope) =
        (route.summary.clone(), route.description.clone(), route.scope.clone());
    let has_params = !route.params.is_empty();
    let filled = route.path_for(&reader);
    let text = Signal::derive(move || sample(language.get(), &route, &filled, &reader));
    view! {
        <details class="api-route" id=id>
            <summary>
                <span class="api-method" data-method=method.clone()>{method.clone()}</span>
                <code class="api-path">{path}</code>
                <span class="api-summary">{summary}</span>
                <Icon name="chevron-down" />
            </summary>
            <div class="api-body">
                <p>{description}</p>
                {scope.map(|scope| view! { <p class="muted">"Scope: " <code>{scope}</code></p> })}
                {has_params.then(|| view! {
                    <div class="table-box" tabindex="0" role="region" aria-label=params_name>
                        <table class="table api-table"><caption class="sr-only">{params_caption}</caption><tbody>{params}</tbody></table>
                    </div>
                })}
                <Code text what=format!("the sample of {name}") />
                <div class="table-box" tabindex="0" role="region" aria-label=answers_name>
                    <table class="table api-table"><caption class="sr-only">{answers_caption}</caption><tbody>{answers}</tbody></table>
                </div>
            </div>
        </details>
    }
}
