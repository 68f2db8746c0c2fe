use super::{
    AccountPage, Before,
    login::{go, passkeys_usable, wanted_path},
    of_field, of_form, trouble,
};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, TextField},
    },
    live::passkeys,
    pages::PageError,
};
use alumia_protocol::security::StartPasskeySignUp;
use leptos::{html, prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Makes the account and goes on to `next`, or to its lab.
#[server(prefix = "/fn", endpoint = "sign_up")]
pub async fn sign_up(
    name: String,
    email: String,
    password: String,
    next: Option<String>,
) -> Result<(), PageError> {
    use alumia_protocol::people::SignUp;
    let next = next.filter(|next| super::login::is_own_path(next));
    let platform = expect_context::<alumia_platform::Platform>();
    let form = SignUp { name: name.clone(), email: email.clone(), password, org_name: None };
    let entered = match platform.sign_up(form).await {
        Ok(signed_in) => {
            let door = expect_context::<crate::server::DoorHandle>();
            door.enter(signed_in.user.id).await.map(|()| signed_in)
        }
        Err(error) => Err(error),
    };
    match entered {
        Ok(signed_in) => {
            leptos_axum::redirect(&next.unwrap_or_else(|| format!("/{}/lab", signed_in.org.slug)));
            Ok(())
        }
        Err(error) => {
            let values = [("name", name.as_str()), ("email", email.as_str())];
            let next = next.map(|next| format!("?next={}", crate::live::api::percent_encode(&next)));
            let page = format!("/signup{}", next.unwrap_or_default());
            crate::server::form_error(error, "signup", &page, &values)
        }
    }
}

/// `/signup`
#[component]
pub fn SignupPage() -> impl IntoView {
    let action = ServerAction::<SignUp>::new();
    let before = Before::of("signup");
    let by_password = trouble(action, &before);
    let by_passkey = RwSignal::new(None::<PageError>);
    // What was tried last says what is wrong.
    let error = Signal::derive(move || by_passkey.get().or_else(|| by_password.get()));
    Effect::new(move || {
        if action.pending().get() {
            by_passkey.set(None);
        }
    });
    let form = NodeRef::<html::Form>::new();
    let next = wanted_path();
    let sign_in = move || match next.get() {
        Some(next) => format!("/login?next={}", crate::live::api::percent_encode(&next)),
        None => "/login".to_owned(),
    };
    // An invitation's page says whom it is for.
    let invited = use_query_map().with_untracked(|query| query.get("email"));
    let email = Some(before.value("email")).filter(|typed| !typed.is_empty()).or(invited).unwrap_or_default();
    view! {
        <Title text="Create your account" />
        <AccountPage title="Create your account" lead="Free to try. No card, no model key needed.">
            <ActionForm action=action node_ref=form attr:class="form">
                <FormError message=of_form(error) />
                <input type="hidden" name="next" value=move || next.get().unwrap_or_default() />
                <TextField
                    label="Name"
                    name="name"
                    autocomplete="name"
                    value=before.value("name")
                    error=of_field(error, "name")
                    required=true
                    autofocus=true
                />
                <TextField
                    label="Email"
                    name="email"
                    kind="email"
                    autocomplete="username"
                    value=email
                    error=of_field(error, "email")
                    required=true
                />
                <TextField
                    label="Password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 12 characters. A few words in a row are easy to remember."
                    error=of_field(error, "password")
                    required=true
                />
                <Button kind=Kind::Primary submit=true busy=action.pending()>"Create account"</Button>
            </ActionForm>
            <ByPasskey form action error=by_passkey next />
            <p class="muted">"Have an account? "<a href=sign_in>"Sign in"</a></p>
        </AccountPage>
    }
}

/// The way without a password, with what stands in the form's other fields.
#[component]
fn ByPasskey(
    form: NodeRef<html::Form>,
    action: ServerAction<SignUp>,
    error: RwSignal<Option<PageError>>,
    next: Signal<Option<String>>,
) -> impl IntoView {
    let usable = passkeys_usable();
    let busy = RwSignal::new(false);
    let choose = move |_| {
        let Some(form) = form.get_untracked() else { return };
        let typed = web_sys::FormData::new_with_form(&form).ok();
        let field = |name| typed.as_ref().and_then(|typed| typed.get(name).as_string()).unwrap_or_default();
        let new = StartPasskeySignUp { name: field("name"), email: field("email"), org_name: None };
        busy.set(true);
        error.set(None);
        action.clear();
        spawn_local(async move {
            let answer = passkeys::sign_up(&new).await;
            busy.try_set(false);
            match answer {
                Ok(signed_in) => {
                    let path = next.try_get_untracked().flatten();
                    go(&path.unwrap_or_else(|| format!("/{}/lab", signed_in.org.slug)));
                }
                Err(problem) => drop(error.try_set(Some(problem.into()))),
            }
        });
    };
    view! {
        <div class="form by-passkey needs-script" hidden=move || !usable.get()>
            <p class="or" aria-hidden="true">"or"</p>
            <Button icon="lock" busy attr:aria-describedby="by-passkey-note" on:click=choose>
                "Create account with a passkey"
            </Button>
            <p class="field-note" id="by-passkey-note">
                "Takes your name and email, and no password: your fingerprint, face or device PIN opens the account."
            </p>
        </div>
    }
}
