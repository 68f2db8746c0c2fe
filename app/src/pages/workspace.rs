//! `/<org>/lab` and `/<org>/projects/<slug>`: chat beside canvas.

use super::{
    PageError, Problem,
    frame::{CurrentOrg, PageCommands},
};
use crate::{
    canvas::{Canvas, Inspector},
    chat::{AgentChoice, Chat, ChatPanel},
    components::{card::EmptyState, credits, icon::Icon, menu::Menu, palette::Command, tabs::Tabs},
    copies::{CopyDesk, CopyDialogs, ProjectMenu, Source},
    live::{Connection, Live, spending::Spending},
};
use alumia_protocol::{ProjectId, billing::Spent, events::Snapshot, projects::Project};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    components::A,
    hooks::{use_location, use_navigate, use_params_map, use_query_map, use_url},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A project with all that its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkspaceData {
    /// The project.
    pub project: Project,
    /// What it has used so far.
    pub spent: Spent,
    /// The others to switch to: name, slug, emoji.
    pub projects: Vec<(String, String, String)>,
    /// Agents that may be talked to.
    pub agents: Vec<AgentChoice>,
    /// Conversations and canvas.
    pub snapshot: Snapshot,
}

/// Reads a project, or without `slug` the one that was changed last; `None` when there is none.
#[server(prefix = "/fn", endpoint = "workspace")]
pub async fn load_workspace(
    org: String,
    slug: Option<String>,
    path: String,
) -> Result<Option<WorkspaceData>, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = platform.orgs.scope(crate::server::signed_in(&path)?, &org).await?;
    let current = platform.workspaces.current(&scope).await?;
    let projects = platform.projects.list_in(&scope, current, None, 50).await?.items;
    let project = match slug {
        Some(slug) => platform.projects.by_slug(&scope, &slug).await?,
        None => match projects.first() {
            Some(project) => project.clone(),
            None => return Ok(None),
        },
    };
    let agents = platform.agents.list(&scope).await?.items;
    let details = platform.billing.with_spent(&scope, vec![project.clone()]).await?;
    Ok(Some(WorkspaceData {
        snapshot: platform.log.snapshot(&scope, project.id).await?,
        projects: projects.into_iter().map(|project| (project.name, project.slug, project.emoji)).collect(),
        agents: agents
            .into_iter()
            .filter(|agent| agent.is_active)
            .filter(|agent| agent.workspace_id.is_none_or(|workspace| workspace == project.workspace_id))
            .map(|agent| AgentChoice {
                id: agent.id,
                name: agent.name,
                slug: agent.slug,
                avatar: agent.avatar,
            })
            .collect(),
        spent: details.first().map(|details| details.spent).unwrap_or_default(),
        project,
    }))
}

/// `/<org>/lab`
#[component]
pub fn LabPage() -> impl IntoView {
    let query = use_query_map();
    view! { <Loaded slug=Signal::derive(move || query.with(|query| query.get("project"))) lab=true /> }
}

/// `/<org>/projects/<slug>`
#[component]
pub fn ProjectPage() -> impl IntoView {
    let params = use_params_map();
    view! { <Loaded slug=Signal::derive(move || params.with(|params| params.get("slug"))) lab=false /> }
}

