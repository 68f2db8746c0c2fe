//! Adding a factor: the password where it is asked for, then a passkey or an authenticator app.

use super::{
    button::{Button, Kind},
    field::{FormError, TextField},
    form_field,
    icon::Icon,
};
use crate::live::{api::Problem, passkeys, security};
use alumia_protocol::security::{Factors, QrCode, TotpEnrollment};
use leptos::{ev, prelude::*, task::spawn_local};

#[derive(Clone)]
enum Stage {
    Choose,
    App(TotpEnrollment),
    Codes(Vec<String>),
}

/// The way to a factor. Ends with `done`, once recovery codes have been seen.
#[component]
pub fn Enroll(
    /// What there is: the first factor asks for the password.
    factors: Factors,
    /// Called when a factor is there.
    done: Callback<()>,
) -> impl IntoView {
    let stage = RwSignal::new(Stage::Choose);
    view! {
        <div class="needs-script enroll">
            {move || match stage.get() {
                Stage::Choose => view! { <Choose factors stage done /> }.into_any(),
                Stage::App(enrollment) => view! { <App enrollment stage /> }.into_any(),
                Stage::Codes(codes) => view! { <RecoveryCodes codes done /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Choose(factors: Factors, stage: RwSignal<Stage>, done: Callback<()>) -> impl IntoView {
    let problem = RwSignal::new(None::<Problem>);
    let (app_busy, key_busy) = (RwSignal::new(false), RwSignal::new(false));
    let asks = !factors.any();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let password = asks.then(|| form_field(&event, "enroll-password"));
        let app = event
            .submitter()
            .is_some_and(|button| button.get_attribute("data-factor").as_deref() == Some("app"));
        problem.set(None);
        let busy = if app { app_busy } else { key_busy };
        busy.set(true);
        spawn_local(async move {
            let answer = if app {
                security::enroll_totp(password).await.map(|enrollment| stage.set(Stage::App(enrollment)))
            } else {
                passkeys::add(password).await.map(|_| done.run(()))
            };
            busy.try_set(false);
            if let Err(error) = answer {
                problem.try_set(Some(error));
            }
        });
    };
    let wrong =
        Signal::derive(move || problem.get().and_then(|problem| problem.fields.get("password").cloned()));
    let general = Signal::derive(move || {
        problem.get().filter(|problem| problem.fields.is_empty()).map(|problem| problem.message)
    });
    view! {
        <form class="form" on:submit=submit>
            <FormError message=general />
            {asks
                .then(|| {
                    view! {
                        <TextField
                            label="Your password"
                            name="enroll-password"
                            kind="password"
                            autocomplete="current-password"
                            error=wrong
                            required=true
                        />
                    }
                })}
            <div class="enroll-ways">
                <Button kind=Kind::Primary icon="lock" submit=true busy=key_busy attr:data-factor="key">
                    "Add a passkey"
                </Button>
                {(!factors.totp)
                    .then(|| {
                        view! {
                            <Button submit=true busy=app_busy attr:data-factor="app">"Use an authenticator app"</Button>
                        }
                    })}
            </div>
        </form>
    }
}

#[component]
fn App(enrollment: TotpEnrollment, stage: RwSignal<Stage>) -> impl IntoView {
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let code = form_field(&event, "enroll-code");
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let answer = security::confirm_totp(code).await;
            busy.try_set(false);
            match answer {
                Ok(codes) => stage.set(Stage::Codes(codes.recovery_codes)),
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    };
    let wrong = Signal::derive(move || problem.get().and_then(|problem| problem.fields.get("code").cloned()));
    let general = Signal::derive(move || {
        problem.get().filter(|problem| problem.fields.is_empty()).map(|problem| problem.message)
    });
    view! {
        <form class="form" on:submit=submit>
            <AppSecret enrollment />
            <FormError message=general />
            <TextField
                label="Code from the app"
                name="enroll-code"
                autocomplete="one-time-code"
                hint="Six digits. The app counts once one of its codes has arrived here."
                error=wrong
                required=true
            />
            <Button kind=Kind::Primary submit=true busy>"Confirm"</Button>
        </form>
    }
}

/// What to give to the app: the QR code, and the same for typing.
#[component]
pub fn AppSecret(enrollment: TotpEnrollment) -> impl IntoView {
    let groups: Vec<String> = enrollment
        .secret
        .as_bytes()
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    view! {
        <p class="muted">"Scan this with your authenticator app, or type the secret."</p>
        <div class="enroll-app">
            <Qr code=enrollment.qr />
            <div>
                <p class="field-note">"Secret"</p>
                <code class="enroll-secret" data-secret=enrollment.secret>{groups.join(" ")}</code>
                <p><a href=enrollment.otpauth_url rel="external">"Open in an app on this device"</a></p>
            </div>
        </div>
    }
}

/// Dark on light in both themes, with the margin that scanners need.
#[component]
fn Qr(code: QrCode) -> impl IntoView {
    let side = code.size + 8;
    view! {
        <svg class="qr" viewBox=format!("-4 -4 {side} {side}") role="img" aria-label="QR code for an authenticator app" shape-rendering="crispEdges">
            <path d=code.path fill="currentColor" />
        </svg>
    }
}

/// Recovery codes, which are seen this once.
#[component]
pub fn RecoveryCodes(codes: Vec<String>, done: Callback<()>) -> impl IntoView {
    let text = codes.join("\n") + "\n";
    let file = format!("data:text/plain;charset=utf-8,{}", crate::live::api::percent_encode(&text));
    view! {
        <div class="form recovery" role="group" aria-label="Recovery codes">
            <p>
                <strong>"Keep these recovery codes. "</strong>
                "Each one stands in for the app once, should you lose it. They are not shown again."
            </p>
            <ul role="list" class="recovery-codes">
                {codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view()}
            </ul>
            <div class="enroll-ways">
                <a class="button" href=file download="alumia-recovery-codes.txt" rel="external"><Icon name="download" />"Download"</a>
                <Button kind=Kind::Primary on:click=move |_| done.run(())>"I have kept them"</Button>
            </div>
        </div>
    }
}
