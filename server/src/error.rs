//! The one place where an error becomes an answer.
//!
//! A handler returns [`Failure`]; it leaves the response as an extension, and [`finish`], called at the
//! edge where the request id is known, writes the envelope and logs what is our fault, once.

use alumia_platform::Error;
use alumia_protocol::{ApiError, ErrorCode, TooManyRequests, error::Failure as Envelope};
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::{IntoResponse, Json},
};
use std::sync::Arc;

/// What went wrong in a request.
#[derive(Debug)]
pub enum Failure {
    /// What a capability said.
    Platform(Error),
    /// The route has no such method.
    Method,
    /// The first request with this Idempotency-Key still runs.
    StillRunning,
}

/// Short for results of handlers.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Platform(error.into())
    }
}

impl Failure {
    /// Nobody is signed in.
    pub fn signed_out() -> Self {
        Self::Platform(Error::Unauthorized {
            reason: Some("no_credentials"),
            message: "Sign in first, or send an API key as `Authorization: Bearer …`.".into(),
        })
    }

    /// Malformed beyond a single field.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::Platform(Error::BadRequest(message.into()))
    }

    fn describe(&self) -> ApiError {
        let (code, message, reason, details) = match self {
            Self::Method => {
                (ErrorCode::MethodNotAllowed, "This route doesn't have that method.".to_owned(), None, None)
            }
            Self::StillRunning => (
                ErrorCode::Conflict,
                "The first request with this Idempotency-Key is still running. Ask again in a moment.".to_owned(),
                None,
                None,
            ),
            Self::Platform(error) => match error {
                Error::NotFound(what) => (ErrorCode::NotFound, format!("{} not found.", capitalised(what)), None, None),
                Error::BadRequest(message) => (ErrorCode::BadRequest, message.clone(), None, None),
                Error::Invalid(fields) => {
                    let details = serde_json::json!({ "fields": fields });
                    (ErrorCode::ValidationError, validation_sentence(fields.values()), None, Some(details))
                }
                Error::Unauthorized { reason, message } => (ErrorCode::Unauthorized, message.clone(), *reason, None),
                Error::PaymentRequired(blocked) => (
                    ErrorCode::PaymentRequired,
                    blocked.message.clone(),
                    Some(blocked.reason.word()),
                    serde_json::to_value(blocked).ok(),
                ),
                Error::Forbidden { reason, message } => (ErrorCode::Forbidden, message.clone(), Some(*reason), None),
                Error::Conflict { message, details } => (ErrorCode::Conflict, message.clone(), None, details.clone()),
                Error::TooLarge(message) => (ErrorCode::PayloadTooLarge, message.clone(), None, None),
                Error::Limited { .. } => (ErrorCode::TooManyRequests, "Too many requests".to_owned(), None, None),
                Error::Unavailable { message, .. } => (ErrorCode::ServiceUnavailable, message.clone(), None, None),
                Error::Internal(_) => (
                    ErrorCode::InternalError,
                    "Something went wrong on our side. Try again; if it stays, tell the operator the request id."
                        .to_owned(),
                    None,
                    None,
                ),
            },
        };
        ApiError { code, message, reason: reason.map(str::to_owned), details, request_id: String::new() }
    }

    fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Platform(Error::Limited { retry_after_ms }) => Some(*retry_after_ms),
            Self::Platform(Error::Unavailable { retry_after_seconds, .. }) => {
                Some(retry_after_seconds * 1_000)
            }
            Self::StillRunning => Some(1_000),
            _ => None,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> axum::response::Response {
        let status = status(self.describe().code);
        let mut response = status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Writes the envelope of a failed answer; leaves others as they are. `api` answers have an envelope
/// whatever failed, pages and files only when a [`Failure`] says why.
pub fn finish(response: Response<Body>, request_id: &str, api: bool) -> Response<Body> {
    let known = response.extensions().get::<Arc<Failure>>().cloned();
    let failure = match known {
        Some(failure) => failure,
        None if api && is_bare_failure(&response) => Arc::new(unexplained(response.status())),
        None => return response,
    };
    if let Failure::Platform(Error::Internal(cause)) = &*failure {
        tracing::error!(request_id, cause = %chain(&**cause), "request failed");
    }
    let retry_after_ms = failure.retry_after_ms();
    let (mut parts, _) = response.into_parts();
    parts.extensions.remove::<Arc<Failure>>();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    let body = if let Failure::Platform(Error::Limited { retry_after_ms }) = &*failure {
        Json(TooManyRequests { error: "Too many requests".into(), retry_after_ms: *retry_after_ms })
            .into_response()
    } else {
        let error = ApiError { request_id: request_id.to_owned(), ..failure.describe() };
        Json(Envelope { success: false, error }).into_response()
    };
    let (body_parts, body) = body.into_parts();
    parts.headers.extend(body_parts.headers);
    if let Some(after) = retry_after_ms {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(after.div_ceil(1_000).max(1)));
    }
    Response::from_parts(parts, body)
}

/// A failed answer that some layer made without saying why.
fn is_bare_failure(response: &Response<Body>) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error())
        && response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json")
}

fn unexplained(status: StatusCode) -> Failure {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => Failure::Method,
        StatusCode::NOT_FOUND => Failure::Platform(Error::NotFound("route")),
        StatusCode::PAYLOAD_TOO_LARGE => Failure::Platform(Error::TooLarge("The body is too large.".into())),
        StatusCode::RANGE_NOT_SATISFIABLE => Failure::bad_request("The file has no such bytes."),
        status if status.is_client_error() => Failure::bad_request("The request can't be understood."),
        status => Failure::Platform(Error::internal(format!("a layer answered {status}"))),
    }
}

fn status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn capitalised(what: &str) -> String {
    let mut letters = what.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn validation_sentence<'a>(mut messages: impl ExactSizeIterator<Item = &'a String>) -> String {
    match (messages.len(), messages.next()) {
        (1, Some(only)) => only.clone(),
        _ => "Some values need another look.".to_owned(),
    }
}

fn chain(cause: &(dyn std::error::Error + 'static)) -> String {
    let mut text = cause.to_string();
    let mut next = cause.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
