use super::{AccountPage, Before, of_field, of_form, trouble};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, TextField},
        step_up::CodeField,
    },
    live::{api::Problem, passkeys},
    pages::PageError,
};
use alumia_protocol::people::SignedIn;
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use send_wrapper::SendWrapper;

/// Signs in and goes on to `next`, or to the lab of the person's first organisation.
#[server(prefix = "/fn", endpoint = "sign_in")]
pub async fn sign_in(
    email: String,
    password: String,
    code: Option<String>,
    next: Option<String>,
) -> Result<(), PageError> {
    use alumia_protocol::people::SignIn;
    let next = next.filter(|next| is_own_path(next));
    let form = SignIn { email: email.clone(), password, code };
    let entered = match crate::server::identity().sign_in(form).await {
        Ok(signed_in) => {
            let door = expect_context::<crate::server::DoorHandle>();
            door.enter(signed_in.user.id).await.map(|()| signed_in)
        }
        Err(error) => Err(error),
    };
    match entered {
        Ok(signed_in) => {
            let lab = format!("/{}/lab", signed_in.org.slug);
            leptos_axum::redirect(&next.unwrap_or(lab));
            Ok(())
        }
        Err(error) => {
            let next = next.map(|next| format!("?next={}", crate::live::api::percent_encode(&next)));
            let page = format!("/login{}", next.unwrap_or_default());
            crate::server::form_error(error, "login", &page, &[("email", email.as_str())])
        }
    }
}

/// Whether `path` stays on this origin: it begins with one slash and holds nothing that a browser would
/// read as the start of another host.
pub fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// Where the page's `next` leads, if it stays here.
pub(super) fn wanted_path() -> Signal<Option<String>> {
    let query = use_query_map();
    Signal::derive(move || query.with(|query| query.get("next").filter(|next| is_own_path(next))))
}

/// Whether the page may offer passkeys. It does at first: browsers without are few.
pub(super) fn passkeys_usable() -> ReadSignal<bool> {
    let (usable, set_usable) = signal(true);
    Effect::new(move || set_usable.set(passkeys::are_usable()));
    usable
}

/// Goes there as a new page: who is signed in has changed.
pub(super) fn go(path: &str) {
    // A browser that refuses to leave the page stays on it.
    drop(window().location().assign(path));
}

/// `/login`
#[component]
pub fn LoginPage() -> impl IntoView {
    let action = ServerAction::<SignIn>::new();
    let before = Before::of("login");
    let error = trouble(action, &before);
    // Once the password was right, the code's field stays.
    let code_due = Memo::new(move |was_due: Option<&bool>| {
        let reason = error.with(|error| error.as_ref().and_then(|error| error.reason.clone()));
        was_due == Some(&true) || reason.as_deref() == Some("totp_required")
    });
    let next = wanted_path();
    let query = use_query_map();
    let note = move || {
        query.with_untracked(|query| query.get("reset").is_some()).then(|| {
            view! { <p class="form-note" role="status">"Your new password is set. Sign in with it."</p> }
        })
    };
    view! {
        <Title text="Sign in" />
        <AccountPage title="Sign in" lead="Welcome back.">
            {note}
            <ActionForm action=action attr:class="form">
                <input type="hidden" name="next" value=move || next.get().unwrap_or_default() />
                <FormError message=of_form(error) />
                <TextField
                    label="Email"
                    name="email"
                    kind="email"
                    autocomplete="username webauthn"
                    value=before.value("email")
                    error=of_field(error, "email")
                    required=true
                    autofocus=true
                />
                <TextField
                    label="Password"
                    name="password"
                    kind="password"
                    autocomplete="current-password"
                    error=of_field(error, "password")
                    required=true
                />
                {move || code_due.get().then(|| view! { <CodeField name="code" /> })}
                <Button kind=Kind::Primary submit=true busy=action.pending()>"Sign in"</Button>
            </ActionForm>
            <ByPasskey next />
            <p class="muted"><a href="/forgot">"Forgot your password?"</a></p>
            <p class="muted">"New here? "<a href="/signup">"Create an account"</a></p>
        </AccountPage>
    }
}

/// The button, and passkeys among the suggestions of the email field.
#[component]
fn ByPasskey(next: Signal<Option<String>>) -> impl IntoView {
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let waiting = StoredValue::new(None::<SendWrapper<web_sys::AbortController>>);
    // A browser has one request for a passkey at a time.
    let stop_waiting = move || {
        if let Some(controller) = waiting.try_update_value(Option::take).flatten() {
            controller.abort();
        }
    };
    let enter = move |signed_in: SignedIn| {
        let path = next.try_get_untracked().flatten();
        go(&path.unwrap_or_else(|| format!("/{}/lab", signed_in.org.slug)));
    };
    Effect::new(move || {
        let Ok(controller) = web_sys::AbortController::new() else { return };
        let signal = controller.signal();
        // In here, where only the browser gets: the server ends a page's owner on whichever thread it likes. For the
        // same reason what is kept is wrapped where it is made, and not the place that it is kept in.
        let ending = SendWrapper::new(controller.clone());
        on_cleanup(move || ending.abort());
        waiting.set_value(Some(SendWrapper::new(controller)));
        spawn_local(async move {
            match passkeys::sign_in_from_field(&signal).await {
                Some(Ok(signed_in)) => enter(signed_in),
                Some(Err(error)) => drop(problem.try_set(Some(error))),
                None => {}
            }
        });
    });
    let usable = passkeys_usable();
    let choose = move |_| {
        stop_waiting();
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let answer = passkeys::sign_in().await;
            busy.try_set(false);
            match answer {
                Ok(signed_in) => enter(signed_in),
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    };
    view! {
        <div class="form by-passkey needs-script" hidden=move || !usable.get()>
            <p class="or" aria-hidden="true">"or"</p>
            <FormError message=Signal::derive(move || problem.get().map(|problem| problem.message)) />
            <Button icon="lock" busy on:click=choose>"Sign in with a passkey"</Button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn goes_nowhere_else() {
        assert!(is_own_path("/acme/lab?x=1#y"));
        for bad in [
            "",
            "acme",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/a b",
            "javascript:1",
        ] {
            assert!(!is_own_path(bad), "{bad}");
        }
    }
}
