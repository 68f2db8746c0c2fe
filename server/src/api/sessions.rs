//! Sessions: conversations, their messages, events, waiting messages and calls.

use super::{Page, created, done, ok};
use crate::{
    app::App,
    auth::{Member, MemberOf, SignedIn},
    error::Result,
    extract::{Json, Query, Second},
};
use alumia_platform::{OrgScope, orgs::Resource};
use alumia_protocol::{
    CallId, MessageId, ProjectId, SessionId,
    sessions::{CreateSession, UpdateSession},
    tools::Approval,
};
use axum::{extract::State, response::Response};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    project_id: Option<ProjectId>,
    cursor: Option<String>,
}

/// The organisation of the project that a request names, else the caller's.
async fn scope_of(
    app: &App,
    SignedIn(user): SignedIn,
    member: Member,
    project: Option<ProjectId>,
) -> Result<OrgScope> {
    Ok(match project {
        Some(project) => app.platform.orgs.scope_of(user, Resource::Project(project)).await?,
        None => member.scope,
    })
}

/// `GET /sessions`: 50 a page, most recently changed first, of one project or of all.
pub async fn list(
    State(app): State<App>,
    user: SignedIn,
    member: Member,
    Query(which): Query<Which>,
) -> Result<Response> {
    let scope = scope_of(&app, user, member, which.project_id).await?;
    let cursor = which.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    Ok(ok(app.platform.sessions.list(&scope, which.project_id, cursor).await?))
}

/// `POST /sessions`: 201.
pub async fn create(
    State(app): State<App>,
    user: SignedIn,
    member: Member,
    Json(new): Json<CreateSession>,
) -> Result<Response> {
    let scope = scope_of(&app, user, member, new.project_id).await?;
    Ok(created(app.platform.sessions.create(&scope, new).await?))
}

/// `GET /sessions/:id`.
pub async fn get(State(app): State<App>, session: MemberOf<SessionId>) -> Result<Response> {
    Ok(ok(app.platform.sessions.get(&session.scope, session.id).await?))
}

/// `PATCH /sessions/:id`.
pub async fn update(
    State(app): State<App>,
    session: MemberOf<SessionId>,
    Json(change): Json<UpdateSession>,
) -> Result<Response> {
    Ok(ok(app.platform.sessions.update(&session.scope, session.id, change).await?))
}

/// `DELETE /sessions/:id`.
pub async fn delete(State(app): State<App>, session: MemberOf<SessionId>) -> Result<Response> {
    app.platform.sessions.delete(&session.scope, session.id).await?;
    Ok(done())
}

/// `GET /sessions/:id/messages`: finished messages, oldest first; `limit` 1–500.
pub async fn messages(
    State(app): State<App>,
    session: MemberOf<SessionId>,
    Query(page): Query<Page>,
) -> Result<Response> {
    let limit = page.limit(100, 500)?;
    Ok(ok(app.platform.sessions.messages(&session.scope, session.id, page.cursor(), limit).await?))
}

#[derive(Deserialize)]
pub struct Since {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
}

/// `GET /sessions/:id/events`: the durable events after a position, oldest first; `limit` 1–500.
pub async fn events(
    State(app): State<App>,
    session: MemberOf<SessionId>,
    Query(since): Query<Since>,
) -> Result<Response> {
    let limit = Page { cursor: None, limit: since.limit }.limit(100, 500)?;
    Ok(ok(app.platform.log.list(&session.scope, session.id, since.after, limit).await?))
}

#[derive(Deserialize)]
pub struct NewContent {
    content: String,
}

/// `PATCH /sessions/:id/queue/:message`: edits a waiting message; 409 once it has joined.
pub async fn edit_queued(
    State(app): State<App>,
    session: MemberOf<SessionId>,
    Second(message): Second<MessageId>,
    Json(new): Json<NewContent>,
) -> Result<Response> {
    app.platform.engine.edit_queued(&session.scope, session.id, message, Some(new.content)).await?;
    Ok(done())
}

/// `DELETE /sessions/:id/queue/:message`: takes a waiting message back; 409 once it has joined.
pub async fn remove_queued(
    State(app): State<App>,
    session: MemberOf<SessionId>,
    Second(message): Second<MessageId>,
) -> Result<Response> {
    app.platform.engine.edit_queued(&session.scope, session.id, message, None).await?;
    Ok(done())
}

#[derive(Deserialize)]
pub struct Answer {
    approval: Approval,
}

/// `POST /sessions/:id/calls/:call/approve`: answers an approval request.
pub async fn approve(
    State(app): State<App>,
    session: MemberOf<SessionId>,
    Second(call): Second<CallId>,
    Json(answer): Json<Answer>,
) -> Result<Response> {
    app.platform.engine.approve(&session.scope, session.id, call, answer.approval).await?;
    Ok(done())
}

/// `POST /sessions/:id/calls/:call/cancel`: ends one running call.
pub async fn cancel_call(
    State(app): State<App>,
    session: MemberOf<SessionId>,
    Second(call): Second<CallId>,
) -> Result<Response> {
    app.platform.engine.cancel_call(&session.scope, session.id, call).await?;
    Ok(done())
}
