//! Credits: what there is, what it was used for, limits, own keys, payments, automatic ones, subscriptions.

pub mod auto_top_up;
pub mod byok;
pub mod payments;
mod reports;
pub mod subscriptions;

pub use reports::{buckets, calls, ledger, overview, usage};

use crate::{
    app::App,
    auth::{Member, SteppedUp, Treasurer, permission::BillingRead, things::Budgets},
    error::Result,
    extract::Json,
    openapi::Data,
};
use alumia_protocol::{
    List,
    billing::{Budget, Catalog, SetBudgets},
};
use axum::extract::State;

/// `GET /billing/catalog`: packages, credits to buy, and what is paid by time.
pub async fn catalog(State(app): State<App>, _member: Member<BillingRead>) -> Result<Data<Catalog>> {
    Ok(Data(app.platform.payments.catalog()))
}

/// `GET /billing/budgets`: with what is used of each.
pub async fn budgets(
    State(app): State<App>,
    treasurer: Treasurer<BillingRead>,
) -> Result<Data<List<Budget>>> {
    Ok(Data(List::whole(app.platform.billing.budgets(&treasurer.scope).await?)))
}

/// `PUT /billing/budgets`: all budgets that there shall be; one that was there goes on with what is used of it.
pub async fn set_budgets(
    State(app): State<App>,
    treasurer: SteppedUp<Treasurer, Budgets>,
    Json(wanted): Json<SetBudgets>,
) -> Result<Data<List<Budget>>> {
    let budgets = app.platform.billing.change_budgets(&treasurer.scope, wanted.budgets).await?;
    Ok(Data(List::whole(budgets)))
}
