//! Password and email address.

use super::step_up::{Person, ProvenPerson};
use crate::{
    app::App,
    auth::{Public, Seen},
    error::Result,
    extract::Json,
    openapi::Done,
    web_sessions::Session,
};
use alumia_protocol::security::{Address, ChangePassword, ConfirmEmail, ResetPassword};
use axum::extract::State;

/// `POST /auth/password`: a new one for the present one. Ends the other sessions.
pub async fn change_password(
    State(app): State<App>,
    person: ProvenPerson,
    session: Session,
    Seen(origin): Seen,
    Json(form): Json<ChangePassword>,
) -> Result<Done> {
    let ChangePassword { current_password, password } = form;
    let identity = app.platform.identity.coming_from(origin);
    identity.change_password(person.0, &session.id_hash(), current_password, password).await?;
    Ok(Done)
}

/// `POST /auth/password/forgot`: has a link sent. Answers alike whether or not there is such an account.
pub async fn forgot(State(app): State<App>, _: Public, Json(form): Json<Address>) -> Result<Done> {
    app.platform.identity.ask_reset(&form.email).await?;
    Ok(Done)
}

/// `POST /auth/password/reset`: a new password by that link, once. Ends all sessions; signs nobody in.
pub async fn reset(
    State(app): State<App>,
    _: Public,
    Seen(origin): Seen,
    Json(form): Json<ResetPassword>,
) -> Result<Done> {
    app.platform.identity.coming_from(origin).reset_password(&form.token, form.password).await?;
    Ok(Done)
}

/// `POST /auth/email`: has a link sent to a new address.
pub async fn change_email(
    State(app): State<App>,
    person: ProvenPerson,
    Seen(origin): Seen,
    Json(form): Json<Address>,
) -> Result<Done> {
    app.platform.identity.coming_from(origin).ask_email_change(person.0, &form.email).await?;
    Ok(Done)
}

/// `POST /auth/email/verify`: sends the letter again that asks to confirm the present address.
pub async fn verify(State(app): State<App>, person: Person, Seen(origin): Seen) -> Result<Done> {
    app.platform.identity.coming_from(origin).ask_verification(person.0).await?;
    Ok(Done)
}

/// `POST /auth/email/confirm`: by a link from a letter, once, also where nobody is signed in.
pub async fn confirm_email(
    State(app): State<App>,
    _: Public,
    session: Session,
    Seen(origin): Seen,
    Json(form): Json<ConfirmEmail>,
) -> Result<Done> {
    app.platform.identity.coming_from(origin).confirm_email(&form.token, &session.id_hash()).await?;
    Ok(Done)
}
