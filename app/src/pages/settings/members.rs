//! `/<org>/settings/members`: who belongs here, and who is invited.

use super::{Confirmed, ROLES, Reload, Section, SettingsHead, failure, reload_after, role_words};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, TextField},
        icon::Icon,
        status::{Badge, Tone},
        time::{Ago, date},
    },
    live::step_up::SteppedUpClient,
    pages::{PageError, Problem, auth::Before},
};
use alumia_protocol::{
    InviteId, UserId, WorkspaceId,
    orgs::{Invite, Member},
    people::Role,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MembersData {
    /// First part of the organisation's paths.
    pub org: String,
    /// Who is looking.
    pub user: UserId,
    /// Their role.
    pub role: Role,
    /// Everybody.
    pub members: Vec<Member>,
    /// Invitations that wait; empty for those who don't manage members.
    pub invites: Vec<Invite>,
    /// Workspaces to invite to: id, name.
    pub workspaces: Vec<(WorkspaceId, String)>,
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "members")]
pub async fn load_members(org: String, path: String) -> Result<MembersData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let user = crate::server::signed_in(&path)?;
    let scope = crate::server::member(user, &org).await?;
    let invites = if scope.is_admin() { platform.invites.list(&scope).await? } else { vec![] };
    let workspaces = platform.workspaces.list(&scope).await?;
    Ok(MembersData {
        org,
        user,
        role: scope.role(),
        members: platform.members.list(&scope).await?,
        invites,
        workspaces: workspaces.into_iter().map(|workspace| (workspace.id, workspace.name)).collect(),
    })
}

/// Sends an invitation; the answer is its link.
#[server(prefix = "/fn", endpoint = "invite_member", client = SteppedUpClient)]
pub async fn invite_member(
    org: String,
    email: String,
    role: Role,
    workspace: Option<WorkspaceId>,
) -> Result<String, PageError> {
    use alumia_protocol::orgs::CreateInvite;
    let page = super::page_of(&org, "members");
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(String::new()) };
    let scope = crate::server::member(user, &org).await?;
    let platform = expect_context::<alumia_platform::Platform>();
    let new = CreateInvite { email: email.clone(), role, workspace_id: workspace };
    match platform.invites.create(&scope, new).await {
        Ok(made) => {
            leptos_axum::redirect(&page);
            Ok(platform.outbox.links().to(&made.path))
        }
        Err(error) => {
            let values = [("email", email.as_str())];
            crate::server::form_error(error, "invite", &page, &values).map(|()| String::new())
        }
    }
}

/// Gives an invitation a new link and sends it; the answer is the link.
#[server(prefix = "/fn", endpoint = "resend_invite", client = SteppedUpClient)]
pub async fn resend_invite(org: String, id: InviteId) -> Result<String, PageError> {
    let page = super::page_of(&org, "members");
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(String::new()) };
    let scope = crate::server::member(user, &org).await?;
    let platform = expect_context::<alumia_platform::Platform>();
    let made = platform.invites.renew(&scope, id).await?;
    leptos_axum::redirect(&page);
    Ok(platform.outbox.links().to(&made.path))
}

/// Takes an invitation back.
#[server(prefix = "/fn", endpoint = "revoke_invite", client = SteppedUpClient)]
pub async fn revoke_invite(org: String, id: InviteId) -> Result<(), PageError> {
    let page = super::page_of(&org, "members");
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(user, &org).await?;
    expect_context::<alumia_platform::Platform>().invites.revoke(&scope, id).await?;
    leptos_axum::redirect(&page);
    Ok(())
}

/// Gives a member another role.
#[server(prefix = "/fn", endpoint = "change_role", client = SteppedUpClient)]
pub async fn change_role(org: String, id: UserId, role: Role) -> Result<(), PageError> {
    let page = super::page_of(&org, "members");
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(user, &org).await?;
    match expect_context::<alumia_platform::Platform>().members.change_role(&scope, id, role).await {
        Ok(_) => Ok(leptos_axum::redirect(&page)),
        Err(error) => crate::server::form_error(error, "member", &page, &[]),
    }
}

