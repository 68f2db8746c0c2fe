//! `/<org>/agents/<slug>`: all that there is to one agent.

use super::{
    form::AgentForm,
    sign,
    tools::{ToolChoice, ToolSwitches},
};
use crate::{
    components::{
        button::{Button, Kind},
        credits,
        field::FormError,
        icon::Icon,
        status::{Badge, Tone},
        switch::Switch,
        table::Table,
        time::{Ago, duration},
        toast::use_toasts,
    },
    pages::{
        PageError, Problem,
        auth::Before,
        frame::Surroundings,
        settings::{Confirmed, Section, failure},
    },
};
use alumia_protocol::{
    AgentId, WorkspaceId,
    agents::{Agent, AgentRun, RunStatus},
    models::CatalogModel,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{
    components::A,
    hooks::{use_location, use_params_map},
};
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentPageData {
    pub org: String,
    pub agent: Agent,
    /// Whether it is the one that every organisation has.
    pub ala: bool,
    /// Whether the caller changes agents.
    pub writes: bool,
    pub models: Vec<CatalogModel>,
    /// What the organisation's default resolves to now.
    pub default_model: Option<String>,
    pub workspaces: Vec<(WorkspaceId, String)>,
    /// Steps that no run exceeds.
    pub steps_limit: u32,
    pub tools: Vec<ToolChoice>,
    /// Those that people always allow it.
    pub granted: Vec<String>,
    /// The organisation's other agents: id, name, what for.
    pub others: Vec<(AgentId, String, String)>,
    pub runs: Vec<AgentRun>,
}

/// The agent as the server has it, as far as this page knows.
#[derive(Clone, Copy)]
pub struct AgentState {
    pub base: RwSignal<Agent>,
}

impl AgentState {
    /// After the form was saved.
    pub fn saved(self, agent: Agent) {
        self.base.try_set(agent);
    }

    /// After a switch. If others have changed the agent in between, the form keeps the version that it knows, so that
    /// saving it finds out.
    pub fn switched(self, agent: Agent) {
        self.base.try_update(|base| {
            if agent.version == base.version + 1 {
                base.version = agent.version;
            }
            base.allowed_tools = agent.allowed_tools;
            base.is_active = agent.is_active;
        });
    }
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "agent")]
pub async fn load_agent(org: String, slug: String, path: String) -> Result<AgentPageData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = platform.orgs.scope(crate::server::signed_in(&path)?, &org).await?;
    let agent = platform.agents.find(&scope, &slug).await?;
    let own = platform.own_keys.own(&scope).await?;
    let default = platform.tenants.settings(&scope).await?.default_model;
    let tool = |tool: &std::sync::Arc<dyn alumia_platform::tools::Tool>| {
        let about = tool.description();
        ToolChoice {
            name: tool.name().to_owned(),
            group: tool.group().to_owned(),
            title: tool.title().plain.to_owned(),
            // The first sentence says what it does; the rest tells a model how to use it.
            about: about.split_once(". ").map_or_else(|| about.to_owned(), |(first, _)| format!("{first}.")),
            effect: tool.effect(),
        }
    };
    let workspaces = platform.workspaces.list(&scope).await?;
    let others = platform.agents.list(&scope).await?.items.into_iter().filter(|other| other.id != agent.id);
    Ok(AgentPageData {
        org,
        ala: alumia_platform::agents::Agents::is_ala(&agent),
        writes: scope.require_writer().is_ok(),
        default_model: platform.models.route(&own, &default, false).ok().map(|route| route.model.id),
        models: platform.models.catalog(&own),
        workspaces: workspaces.into_iter().map(|workspace| (workspace.id, workspace.name)).collect(),
        steps_limit: platform.engine.limits().max_steps,
        granted: platform
            .engine
            .grants(&scope, agent.id)
            .await?
            .items
            .into_iter()
            .map(|it| it.tool)
            .collect(),
        tools: platform.tools.all().iter().map(tool).collect(),
        others: others.map(|other| (other.id, other.name, other.description)).collect(),
        runs: platform.agents.runs(&scope, agent.id).await?,
        agent,
    })
}

/// Switches the agent on or off.
#[server(prefix = "/fn", endpoint = "switch_agent")]
pub async fn switch_agent(org: String, slug: String, agent: AgentId, on: bool) -> Result<Agent, PageError> {
    let page = super::page_of(&org, &slug);
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    let agent = expect_context::<alumia_platform::Platform>().agents.set_active(&scope, agent, on).await?;
    if crate::server::is_plain_form() {
        leptos_axum::redirect(&page);
    }
    Ok(agent)
}

/// Deletes the agent.
#[server(prefix = "/fn", endpoint = "delete_agent")]
pub async fn delete_agent(org: String, slug: String, agent: AgentId) -> Result<(), PageError> {
    let page = super::page_of(&org, &slug);
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    match expect_context::<alumia_platform::Platform>().engine.delete_agent(&scope, agent).await {
        Ok(()) => Ok(leptos_axum::redirect(&format!("/{}/agents", crate::live::api::percent_encode(&org)))),
        Err(error) => crate::server::form_error(error, "delete_agent", &page, &[]),
    }
}

