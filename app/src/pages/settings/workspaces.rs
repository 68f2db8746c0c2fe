//! `/<org>/settings/workspaces`: groups of projects and members.

use super::{Confirmed, Reload, Section, SettingsHead, failure, reload_after};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, TextField},
        icon::Icon,
        status::{Badge, Tone},
    },
    live::step_up::SteppedUpClient,
    pages::{PageError, Problem, auth::Before},
};
use alumia_protocol::{
    UserId, WorkspaceId,
    orgs::{Member, Workspace},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkspacesData {
    /// First part of the organisation's paths.
    pub org: String,
    /// Whether the caller manages workspaces.
    pub manages: bool,
    /// Those that the caller sees, with who belongs to each.
    pub workspaces: Vec<(Workspace, Vec<Member>)>,
    /// Everybody in the organisation.
    pub members: Vec<Member>,
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "workspaces")]
pub async fn load_workspaces(org: String, path: String) -> Result<WorkspacesData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    let mut workspaces = Vec::new();
    for workspace in platform.workspaces.list(&scope).await? {
        let members = platform.workspaces.members(&scope, workspace.id).await?;
        workspaces.push((workspace, members));
    }
    let members = platform.members.list(&scope).await?;
    Ok(WorkspacesData { org, manages: scope.is_admin(), workspaces, members })
}

/// What is to be done with a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    Create,
    Rename,
    Delete,
    Add,
    Remove,
}

/// Does it: `id` names the workspace, `name` what it is to be called, `user` who goes in or out.
#[server(prefix = "/fn", endpoint = "manage_workspace", client = SteppedUpClient)]
pub async fn manage_workspace(
    org: String,
    act: Act,
    id: Option<WorkspaceId>,
    name: Option<String>,
    user: Option<UserId>,
) -> Result<(), PageError> {
    use alumia_platform::Error;
    use alumia_protocol::orgs::NameWorkspace;
    let page = super::page_of(&org, "workspaces");
    let Some(caller) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(caller, &org).await?;
    let workspaces = expect_context::<alumia_platform::Platform>().workspaces.clone();
    let named = NameWorkspace { name: name.clone().unwrap_or_default() };
    let done = match (act, id, user) {
        (Act::Create, ..) => workspaces.create(&scope, named).await.map(drop),
        (Act::Rename, Some(id), _) => workspaces.rename(&scope, id, named).await.map(drop),
        (Act::Delete, Some(id), _) => workspaces.delete(&scope, id).await,
        (Act::Add, Some(id), Some(user)) => workspaces.add_member(&scope, id, user).await,
        (Act::Remove, Some(id), Some(user)) => workspaces.remove_member(&scope, id, user).await,
        _ => Err(Error::BadRequest("Say which workspace, and who.".into())),
    };
    match done {
        Ok(()) => Ok(leptos_axum::redirect(&page)),
        Err(error) => {
            crate::server::form_error(error, "workspace", &page, &[("name", &name.unwrap_or_default())])
        }
    }
}

