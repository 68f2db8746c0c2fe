//! `/forgot`, and the pages behind links in letters. Nothing changes by opening a link: programs that look
//! through mail open them too.

use super::{AccountPage, Before, of_field, of_form, trouble};
use crate::{
    components::{
        button::{Button, Kind},
        field::{FormError, TextField},
    },
    pages::PageError,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

/// Has a link sent. Answers alike whether or not there is such an account.
#[server(prefix = "/fn", endpoint = "ask_reset")]
pub async fn ask_reset(email: String) -> Result<(), PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    match platform.identity.ask_reset(&email).await {
        Ok(()) => {
            leptos_axum::redirect("/forgot?sent");
            Ok(())
        }
        Err(error) => crate::server::form_error(error, "forgot", "/forgot", &[("email", email.as_str())]),
    }
}

/// Sets a new password by the link from the letter.
#[server(prefix = "/fn", endpoint = "reset_password")]
pub async fn reset_password(token: String, password: String) -> Result<(), PageError> {
    match crate::server::identity().reset_password(&token, password).await {
        Ok(()) => {
            leptos_axum::redirect("/login?reset");
            Ok(())
        }
        Err(error) => {
            let page = format!("/reset/{}", crate::live::api::percent_encode(&token));
            crate::server::form_error(error, "reset", &page, &[])
        }
    }
}

/// Whether the link still works.
#[server(prefix = "/fn", endpoint = "reset_link")]
pub async fn load_reset_link(token: String) -> Result<bool, PageError> {
    Ok(expect_context::<alumia_platform::Platform>().identity.is_reset_link(&token).await?)
}

/// Confirms an address by the link from the letter.
#[server(prefix = "/fn", endpoint = "confirm_email")]
pub async fn confirm_email(token: String) -> Result<(), PageError> {
    match crate::server::identity().confirm_email(&token, &crate::server::session()).await {
        Ok(()) => {
            leptos_axum::redirect("/confirm/done");
            Ok(())
        }
        Err(error) => {
            let page = format!("/confirm/{}", crate::live::api::percent_encode(&token));
            crate::server::form_error(error, "confirm", &page, &[])
        }
    }
}

/// `/forgot`
#[component]
pub fn ForgotPage() -> impl IntoView {
    let action = ServerAction::<AskReset>::new();
    let before = StoredValue::new(Before::of("forgot"));
    let error = before.with_value(|before| trouble(action, before));
    let query = use_query_map();
    let sent = Memo::new(move |_| query.with(|query| query.get("sent").is_some()));
    let body = move || {
        if sent.get() {
            return view! {
                <p class="form-note" role="status">
                    "If there is an account with that address, a letter with a link is on its way to it. The link works once, within an hour."
                </p>
                <p class="muted"><a href="/forgot">"Ask again"</a></p>
            }
            .into_any();
        }
        view! {
            <ActionForm action=action attr:class="form">
                <FormError message=of_form(error) />
                <TextField
                    label="Email"
                    name="email"
                    kind="email"
                    autocomplete="username"
                    value=before.with_value(|before| before.value("email"))
                    error=of_field(error, "email")
                    required=true
                    autofocus=true
                />
                <Button kind=Kind::Primary submit=true busy=action.pending()>"Send me a link"</Button>
            </ActionForm>
        }
        .into_any()
    };
    view! {
        <Title text="Forgot your password" />
        <AccountPage title="Forgot your password?" lead="We send you a link to set a new one.">
            {body}
            <p class="muted"><a href="/login">"Back to sign in"</a></p>
        </AccountPage>
    }
}

/// `/reset/:token`
#[component]
pub fn ResetPage() -> impl IntoView {
    let params = use_params_map();
    let token = Memo::new(move |_| params.with(|params| params.get("token").unwrap_or_default()));
    let works = Resource::new_blocking(move || token.get(), load_reset_link);
    let action = ServerAction::<ResetPassword>::new();
    let error = trouble(action, &Before::of("reset"));
    let form = move || {
        Suspend::new(async move {
            if !works.await.unwrap_or(true) {
                return view! {
                    <p class="form-error" role="alert">"This link was used already or is too old."</p>
                    <p class="muted"><a href="/forgot">"Ask for a new one"</a></p>
                }
                .into_any();
            }
            view! {
                <ActionForm action=action attr:class="form">
                    <input type="hidden" name="token" value=token.get_untracked() />
                    <FormError message=of_form(error) />
                    <TextField
                        label="New password"
                        name="password"
                        kind="password"
                        autocomplete="new-password"
                        hint="At least 12 characters. A few words in a row are easy to remember."
                        error=of_field(error, "password")
                        required=true
                        autofocus=true
                    />
                    <Button kind=Kind::Primary submit=true busy=action.pending()>"Set password"</Button>
                </ActionForm>
            }
            .into_any()
        })
    };
    view! {
        <Title text="Set a new password" />
        <AccountPage title="Set a new password" lead="Everybody who is signed in to your account is signed out by this.">
            <Suspense>{form}</Suspense>
        </AccountPage>
    }
}

/// `/confirm/:token`
#[component]
pub fn ConfirmPage() -> impl IntoView {
    let params = use_params_map();
    let token = Memo::new(move |_| params.with(|params| params.get("token").unwrap_or_default()));
    let action = ServerAction::<ConfirmEmail>::new();
    let error = trouble(action, &Before::of("confirm"));
    let body = move || {
        if token.get() == "done" {
            return view! {
                <p class="form-note" role="status">"Thank you, the address is confirmed."</p>
                <p><a class="button primary" href="/">"Go on"</a></p>
            }
            .into_any();
        }
        view! {
            <ActionForm action=action attr:class="form">
                <input type="hidden" name="token" value=token.get() />
                <FormError message=of_form(error) />
                <Button kind=Kind::Primary submit=true busy=action.pending()>"Yes, it is mine"</Button>
            </ActionForm>
        }
        .into_any()
    };
    view! {
        <Title text="Confirm your address" />
        <AccountPage title="Confirm your address" lead="Is the address that our letter came to yours?">{body}</AccountPage>
    }
}