/// `/<org>/agents/<slug>`
#[component]
pub fn AgentPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let key = Memo::new(move |_| {
        let of = |name| params.with(|params| params.get(name).unwrap_or_default());
        (of("org"), of("slug"))
    });
    let data = Resource::new_blocking(
        move || key.get(),
        move |(org, slug)| load_agent(org, slug, path.get_untracked()),
    );
    view! {
        <main id="main" class="page" tabindex="-1">
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <OneAgent data /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn OneAgent(data: AgentPageData) -> impl IntoView {
    let state = AgentState { base: RwSignal::new(data.agent.clone()) };
    let AgentPageData { org, ala, writes, tools, granted, runs, .. } = data.clone();
    let name = Signal::derive(move || state.base.with(|agent| agent.name.clone()));
    let active = Signal::derive(move || state.base.with(|agent| agent.is_active));
    let slug = data.agent.slug.clone();
    let chat = format!("/{org}/lab?agent={slug}");
    let chat = move || {
        active.get().then(|| view! { <A href=chat.clone() attr:class="button primary"><Icon name="chat" />"Chat with this agent"</A> })
    };
    let delete = (writes && !ala).then(|| {
        view! { <Delete id=data.agent.id org=org.clone() slug=slug.clone() /> }
    });
    let place = org.clone();
    view! {
        <Title text=move || name.get() />
        <header class="page-head agent-head">
            <span class="project-emoji" aria-hidden="true">{move || state.base.with(|agent| sign(&agent.avatar))}</span>
            <div class="agent-who">
                <h1 class="truncate">{name}</h1>
                <A href=format!("/{org}/agents") attr:class="muted">"All agents"</A>
            </div>
            {move || (!active.get()).then(|| view! { <Badge tone=Tone::Grey text="Off".to_owned() /> })}
            {(writes && !ala).then(|| view! { <Active state org=org.clone() /> })}
            {chat}
        </header>
        <AgentForm data state />
        <Section title="Tools" lead="What it can do. A switch holds from the next step on, also of a run that is going on.">
            <ToolSwitches tools granted state org=place writes />
        </Section>
        <div class="agent-runs">
            <h2>"Recent runs"</h2>
            <Runs runs org />
        </div>
        {delete}
    }
}

#[component]
fn Active(state: AgentState, org: String) -> impl IntoView {
    let toasts = use_toasts();
    let (id, slug) = state.base.with_untracked(|agent| (agent.id, agent.slug.clone()));
    let on = Signal::derive(move || state.base.with(|agent| agent.is_active));
    let busy = RwSignal::new(false);
    let (place, path) = (org.clone(), slug.clone());
    let switch = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let (org, slug, wanted) = (place.clone(), path.clone(), !on.get_untracked());
        spawn_local(async move {
            match switch_agent(org, slug, id, wanted).await {
                Ok(agent) => state.switched(agent),
                Err(error) => toasts.fail(error.message),
            }
            busy.try_set(false);
        });
    };
    view! {
        <form method="post" action="/fn/switch_agent" class="agent-active" on:submit=switch>
            <input type="hidden" name="org" value=org />
            <input type="hidden" name="slug" value=slug />
            <input type="hidden" name="agent" value=id.to_string() />
            <input type="hidden" name="on" value=move || (!on.get()).to_string() />
            <Switch on label="Active" disabled=busy />
            <span aria-hidden="true">"Active"</span>
        </form>
    }
}

const fn run_words(status: RunStatus) -> (Tone, &'static str) {
    match status {
        RunStatus::Queued => (Tone::Grey, "Queued"),
        RunStatus::Running => (Tone::Amber, "Running"),
        RunStatus::Waiting => (Tone::Blue, "Waiting"),
        RunStatus::Completed => (Tone::Green, "Done"),
        RunStatus::Failed => (Tone::Red, "Failed"),
        RunStatus::Cancelled => (Tone::Grey, "Stopped"),
    }
}

#[component]
fn Runs(runs: Vec<AgentRun>, org: String) -> impl IntoView {
    if runs.is_empty() {
        return view! { <p class="muted">"It hasn't worked yet, or only where you don't see it."</p> }
            .into_any();
    }
    let rows = runs
        .into_iter()
        .map(|run| {
            let (tone, words) = run_words(run.status);
            let took = run.started_at.zip(run.ended_at).map(|(from, to)| duration(to.millis_since(from)));
            let href = format!("/{org}/projects/{}?session={}", run.project, run.session_id);
            view! {
                <tr>
                    <th scope="row"><A href>{run.label}</A></th>
                    <td><Badge tone text=words.to_owned() /></td>
                    <td><Ago at=run.created_at /></td>
                    <td class="amount">{took.unwrap_or_else(|| "–".to_owned())}</td>
                    <td class="amount">{credits::number(run.cost)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="Recent runs" columns=vec!["Chat", "Status", "Begun", "Took", "Credits"] numeric=&[3, 4]>{rows}</Table>
    }
    .into_any()
}

#[component]
fn Delete(id: AgentId, org: String, slug: String) -> impl IntoView {
    let action = ServerAction::<DeleteAgent>::new();
    Surroundings::change_with(action);
    let before = StoredValue::new(Before::of("delete_agent").message());
    let failed = failure(action);
    let message = Signal::derive(move || failed.get().or_else(|| before.get_value()));
    view! {
        <Section title="Delete" lead="Its runs end at once. What was said with it stays readable, and nobody can go on with it.">
            <FormError message />
            <Confirmed words="Delete agent" label="Delete agent" question="This can't be taken back.">
                <ActionForm action=action>
                    <input type="hidden" name="org" value=org />
                    <input type="hidden" name="slug" value=slug />
                    <input type="hidden" name="agent" value=id.to_string() />
                    <Button kind=Kind::Danger submit=true busy=action.pending()>"Delete now"</Button>
                </ActionForm>
            </Confirmed>
        </Section>
    }
}
