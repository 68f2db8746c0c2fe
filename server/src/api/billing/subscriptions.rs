//! Packages that are paid by the month.

use crate::{
    app::App,
    auth::{InBrowser, Treasurer, things::Subscriptions},
    error::Result,
    extract::Json,
    openapi::Created,
};
use alumia_platform::{OrgScope, billing::payments::way_back};
use alumia_protocol::billing::{HostedPage, NewSubscription};
use axum::extract::State;

/// `POST /billing/subscriptions/checkout`: 201 with the gateway's page where the person subscribes.
pub async fn checkout(
    State(app): State<App>,
    treasurer: InBrowser<Treasurer, Subscriptions>,
    Json(new): Json<NewSubscription>,
) -> Result<Created<HostedPage>> {
    let back = back(&app, &treasurer.scope).await?;
    let url = app.platform.payments.subscribe(&treasurer.scope, &new.package_id, &back).await?;
    Ok(Created(HostedPage { url }))
}

/// `POST /billing/subscriptions/portal`: 201 with the gateway's page where the person changes, pays and ends it.
pub async fn portal(
    State(app): State<App>,
    treasurer: InBrowser<Treasurer, Subscriptions>,
) -> Result<Created<HostedPage>> {
    let back = back(&app, &treasurer.scope).await?;
    Ok(Created(HostedPage { url: app.platform.payments.manage(&treasurer.scope, &back).await? }))
}

/// Where the gateway sends people back to.
async fn back(app: &App, scope: &OrgScope) -> Result<String> {
    let org = app.platform.orgs.get(scope).await?;
    Ok(way_back(app.platform.outbox.links(), &org.slug))
}
