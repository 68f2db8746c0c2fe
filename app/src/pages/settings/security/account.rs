use super::{super::Section, Reload};
use crate::{
    components::{
        button::Button,
        field::{FormError, TextField},
        status::{Badge, Tone},
        toast::use_toasts,
    },
    live::step_up::SteppedUpClient,
    pages::{
        PageError,
        auth::{Before, of_field, of_form, trouble},
        frame::CurrentOrg,
    },
};
use alumia_protocol::security::Factors;
use leptos::prelude::*;

/// Sets a new password.
#[server(prefix = "/fn", endpoint = "change_password", client = SteppedUpClient)]
pub async fn change_password(
    org: String,
    current_password: Option<String>,
    password: String,
) -> Result<(), PageError> {
    let page = super::page_of(&org);
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let identity = crate::server::identity();
    let session = crate::server::session();
    match identity.change_password(user, &session, current_password, password).await {
        Ok(()) => Ok(leptos_axum::redirect(&page)),
        Err(error) => crate::server::form_error(error, "password", &page, &[]),
    }
}

/// Has a link sent to a new address.
#[server(prefix = "/fn", endpoint = "change_email", client = SteppedUpClient)]
pub async fn change_email(org: String, email: String) -> Result<(), PageError> {
    let page = super::page_of(&org);
    let Some(user) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let identity = crate::server::identity();
    match identity.ask_email_change(user, &email).await {
        Ok(()) => Ok(()),
        Err(error) => crate::server::form_error(error, "email", &page, &[("email", email.as_str())]),
    }
}

/// Sends the letter again that asks to confirm the address.
#[server(prefix = "/fn", endpoint = "verify_email")]
pub async fn verify_email(org: String) -> Result<(), PageError> {
    let page = super::page_of(&org);
    let user = crate::server::signed_in(&page)?;
    let identity = crate::server::identity();
    match identity.ask_verification(user).await {
        Ok(()) => Ok(()),
        Err(error) => crate::server::form_error(error, "verify", &page, &[]),
    }
}

/// Says a sentence when an action has worked.
fn cheer<S>(action: ServerAction<S>, words: &'static str)
where
    S: server_fn::ServerFn<Output = (), Error = PageError> + Clone + Send + Sync + 'static,
{
    let toasts = use_toasts();
    Effect::new(move || {
        if let Some(Ok(())) = action.value().get() {
            toasts.say(words);
        }
    });
}

#[component]
pub(super) fn Password(factors: Factors) -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let action = ServerAction::<ChangePassword>::new();
    let error = trouble(action, &Before::of("password"));
    let had_one = factors.password;
    let (lead, words, done) = if had_one {
        (
            "A new one signs your other browsers out.",
            "Change password",
            "Your password is changed. Your other sessions were ended.",
        )
    } else {
        (
            "Your account has none: a passkey opens it. With a password it has a second way in.",
            "Set password",
            "Your account has a password now. Your other sessions were ended.",
        )
    };
    cheer(action, done);
    // Secrets don't stay in fields that have done their work.
    let form = NodeRef::<leptos::html::Form>::new();
    let reload = expect_context::<Reload>().0;
    Effect::new(move || {
        if let (Some(Ok(())), Some(form)) = (action.value().get(), form.get_untracked()) {
            form.reset();
            if !had_one {
                reload.run(());
            }
        }
    });
    view! {
        <Section title="Password" lead>
            <ActionForm action=action node_ref=form attr:class="form">
                <input type="hidden" name="org" value=org />
                <FormError message=of_form(error) />
                {had_one
                    .then(|| {
                        view! {
                            <TextField
                                label="Current password"
                                name="current_password"
                                kind="password"
                                autocomplete="current-password"
                                error=of_field(error, "currentPassword")
                                required=true
                            />
                        }
                    })}
                <TextField
                    label="New password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 12 characters. A few words in a row are easy to remember."
                    error=of_field(error, "password")
                    required=true
                />
                <div><Button submit=true busy=action.pending()>{words}</Button></div>
            </ActionForm>
        </Section>
    }
}

#[component]
pub(super) fn EmailAddress(email: String, verified: bool) -> impl IntoView {
    let org = StoredValue::new(expect_context::<CurrentOrg>().slug());
    let action = ServerAction::<ChangeEmail>::new();
    let before = Before::of("email");
    let error = trouble(action, &before);
    cheer(action, "We sent a link to the new address. It counts once you have followed it.");
    let again = ServerAction::<VerifyEmail>::new();
    let again_error = trouble(again, &Before::of("verify"));
    cheer(again, "A letter with a link is on its way.");
    let (tone, word) = if verified { (Tone::Green, "Confirmed") } else { (Tone::Blue, "Not confirmed yet") };
    view! {
        <Section title="Email address" lead="Where letters about your account go.">
            <p class="settings-row"><strong class="truncate">{email}</strong><Badge tone text=word.to_owned() /></p>
            {(!verified)
                .then(|| {
                    view! {
                        <ActionForm action=again attr:class="form">
                            <input type="hidden" name="org" value=org.get_value() />
                            <FormError message=of_form(again_error) />
                            <div><Button submit=true busy=again.pending()>"Send the letter again"</Button></div>
                        </ActionForm>
                    }
                })}
            <ActionForm action=action attr:class="form">
                <input type="hidden" name="org" value=org.get_value() />
                <FormError message=of_form(error) />
                <TextField
                    label="New address"
                    name="email"
                    kind="email"
                    autocomplete="email"
                    value=before.value("email")
                    error=of_field(error, "email")
                    required=true
                />
                <div><Button submit=true busy=action.pending()>"Change address"</Button></div>
            </ActionForm>
        </Section>
    }
}

/// Reads the page again when an action has worked.
pub(super) fn reload_after<S>(action: ServerAction<S>)
where
    S: server_fn::ServerFn<Output = (), Error = PageError> + Clone + Send + Sync + 'static,
{
    let reload = expect_context::<Reload>().0;
    let toasts = use_toasts();
    Effect::new(move || match action.value().get() {
        Some(Ok(())) => reload.run(()),
        Some(Err(error)) => toasts.fail(error.message),
        None => {}
    });
}
