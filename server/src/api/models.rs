//! The model catalog.

use super::ok;
use crate::{app::App, auth::Member};
use alumia_protocol::List;
use axum::{extract::State, response::Response};

/// `GET /models`: every model, and whether it is usable now.
pub async fn list(State(app): State<App>, member: Member) -> Response {
    ok(List::whole(app.platform.models.catalog(&member.scope)))
}
