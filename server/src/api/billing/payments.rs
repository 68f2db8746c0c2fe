//! Buying credits.

use crate::{
    api::Page,
    app::App,
    auth::{InBrowser, Treasurer, permission::BillingRead, things::TopUps},
    error::Result,
    extract::{Json, PathId, Query},
    openapi::{Created, Data},
};
use alumia_protocol::{
    List, PaymentId,
    billing::{Invoice, NewTopUp, TestCard, TopUp},
};
use axum::extract::State;

/// `POST /billing/top-ups/payment-intent`: 201 with what the gateway's dialog needs.
pub async fn begin(
    State(app): State<App>,
    treasurer: InBrowser<Treasurer, TopUps>,
    Json(new): Json<NewTopUp>,
) -> Result<Created<TopUp>> {
    Ok(Created(app.platform.payments.begin(&treasurer.scope, new).await?))
}

/// `POST /billing/top-ups/:id/test-card`: pays with a card of the test gateway; 404 where no test money is taken.
pub async fn pay_test_money(
    State(app): State<App>,
    treasurer: InBrowser<Treasurer, TopUps>,
    PathId(id): PathId<PaymentId>,
    Json(card): Json<TestCard>,
) -> Result<Data<Invoice>> {
    Ok(Data(app.platform.payments.pay_test_money(&treasurer.scope, id, &card.card).await?))
}

/// `GET /billing/invoices`: payments and their receipts, newest first; `limit` 1–100.
pub async fn invoices(
    State(app): State<App>,
    treasurer: Treasurer<BillingRead>,
    Query(page): Query<Page>,
) -> Result<Data<List<Invoice>>> {
    let limit = page.limit(50, 100)?;
    Ok(Data(app.platform.payments.invoices(&treasurer.scope, page.cursor(), limit).await?))
}
