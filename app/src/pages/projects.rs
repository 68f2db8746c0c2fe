//! `/<org>/projects`

use super::{
    PageError, Problem,
    frame::{CurrentOrg, Surroundings},
};
use crate::components::{
    button::{Button, Kind},
    card::EmptyState,
    credits,
    dialog::Dialog,
    field::{FormError, Select, TextArea, TextField},
    icon::Icon,
    time::Ago,
};
use crate::copies::{CopyDesk, CopyDialogs, ProjectMenu, Source};
use alumia_protocol::projects::{ProjectDetails, Visibility};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    components::A,
    hooks::{use_location, use_params_map, use_query_map},
};

/// The organisation's projects that the caller sees, most recently changed first.
#[server(prefix = "/fn", endpoint = "projects")]
pub async fn load_projects(org: String, path: String) -> Result<Vec<ProjectDetails>, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = platform.orgs.scope(crate::server::signed_in(&path)?, &org).await?;
    let workspace = platform.workspaces.current(&scope).await?;
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = platform.projects.list_in(&scope, workspace, cursor.as_deref(), 100).await?;
        all.extend(platform.billing.with_spent(&scope, page.items).await?);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

/// Makes a project and goes to it.
#[server(prefix = "/fn", endpoint = "create_project")]
pub async fn create_project(
    org: String,
    name: String,
    description: String,
    emoji: String,
    visibility: Visibility,
) -> Result<(), PageError> {
    use alumia_protocol::projects::CreateProject;
    let platform = expect_context::<alumia_platform::Platform>();
    let page = format!("/{org}/projects?new");
    let scope = platform.orgs.scope(crate::server::signed_in(&page)?, &org).await?;
    let new = CreateProject {
        name: name.clone(),
        description: description.clone(),
        emoji: emoji.clone(),
        visibility,
        ..CreateProject::default()
    };
    match platform.projects.create(&scope, new).await {
        Ok(project) => {
            leptos_axum::redirect(&format!("/{org}/projects/{}", project.slug));
            Ok(())
        }
        Err(error) => {
            let values = [("name", name.as_str()), ("description", &description), ("emoji", &emoji)];
            crate::server::form_error(error, "project", &page, &values)
        }
    }
}

/// `/<org>/projects`
#[component]
pub fn ProjectsPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let projects = Resource::new_blocking(
        move || params.with(|params| params.get("org").unwrap_or_default()),
        move |org| load_projects(org, path.get_untracked()),
    );
    let desk = CopyDesk::new();
    let org = Signal::derive(move || params.with(|params| params.get("org").unwrap_or_default()));
    view! {
        <Title text="Projects" />
        <main id="main" class="page" tabindex="-1">
            <CopyDialogs desk org made=Callback::new(move |()| projects.refetch()) />
            <Transition>
                {move || Suspend::new(async move {
                    match projects.await {
                        Ok(projects) => view! { <Projects projects desk /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Projects(projects: Vec<ProjectDetails>, desk: CopyDesk) -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| query.get("new").is_some()));
    let open = RwSignal::new(asked.get_untracked());
    Effect::new(move || {
        if asked.get() {
            open.set(true);
        }
    });
    // Without script the button is a link to this same page with the dialog open.
    let new_button = {
        let href = format!("/{org}/projects?new");
        move || {
            let href = href.clone();
            view! {
                <a class="button primary" href=href on:click=move |event| { event.prevent_default(); open.set(true); }>
                    <Icon name="plus" />"New project"
                </a>
            }
        }
    };
    let restore_button = move || {
        view! {
            <button type="button" class="button needs-script" on:click=move |_| desk.restore()>
                <Icon name="upload" />"Restore"
            </button>
        }
    };
    let heading = (!projects.is_empty())
        .then(|| view! { <div class="page-acts">{restore_button()}{new_button()}</div> });
    let list = if projects.is_empty() {
        view! {
            <EmptyState icon="grid" title="No projects yet">
                <p>"A project holds one canvas with its conversations, results and files. Make one for the question on your desk."</p>
                <div class="page-acts">{new_button()}{restore_button()}</div>
            </EmptyState>
        }
        .into_any()
    } else {
        let slug = org.clone();
        let cards = projects
            .into_iter()
            .map(|details| {
                let href = format!("/{slug}/projects/{}", details.project.slug);
                let source = Source { id: details.project.id, name: details.project.name.clone() };
                view! { <li class="project-slot"><ProjectCard details href /><ProjectMenu desk source /></li> }
            })
            .collect_view();
        view! { <ul class="project-grid" role="list">{cards}</ul> }.into_any()
    };
    view! {
        <header class="page-head">
            <h1>"Projects"</h1>
            {heading}
        </header>
        {list}
        <Dialog open title="New project">
            <NewProject org=org />
        </Dialog>
    }
}

#[component]
fn ProjectCard(details: ProjectDetails, href: String) -> impl IntoView {
    let ProjectDetails { project, spent } = details;
    let cost = credits::spent(spent.cost_microcredits, spent.own_key_calls);
    let emoji = if project.emoji.is_empty() { "◆".to_owned() } else { project.emoji };
    let text =
        if project.description.is_empty() { "No description yet.".to_owned() } else { project.description };
    view! {
        <A href attr:class="card project-card">
            <span class="project-emoji" aria-hidden="true">{emoji}</span>
            <h2 class="truncate">{project.name}</h2>
            <p class="project-text">{text}</p>
            <p class="project-foot">
                {(project.visibility == Visibility::Private)
                    .then(|| view! { <span class="project-private"><Icon name="lock" />"Private"</span> })}
                {cost.map(|cost| view! { <span class="project-cost num">{cost}</span> })}
                <Ago at=project.updated_at />
            </p>
        </A>
    }
}

#[component]
fn NewProject(org: String) -> impl IntoView {
    let action = ServerAction::<CreateProject>::new();
    Surroundings::change_with(action);
    let before = Before::of();
    let first_error = StoredValue::new(before.error.clone());
    let error = Signal::derive(move || match action.value().get() {
        Some(Err(error)) => Some(error),
        Some(Ok(())) => None,
        None => first_error.get_value(),
    });
    let field =
        move |name: &'static str| Signal::derive(move || error.get().and_then(|error| error.field(name)));
    view! {
        <ActionForm action=action attr:class="form">
            <input type="hidden" name="org" value=org />
            <FormError message=Signal::derive(move || error.get().and_then(|error| error.general())) />
            <TextField label="Name" name="name" value=before.name error=field("name") required=true autofocus=true />
            <TextArea label="Description" name="description" value=before.description hint="What it is about, for the others." />
            <div class="form-row">
                <TextField label="Emoji" name="emoji" value=before.emoji error=field("emoji") />
                <Select
                    label="Who sees it"
                    name="visibility"
                    options=vec![("team", "Everyone in the workspace"), ("private", "Only you")]
                    value="team"
                />
            </div>
            <Button kind=Kind::Primary submit=true busy=action.pending()>"Create project"</Button>
        </ActionForm>
    }
}

/// What was typed before a form without script came back.
#[derive(Default)]
struct Before {
    name: String,
    description: String,
    emoji: String,
    error: Option<PageError>,
}

impl Before {
    fn of() -> Self {
        #[cfg(feature = "ssr")]
        if let Some(mut returned) = crate::server::returned("project") {
            let mut take = |name: &str| returned.values.remove(name).unwrap_or_default();
            return Self {
                name: take("name"),
                description: take("description"),
                emoji: take("emoji"),
                error: Some(returned.error),
            };
        }
        Self::default()
    }
}