/// Ends a membership.
#[server(prefix = "/fn", endpoint = "remove_member", client = SteppedUpClient)]
pub async fn remove_member(org: String, id: UserId) -> Result<(), PageError> {
    let page = super::page_of(&org, "members");
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(user, &org).await?;
    match expect_context::<alumia_platform::Platform>().members.remove(&scope, id).await {
        Ok(()) => Ok(leptos_axum::redirect(&page)),
        Err(error) => crate::server::form_error(error, "member", &page, &[]),
    }
}

/// `/<org>/settings/members`
#[component]
pub fn MembersPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let data = Resource::new_blocking(
        move || params.with(|params| params.get("org").unwrap_or_default()),
        move |org| load_members(org, path.get_untracked()),
    );
    provide_context(Reload(Callback::new(move |()| data.refetch())));
    // Above what is drawn anew after each change, so that a new link stays on the page.
    let invite = ServerAction::<InviteMember>::new();
    let resend = ServerAction::<ResendInvite>::new();
    reload_after(invite);
    reload_after(resend);
    view! {
        <Title text="Members" />
        <main id="main" class="page settings" tabindex="-1">
            <SettingsHead />
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Members data invite resend /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Members(
    data: MembersData,
    invite: ServerAction<InviteMember>,
    resend: ServerAction<ResendInvite>,
) -> impl IntoView {
    let MembersData { org, user, role, members, invites, workspaces } = data;
    let manages = matches!(role, Role::Owner | Role::Admin);
    let change = ServerAction::<ChangeRole>::new();
    let remove = ServerAction::<RemoveMember>::new();
    reload_after(change);
    reload_after(remove);
    let before = StoredValue::new(Before::of("member").message());
    let (changed, removed) = (failure(change), failure(remove));
    let message = Signal::derive(move || changed.get().or(removed.get()).or_else(|| before.get_value()));
    let rows = members
        .into_iter()
        .map(|member| {
            let own = member.user_id == user;
            let may = manages && !own && (role == Role::Owner || member.role != Role::Owner);
            view! { <MemberRow member org=org.clone() own may owner={role == Role::Owner} change remove /> }
        })
        .collect_view();
    let waiting =
        (manages && !invites.is_empty()).then(|| view! { <Waiting invites org=org.clone() resend /> });
    let asking = manages.then(|| view! { <InviteForm org=org.clone() owner={role == Role::Owner} workspaces action=invite resend /> });
    view! {
        {asking}
        {waiting}
        <Section title="Members" lead="A change of role holds at once, and so does a removal.">
            <FormError message />
            <ul role="list" class="settings-list">{rows}</ul>
        </Section>
    }
}

#[component]
fn MemberRow(
    member: Member,
    org: String,
    own: bool,
    may: bool,
    owner: bool,
    change: ServerAction<ChangeRole>,
    remove: ServerAction<RemoveMember>,
) -> impl IntoView {
    let Member { user_id, name, email, role, joined_at } = member;
    let acts = if may {
        let (ids, orgs) = ([user_id.to_string(), user_id.to_string()], [org.clone(), org]);
        let ([id, other_id], [org, other_org]) = (ids, orgs);
        let select = format!("role-{id}");
        let picker = select.clone();
        let role_label = format!("Role of {name}");
        let change_label = format!("Change the role of {name}");
        let remove_label = format!("Remove {name}");
        let question = format!("{name} loses sight of everything here at once. Their projects stay.");
        let options = ROLES
            .iter()
            .filter(|(value, _)| owner || *value != "owner")
            .map(|(value, words)| {
                view! { <option value=*value selected={*words == role_words(role)}>{*words}</option> }
            })
            .collect_view();
        view! {
            <ActionForm action=change attr:class="inline-form">
                <input type="hidden" name="org" value=org />
                <input type="hidden" name="id" value=id />
                <label class="sr-only" for=picker>{role_label}</label>
                <div class="field-control select">
                    <select id=select name="role">{options}</select>
                    <Icon name="chevron-down" />
                </div>
                <Button submit=true attr:aria-label=change_label>"Change"</Button>
            </ActionForm>
            <Confirmed words="Remove" label=remove_label question=question>
                <ActionForm action=remove>
                    <input type="hidden" name="org" value=other_org />
                    <input type="hidden" name="id" value=other_id />
                    <Button kind=Kind::Danger submit=true busy=remove.pending()>"Remove now"</Button>
                </ActionForm>
            </Confirmed>
        }
        .into_any()
    } else {
        view! { <Badge tone=Tone::Grey text=role_words(role).to_owned() /> }.into_any()
    };
    view! {
        <li class="settings-row">
            <div class="settings-what">
                <strong class="truncate">{name}{own.then_some(" (you)")}</strong>
                <span class="muted truncate">{email}" · joined "<Ago at=joined_at /></span>
            </div>
            <div class="settings-acts">{acts}</div>
        </li>
    }
}

#[component]
fn InviteForm(
    org: String,
    owner: bool,
    workspaces: Vec<(WorkspaceId, String)>,
    action: ServerAction<InviteMember>,
    resend: ServerAction<ResendInvite>,
) -> impl IntoView {
    let before = Before::of("invite");
    let email = before.value("email");
    let before = StoredValue::new(before.message());
    let failed = failure(action);
    let message = Signal::derive(move || failed.get().or_else(|| before.get_value()));
    let roles = ROLES
        .iter()
        .filter(|(value, _)| owner || *value != "owner")
        .map(|(value, words)| view! { <option value=*value>{*words}</option> })
        .collect_view();
    let rooms = workspaces
        .into_iter()
        .map(|(id, name)| view! { <option value=id.to_string()>{name}</option> })
        .collect_view();
    let link = move || {
        let links = [resend.value().get(), action.value().get()];
        links.into_iter().flatten().filter_map(Result::ok).find(|link| !link.is_empty())
    };
    view! {
        <Section title="Invite" lead="They get a letter with a link that works once, for seven days.">
            <ActionForm action=action attr:class="form">
                <input type="hidden" name="org" value=org />
                <FormError message />
                <TextField label="Email" name="email" kind="email" value=email required=true />
                <div class="form-row even">
                    <div class="field">
                        <label for="invite-role">"Role"</label>
                        <div class="field-control select">
                            <select id="invite-role" name="role">{roles}</select>
                            <Icon name="chevron-down" />
                        </div>
                    </div>
                    <div class="field">
                        <label for="invite-workspace">"Workspace"</label>
                        <div class="field-control select">
                            <select id="invite-workspace" name="workspace">{rooms}</select>
                            <Icon name="chevron-down" />
                        </div>
                    </div>
                </div>
                <div><Button kind=Kind::Primary submit=true busy=action.pending()>"Send invitation"</Button></div>
            </ActionForm>
            <div role="status">
                {move || {
                    link().map(|link| {
                        view! {
                            <p class="muted">"The letter is on its way. You can also hand the link over yourself; it is shown this once:"</p>
                            <p class="settings-link"><code>{link}</code></p>
                        }
                    })
                }}
            </div>
        </Section>
    }
}

#[component]
fn Waiting(invites: Vec<Invite>, org: String, resend: ServerAction<ResendInvite>) -> impl IntoView {
    let revoke = ServerAction::<RevokeInvite>::new();
    reload_after(revoke);
    let (revoked, resent) = (failure(revoke), failure(resend));
    let message = Signal::derive(move || revoked.get().or(resent.get()));
    let rows = invites
        .into_iter()
        .map(|invite| {
            let Invite { id, email, role, expires_at, expired, .. } = invite;
            let (again_id, again_org) = (id.to_string(), org.clone());
            let (revoke_id, revoke_org) = (id.to_string(), org.clone());
            let again = format!("Send the invitation to {email} again");
            let back = format!("Revoke the invitation of {email}");
            let until = if expired { "ran out".to_owned() } else { format!("until {}", date(expires_at)) };
            view! {
                <li class="settings-row">
                    <div class="settings-what">
                        <strong class="truncate">{email}</strong>
                        <span class="muted">{role_words(role)}" · "{until}</span>
                    </div>
                    <div class="settings-acts">
                        <ActionForm action=resend>
                            <input type="hidden" name="org" value=again_org />
                            <input type="hidden" name="id" value=again_id />
                            <Button submit=true attr:aria-label=again>"Send again"</Button>
                        </ActionForm>
                        <ActionForm action=revoke>
                            <input type="hidden" name="org" value=revoke_org />
                            <input type="hidden" name="id" value=revoke_id />
                            <Button kind=Kind::Danger submit=true attr:aria-label=back>"Revoke"</Button>
                        </ActionForm>
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <Section title="Invitations" lead="They wait for an answer.">
            <FormError message />
            <ul role="list" class="settings-list">{rows}</ul>
        </Section>
    }
}
