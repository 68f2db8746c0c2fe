//! Keys of the organisation's own for model providers.

use crate::{
    app::App,
    auth::{SteppedUp, Treasurer, permission::BillingRead, things::ProviderKeys},
    error::Result,
    extract::{Json, PathId},
    openapi::{Created, Data, Done},
};
use alumia_protocol::{
    List, OwnKeyId,
    billing::{NewOwnKey, OwnKey},
};
use axum::extract::State;

/// `GET /billing/byok-keys`: by provider, without the keys themselves.
pub async fn list(State(app): State<App>, treasurer: Treasurer<BillingRead>) -> Result<Data<List<OwnKey>>> {
    Ok(Data(List::whole(app.platform.own_keys.list(&treasurer.scope).await?)))
}

/// `POST /billing/byok-keys`: 201 once a call has proved the key; 404 for a provider that there isn't.
pub async fn add(
    State(app): State<App>,
    treasurer: SteppedUp<Treasurer, ProviderKeys>,
    Json(new): Json<NewOwnKey>,
) -> Result<Created<OwnKey>> {
    Ok(Created(app.platform.own_keys.add(&treasurer.scope, new).await?))
}

/// `DELETE /billing/byok-keys/:id`: calls are paid with credits again.
pub async fn remove(
    State(app): State<App>,
    treasurer: SteppedUp<Treasurer, ProviderKeys>,
    PathId(id): PathId<OwnKeyId>,
) -> Result<Done> {
    app.platform.own_keys.remove(&treasurer.scope, id).await?;
    Ok(Done)
}
