//! The caller.

use super::ok;
use crate::{app::App, auth::SignedIn, error::Result};
use axum::{extract::State, response::Response};

/// `GET /me`: the person with their organisations.
pub async fn me(State(app): State<App>, SignedIn(user): SignedIn) -> Result<Response> {
    Ok(ok(app.platform.identity.me(user).await?))
}
