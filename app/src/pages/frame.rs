//! What surrounds every page of an organisation: the rail, the command palette, the account menu.

use super::PageError;
use crate::components::{
    credits,
    icon::Icon,
    menu::Menu,
    palette::{Command, Palette},
    theme,
};
use crate::live::spending::Spending;
use alumia_protocol::{
    Microcredits, WorkspaceId,
    people::{Org, User},
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    components::{A, Outlet},
    hooks::{use_location, use_navigate, use_params_map},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A destination of the rail.
pub struct Destination {
    /// What it is called.
    pub name: &'static str,
    /// Path below the organisation's.
    pub path: &'static str,
    /// Its icon.
    pub icon: &'static str,
}

/// Where the rail goes, in order. A capability adds its line when its page exists.
pub const DESTINATIONS: &[Destination] = &[
    Destination { name: "Lab", path: "lab", icon: "lab" },
    Destination { name: "Projects", path: "projects", icon: "grid" },
    Destination { name: "Agents", path: "agents", icon: "spark" },
    Destination { name: "Billing", path: "billing", icon: "wallet" },
    Destination { name: "Developers", path: "developers", icon: "code" },
    Destination { name: "Settings", path: "settings/general", icon: "settings" },
];

/// Who is here, in which organisation, and what the palette finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameData {
    /// The person.
    pub user: User,
    /// The organisation of the path.
    pub org: Org,
    /// The person's other organisations.
    pub others: Vec<Org>,
    /// The workspaces that the person sees: id, name.
    pub workspaces: Vec<(WorkspaceId, String)>,
    /// The one that they work in; `None` for all.
    pub workspace: Option<WorkspaceId>,
    /// Projects: name, slug, emoji.
    pub projects: Vec<(String, String, String)>,
    /// Agents: name, slug, whether they can be talked to.
    pub agents: Vec<(String, String, bool)>,
    /// Credits that can be spent.
    pub balance: Microcredits,
}

/// The organisation of the page; context below [`Frame`].
#[derive(Clone, Copy)]
pub struct CurrentOrg(Memo<String>);

impl CurrentOrg {
    /// Its slug now.
    pub fn slug(self) -> String {
        self.0.try_get_untracked().unwrap_or_default()
    }
}

/// What surrounds the page names projects and agents: whoever makes or removes one says so. Context below [`Frame`].
#[derive(Clone, Copy)]
pub struct Surroundings(RwSignal<u32>);

impl Surroundings {
    /// They are read again once the action has done what it does.
    pub fn change_with<Asked, E>(action: ServerAction<Asked>)
    where
        Asked: ServerFn<Output = (), Error = E> + Clone + Send + Sync + 'static,
        E: Send + Sync + 'static,
    {
        let Some(Self(times)) = use_context() else { return };
        Effect::new(move || {
            if action.value().with(|done| matches!(done, Some(Ok(())))) {
                times.try_update(|times| *times += 1);
            }
        });
    }
}

/// Actions that the page below adds to the palette.
#[derive(Clone, Copy)]
pub struct PageCommands(pub RwSignal<Vec<Command>>);

/// Reads what surrounds the pages of an organisation. Whoever isn't signed in is sent to sign in and
/// comes back to `path`.
#[server(prefix = "/fn", endpoint = "frame")]
pub async fn load_frame(org: String, path: String) -> Result<FrameData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let user = crate::server::signed_in(&path)?;
    let scope = platform.orgs.scope(user, &org).await?;
    let workspace = platform.workspaces.current(&scope).await?;
    let projects = platform.projects.list_in(&scope, workspace, None, 100).await?.items;
    let agents = platform.agents.list(&scope).await?.items;
    let me = platform.identity.me(user).await?;
    let others = me.memberships.into_iter().map(|membership| membership.org);
    Ok(FrameData {
        user: me.user,
        others: others.filter(|org| org.id != scope.org_id()).collect(),
        workspaces: platform
            .workspaces
            .list(&scope)
            .await?
            .into_iter()
            .map(|workspace| (workspace.id, workspace.name))
            .collect(),
        balance: platform.billing.overview(&scope).await?.available,
        workspace,
        org: platform.orgs.get(&scope).await?,
        projects: projects.into_iter().map(|project| (project.name, project.slug, project.emoji)).collect(),
        agents: agents.into_iter().map(|agent| (agent.name, agent.slug, agent.is_active)).collect(),
    })
}

/// Signs out and goes to the start.
#[server(prefix = "/fn", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), PageError> {
    expect_context::<crate::server::DoorHandle>().leave().await?;
    leptos_axum::redirect("/");
    Ok(())
}

/// Works in this workspace from now on, or in all; goes to its projects.
#[server(prefix = "/fn", endpoint = "switch_workspace")]
pub async fn switch_workspace(org: String, workspace: String) -> Result<(), PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let page = format!("/{}/projects", crate::live::api::percent_encode(&org));
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    platform.workspaces.switch(&scope, workspace.parse().ok()).await?;
    leptos_axum::redirect(&page);
    Ok(())
}

