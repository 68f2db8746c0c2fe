//! API keys.

use crate::{
    app::App,
    auth::{Member, SteppedUp, permission::Everything, things::ApiKeys},
    error::Result,
    extract::{Json, MaybeJson, PathId},
    openapi::{Created, Data, Done},
};
use alumia_protocol::{
    ApiKeyId, List,
    keys::{ApiKey, MintedApiKey, NewApiKey, RotateApiKey},
};
use axum::extract::State;

/// `GET /api-keys`: the caller's own that aren't revoked, newest first.
pub async fn list(State(app): State<App>, member: Member<Everything>) -> Result<Data<List<ApiKey>>> {
    Ok(Data(List::whole(app.platform.keys.list(&member.scope).await?)))
}

/// `POST /api-keys`: 201 with the secret, this once.
pub async fn mint(
    State(app): State<App>,
    member: SteppedUp<Member, ApiKeys>,
    Json(new): Json<NewApiKey>,
) -> Result<Created<MintedApiKey>> {
    Ok(Created(app.platform.keys.mint(&member.scope, new).await?))
}

/// `POST /api-keys/:id/rotate`: a new secret; the old one is dead at once or when the named grace is over.
pub async fn rotate(
    State(app): State<App>,
    member: SteppedUp<Member, ApiKeys>,
    PathId(id): PathId<ApiKeyId>,
    MaybeJson(rotation): MaybeJson<RotateApiKey>,
) -> Result<Data<MintedApiKey>> {
    Ok(Data(app.platform.keys.rotate(&member.scope, id, rotation).await?))
}

/// `DELETE /api-keys/:id`: 409 when it was revoked before.
pub async fn revoke(
    State(app): State<App>,
    member: Member<Everything>,
    PathId(id): PathId<ApiKeyId>,
) -> Result<Done> {
    app.platform.keys.revoke(&member.scope, id).await?;
    Ok(Done)
}
