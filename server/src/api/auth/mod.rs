//! Sign-up, sign-in, sign-out; factors, step-up, sessions, password and email address.

pub mod account;
pub mod passkeys;
pub mod sessions;
pub mod step_up;
pub mod totp;

use crate::{
    app::App,
    auth::{InBrowser, Public, Seen, SignedIn, things::SignOut},
    error::Result,
    extract::Json,
    openapi::{Created, Data, Done},
    web_sessions::Session,
};
use alumia_protocol::people::{SignIn, SignUp, SignedIn as SignedInPerson};
use axum::extract::State;

/// `POST /auth/signup`: makes the account and signs it in. 201.
pub async fn sign_up(
    State(app): State<App>,
    _: Public,
    session: Session,
    Json(form): Json<SignUp>,
) -> Result<Created<SignedInPerson>> {
    let signed_in = app.platform.sign_up(form).await?;
    session.sign_in(signed_in.user.id).await?;
    Ok(Created(signed_in))
}

/// `POST /auth/login`: 401 for whatever is wrong, always alike; with the reason `totp_required` when the
/// password is right and a good `code` is due.
pub async fn sign_in(
    State(app): State<App>,
    _: Public,
    session: Session,
    Seen(origin): Seen,
    Json(form): Json<SignIn>,
) -> Result<Data<SignedInPerson>> {
    let signed_in = app.platform.identity.coming_from(origin).sign_in(form).await?;
    session.sign_in(signed_in.user.id).await?;
    Ok(Data(signed_in))
}

/// `POST /auth/logout`: ends this browser session.
pub async fn sign_out(_: InBrowser<SignedIn, SignOut>, session: Session) -> Result<Done> {
    session.sign_out().await?;
    Ok(Done)
}
