//! Turns: saying something, attaching to what is going on, stop and resume.

use crate::{
    app::App,
    auth::{
        Acting, MemberOf, WriterOf,
        permission::{ChatWrite, Writers},
    },
    error::Result,
    extract::Json,
    limits::Meter,
    openapi::{Accepted, Chatted, Data, Done, Watched},
    stream::{self, Protocol, Resume, Until, Watch},
};
use alumia_platform::{Error, OrgScope, orgs::Resource};
use alumia_protocol::{
    SessionId,
    sessions::{ChatAccepted, ChatRequest, NewMessage, Session, SessionStatus},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use futures::StreamExt;

/// `POST /chat`: the run's events until it ends, or 202 with the run's id for `Accept: application/json`.
/// Leaving early doesn't end the run. The same message id again gives the same run and costs nothing.
pub async fn chat(
    State(app): State<App>,
    caller: Acting<Writers, ChatWrite>,
    watch: Watch,
    meter: Meter,
    protocol: Protocol,
    headers: HeaderMap,
    Json(request): Json<ChatRequest>,
) -> Result<Chatted> {
    let resource = match (request.session_id, request.project_id) {
        (Some(session), _) => Resource::Session(session),
        (None, Some(project)) => Resource::Project(project),
        (None, None) => {
            return Err(
                Error::BadRequest("Say where: sessionId, or projectId for a new session.".into()).into()
            );
        }
    };
    let scope = caller.scope(&app, Some(resource)).await?;
    let accepted = accept(&app, &scope, &meter, request).await?;
    if wants_json(&headers) {
        return Ok(Chatted(Accepted(accepted).into_response()));
    }
    let project = app.platform.sessions.get(&scope, accepted.session_id).await?.project_id;
    let feed = app.platform.log.subscribe(&scope, project, Some(accepted.seq)).await?;
    let until = Until::Run(accepted.run_id);
    let which = (project, accepted.session_id);
    Ok(Chatted(stream::of_session(&app, which, feed, (protocol, until), watch.over(&scope, project))))
}

/// `POST /sessions/:id/messages`: says something in a session. 202 with the run's id.
pub async fn say(
    State(app): State<App>,
    session: WriterOf<SessionId, ChatWrite>,
    meter: Meter,
    Json(message): Json<NewMessage>,
) -> Result<Accepted<ChatAccepted>> {
    let request =
        ChatRequest { session_id: Some(session.id), agent_id: None, project_id: None, message, model: None };
    Ok(Accepted(accept(&app, &session.scope, &meter, request).await?))
}

pub(super) async fn accept(
    app: &App,
    scope: &OrgScope,
    meter: &Meter,
    request: ChatRequest,
) -> Result<ChatAccepted> {
    let engine = &app.platform.engine;
    if !engine.knows_message(scope, request.message.id).await? {
        meter.take_chat().await?;
    }
    Ok(engine.chat(scope, request).await?)
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/event-stream")
}

/// `GET /chat/:id/stream`: what is going on in a session, until its run ends. Nothing going on: what
/// happened since `after`, or 204 where the protocol has a word for that.
pub async fn attach(
    State(app): State<App>,
    session: MemberOf<SessionId, ChatWrite>,
    watch: Watch,
    Resume(after): Resume,
    protocol: Protocol,
) -> Result<Watched> {
    let scope = &session.scope;
    let project = app.platform.sessions.get(scope, session.id).await?.project_id;
    // Subscribed before looking, so that a run that ends in between is seen to end.
    let feed = app.platform.log.subscribe(scope, project, after).await?;
    let status = app.platform.sessions.get(scope, session.id).await?.status;
    let which = (project, session.id);
    let is_over = matches!(status, SessionStatus::Idle | SessionStatus::Failed);
    if is_over && protocol == Protocol::AiSdk {
        return Ok(Watched(StatusCode::NO_CONTENT.into_response()));
    }
    let (feed, until) = if is_over {
        let last = last_event(&app, scope, session.id, after).await?;
        let nothing_new = after.is_some_and(|after| after >= last);
        (if nothing_new { futures::stream::empty().boxed() } else { feed }, Until::Seq(last))
    } else {
        (feed, Until::AnyRun)
    };
    Ok(Watched(stream::of_session(&app, which, feed, (protocol, until), watch.over(scope, project))))
}

/// The position of a session's last durable event.
async fn last_event(app: &App, scope: &OrgScope, session: SessionId, after: Option<i64>) -> Result<i64> {
    let mut last = after.unwrap_or_default();
    loop {
        let page = app.platform.log.list(scope, session, last, 500).await?;
        last = page.items.last().map_or(last, |event| event.seq);
        if !page.has_more {
            return Ok(last);
        }
    }
}

/// `POST /chat/:id/stop`: stops the session's run; fine when none is going on.
pub async fn stop(State(app): State<App>, session: WriterOf<SessionId, ChatWrite>) -> Result<Done> {
    app.platform.engine.stop(&session.scope, session.id).await?;
    Ok(Done)
}

/// `POST /chat/:id/resume`: goes on with a waiting or failed session.
pub async fn resume(
    State(app): State<App>,
    session: WriterOf<SessionId, ChatWrite>,
) -> Result<Data<Session>> {
    app.platform.engine.resume(&session.scope, session.id).await?;
    Ok(Data(app.platform.sessions.get(&session.scope, session.id).await?))
}
