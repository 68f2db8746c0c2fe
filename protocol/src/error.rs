//! The envelope of every answer.

use serde::{Deserialize, Serialize};

/// What went wrong, for programs. Each code has one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// 400: malformed: not JSON, a missing field, a wrong type.
    BadRequest,
    /// 401: no credentials, or malformed, unknown, revoked or expired ones.
    Unauthorized,
    /// 402: no credits, blocked by the package, or a budget is used up.
    PaymentRequired,
    /// 403: known caller, not allowed.
    Forbidden,
    /// 404: missing, or not visible to the caller; the two are never told apart.
    NotFound,
    /// 405: the route has no such method.
    MethodNotAllowed,
    /// 409: duplicate, stale version, or already done.
    Conflict,
    /// 413: the body is over its limit.
    PayloadTooLarge,
    /// 422: right shape, value out of range; `details.fields` maps field to message.
    ValidationError,
    /// 429: over a rate limit; has a body of its own, [`TooManyRequests`].
    TooManyRequests,
    /// 500: our fault; the message never shows an internal text.
    InternalError,
    /// 503: database, provider or worker is away; carries `Retry-After`.
    ServiceUnavailable,
}

impl ErrorCode {
    /// The HTTP status that goes with this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::PaymentRequired => 402,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::ValidationError => 422,
            Self::TooManyRequests => 429,
            Self::InternalError => 500,
            Self::ServiceUnavailable => 503,
        }
    }
}

/// One error as a program reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct ApiError {
    /// The class of the error.
    pub code: ErrorCode,
    /// A sentence for a person: what happened and what to do.
    pub message: String,
    /// The exact cause, for programs: `csrf`, `role`, `step_up_required` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Facts that go with the cause; `{"fields": {"email": "…"}}` for a validation error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
    /// The same as the answer's `X-Request-Id`.
    #[serde(default)]
    pub request_id: String,
}

/// A successful answer: `{"success": true, "data": …}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Success<T> {
    /// Always `true`.
    pub success: bool,
    /// What was asked for.
    pub data: T,
}

impl<T> Success<T> {
    /// Wraps `data`.
    pub const fn new(data: T) -> Self {
        Self { success: true, data }
    }
}

/// A failed answer: `{"success": false, "error": {…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// Always `false`.
    pub success: bool,
    /// What went wrong.
    pub error: ApiError,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The items, in the order that the route names.
    pub items: Vec<T>,
    /// Pass as `cursor` for the next page; `null` on the last.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl<T> List<T> {
    /// A list that fits one page.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None, has_more: false }
    }
}

/// The body of a 429.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TooManyRequests {
    /// Always `Too many requests`.
    pub error: String,
    /// Milliseconds until the next request can pass.
    pub retry_after_ms: u64,
}
