//! Whether the process lives, and whether requests should be sent to it.

use crate::{app::App, error::Failure};
use alumia_platform::Error;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::atomic::Ordering;

/// `/healthz` and `/readyz`.
pub fn router() -> Router<App> {
    Router::new().route("/healthz", get(async || plain(StatusCode::OK, "ok\n"))).route("/readyz", get(ready))
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}

async fn ready(State(app): State<App>) -> Response {
    if !app.ready.load(Ordering::Relaxed) {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "ending\n");
    }
    match app.platform.store.ping().await {
        Ok(()) => plain(StatusCode::OK, "ready\n"),
        Err(Error::Unavailable { .. }) => plain(StatusCode::SERVICE_UNAVAILABLE, "the database is away\n"),
        Err(error) => Failure::from(error).into_response(),
    }
}
