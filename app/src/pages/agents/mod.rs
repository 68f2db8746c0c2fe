//! `/<org>/agents`: all of them, and the way to a new one.

mod draft;
mod form;
mod models;
mod page;
mod tools;

pub use page::AgentPage;

use super::{
    PageError, Problem, auth,
    frame::{CurrentOrg, Surroundings},
};
use crate::components::{
    button::{Button, Kind},
    card::EmptyState,
    dialog::Dialog,
    field::{FormError, TextArea, TextField},
    icon::Icon,
    status::{Badge, Tone},
    table::Table,
    time::Ago,
};
use alumia_protocol::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    components::A,
    hooks::{use_location, use_params_map, use_query_map},
};
use serde::{Deserialize, Serialize};

/// An agent as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    name: String,
    slug: String,
    avatar: String,
    description: String,
    active: bool,
    model: String,
    tools: usize,
    updated_at: Timestamp,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentsData {
    agents: Vec<AgentRow>,
    /// Whether the caller makes and changes agents.
    writes: bool,
    /// As a table, not as cards.
    table: bool,
}

/// Remembers how the list is looked at.
#[cfg(feature = "ssr")]
const VIEW_COOKIE: &str = "alumia_agents_view";

/// Reads the agents. `view` is how the address asks to see them; it is remembered.
#[server(prefix = "/fn", endpoint = "agents")]
pub async fn load_agents(org: String, view: Option<String>, path: String) -> Result<AgentsData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let table = remembered_view(view.as_deref());
    let scope = platform.orgs.scope(crate::server::signed_in(&path)?, &org).await?;
    let catalog = platform.models.catalog(&platform.own_keys.own(&scope).await?);
    let model = |id: &str| match catalog.iter().find(|model| model.id == id) {
        Some(model) => model.name.clone(),
        None if id.is_empty() => "Organization's default".to_owned(),
        None => id.to_owned(),
    };
    let row = |agent: alumia_protocol::agents::Agent| AgentRow {
        model: model(&agent.model),
        tools: agent.allowed_tools.iter().filter(|name| platform.tools.get(name).is_some()).count(),
        name: agent.name,
        slug: agent.slug,
        avatar: agent.avatar,
        description: agent.description,
        active: agent.is_active,
        updated_at: agent.updated_at,
    };
    let agents = platform.agents.list(&scope).await?.items.into_iter().map(row).collect();
    Ok(AgentsData { agents, writes: scope.require_writer().is_ok(), table })
}

/// Whether the list is a table: as the address says, else as it was the last time.
#[cfg(feature = "ssr")]
fn remembered_view(asked: Option<&str>) -> bool {
    use axum::http::{HeaderValue, header, request::Parts};
    let Some(asked @ ("table" | "cards")) = asked else {
        let cookies = use_context::<Parts>().map(|request| request.headers).unwrap_or_default();
        let mut cookies = cookies.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        return cookies.any(|cookies| cookies.split("; ").any(|pair| pair == format!("{VIEW_COOKIE}=table")));
    };
    let cookie = format!("{VIEW_COOKIE}={asked}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    if let (Some(response), Ok(cookie)) =
        (use_context::<leptos_axum::ResponseOptions>(), HeaderValue::from_str(&cookie))
    {
        response.append_header(header::SET_COOKIE, cookie);
    }
    asked == "table"
}

/// Makes an agent and goes to its page.
#[server(prefix = "/fn", endpoint = "create_agent")]
pub async fn create_agent(
    org: String,
    name: String,
    avatar: String,
    description: String,
) -> Result<(), PageError> {
    use alumia_protocol::agents::CreateAgent;
    let page = format!("/{}/agents?new", crate::live::api::percent_encode(&org));
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    let new = CreateAgent {
        name: name.clone(),
        avatar: avatar.clone(),
        description: description.clone(),
        ..CreateAgent::default()
    };
    match expect_context::<alumia_platform::Platform>().agents.create(&scope, new).await {
        Ok(agent) => Ok(leptos_axum::redirect(&page_of(&org, &agent.slug))),
        Err(error) => {
            let values = [("name", name.as_str()), ("avatar", &avatar), ("description", &description)];
            crate::server::form_error(error, "agent", &page, &values)
        }
    }
}

/// Path of an agent's page.
#[cfg(feature = "ssr")]
fn page_of(org: &str, slug: &str) -> String {
    let encode = crate::live::api::percent_encode;
    format!("/{}/agents/{}", encode(org), encode(slug))
}

/// `/<org>/agents`
#[component]
pub fn AgentsPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let path = use_location().pathname;
    let key = Memo::new(move |_| {
        let org = params.with(|params| params.get("org").unwrap_or_default());
        (org, query.with(|query| query.get("view")))
    });
    let data = Resource::new_blocking(
        move || key.get(),
        move |(org, view)| load_agents(org, view, path.get_untracked()),
    );
    view! {
        <Title text="Agents" />
        <main id="main" class="page" tabindex="-1">
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Agents data /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Agents(data: AgentsData) -> impl IntoView {
    let AgentsData { agents, writes, table } = data;
    let org = expect_context::<CurrentOrg>().slug();
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| query.get("new").is_some()));
    let open = RwSignal::new(asked.get_untracked());
    Effect::new(move || {
        if asked.get() {
            open.set(true);
        }
    });
    let sought = RwSignal::new(query.with_untracked(|query| query.get("q").unwrap_or_default()));
    let alone = agents.len() == 1;
    let agents = StoredValue::new(agents);
    let found = move || {
        let words = sought.get().to_lowercase();
        let fits = |agent: &AgentRow| {
            let text = format!("{} {}", agent.name, agent.description).to_lowercase();
            words.split_whitespace().all(|word| text.contains(word))
        };
        agents.with_value(|agents| agents.iter().filter(|agent| fits(agent)).cloned().collect::<Vec<_>>())
    };
    // Without script the button is a link to this same page with the dialog open.
    let new_button = {
        let href = format!("/{org}/agents?new");
        move || {
            let href = href.clone();
            view! {
                <a class="button primary" href=href on:click=move |event| { event.prevent_default(); open.set(true); }>
                    <Icon name="plus" />"New agent"
                </a>
            }
        }
    };
    let place = org.clone();
    let list = move || {
        let (found, org) = (found(), place.clone());
        if found.is_empty() {
            return view! {
                <EmptyState icon="search" title="No agent by these words">
                    <p>"Names and descriptions are searched. Try fewer words."</p>
                </EmptyState>
            }
            .into_any();
        }
        if table {
            return view! { <AgentTable agents=found org /> }.into_any();
        }
        let cards = found
            .into_iter()
            .map(|agent| view! { <li><AgentCard agent org=org.clone() /></li> })
            .collect_view();
        view! { <ul class="project-grid" role="list">{cards}</ul> }.into_any()
    };
    let heading = (writes && !alone).then(&new_button);
    let empty = (alone && writes).then(|| {
        view! {
            <EmptyState icon="spark" title="No agents of your own yet">
                <p>"Ala is here from the beginning. Make an agent for work that comes back: with a prompt, a model, tools and limits of its own."</p>
                {new_button()}
            </EmptyState>
        }
    });
    view! {
        <header class="page-head">
            <h1>"Agents"</h1>
            {heading}
        </header>
        <div class="agents-bar">
            <form role="search" method="get" on:submit=move |event| event.prevent_default()>
                <label class="sr-only" for="agents-q">"Search agents"</label>
                <div class="field-control">
                    <input
                        id="agents-q"
                        name="q"
                        type="search"
                        placeholder="Search agents"
                        autocomplete="off"
                        value=sought.get_untracked()
                        on:input=move |event| sought.set(event_target_value(&event))
                    />
                </div>
            </form>
            <nav class="segmented" aria-label="View">
                <A href=format!("/{org}/agents?view=cards") attr:data-current=(!table).to_string()><Icon name="grid" />"Cards"</A>
                <A href=format!("/{org}/agents?view=table") attr:data-current=table.to_string()><Icon name="table" />"Table"</A>
            </nav>
        </div>
        <p class="sr-only" role="status">
            {
                let found = found;
                move || (!sought.with(String::is_empty)).then(|| format!("{} found", found().len()))
            }
        </p>
        {list}
        {empty}
        {writes.then(|| view! { <Dialog open title="New agent"><NewAgent org=org /></Dialog> })}
    }
}

