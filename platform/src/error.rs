//! The one error of the capabilities, by what a caller can do about it.

use alumia_protocol::billing::Blocked;
use std::collections::BTreeMap;

/// Short for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. The server turns it into the API's error in one place.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Missing, or not visible to the caller.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Malformed beyond a single field.
    #[error("{0}")]
    BadRequest(String),
    /// Values out of range: field to message.
    #[error("some values need another look")]
    Invalid(BTreeMap<String, String>),
    /// Unknown or wrong credentials.
    #[error("{message}")]
    Unauthorized { reason: Option<&'static str>, message: String },
    /// It can't be paid.
    #[error("{}", .0.message)]
    PaymentRequired(Box<Blocked>),
    /// Known caller, not allowed.
    #[error("{message}")]
    Forbidden { reason: &'static str, message: String },
    /// Duplicate, stale or already done.
    #[error("{message}")]
    Conflict { message: String, details: Option<serde_json::Value> },
    /// Over a size limit.
    #[error("{0}")]
    TooLarge(String),
    /// Over a rate limit.
    #[error("too many requests")]
    Limited { retry_after_ms: u64 },
    /// Something that we need is away for now.
    #[error("{message}")]
    Unavailable { message: String, retry_after_seconds: u64 },
    /// Our fault; logged once at the edge, never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// One field's value is out of range.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(BTreeMap::from([(field.into(), message.into())]))
    }

    /// Duplicate, stale or already done.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict { message: message.into(), details: None }
    }

    /// A factor must be proved in this browser session first.
    pub fn step_up_required() -> Self {
        Self::Forbidden {
            reason: "step_up_required",
            message: "Confirm first that it is you, with a passkey or a code.".into(),
        }
    }

    /// The database is away for now.
    fn away() -> Self {
        Self::Unavailable {
            message: "The database can't be reached just now. Try again in a moment.".into(),
            retry_after_seconds: 2,
        }
    }

    /// Our fault.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|cause| cause.code());
        match (&error, code.as_deref()) {
            (sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_), _) => Self::away(),
            (_, Some(code)) if is_away(code) => Self::away(),
            // PostgreSQL's text can't hold it.
            (_, Some("22021")) => Self::BadRequest("Text must not hold the NUL character.".into()),
            _ => Self::internal(error),
        }
    }
}

/// Codes of a database that is away or busy for now: PostgreSQL's classes "connection exception", "too many
/// connections", "shutdown" and "deadlock or serialization"; SQLite's busy and locked.
fn is_away(code: &str) -> bool {
    code.starts_with("08")
        || matches!(
            code,
            "53300" | "57P01" | "57P02" | "57P03" | "40001" | "40P01" | "5" | "6" | "261" | "517"
        )
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}
