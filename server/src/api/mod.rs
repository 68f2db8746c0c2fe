//! The HTTP API below `/api/v1`: one file per capability, one list of all routes.

mod agents;
mod audit;
mod auth;
mod billing;
mod blocks;
mod chat;
mod content;
mod copies;
mod files;
mod keys;
mod me;
mod models;
mod openapi;
mod orgs;
mod projects;
mod sessions;
mod share;
mod workspaces;

mod routes;
mod summaries;

pub use copies::Kept;
pub use openapi::DOCUMENT;
pub use routes::{BASE, Foreign, Limit, Route, router, routes};

use alumia_platform::Error;
use alumia_protocol::{Success, Timestamp};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The envelope around `data`.
pub fn respond<T: Serialize>(status: StatusCode, data: T) -> Response {
    (status, axum::Json(Success::new(data))).into_response()
}

/// RFC 3339, or a date for its beginning.
fn moment(field: &str, text: Option<String>) -> crate::error::Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text };
    let parsed = serde_json::from_value(full.into());
    parsed.map(Some).map_err(|_| {
        Error::invalid(
            field,
            format!("{field} must be a date like 2026-11-25, or a time like 2026-11-25T08:00:00Z."),
        )
        .into()
    })
}

/// What a list's query string may say.
#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Page {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many.
    limit: Option<u32>,
}

impl Page {
    /// The asked-for number of items, from 1 to `max`.
    fn limit(&self, usual: u32, max: u32) -> crate::error::Result<u32> {
        match self.limit {
            None => Ok(usual),
            Some(limit) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => Err(Error::invalid("limit", format!("limit must be from 1 to {max}.")).into()),
        }
    }

    fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref().filter(|cursor| !cursor.is_empty())
    }
}
