use super::{AccountPage, Before};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, TextField},
    },
    pages::PageError,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Signs in and goes on to `next`, or to the lab of the person's first organisation.
#[server(prefix = "/fn", endpoint = "sign_in")]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<(), PageError> {
    use alumia_protocol::people::SignIn;
    let platform = expect_context::<alumia_platform::Platform>();
    let next = next.filter(|next| is_own_path(next));
    let form = SignIn { email: email.clone(), password, code: None };
    let entered = match platform.identity.sign_in(form).await {
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

/// `/login`
#[component]
pub fn LoginPage() -> impl IntoView {
    let action = ServerAction::<SignIn>::new();
    let before = Before::of("login");
    let first_error = StoredValue::new(before.error.clone());
    let error = Signal::derive(move || match action.value().get() {
        Some(Err(error)) => Some(error),
        Some(Ok(())) => None,
        None => first_error.get_value(),
    });
    let field =
        move |name: &'static str| Signal::derive(move || error.get().and_then(|error| error.field(name)));
    let query = use_query_map();
    let next =
        move || query.with(|query| query.get("next").filter(|next| is_own_path(next)).unwrap_or_default());
    view! {
        <Title text="Sign in" />
        <AccountPage title="Sign in" lead="Welcome back.">
            <ActionForm action=action attr:class="form">
                <input type="hidden" name="next" value=next />
                <FormError message=Signal::derive(move || error.get().and_then(|error| error.general())) />
                <TextField
                    label="Email"
                    name="email"
                    kind="email"
                    autocomplete="username webauthn"
                    value=before.value("email")
                    error=field("email")
                    required=true
                    autofocus=true
                />
                <TextField
                    label="Password"
                    name="password"
                    kind="password"
                    autocomplete="current-password"
                    error=field("password")
                    required=true
                />
                <Button kind=Kind::Primary submit=true busy=action.pending()>"Sign in"</Button>
            </ActionForm>
            <p class="muted">"New here? "<a href="/signup">"Create an account"</a></p>
        </AccountPage>
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
