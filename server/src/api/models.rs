//! The model catalog, and the models of the server's own machine.

use crate::{
    app::App,
    auth::{
        Admin, Member,
        permission::{Everything, ModelsRead},
    },
    error::Result,
    extract::Json,
    openapi::{Accepted, Data},
};
use alumia_protocol::{
    List,
    models::{CatalogModel, LocalModel, ManageLocalModel},
};
use axum::extract::State;

/// `GET /models`: every model, and whether it is usable now.
pub async fn list(State(app): State<App>, member: Member<ModelsRead>) -> Result<Data<List<CatalogModel>>> {
    let own = app.platform.own_keys.own(&member.scope).await?;
    Ok(Data(List::whole(app.platform.models.catalog(&own))))
}

/// `GET /models/local`.
pub async fn local(State(app): State<App>, _member: Member<ModelsRead>) -> Result<Data<List<LocalModel>>> {
    Ok(Data(List::whole(app.platform.on_this_machine.list())))
}

/// `POST /models/local`: 202, and all of them as they are then.
pub async fn manage_local(
    State(app): State<App>,
    admin: Admin<Everything>,
    Json(wish): Json<ManageLocalModel>,
) -> Result<Accepted<List<LocalModel>>> {
    app.platform.on_this_machine.manage(&admin.scope, &wish).await?;
    Ok(Accepted(List::whole(app.platform.on_this_machine.list())))
}