/// `/<org>/settings/workspaces`
#[component]
pub fn WorkspacesPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let data = Resource::new_blocking(
        move || params.with(|params| params.get("org").unwrap_or_default()),
        move |org| load_workspaces(org, path.get_untracked()),
    );
    provide_context(Reload(Callback::new(move |()| data.refetch())));
    view! {
        <Title text="Workspaces" />
        <main id="main" class="page settings" tabindex="-1">
            <SettingsHead />
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Workspaces data /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Workspaces(data: WorkspacesData) -> impl IntoView {
    let WorkspacesData { org, manages, workspaces, members } = data;
    let action = ServerAction::<ManageWorkspace>::new();
    reload_after(action);
    let before = Before::of("workspace");
    let typed = before.value("name");
    let before = StoredValue::new(before.message());
    let failed = failure(action);
    let message = Signal::derive(move || failed.get().or_else(|| before.get_value()));
    let rooms = workspaces
        .into_iter()
        .map(|(workspace, inside)| {
            let outside: Vec<Member> =
                members.iter().filter(|member| !inside.contains(member)).cloned().collect();
            view! { <Room workspace inside outside manages org=org.clone() action /> }
        })
        .collect_view();
    let make = manages.then(|| {
        view! {
            <Section title="New workspace" lead="For a team, a client, a matter: its projects are seen by its members alone.">
                <ActionForm action=action attr:class="form">
                    <input type="hidden" name="org" value=org.clone() />
                    <input type="hidden" name="act" value="create" />
                    <TextField label="Name" name="name" value=typed required=true />
                    <div><Button kind=Kind::Primary submit=true busy=action.pending()>"Create workspace"</Button></div>
                </ActionForm>
            </Section>
        }
    });
    view! {
        <FormError message />
        {rooms}
        {make}
    }
}

#[component]
fn Room(
    workspace: Workspace,
    inside: Vec<Member>,
    outside: Vec<Member>,
    manages: bool,
    org: String,
    action: ServerAction<ManageWorkspace>,
) -> impl IntoView {
    let Workspace { id, name, is_default, projects, .. } = workspace;
    let id = id.to_string();
    let hidden = {
        let (org, id) = (org.clone(), id.clone());
        move |act: &'static str| {
            view! {
                <input type="hidden" name="org" value=org.clone() />
                <input type="hidden" name="id" value=id.clone() />
                <input type="hidden" name="act" value=act />
            }
        }
    };
    let people = inside
        .into_iter()
        .map(|member| {
            let out = manages.then(|| {
                let (fields, user) = (hidden("remove"), member.user_id.to_string());
                let label = format!("Take {} out of {name}", member.name);
                view! {
                    <ActionForm action=action>
                        {fields}
                        <input type="hidden" name="user" value=user />
                        <Button submit=true attr:aria-label=label>"Take out"</Button>
                    </ActionForm>
                }
            });
            view! {
                <li class="settings-row">
                    <div class="settings-what">
                        <strong class="truncate">{member.name}</strong>
                        <span class="muted truncate">{member.email}</span>
                    </div>
                    {out}
                </li>
            }
        })
        .collect_view();
    let adding = (manages && !outside.is_empty()).then(|| {
        let (fields, select) = (hidden("add"), format!("add-{id}"));
        let (picker, who, label) = (select.clone(), format!("Who joins {name}"), format!("Add to {name}"));
        let options = outside
            .into_iter()
            .map(|member| view! { <option value=member.user_id.to_string()>{member.name}</option> })
            .collect_view();
        view! {
            <ActionForm action=action attr:class="inline-form">
                {fields}
                <label class="sr-only" for=picker>{who}</label>
                <div class="field-control select">
                    <select id=select name="user">{options}</select>
                    <Icon name="chevron-down" />
                </div>
                <Button submit=true attr:aria-label=label>"Add"</Button>
            </ActionForm>
        }
    });
    let changing = manages.then(|| {
        let (fields, field) = (hidden("rename"), format!("name-{id}"));
        let (input, new_name, label) =
            (field.clone(), format!("New name of {name}"), format!("Rename {name}"));
        let now = name.clone();
        let delete = (!is_default).then(|| {
            let (fields, label) = (hidden("delete"), format!("Delete {name}"));
            view! {
                <Confirmed words="Delete" label question="Only an empty workspace can be deleted.">
                    <ActionForm action=action>
                        {fields}
                        <Button kind=Kind::Danger submit=true>"Delete now"</Button>
                    </ActionForm>
                </Confirmed>
            }
        });
        view! {
            <div class="settings-acts">
                <ActionForm action=action attr:class="inline-form">
                    {fields}
                    <label class="sr-only" for=field>{new_name}</label>
                    <div class="field-control"><input id=input name="name" value=now required=true /></div>
                    <Button submit=true attr:aria-label=label>"Rename"</Button>
                </ActionForm>
                {delete}
            </div>
        }
    });
    let counted = if projects == 1 { "1 project".to_owned() } else { format!("{projects} projects") };
    view! {
        <section class="settings-section" aria-label=name.clone()>
            <div class="settings-lead">
                <h2>{name.clone()}</h2>
                <p class="muted">{counted}</p>
                {is_default.then(|| view! { <Badge tone=Tone::Grey text="Default".to_owned() /> })}
            </div>
            <div class="settings-body">
                <ul role="list" class="settings-list">{people}</ul>
                {adding}
                {changing}
            </div>
        </section>
    }
}
