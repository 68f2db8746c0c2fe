//! What other services send by themselves. They prove who they are by their signature over the raw body.

use crate::{app::App, error::Result, extract};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};

/// Stripe's largest events are far below it.
const LIMIT: usize = 256 * 1024;

/// `/webhooks/…`.
pub fn router() -> Router<App> {
    Router::new().route("/webhooks/stripe", post(stripe))
}

/// `POST /webhooks/stripe`: 200 for every event that Stripe signed within five minutes, also for those that say
/// nothing new or concern nobody here; 400 for anything else. After another answer Stripe sends it again.
async fn stripe(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<StatusCode> {
    let body = extract::read(body, LIMIT).await?;
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    app.platform.payments.hear_signed("stripe", signature, &body).await?;
    Ok(StatusCode::OK)
}