/// An agent's sign: its emoji, or the product's spark.
pub(super) fn sign(avatar: &str) -> String {
    if avatar.is_empty() { "✦".to_owned() } else { avatar.to_owned() }
}

fn state(active: bool) -> AnyView {
    if active {
        return "Active".into_any();
    }
    view! { <Badge tone=Tone::Grey text="Off".to_owned() /> }.into_any()
}

fn tools_words(tools: usize) -> String {
    if tools == 1 { "1 tool".to_owned() } else { format!("{tools} tools") }
}

#[component]
fn AgentCard(agent: AgentRow, org: String) -> impl IntoView {
    let text =
        if agent.description.is_empty() { "No description yet.".to_owned() } else { agent.description };
    view! {
        <A href=format!("/{org}/agents/{}", agent.slug) attr:class="card project-card">
            <span class="project-emoji" aria-hidden="true">{sign(&agent.avatar)}</span>
            <h2 class="truncate">{agent.name}</h2>
            <p class="project-text">{text}</p>
            <p class="project-foot">
                {(!agent.active).then(|| state(false))}
                <span class="truncate">{agent.model}</span>
                <span>{tools_words(agent.tools)}</span>
            </p>
        </A>
    }
}

#[component]
fn AgentTable(agents: Vec<AgentRow>, org: String) -> impl IntoView {
    let rows = agents
        .into_iter()
        .map(|agent| {
            view! {
                <tr>
                    <th scope="row">
                        <A href=format!("/{org}/agents/{}", agent.slug) attr:class="agent-name">
                            <span class="avatar" aria-hidden="true">{sign(&agent.avatar)}</span>
                            <span class="truncate">{agent.name}</span>
                        </A>
                    </th>
                    <td>{state(agent.active)}</td>
                    <td>{agent.model}</td>
                    <td class="amount">{agent.tools}</td>
                    <td><Ago at=agent.updated_at /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Agents" columns=vec!["Name", "Status", "Model", "Tools", "Changed"] numeric=&[3]>
            {rows}
        </Table>
    }
}

#[component]
fn NewAgent(org: String) -> impl IntoView {
    let action = ServerAction::<CreateAgent>::new();
    Surroundings::change_with(action);
    let before = auth::Before::of("agent");
    let error = auth::trouble(action, &before);
    view! {
        <ActionForm action=action attr:class="form">
            <input type="hidden" name="org" value=org />
            <FormError message=auth::of_form(error) />
            <TextField
                label="Name"
                name="name"
                value=before.value("name")
                error=auth::of_field(error, "name")
                required=true
                autofocus=true
            />
            <TextField
                label="Emoji"
                name="avatar"
                value=before.value("avatar")
                error=auth::of_field(error, "avatar")
                hint="Stands beside its name."
            />
            <TextArea
                label="Description"
                name="description"
                value=before.value("description")
                error=auth::of_field(error, "description")
                hint="What it is for, so that others know when to ask it."
            />
            <Button kind=Kind::Primary submit=true busy=action.pending()>"Create agent"</Button>
        </ActionForm>
    }
}
