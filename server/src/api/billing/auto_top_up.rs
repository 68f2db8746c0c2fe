//! Credits that are bought by themselves.

use crate::{
    app::App,
    auth::{InBrowser, SteppedUp, Treasurer, permission::BillingRead, things::AutoTopUps},
    error::Result,
    extract::Json,
    openapi::Data,
};
use alumia_protocol::billing::{AutoTopUp, SetAutoTopUp};
use axum::extract::State;

/// `GET /billing/auto-top-up`.
pub async fn get(State(app): State<App>, treasurer: Treasurer<BillingRead>) -> Result<Data<AutoTopUp>> {
    Ok(Data(app.platform.payments.auto_top_up(&treasurer.scope).await?))
}

/// `PUT /billing/auto-top-up`: turns it on, or changes it. `cardPage` is where a card is to be saved first.
pub async fn set(
    State(app): State<App>,
    treasurer: SteppedUp<Treasurer, AutoTopUps>,
    Json(wanted): Json<SetAutoTopUp>,
) -> Result<Data<AutoTopUp>> {
    let org = app.platform.orgs.get(&treasurer.scope).await?;
    let links = app.platform.outbox.links();
    let payments = &app.platform.payments;
    Ok(Data(payments.set_auto_top_up(&treasurer.scope, wanted, links, &org.slug).await?))
}

/// `DELETE /billing/auto-top-up`: turns it off; the limits and the card are kept.
pub async fn end(
    State(app): State<App>,
    treasurer: InBrowser<Treasurer, AutoTopUps>,
) -> Result<Data<AutoTopUp>> {
    Ok(Data(app.platform.payments.end_auto_top_up(&treasurer.scope).await?))
}
