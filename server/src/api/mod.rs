//! The HTTP API below `/api/v1`: one file per capability, one list of all routes.

mod agents;
mod auth;
mod blocks;
mod chat;
mod files;
mod me;
mod models;
mod projects;
mod sessions;

mod routes;

pub use routes::{BASE, Foreign, Limit, Route, router, routes};

use alumia_protocol::Success;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// `200` with the envelope around `data`.
fn ok<T: Serialize>(data: T) -> Response {
    axum::Json(Success::new(data)).into_response()
}

/// `201` with the envelope around `data`.
fn created<T: Serialize>(data: T) -> Response {
    (StatusCode::CREATED, axum::Json(Success::new(data))).into_response()
}

/// `200` for something done that has nothing to show.
fn done() -> Response {
    ok(serde_json::Value::Null)
}

/// What a list's query string may say.
#[derive(serde::Deserialize)]
struct Page {
    cursor: Option<String>,
    limit: Option<u32>,
}

impl Page {
    /// The asked-for number of items, from 1 to `max`.
    fn limit(&self, usual: u32, max: u32) -> crate::error::Result<u32> {
        match self.limit {
            None => Ok(usual),
            Some(limit) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => {
                Err(alumia_platform::Error::invalid("limit", format!("limit must be from 1 to {max}."))
                    .into())
            }
        }
    }

    fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref().filter(|cursor| !cursor.is_empty())
    }
}
