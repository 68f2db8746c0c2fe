use super::{Reload, Section, account::reload_after};
use crate::{
    components::{
        button::{Button, Kind},
        dialog::Dialog,
        enroll::{Enroll, RecoveryCodes},
        field::TextField,
        form_field,
        icon::Icon,
        status::{Badge, Tone},
        time::{Ago, date},
        toast::use_toasts,
    },
    live::{security, step_up::SteppedUpClient},
    pages::{PageError, frame::CurrentOrg},
};
use alumia_protocol::security::{Factors, Passkey};
use leptos::{ev, prelude::*, task::spawn_local};

/// Removes a passkey.
#[server(prefix = "/fn", endpoint = "remove_passkey", client = SteppedUpClient)]
pub async fn remove_passkey(org: String, id: String) -> Result<(), PageError> {
    let page = super::page_of(&org);
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let identity = crate::server::identity();
    identity.remove_passkey(user, &crate::server::session(), &id).await?;
    leptos_axum::redirect(&page);
    Ok(())
}

/// Removes the authenticator app.
#[server(prefix = "/fn", endpoint = "remove_totp", client = SteppedUpClient)]
pub async fn remove_totp(org: String) -> Result<(), PageError> {
    let page = super::page_of(&org);
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let identity = crate::server::identity();
    identity.remove_totp(user, &crate::server::session()).await?;
    leptos_axum::redirect(&page);
    Ok(())
}

#[component]
pub(super) fn Passkeys(factors: Factors, passkeys: Vec<Passkey>) -> impl IntoView {
    let action = ServerAction::<RemovePasskey>::new();
    reload_after(action);
    let renaming = RwSignal::new(None::<Passkey>);
    let none = passkeys.is_empty();
    let rows = passkeys.into_iter().map(|passkey| view! { <Row passkey action renaming /> }).collect_view();
    view! {
        <Section
            title="Passkeys"
            lead="Sign in and confirm with your fingerprint, face or device PIN. Add one on each device, so that losing one costs nothing."
        >
            {none.then(|| view! { <p class="muted">"You have no passkey yet."</p> })}
            <ul role="list" class="settings-list">{rows}</ul>
            <AddFactor factors words="Add a factor" />
        </Section>
        <Rename renaming />
    }
}

#[component]
fn Row(
    passkey: Passkey,
    action: ServerAction<RemovePasskey>,
    renaming: RwSignal<Option<Passkey>>,
) -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let Passkey { id, name, created_at, last_used_at } = passkey.clone();
    let used = match last_used_at {
        Some(at) => view! { "last used "<Ago at /> }.into_any(),
        None => "not used yet".into_any(),
    };
    let (rename, remove) = (format!("Rename {name}"), format!("Remove {name}"));
    view! {
        <li class="settings-row">
            <div class="settings-what">
                <strong class="truncate">{name}</strong>
                <span class="muted">"Added "{date(created_at)}" · "{used}</span>
            </div>
            <span class="needs-script">
                <Button kind=Kind::Quiet attr:aria-label=rename on:click=move |_| renaming.set(Some(passkey.clone()))>
                    "Rename"
                </Button>
            </span>
            <ActionForm action=action>
                <input type="hidden" name="org" value=org />
                <input type="hidden" name="id" value=id />
                <Button kind=Kind::Danger submit=true attr:aria-label=remove>"Remove"</Button>
            </ActionForm>
        </li>
    }
}

#[component]
fn Rename(renaming: RwSignal<Option<Passkey>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let reload = expect_context::<Reload>().0;
    let wrong = RwSignal::new(None::<String>);
    Effect::new(move || {
        if renaming.get().is_some() {
            wrong.set(None);
            open.set(true);
        }
    });
    Effect::new(move || {
        if !open.get() {
            renaming.set(None);
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(passkey) = renaming.get_untracked() else { return };
        let name = form_field(&event, "passkey-name");
        spawn_local(async move {
            match security::rename_passkey(&passkey.id, name).await {
                Ok(()) => {
                    open.set(false);
                    reload.run(());
                }
                Err(error) => drop(wrong.try_set(Some(error.message))),
            }
        });
    };
    view! {
        <Dialog open title="Rename passkey">
            {move || {
                renaming
                    .get()
                    .map(|passkey| {
                        view! {
                            <form class="form" on:submit=submit>
                                <TextField label="Name" name="passkey-name" value=passkey.name error=wrong required=true autofocus=true />
                                <Button kind=Kind::Primary submit=true>"Rename"</Button>
                            </form>
                        }
                    })
            }}
        </Dialog>
    }
}

/// Opens the way to another factor.
#[component]
fn AddFactor(factors: Factors, words: &'static str) -> impl IntoView {
    let open = RwSignal::new(false);
    let reload = expect_context::<Reload>().0;
    let done = Callback::new(move |()| {
        open.set(false);
        reload.run(());
    });
    view! {
        <div class="needs-script">
            <Button icon="plus" on:click=move |_| open.set(true)>{words}</Button>
        </div>
        <p class="muted without-script">"Adding a factor needs JavaScript."</p>
        <Dialog open title="Add a factor">
            {move || open.get().then(|| view! { <Enroll factors done /> })}
        </Dialog>
    }
}

#[component]
pub(super) fn App(factors: Factors) -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let action = ServerAction::<RemoveTotp>::new();
    reload_after(action);
    let body = if factors.totp {
        let left = match factors.recovery_codes {
            1 => "1 recovery code left".to_owned(),
            count => format!("{count} recovery codes left"),
        };
        view! {
            <div class="settings-row">
                <div class="settings-what">
                    <strong>"Authenticator app"</strong>
                    <span class="muted">{left}</span>
                </div>
                <Badge tone=Tone::Green text="On".to_owned() />
            </div>
            <div class="settings-acts">
                <NewCodes />
                <ActionForm action=action>
                    <input type="hidden" name="org" value=org />
                    <Button kind=Kind::Danger submit=true>"Remove the app"</Button>
                </ActionForm>
            </div>
        }
        .into_any()
    } else {
        view! {
            <p class="muted">"No app is set up. You find it under "<strong>"Add a factor"</strong>" above."</p>
        }
        .into_any()
    };
    view! {
        <Section
            title="Authenticator app"
            lead="Codes from an app on your phone, asked for after the password. Recovery codes stand in when the phone is lost."
        >
            {body}
        </Section>
    }
}

#[component]
fn NewCodes() -> impl IntoView {
    let open = RwSignal::new(false);
    let codes = RwSignal::new(None::<Vec<String>>);
    let busy = RwSignal::new(false);
    let toasts = use_toasts();
    let reload = expect_context::<Reload>().0;
    let make = move |_| {
        busy.set(true);
        spawn_local(async move {
            let answer = security::renew_recovery_codes().await;
            busy.try_set(false);
            match answer {
                Ok(made) => {
                    codes.set(Some(made.recovery_codes));
                    open.set(true);
                }
                Err(error) => toasts.fail(error.message),
            }
        });
    };
    let done = Callback::new(move |()| {
        open.set(false);
        codes.set(None);
        reload.run(());
    });
    view! {
        <span class="needs-script">
            <Button busy on:click=make><Icon name="refresh" />"New recovery codes"</Button>
        </span>
        <Dialog open title="New recovery codes">
            {move || codes.get().map(|codes| view! { <RecoveryCodes codes done /> })}
        </Dialog>
    }
}
