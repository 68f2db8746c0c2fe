//! The browsers that a person is signed in with.

use super::step_up::Person;
use crate::{
    app::App,
    error::Result,
    extract::PathId,
    openapi::{Data, Done},
    web_sessions::Session,
};
use alumia_platform::Error;
use alumia_protocol::{List, security::BrowserSession};
use axum::extract::State;

/// `GET /auth/sessions`: the last used first.
pub async fn list(
    State(app): State<App>,
    person: Person,
    session: Session,
) -> Result<Data<List<BrowserSession>>> {
    Ok(Data(List::whole(app.platform.identity.browsers(person.0, &session.id_hash()).await?)))
}

/// `DELETE /auth/sessions/:id`: ends one, also the asking one. Needs no step-up: whoever sees a stranger
/// there must be quick.
pub async fn end(State(app): State<App>, person: Person, PathId(id): PathId<String>) -> Result<Done> {
    if app.platform.identity.web_sessions().end(person.0, &id).await? {
        Ok(Done)
    } else {
        Err(Error::NotFound("session").into())
    }
}

/// `DELETE /auth/sessions`: ends all but the asking one.
pub async fn end_others(State(app): State<App>, person: Person, session: Session) -> Result<Done> {
    app.platform.identity.end_other_sessions(person.0, &session.id_hash()).await?;
    Ok(Done)
}
