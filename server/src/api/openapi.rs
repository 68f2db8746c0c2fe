//! The API's description.

use crate::auth::Public;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::sync::LazyLock;

/// Made once: it follows from the code.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| crate::openapi::document(&super::routes()));

/// `GET /openapi.json`: OpenAPI 3.1, without an envelope.
pub async fn get(_: Public) -> Described {
    Described(Json(&*DOCUMENT).into_response())
}

/// The description itself.
pub struct Described(Response);

impl IntoResponse for Described {
    fn into_response(self) -> Response {
        self.0
    }
}

impl crate::openapi::Answers for Described {
    fn describe(operation: &mut crate::openapi::Operation) {
        operation.json(axum::http::StatusCode::OK, "The description.");
    }
}
