use super::{
    AccountPage, Before,
    login::{go, wanted_path},
    of_field, of_form, trouble,
};
use crate::{
    components::{
        button::{Button, Kind},
        enroll::Enroll,
        field::FormError,
        step_up::CodeField,
    },
    live::{api::Problem, passkeys},
    pages::{PageError, Problem as PageProblem},
};
use alumia_protocol::security::Factors;
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;

/// What the person could step up with.
#[server(prefix = "/fn", endpoint = "step_up_factors")]
pub async fn load_factors(path: String) -> Result<Factors, PageError> {
    let user = crate::server::signed_in(&path)?;
    Ok(expect_context::<alumia_platform::Platform>().identity.factors(user).await?)
}

/// Steps up by a code and goes on to `next`.
#[server(prefix = "/fn", endpoint = "step_up")]
pub async fn step_up(code: String, next: String) -> Result<(), PageError> {
    let next = if super::login::is_own_path(&next) { next } else { "/".to_owned() };
    let page = format!("/auth/step-up?next={}", crate::live::api::percent_encode(&next));
    let user = crate::server::signed_in(&page)?;
    let proved = match crate::server::identity().use_code(user, &code).await {
        Ok(()) => expect_context::<crate::server::DoorHandle>().step_up().await,
        Err(error) => Err(error),
    };
    match proved {
        Ok(()) => {
            leptos_axum::redirect(&next);
            Ok(())
        }
        Err(error) => crate::server::form_error(error, "step-up", &page, &[]),
    }
}

/// `/auth/step-up?next=`
#[component]
pub fn StepUpPage() -> impl IntoView {
    let next = wanted_path();
    let factors = Resource::new_blocking(
        || (),
        move |()| {
            let next = next.get_untracked().unwrap_or_else(|| "/".to_owned());
            load_factors(format!("/auth/step-up?next={}", crate::live::api::percent_encode(&next)))
        },
    );
    view! {
        <Title text="Confirm that it's you" />
        <Suspense>
            {move || Suspend::new(async move {
                match factors.await {
                    Ok(factors) => view! { <Confirm factors next /> }.into_any(),
                    Err(error) => view! { <PageProblem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Confirm(factors: Factors, next: Signal<Option<String>>) -> impl IntoView {
    let goal = move || next.get_untracked().unwrap_or_else(|| "/".to_owned());
    let onward = Callback::new(move |()| go(&goal()));
    if !factors.any() {
        return view! {
            <AccountPage title="Add a second factor" lead="What you want to do needs one, and your account has none yet.">
                <Enroll factors done=onward />
                <p class="without-script">"Adding a factor needs JavaScript."</p>
            </AccountPage>
        }
        .into_any();
    }
    let action = ServerAction::<StepUp>::new();
    let error = trouble(action, &Before::of("step-up"));
    let code = factors.totp.then(|| {
        view! {
            <ActionForm action=action attr:class="form">
                <input type="hidden" name="next" value=goal() />
                <FormError message=of_form(error) />
                <CodeField name="code" error=of_field(error, "code") />
                <Button kind=Kind::Primary submit=true busy=action.pending()>"Confirm"</Button>
            </ActionForm>
        }
    });
    let passkey = (factors.passkeys > 0).then(|| view! { <ByPasskey onward or=factors.totp /> });
    view! {
        <AccountPage
            title="Confirm that it's you"
            lead="What you are about to do is sensitive. Your confirmation holds for a few minutes in this browser."
        >
            {code}
            {passkey}
            <p class="muted"><a href=goal()>"Not now"</a></p>
        </AccountPage>
    }
    .into_any()
}

#[component]
fn ByPasskey(onward: Callback<()>, or: bool) -> impl IntoView {
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let choose = move |_| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let answer = passkeys::step_up().await;
            busy.try_set(false);
            match answer {
                Ok(_) => onward.run(()),
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    };
    view! {
        <div class="form by-passkey needs-script">
            {or.then(|| view! { <p class="or" aria-hidden="true">"or"</p> })}
            <FormError message=Signal::derive(move || problem.get().map(|problem| problem.message)) />
            <Button icon="lock" busy on:click=choose>"Use a passkey"</Button>
        </div>
    }
}
