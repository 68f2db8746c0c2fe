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

/// Makes the account and lands in its lab.
#[server(prefix = "/fn", endpoint = "sign_up")]
pub async fn sign_up(name: String, email: String, password: String) -> Result<(), PageError> {
    use alumia_protocol::people::SignUp;
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
            leptos_axum::redirect(&format!("/{}/lab", signed_in.org.slug));
            Ok(())
        }
        Err(error) => {
            let values = [("name", name.as_str()), ("email", email.as_str())];
            crate::server::form_error(error, "signup", "/signup", &values)
        }
    }
}

/// `/signup`
#[component]
pub fn SignupPage() -> impl IntoView {
    let action = ServerAction::<SignUp>::new();
    let before = Before::of("signup");
    let first_error = StoredValue::new(before.error.clone());
    let error = Signal::derive(move || match action.value().get() {
        Some(Err(error)) => Some(error),
        Some(Ok(())) => None,
        None => first_error.get_value(),
    });
    let field =
        move |name: &'static str| Signal::derive(move || error.get().and_then(|error| error.field(name)));
    view! {
        <Title text="Create your account" />
        <AccountPage title="Create your account" lead="Free to try. No card, no model key needed.">
            <ActionForm action=action attr:class="form">
                <FormError message=Signal::derive(move || error.get().and_then(|error| error.general())) />
                <TextField
                    label="Name"
                    name="name"
                    autocomplete="name"
                    value=before.value("name")
                    error=field("name")
                    required=true
                    autofocus=true
                />
                <TextField
                    label="Email"
                    name="email"
                    kind="email"
                    autocomplete="username"
                    value=before.value("email")
                    error=field("email")
                    required=true
                />
                <TextField
                    label="Password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 12 characters. A few words in a row are easy to remember."
                    error=field("password")
                    required=true
                />
                <Button kind=Kind::Primary submit=true busy=action.pending()>"Create account"</Button>
            </ActionForm>
            <p class="muted">"Have an account? "<a href="/login">"Sign in"</a></p>
        </AccountPage>
    }
}
