//! The model catalog.

use crate::{
    app::App,
    auth::{Member, permission::ModelsRead},
    error::Result,
    openapi::Data,
};
use alumia_protocol::{List, models::CatalogModel};
use axum::extract::State;

/// `GET /models`: every model, and whether it is usable now.
pub async fn list(State(app): State<App>, member: Member<ModelsRead>) -> Result<Data<List<CatalogModel>>> {
    let own = app.platform.own_keys.own(&member.scope).await?;
    Ok(Data(List::whole(app.platform.models.catalog(&own))))
}
