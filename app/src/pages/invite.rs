//! `/invite/<token>`: joins an organisation, with the account that is signed in or with a new one.

use super::{
    PageError,
    auth::{AccountPage, Before, of_field, of_form, trouble},
};
use crate::components::{
    button::{Button, Kind},
    field::{FormError, TextField},
};
use alumia_protocol::{orgs::InviteView, people::Role};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InviteData {
    /// The link's secret part.
    pub token: String,
    /// What is offered.
    pub invite: InviteView,
    /// The address of the account that is signed in.
    pub me: Option<String>,
    /// Whether an account can be made without an invitation too.
    pub sign_ups_open: bool,
}

/// Reads what a link offers.
#[server(prefix = "/fn", endpoint = "invite")]
pub async fn load_invite(token: String) -> Result<InviteData, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let me = match expect_context::<crate::server::Caller>().user {
        Some(user) => Some(platform.identity.me(user).await?.user.email),
        None => None,
    };
    let sign_ups_open = platform.sign_ups_open;
    Ok(InviteData { invite: platform.invites.view(&token).await?, token, me, sign_ups_open })
}

/// Joins with the account that is signed in.
#[server(prefix = "/fn", endpoint = "accept_invite")]
pub async fn accept_invite(token: String) -> Result<(), PageError> {
    let page = format!("/invite/{}", crate::live::api::percent_encode(&token));
    let user = crate::server::signed_in(&page)?;
    let platform = expect_context::<alumia_platform::Platform>();
    let email = platform.identity.me(user).await?.user.email;
    match platform.invites.accept(&token, user, &email, crate::server::origin()).await {
        Ok(org) => Ok(leptos_axum::redirect(&format!("/{}/lab", org.slug))),
        Err(error) => crate::server::form_error(error, "accept", &page, &[]),
    }
}

/// Makes the invited address's account and joins with it.
#[server(prefix = "/fn", endpoint = "join_invited")]
pub async fn join_invited(token: String, name: String, password: String) -> Result<(), PageError> {
    use alumia_protocol::people::JoinForm;
    let page = format!("/invite/{}", crate::live::api::percent_encode(&token));
    let platform = expect_context::<alumia_platform::Platform>();
    let form = JoinForm { name: name.clone(), password };
    let origin = crate::server::origin();
    let entered = match platform.identity.sign_up_invited(&platform.invites, &token, form, origin).await {
        Ok(signed_in) => {
            let door = expect_context::<crate::server::DoorHandle>();
            door.enter(signed_in.user.id).await.map(|()| signed_in)
        }
        Err(error) => Err(error),
    };
    match entered {
        Ok(signed_in) => Ok(leptos_axum::redirect(&format!("/{}/lab", signed_in.org.slug))),
        Err(error) => crate::server::form_error(error, "join", &page, &[("name", name.as_str())]),
    }
}

/// Signs out and comes back to the link.
#[server(prefix = "/fn", endpoint = "leave_for_invite")]
pub async fn leave_for_invite(token: String) -> Result<(), PageError> {
    expect_context::<crate::server::DoorHandle>().leave().await?;
    leptos_axum::redirect(&format!("/invite/{}", crate::live::api::percent_encode(&token)));
    Ok(())
}

/// `/invite/<token>`
#[component]
pub fn InvitePage() -> impl IntoView {
    let params = use_params_map();
    let data = Resource::new_blocking(
        move || params.with(|params| params.get("token").unwrap_or_default()),
        load_invite,
    );
    view! {
        <Title text="Invitation" />
        <Transition>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(data) => view! { <Offer data /> }.into_any(),
                    Err(error) => view! { <Dead error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Dead(error: PageError) -> impl IntoView {
    let words = if error.status == 404 {
        "This link is not an invitation, or it was taken back. Ask whoever sent it for a new one.".to_owned()
    } else {
        error.message
    };
    view! {
        <AccountPage title="No invitation here" lead="An invitation works once, for seven days.">
            <p>{words}</p>
            <p><a class="button" href="/">"Go to the start"</a></p>
        </AccountPage>
    }
}

#[component]
fn Offer(data: InviteData) -> impl IntoView {
    let InviteData { token, invite, me, sign_ups_open } = data;
    let role = match invite.role {
        Role::Owner => "an owner",
        Role::Admin => "an admin",
        Role::Billing => "a billing member",
        Role::Member => "a member",
        Role::Viewer => "a viewer",
    };
    let words = format!(
        "{} invites {} to work in {} as {role}, in the workspace {}.",
        invite.invited_by, invite.email, invite.org_name, invite.workspace
    );
    let next = format!("/login?next=/invite/{token}");
    let way = match me {
        Some(me) if me.to_lowercase() == invite.email.to_lowercase() => view! { <Accept token /> }.into_any(),
        Some(me) => view! { <Wrong token me email=invite.email /> }.into_any(),
        None if invite.has_account => {
            view! { <p><a class="button primary" href=next>"Sign in to join"</a></p> }.into_any()
        }
        None => view! { <Join token email=invite.email sign_ups_open /> }.into_any(),
    };
    view! {
        <AccountPage title="You are invited" lead="">
            <p>{words}</p>
            {way}
        </AccountPage>
    }
}

#[component]
fn Accept(token: String) -> impl IntoView {
    let action = ServerAction::<AcceptInvite>::new();
    let error = trouble(action, &Before::of("accept"));
    view! {
        <ActionForm action=action attr:class="form">
            <input type="hidden" name="token" value=token />
            <FormError message=of_form(error) />
            <Button kind=Kind::Primary submit=true busy=action.pending()>"Join"</Button>
        </ActionForm>
    }
}

#[component]
fn Wrong(token: String, me: String, email: String) -> impl IntoView {
    let action = ServerAction::<LeaveForInvite>::new();
    view! {
        <p class="muted">{format!("You are signed in as {me}. This invitation is for {email} alone.")}</p>
        <ActionForm action=action attr:class="form">
            <input type="hidden" name="token" value=token />
            <Button submit=true busy=action.pending()>"Sign out and use the other account"</Button>
        </ActionForm>
    }
}

#[component]
fn Join(token: String, email: String, sign_ups_open: bool) -> impl IntoView {
    let action = ServerAction::<JoinInvited>::new();
    let before = Before::of("join");
    let error = trouble(action, &before);
    // With a passkey the account is made first, and comes back here to join.
    let by_passkey = sign_ups_open.then(|| {
        let email = crate::live::api::percent_encode(&email);
        let href = format!("/signup?next=/invite/{token}&email={email}");
        view! { <p class="muted needs-script"><a href=href>"Use a passkey instead of a password"</a></p> }
    });
    view! {
        <ActionForm action=action attr:class="form">
            <input type="hidden" name="token" value=token />
            // For password managers: the account's name.
            <input type="email" class="sr-only" autocomplete="username" value=email readonly=true tabindex="-1" aria-hidden="true" />
            <FormError message=of_form(error) />
            <TextField label="Name" name="name" autocomplete="name" value=before.value("name") error=of_field(error, "name") required=true />
            <TextField
                label="Password"
                name="password"
                kind="password"
                autocomplete="new-password"
                hint="At least 12 characters. A few words in a row are easy to remember."
                error=of_field(error, "password")
                required=true
            />
            <Button kind=Kind::Primary submit=true busy=action.pending()>"Create account and join"</Button>
        </ActionForm>
        {by_passkey}
    }
}