#[component]
fn Loaded(slug: Signal<Option<String>>, lab: bool) -> impl IntoView {
    let params = use_params_map();
    let location = use_location();
    let key = Memo::new(move |_| (params.with(|params| params.get("org").unwrap_or_default()), slug.get()));
    let data = Resource::new_blocking(
        move || key.get(),
        move |(org, slug)| {
            let path =
                format!("{}{}", location.pathname.get_untracked(), search(&location.search.get_untracked()));
            load_workspace(org, slug, path)
        },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(Some(data)) => view! { <Workspace data lab /> }.into_any(),
                    Ok(None) => view! { <NoProject /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

fn search(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("?{}", text.trim_start_matches('?')) }
}

#[component]
fn NoProject() -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    view! {
        <Title text="Lab" />
        <main id="main" class="page" tabindex="-1">
            <h1 class="sr-only">"Lab"</h1>
            <EmptyState icon="lab" title="Start with a project">
                <p>"The lab shows a project's chat beside its canvas. There is no project yet."</p>
                <a class="button primary" href=format!("/{org}/projects?new")><Icon name="plus" />"New project"</a>
            </EmptyState>
        </main>
    }
}

#[component]
fn Workspace(data: WorkspaceData, lab: bool) -> impl IntoView {
    let WorkspaceData { project, spent, projects, agents, snapshot } = data;
    let project_id = project.id;
    let desk = CopyDesk::new();
    let source = Source { id: project.id, name: project.name.clone() };
    let org = expect_context::<CurrentOrg>().slug();
    let live = Live::new(project.id, snapshot);
    provide_context(live);
    let inspected = crate::chat::Inspected { selected_call: RwSignal::new(None) };
    provide_context(inspected);
    let chat = Chat::new(live, agents);
    provide_context(chat);
    Effect::new(move |connected: Option<()>| {
        if connected.is_none() {
            live.connect();
        }
    });
    offer_commands(chat);
    begin_as_asked(chat);
    let tab = RwSignal::new(0);
    // On a small screen a call opens where it can be seen.
    Effect::new(move || {
        if inspected.selected_call.with(Option::is_some) {
            tab.set(1);
        }
    });
    view! {
        <Title text=project.name.clone() />
        <main id="main" class="workspace" tabindex="-1" data-tab=move || if tab.get() == 0 { "chat" } else { "canvas" }>
            <header class="workspace-head">
                <Switcher project projects lab />
                <ProjectMenu desk source />
                <ProjectCost project=project_id spent />
                <ConnectionState live />
            </header>
            <div class="workspace-tabs">
                <Tabs id="workspace" label="Chat or canvas" tabs=vec!["Chat", "Canvas"] selected=tab />
            </div>
            <section class="workspace-chat" id="workspace-panel-0" aria-label="Chat">
                <ChatPanel />
            </section>
            // The canvas is a landmark by itself.
            <div class="workspace-canvas" id="workspace-panel-1">
                <Canvas />
            </div>
            <Inspector />
            <CopyDialogs desk org=Signal::stored(org) />
        </main>
    }
}

/// What the project has cost so far, its deleted chats included; looked up again when an event tells of a charge.
#[component]
fn ProjectCost(project: ProjectId, spent: Spent) -> impl IntoView {
    let shown = RwSignal::new(spent);
    let spending = expect_context::<Spending>();
    Effect::new(move |before: Option<u32>| {
        let count = spending.count();
        if before.is_none_or(|before| before == count) {
            return count;
        }
        // Several charges in a row are looked up together.
        let soon = set_timeout_with_handle(
            move || {
                spawn_local(async move {
                    // What can't be had now comes with the next charge.
                    if let Ok(details) = crate::live::api::project(project).await {
                        shown.try_set(details.spent);
                    }
                });
            },
            Duration::from_millis(700),
        );
        on_cleanup(move || {
            if let Ok(soon) = soon {
                soon.clear();
            }
        });
        count
    });
    let cost = move || credits::spent(shown.get().cost_microcredits, shown.get().own_key_calls);
    move || {
        cost().map(|cost| {
            view! { <span class="workspace-cost num" title="What this project has cost so far">{cost}</span> }
        })
    }
}

/// The project's name; opens the list of the others.
#[component]
fn Switcher(project: Project, projects: Vec<(String, String, String)>, lab: bool) -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let here = project.slug.clone();
    let rows = projects
        .into_iter()
        .map(|(name, slug, emoji)| {
            let current = (slug == here).then_some("true");
            let href = if lab { format!("/{org}/lab?project={slug}") } else { format!("/{org}/projects/{slug}") };
            view! {
                <A href attr:class="menu-item" attr:aria-current=current>
                    <span class="menu-emoji" aria-hidden="true">{if emoji.is_empty() { "◆".to_owned() } else { emoji }}</span>
                    <span class="truncate">{name}</span>
                </A>
            }
        })
        .collect_view();
    let label = view! { <Icon name="chevron-down" /> };
    let emoji = (!project.emoji.is_empty())
        .then(|| view! { <span aria-hidden="true">{project.emoji.clone()}</span> });
    view! {
        <div class="switcher">
            {emoji}
            <h1 class="truncate">{project.name}</h1>
            <Menu label=label.into_any() name="Switch project">
                <div class="menu-scroll">{rows}</div>
                <hr />
                <A href=format!("/{org}/projects") attr:class="menu-item"><Icon name="grid" />"All projects"</A>
            </Menu>
        </div>
    }
}

/// How the tab and the server stand.
#[component]
fn ConnectionState(live: Live) -> impl IntoView {
    let refused = live.refused();
    let words = move || match (refused.get(), live.connection().get()) {
        (Some(401), _) => "Signed out",
        (Some(_), _) => "No longer available",
        (None, Connection::Connecting) => "Connecting",
        (None, Connection::Live) => "Live",
        (None, Connection::Reconnecting) => "Reconnecting",
        (None, Connection::Offline) => "Offline",
    };
    let state = move || match live.connection().get() {
        Connection::Connecting => "connecting",
        Connection::Live => "live",
        Connection::Reconnecting => "reconnecting",
        Connection::Offline => "offline",
    };
    view! {
        <div class="connection needs-script" data-state=state role="status">
            <span class="connection-dot"></span>
            <span>{words}</span>
            {move || {
                refused.get().map(|_| view! { <a class="button small" href="" rel="external">"Reload"</a> })
            }}
        </div>
    }
}

/// Begins a conversation with the agent that the address names, also when one is here already. The address forgets
/// it, so that it can be asked for again.
fn begin_as_asked(chat: Chat) {
    let (url, navigate) = (use_url(), use_navigate());
    Effect::new(move |before: Option<()>| {
        let Some(wanted) = url.with(|url| url.search_params().get("agent")) else { return };
        // A chat that is new has looked itself.
        if before.is_some() {
            chat.begin_with(&wanted);
        }
        let (path, mut query) =
            url.with_untracked(|url| (url.path().to_owned(), url.search_params().clone()));
        query.remove("agent");
        let to = format!("{path}{}", query.to_query_string());
        navigate(&to, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    });
}

/// What the palette offers here beside what it offers everywhere.
fn offer_commands(chat: Chat) {
    let Some(PageCommands(commands)) = use_context() else { return };
    let new_chat = Command {
        title: "New chat".into(),
        group: "Actions",
        icon: "edit",
        run: Callback::new(move |()| chat.begin()),
    };
    let stop = Command {
        title: "Stop the run".into(),
        group: "Actions",
        icon: "stop",
        run: Callback::new(move |()| chat.stop()),
    };
    Effect::new(move || {
        let stop = chat.is_running().then(|| stop.clone());
        commands.set(std::iter::once(new_chat.clone()).chain(stop).collect());
    });
    on_cleanup(move || {
        commands.try_set(vec![]);
    });
}
