//! The caller.

use crate::{
    app::App,
    auth::{Caller, permission::AnyKey},
    error::Result,
    openapi::Data,
};
use alumia_protocol::people::Me;
use axum::extract::State;

/// `GET /me`: the person with their organisations; a key sees the one that it is for.
pub async fn me(State(app): State<App>, caller: Caller<AnyKey>) -> Result<Data<Me>> {
    let mut me = app.platform.identity.me(caller.user()).await?;
    if let Some(org) = caller.key_org() {
        me.memberships.retain(|membership| membership.org.id == org);
    }
    Ok(Data(me))
}