/// The frame with the page inside. They stand side by side, so that the server reads both at once and neither
/// twice.
#[component]
pub fn Frame() -> impl IntoView {
    let params = use_params_map();
    let org = Memo::new(move |_| params.with(|params| params.get("org").unwrap_or_default()));
    let path = use_location().pathname;
    let surroundings = Surroundings(RwSignal::new(0));
    provide_context(surroundings);
    let frame = Resource::new_blocking(
        move || (org.get(), surroundings.0.get()),
        move |(org, _)| load_frame(org, path.get_untracked()),
    );
    provide_context(Spending::new());
    provide_context(PageCommands(RwSignal::new(vec![])));
    provide_context(CurrentOrg(org));
    view! {
        <div class="frame">
            <Transition>
                // Where it can't be read, the page says why.
                {move || Suspend::new(async move { frame.await.ok().map(|data| view! { <Rail data /> }) })}
            </Transition>
            <Outlet />
        </div>
    }
}

#[component]
fn Rail(data: FrameData) -> impl IntoView {
    let palette = RwSignal::new(false);
    let slug = data.org.slug.clone();
    let path = use_location().pathname;
    let links = DESTINATIONS
        .iter()
        .map(|to| {
            let href = format!("/{slug}/{}", to.path);
            let section = format!("/{slug}/{}", to.path.split('/').next().unwrap_or_default());
            let here = move || {
                let below = path.with(|path| path.strip_prefix(&section).map(str::to_owned));
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')).then_some("page")
            };
            view! {
                <li>
                    <a href=href class="rail-link" aria-current=here>
                        <Icon name=to.icon />
                        <span>{to.name}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    let page = expect_context::<PageCommands>().0;
    let own = StoredValue::new(commands(&data));
    let commands = Signal::derive(move || {
        let mut all = page.get();
        all.extend(own.get_value());
        all
    });
    view! {
        <header class="rail">
            <div class="rail-org">
                <OrgSwitcher
                    org=data.org.clone()
                    others=data.others
                    workspaces=data.workspaces
                    workspace=data.workspace
                />
            </div>
            <button
                type="button"
                class="rail-search needs-script"
                aria-keyshortcuts="Meta+K Control+K"
                on:click=move |_| palette.set(true)
            >
                <Icon name="search" />
                <span>"Search"</span>
                <kbd>"⌘K"</kbd>
            </button>
            <nav class="rail-nav" aria-label="Main">
                <ul role="list">{links}</ul>
            </nav>
            <div class="rail-foot">
                <Balance balance=data.balance org=data.org.slug.clone() />
                <Account user=data.user org=data.org.slug />
            </div>
        </header>
        <Palette open=palette commands />
    }
}

/// The organisation and workspace one is in, with the way to the others. Plain forms and links: another
/// organisation or workspace is another set of pages.
#[component]
fn OrgSwitcher(
    org: Org,
    others: Vec<Org>,
    workspaces: Vec<(WorkspaceId, String)>,
    workspace: Option<WorkspaceId>,
) -> impl IntoView {
    let here = workspaces.iter().find(|(id, _)| Some(*id) == workspace).map(|(_, name)| name.clone());
    let label = view! {
        <Mark />
        <span class="rail-where">
            <span class="truncate">{org.name.clone()}</span>
            {here.map(|name| view! { <span class="truncate rail-workspace">{name}</span> })}
        </span>
        <Icon name="chevron-down" />
    };
    let slug = org.slug.clone();
    let room = move |id: String, name: String, current: bool| {
        view! {
            <form method="post" action="/fn/switch_workspace">
                <input type="hidden" name="org" value=slug.clone() />
                <input type="hidden" name="workspace" value=id />
                <button class="menu-item" type="submit" aria-current=current.then_some("true")>
                    <Icon name="folder" />
                    <span class="truncate">{name}</span>
                </button>
            </form>
        }
    };
    let rooms = (workspaces.len() > 1).then(|| {
        let all = room(String::new(), "All workspaces".into(), workspace.is_none());
        let each = workspaces
            .into_iter()
            .map(|(id, name)| room(id.to_string(), name, Some(id) == workspace))
            .collect_view();
        view! { {all}{each}<hr /> }
    });
    let others = others
        .into_iter()
        .map(|org| {
            view! {
                <a class="menu-item" href=format!("/{}/lab", org.slug) rel="external">
                    <Icon name="globe" />
                    <span class="truncate">{org.name}</span>
                </a>
            }
        })
        .collect_view();
    view! {
        <Menu label=label.into_any() name="Switch organization or workspace">
            <div class="menu-scroll">{rooms}{others}</div>
            <a class="menu-item" href="/orgs" rel="external"><Icon name="plus" />"All organizations, or a new one"</a>
        </Menu>
    }
}

/// What can be spent, with the way to the books. Looked up again when something was charged.
#[component]
fn Balance(balance: Microcredits, org: String) -> impl IntoView {
    let shown = RwSignal::new(balance);
    let spending = expect_context::<Spending>();
    let href = format!("/{org}/billing");
    Effect::new(move |before: Option<u32>| {
        let count = spending.count();
        if before.is_none_or(|before| before == count) {
            return count;
        }
        let org = org.clone();
        // Several charges in a row are looked up together.
        let soon = set_timeout_with_handle(
            move || {
                spawn_local(async move {
                    // What can't be had now comes with the next charge.
                    if let Ok(overview) = crate::live::api::billing(&org).await {
                        shown.try_set(overview.available);
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
    let low = move || (!shown.get().is_positive()).to_string();
    view! {
        <a class="rail-balance" href=href data-low=low>
            <Icon name="wallet" />
            <span class="sr-only">"Balance: "</span>
            <span class="rail-name">{move || credits::words(shown.get())}</span>
        </a>
    }
}

/// The product's sign.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d="M10 2.5 17 17.5h-3.1l-1.6-3.6H7.7l-1.6 3.6H3z" fill="currentColor" />
            <circle class="mark-light" cx="10" cy="10.6" r="2.1" />
        </svg>
    }
}

#[component]
fn Account(user: User, org: String) -> impl IntoView {
    let initial =
        user.name.chars().next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let leave = ServerAction::<SignOut>::new();
    let label = view! {
        <span class="avatar" aria-hidden="true">{initial}</span>
        <span class="truncate rail-name">{user.name.clone()}</span>
        <Icon name="more" />
    };
    view! {
        <Menu label=label.into_any() name="Account" place="up">
            <div class="menu-head">
                <strong class="truncate">{user.name}</strong>
                <span class="truncate muted">{user.email}</span>
            </div>
            <ThemeSwitch />
            <hr />
            <A href=format!("/{org}/settings/security") attr:class="menu-item"><Icon name="lock" />"Security"</A>
            <ActionForm action=leave>
                <button class="menu-item" type="submit"><Icon name="sign-out" />"Sign out"</button>
            </ActionForm>
        </Menu>
    }
}

/// Light, dark or as the system has it.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new("system");
    Effect::new(move || theme.set(theme::chosen()));
    let choices = [("system", "monitor", "System"), ("light", "sun", "Light"), ("dark", "moon", "Dark")];
    let buttons = choices
        .into_iter()
        .map(|(id, icon, words)| {
            view! {
                <button
                    type="button"
                    aria-pressed=move || (theme.get() == id).to_string()
                    on:click=move |_| {
                        theme::choose(id);
                        theme.set(id);
                    }
                >
                    <Icon name=icon />
                    <span>{words}</span>
                </button>
            }
        })
        .collect_view();
    view! { <div class="segmented needs-script" role="group" aria-label="Theme">{buttons}</div> }
}

/// What the palette offers on every page.
fn commands(data: &FrameData) -> Vec<Command> {
    let navigate = use_navigate();
    let go = |path: String| {
        let navigate = navigate.clone();
        Callback::new(move |()| navigate(&path, NavigateOptions::default()))
    };
    let org = &data.org.slug;
    let mut all: Vec<Command> = DESTINATIONS
        .iter()
        .map(|to| Command {
            title: to.name.into(),
            group: "Pages",
            icon: to.icon,
            run: go(format!("/{org}/{}", to.path)),
        })
        .collect();
    all.extend(data.projects.iter().map(|(name, slug, _)| Command {
        title: name.clone(),
        group: "Projects",
        icon: "folder",
        run: go(format!("/{org}/projects/{slug}")),
    }));
    let active = data.agents.iter().filter(|(_, _, active)| *active);
    all.extend(active.map(|(name, slug, _)| Command {
        title: format!("Chat with {name}"),
        group: "Agents",
        icon: "chat",
        run: go(format!("/{org}/lab?agent={slug}")),
    }));
    all.extend(data.agents.iter().map(|(name, slug, _)| Command {
        title: name.clone(),
        group: "Agents",
        icon: "spark",
        run: go(format!("/{org}/agents/{slug}")),
    }));
    all.push(Command {
        title: "Toggle theme".into(),
        group: "Actions",
        icon: "sun",
        run: Callback::new(|()| {
            theme::choose(if theme::is_dark() { "light" } else { "dark" });
        }),
    });
    all.push(Command {
        title: "New project".into(),
        group: "Actions",
        icon: "plus",
        run: go(format!("/{org}/projects?new")),
    });
    all.push(Command {
        title: "New agent".into(),
        group: "Actions",
        icon: "plus",
        run: go(format!("/{org}/agents?new")),
    });
    all
}
