//! Sessions: conversations, their messages, events, waiting messages and calls.

use super::Page;
use crate::{
    app::App,
    auth::{
        Acting, MemberOf, WriterOf,
        permission::{ChatWrite, Everybody, ProjectsRead, Writers},
    },
    error::Result,
    extract::{Json, Query, Second},
    openapi::{Created, Data, Done, Picture},
};
use alumia_platform::{Error, OrgScope, orgs::Resource};
use alumia_protocol::{
    CallId, List, MessageId, ProjectId, SessionId,
    events::Event,
    sessions::{CreateSession, Message, Session, SessionDetails, UpdateSession},
    tools::Approval,
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    /// The project; all of them when absent.
    project_id: Option<ProjectId>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// `GET /sessions`: 50 a page, most recently changed first, of one project or of all.
pub async fn list(
    State(app): State<App>,
    caller: Acting<Everybody, ProjectsRead>,
    Query(which): Query<Which>,
) -> Result<Data<List<SessionDetails>>> {
    let scope = caller.scope(&app, which.project_id.map(Resource::Project)).await?;
    let cursor = which.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let page = app.platform.sessions.list(&scope, which.project_id, cursor).await?;
    let items = app.platform.engine.details(&scope, page.items).await?;
    Ok(Data(List { items, next_cursor: page.next_cursor, has_more: page.has_more }))
}

/// `POST /sessions`: 201.
pub async fn create(
    State(app): State<App>,
    caller: Acting<Writers, ChatWrite>,
    Json(new): Json<CreateSession>,
) -> Result<Created<SessionDetails>> {
    let scope = caller.scope(&app, new.project_id.map(Resource::Project)).await?;
    let session = app.platform.sessions.create(&scope, new).await?;
    Ok(Created(details(&app, &scope, session).await?))
}

/// `GET /sessions/:id`.
pub async fn get(
    State(app): State<App>,
    session: MemberOf<SessionId, ProjectsRead>,
) -> Result<Data<SessionDetails>> {
    let found = app.platform.sessions.get(&session.scope, session.id).await?;
    Ok(Data(details(&app, &session.scope, found).await?))
}

/// `PATCH /sessions/:id`.
pub async fn update(
    State(app): State<App>,
    session: WriterOf<SessionId, ChatWrite>,
    Json(change): Json<UpdateSession>,
) -> Result<Data<SessionDetails>> {
    let changed = app.platform.sessions.update(&session.scope, session.id, change).await?;
    Ok(Data(details(&app, &session.scope, changed).await?))
}

async fn details(app: &App, scope: &OrgScope, session: Session) -> Result<SessionDetails> {
    let details = app.platform.engine.details(scope, vec![session]).await?;
    Ok(details.into_iter().next().ok_or(Error::NotFound("Session"))?)
}

/// `GET /sessions/:id/browser`: the last picture of the page that the session's browser shows, a JPEG; 204 without one.
pub async fn browser(State(app): State<App>, session: MemberOf<SessionId, ProjectsRead>) -> Result<Picture> {
    app.platform.sessions.get(&session.scope, session.id).await?;
    let Some(picture) = app.platform.browsing.picture(session.id) else {
        return Ok(Picture(StatusCode::NO_CONTENT.into_response()));
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok(Picture((headers, picture).into_response()))
}

/// `DELETE /sessions/:id`.
pub async fn delete(State(app): State<App>, session: WriterOf<SessionId, ChatWrite>) -> Result<Done> {
    app.platform.sessions.delete(&session.scope, session.id).await?;
    Ok(Done)
}

/// `GET /sessions/:id/messages`: finished messages, oldest first; `limit` 1–500.
pub async fn messages(
    State(app): State<App>,
    session: MemberOf<SessionId, ProjectsRead>,
    Query(page): Query<Page>,
) -> Result<Data<List<Message>>> {
    let limit = page.limit(100, 500)?;
    Ok(Data(app.platform.sessions.messages(&session.scope, session.id, page.cursor(), limit).await?))
}

#[derive(Deserialize, JsonSchema)]
pub struct Since {
    /// The position to go on from.
    #[serde(default)]
    after: i64,
    /// How many.
    limit: Option<u32>,
}

/// `GET /sessions/:id/events`: the durable events after a position, oldest first; `limit` 1–500.
pub async fn events(
    State(app): State<App>,
    session: MemberOf<SessionId, ProjectsRead>,
    Query(since): Query<Since>,
) -> Result<Data<List<Event>>> {
    let limit = Page { cursor: None, limit: since.limit }.limit(100, 500)?;
    Ok(Data(app.platform.log.list(&session.scope, session.id, since.after, limit).await?))
}

#[derive(Deserialize, JsonSchema)]
pub struct NewContent {
    /// Markdown.
    content: String,
}

/// `PATCH /sessions/:id/queue/:message`: edits a waiting message; 409 once it has joined.
pub async fn edit_queued(
    State(app): State<App>,
    session: WriterOf<SessionId, ChatWrite>,
    Second(message): Second<MessageId>,
    Json(new): Json<NewContent>,
) -> Result<Done> {
    app.platform.engine.edit_queued(&session.scope, session.id, message, Some(new.content)).await?;
    Ok(Done)
}

/// `DELETE /sessions/:id/queue/:message`: takes a waiting message back; 409 once it has joined.
pub async fn remove_queued(
    State(app): State<App>,
    session: WriterOf<SessionId, ChatWrite>,
    Second(message): Second<MessageId>,
) -> Result<Done> {
    app.platform.engine.edit_queued(&session.scope, session.id, message, None).await?;
    Ok(Done)
}

#[derive(Deserialize, JsonSchema)]
pub struct Answer {
    /// What the person says.
    approval: Approval,
}

/// `POST /sessions/:id/calls/:call/approve`: answers an approval request.
pub async fn approve(
    State(app): State<App>,
    session: WriterOf<SessionId, ChatWrite>,
    Second(call): Second<CallId>,
    Json(answer): Json<Answer>,
) -> Result<Done> {
    app.platform.engine.approve(&session.scope, session.id, call, answer.approval).await?;
    Ok(Done)
}

/// `POST /sessions/:id/calls/:call/cancel`: ends one running call.
pub async fn cancel_call(
    State(app): State<App>,
    session: WriterOf<SessionId, ChatWrite>,
    Second(call): Second<CallId>,
) -> Result<Done> {
    app.platform.engine.cancel_call(&session.scope, session.id, call).await?;
    Ok(Done)
}
