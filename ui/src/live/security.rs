//! Factors, step-up and sessions through the API.

use super::api::{Answer, done, send};
use alumia_protocol::{
    people::SignedIn,
    security::{
        Ceremony, Code, EnrollTotp, FinishPasskey, Passkey, RecoveryCodes, RenamePasskey, StartPasskey,
        StartPasskeySignUp, StepUp, TotpEnrollment,
    },
};
use futures::lock::Mutex;
use gloo_net::http::Method;
use std::rc::Rc;

/// How this session stands, and what it could step up with.
pub async fn step_up() -> Answer<StepUp> {
    send(Method::GET, "/auth/step-up", None::<&()>).await
}

/// Steps up with a code.
pub async fn step_up_by_code(code: String) -> Answer<StepUp> {
    send(Method::POST, "/auth/step-up/totp", Some(&Code { code })).await
}

/// Begins with an authenticator app.
pub async fn enroll_totp(password: Option<String>) -> Answer<TotpEnrollment> {
    send(Method::POST, "/auth/totp/enroll", Some(&EnrollTotp { password })).await
}

/// Makes the app count; answers the recovery codes.
pub async fn confirm_totp(code: String) -> Answer<RecoveryCodes> {
    send(Method::POST, "/auth/totp/confirm", Some(&Code { code })).await
}

/// New recovery codes for the old ones.
pub async fn renew_recovery_codes() -> Answer<RecoveryCodes> {
    send(Method::POST, "/auth/totp/recovery-codes", None::<&()>).await
}

/// Gives a passkey another name.
pub async fn rename_passkey(id: &str, name: String) -> Answer<()> {
    let path = format!("/auth/passkeys/{id}");
    send::<_, serde_json::Value>(Method::PATCH, &path, Some(&RenamePasskey { name })).await.map(drop)
}

/// Removes a passkey.
pub async fn remove_passkey(id: &str) -> Answer<()> {
    done(Method::DELETE, &format!("/auth/passkeys/{id}")).await
}

pub(super) async fn start_passkey(password: Option<String>) -> Answer<Ceremony> {
    send(Method::POST, "/auth/passkeys/register/start", Some(&StartPasskey { password })).await
}

pub(super) async fn finish_passkey(form: &FinishPasskey) -> Answer<Passkey> {
    send(Method::POST, "/auth/passkeys/register/finish", Some(form)).await
}

pub(super) async fn start_passkey_sign_up(form: &StartPasskeySignUp) -> Answer<Ceremony> {
    send(Method::POST, "/auth/passkeys/signup/start", Some(form)).await
}

pub(super) async fn finish_passkey_sign_up(form: &FinishPasskey) -> Answer<SignedIn> {
    send(Method::POST, "/auth/passkeys/signup/finish", Some(form)).await
}

thread_local! {
    /// Held while a sign-in begins: the first answer has the cookie that all of this browser's are tied to.
    static BEGINNING: Rc<Mutex<()>> = Rc::default();
}

pub(super) async fn start_passkey_sign_in() -> Answer<Ceremony> {
    let beginning = BEGINNING.with(Rc::clone);
    let _turn = beginning.lock().await;
    send(Method::POST, "/auth/passkeys/login/start", None::<&()>).await
}

pub(super) async fn finish_passkey_sign_in(form: &FinishPasskey) -> Answer<SignedIn> {
    send(Method::POST, "/auth/passkeys/login/finish", Some(form)).await
}

pub(super) async fn start_passkey_step_up() -> Answer<Ceremony> {
    send(Method::POST, "/auth/passkeys/step-up/start", None::<&()>).await
}

pub(super) async fn finish_passkey_step_up(form: &FinishPasskey) -> Answer<StepUp> {
    send(Method::POST, "/auth/passkeys/step-up/finish", Some(form)).await
}
