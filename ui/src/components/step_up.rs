//! Proving who one is before something sensitive: the dialog over the page, and what the full page shares
//! with it.

use super::{
    button::{Button, Kind},
    card::Skeleton,
    dialog::Dialog,
    enroll::Enroll,
    field::{FormError, TextField},
    form_field,
};
use crate::live::{
    api::{Answer, Problem},
    passkeys, security, step_up as desk,
};
use alumia_protocol::security::{Factors, StepUp};
use leptos::{ev, prelude::*, task::spawn_local};

/// The dialog that requests open when a step-up is due. Once, at the root.
#[component]
pub fn StepUpDialog() -> impl IntoView {
    let open = RwSignal::new(false);
    let state = RwSignal::new(None::<Answer<StepUp>>);
    Effect::new(move || desk::attend(open));
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if is_open && was_open != Some(true) {
            state.set(None);
            spawn_local(async move {
                let answer = security::step_up().await;
                state.try_set(Some(answer));
            });
        } else if !is_open && was_open == Some(true) {
            // Whatever closed it: who had proved it was told before, the others are told no.
            desk::answer(false);
        }
        is_open
    });
    let proved = Callback::new(move |()| {
        desk::answer(true);
        open.set(false);
    });
    view! {
        <Dialog open title="Confirm that it's you">
            {move || {
                open.get()
                    .then(|| match state.get() {
                        None => view! { <Skeleton lines=2 /> }.into_any(),
                        Some(Err(problem)) => view! { <FormError message=Signal::stored(Some(problem.message)) /> }.into_any(),
                        Some(Ok(state)) => view! { <Prove factors=state.factors proved /> }.into_any(),
                    })
            }}
        </Dialog>
    }
}

/// The ways to prove it that a person has; without any, the way to one.
#[component]
pub fn Prove(
    /// What there is.
    factors: Factors,
    /// Called when it is proved.
    proved: Callback<()>,
) -> impl IntoView {
    if !factors.any() {
        return view! {
            <p class="muted">
                "This needs a second factor, and your account has none yet. Add one now; you are asked for it before sensitive changes from then on."
            </p>
            <Enroll factors done=proved />
        }
        .into_any();
    }
    let problem = RwSignal::new(None::<Problem>);
    let passkey = (factors.passkeys > 0).then(|| view! { <ByPasskey problem proved primary=true /> });
    let code = factors.totp.then(|| view! { <ByCode problem proved primary=factors.passkeys == 0 /> });
    let or =
        (factors.passkeys > 0 && factors.totp).then(|| view! { <p class="or" aria-hidden="true">"or"</p> });
    view! {
        <p class="muted">"What you are about to do is sensitive. Your confirmation holds for a few minutes in this browser."</p>
        <FormError message=Signal::derive(move || problem.get().filter(|problem| problem.fields.is_empty()).map(|problem| problem.message)) />
        {passkey}
        {or}
        {code}
    }
    .into_any()
}

#[component]
fn ByPasskey(problem: RwSignal<Option<Problem>>, proved: Callback<()>, primary: bool) -> impl IntoView {
    let busy = RwSignal::new(false);
    let go = move |_| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let answer = passkeys::step_up().await;
            busy.try_set(false);
            match answer {
                Ok(_) => proved.run(()),
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    };
    let kind = if primary { Kind::Primary } else { Kind::Secondary };
    view! { <div class="form needs-script"><Button kind icon="lock" busy on:click=go>"Use a passkey"</Button></div> }
}

#[component]
fn ByCode(problem: RwSignal<Option<Problem>>, proved: Callback<()>, primary: bool) -> impl IntoView {
    let busy = RwSignal::new(false);
    let send = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let code = form_field(&event, "step-up-code");
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let answer = security::step_up_by_code(code).await;
            busy.try_set(false);
            match answer {
                Ok(_) => proved.run(()),
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    };
    let error = Signal::derive(move || problem.get().and_then(|problem| problem.fields.get("code").cloned()));
    let kind = if primary { Kind::Primary } else { Kind::Secondary };
    view! {
        <form class="form" on:submit=send>
            <CodeField name="step-up-code" error />
            <Button kind submit=true busy>"Confirm"</Button>
        </form>
    }
}

/// Where a code of an app, or a recovery code, goes.
#[component]
pub fn CodeField(
    /// The form's name for it.
    name: &'static str,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether it stays empty at times.
    #[prop(optional)]
    optional: bool,
) -> impl IntoView {
    view! {
        <TextField
            label="Code"
            name=name
            autocomplete="one-time-code"
            hint="Six digits from your authenticator app, or a recovery code."
            error=error
            required=!optional
        />
    }
}
