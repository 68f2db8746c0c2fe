//! Sign-up, sign-in, sign-out.

use super::{created, done, ok};
use crate::{app::App, auth::SignedIn, error::Result, extract::Json, web_sessions::Session};
use alumia_protocol::people::{SignIn, SignUp};
use axum::{extract::State, response::Response};

/// `POST /auth/signup`: makes the account and signs it in. 201.
pub async fn sign_up(State(app): State<App>, session: Session, Json(form): Json<SignUp>) -> Result<Response> {
    let signed_in = app.platform.sign_up(form).await?;
    session.sign_in(signed_in.user.id).await?;
    Ok(created(signed_in))
}

/// `POST /auth/login`: 401 for whatever is wrong, always alike.
pub async fn sign_in(State(app): State<App>, session: Session, Json(form): Json<SignIn>) -> Result<Response> {
    let signed_in = app.platform.identity.sign_in(form).await?;
    session.sign_in(signed_in.user.id).await?;
    Ok(ok(signed_in))
}

/// `POST /auth/logout`: ends this browser session.
pub async fn sign_out(_: SignedIn, session: Session) -> Result<Response> {
    session.sign_out().await?;
    Ok(done())
}
