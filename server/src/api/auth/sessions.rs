//! The browsers that a person is signed in with.

use super::step_up::Person;
use crate::{
    app::App,
    auth::Seen,
    error::Result,
    extract::PathId,
    openapi::{Data, Done},
    web_sessions::Session,
};
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
pub async fn end(
    State(app): State<App>,
    person: Person,
    Seen(origin): Seen,
    PathId(id): PathId<String>,
) -> Result<Done> {
    app.platform.identity.coming_from(origin).end_session(person.0, &id).await?;
    Ok(Done)
}

/// `DELETE /auth/sessions`: ends all but the asking one.
pub async fn end_others(
    State(app): State<App>,
    person: Person,
    session: Session,
    Seen(origin): Seen,
) -> Result<Done> {
    app.platform.identity.coming_from(origin).end_other_sessions(person.0, &session.id_hash()).await?;
    Ok(Done)
}
