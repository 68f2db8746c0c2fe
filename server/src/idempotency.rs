//! `Idempotency-Key`: a POST that is sent again is answered as it was the first time.
//!
//! Kept are answers that say what became of the request. Refusals that say that nothing was begun (401, 403,
//! 429), failures of ours (5xx) and streams are not: the next try may do better. A caller without credentials
//! has nothing to keep an answer under.

use crate::{
    api::Kept,
    app::App,
    auth::{Credentials, bearer},
    edge::RequestId,
    error::{self, Failure, Result},
    extract::{self, JSON_LIMIT},
};
use alumia_platform::{
    Error,
    idempotency::{Answer, Begun, Question},
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::FutureExt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use tracing::Instrument;

const LONGEST_KEY: usize = 255;
/// The most that a kept answer may have.
const LARGEST: usize = 4 * 1024 * 1024;
/// Headers that belong to a body.
const KEPT: [HeaderName; 2] = [header::CONTENT_TYPE, header::LOCATION];

/// Answers a request that names a key, once.
/// Archives are kept on the disk meanwhile, other bodies in memory.
pub async fn idempotent(State((app, archive)): State<(App, bool)>, request: Request, next: Next) -> Response {
    answer(app, archive, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(app: App, archive: bool, request: Request, next: Next) -> Result<Response> {
    let Some(key) = key(request.headers())? else { return Ok(next.run(request).await) };
    let credential = match bearer(request.headers()) {
        Some(key) => Some(key.to_owned()),
        None => app.sessions.id_in(request.headers()),
    };
    let Some(credential) = credential else { return Ok(next.run(request).await) };
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (mut parts, body) = request.into_parts();
    let (body, digest) = if archive {
        if !matches!(parts.extensions.get(), Some(Credentials::User(_) | Credentials::Key(_))) {
            // Nobody's archive is worth the disk; the handler says why.
            return Ok(next.run(Request::from_parts(parts, body)).await);
        }
        let upload = app.platform.copies.upload(body.into_data_stream()).await?;
        let digest = upload.digest.clone().into_bytes();
        parts.extensions.insert(Kept::new(upload));
        (Bytes::new(), digest)
    } else {
        let body = extract::read(body, JSON_LIMIT).await?;
        (body.clone(), body.to_vec())
    };
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let request = [parts.method.as_str().as_bytes(), path.as_bytes(), &digest];
    let question = Question { credential: &credential, key: &key, request: &request };
    match app.platform.idempotency.begin(question).await? {
        Begun::Answered(answer) => replay(answer),
        Begun::Running => Err(Failure::StillRunning),
        Begun::Other => Err(Error::conflict(
            "This Idempotency-Key was used for another request. Choose a new one for each thing to do.",
        )
        .into()),
        Begun::First(attempt) => {
            let first = async move {
                let request = Request::from_parts(parts, Body::from(body));
                let kept = &app.platform.idempotency;
                let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
                let response = match answered {
                    Ok(response) => error::finish(response, &id, true),
                    Err(panic) => {
                        // The next try finds the key free; this one's failure is told at the edge.
                        let _ = kept.forget(&attempt).await;
                        resume_unwind(panic)
                    }
                };
                if !is_kept(&response) {
                    kept.forget(&attempt).await?;
                    return Ok(response);
                }
                let (parts, body) = response.into_parts();
                let body = extract::read(body, LARGEST).await?;
                let headers = KEPT.iter().filter_map(|name| {
                    Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned()))
                });
                let answer =
                    Answer { status: parts.status.as_u16(), headers: headers.collect(), body: body.to_vec() };
                kept.finish(&attempt, &answer).await?;
                Ok(Response::from_parts(parts, Body::from(body)))
            };
            // In a task of its own: whoever hangs up early finds the answer when they ask again.
            match tokio::spawn(first.in_current_span()).await {
                Ok(answer) => answer,
                Err(end) => match end.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(cancelled) => Err(Error::internal(cancelled).into()),
                },
            }
        }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| Failure::bad_request("Idempotency-Key must have 1 to 255 printable ASCII characters."))
}

fn is_kept(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let streams = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let told = response.status().is_success() || matches!(response.status().as_u16(), 400 | 404 | 409 | 422);
    told && !streams
}

fn replay(answer: Answer) -> Result<Response> {
    let status = StatusCode::from_u16(answer.status).map_err(Error::internal)?;
    let mut response = (status, answer.body).into_response();
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(Error::internal)?;
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(Error::internal)?);
    }
    response
        .headers_mut()
        .insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    Ok(response)
}
