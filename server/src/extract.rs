//! Reading requests: every way that one can be malformed has a sentence that says so.

use crate::{
    app::App,
    error::Failure,
    openapi::{Operation, Part},
};
use alumia_platform::Error;
use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// The most that a JSON body may have.
pub const JSON_LIMIT: usize = 128 * 1024;
/// What is read and thrown away of a body that is too large, so that its sender sees the answer instead of a
/// broken connection.
const PATIENCE: usize = 16 * 1024 * 1024;

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &App) -> Result<Self, Failure> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let is_json =
            kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json");
        let body = read(request.into_body(), JSON_LIMIT).await?;
        if !is_json {
            return Err(Failure::bad_request("Send JSON, with the header `Content-Type: application/json`."));
        }
        parse(&body).map(Self)
    }
}

impl<T: JsonSchema> Part for Json<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(true);
    }
}

/// A JSON body that may be left out.
pub struct MaybeJson<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<App> for MaybeJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let body = read(body, JSON_LIMIT).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        Json::from_request(Request::from_parts(parts, Body::from(body)), app)
            .await
            .map(|Json(value)| Self(value))
    }
}

impl<T: JsonSchema> Part for MaybeJson<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(false);
    }
}

/// Parses JSON, saying where it is wrong.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Failure::bad_request(format!("The body is not valid UTF-8 (at byte {}).", error.valid_up_to()))
    })?;
    if text.contains("\\u0000") && serde_json::from_str(text).is_ok_and(|value| holds_nul(&value)) {
        return Err(Failure::bad_request("The body holds a NUL character (\\u0000); leave it out."));
    }
    let value = serde_json::from_str(text).map_err(|error| {
        let problem = if error.is_data() { "The body does not fit" } else { "The body is not JSON" };
        Failure::bad_request(format!("{problem}: {error}."))
    })?;
    // A list would pass for an object whose fields it gives in order.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(Failure::bad_request("The body does not fit: it must be a JSON object."));
    }
    Ok(value)
}

/// No database text can hold one.
fn holds_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(holds_nul),
        serde_json::Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value))
        }
        _ => false,
    }
}

/// The whole body, if it has at most `limit` bytes.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, Failure> {
    let mut pieces = body.into_data_stream();
    let mut whole = BytesMut::new();
    let mut thrown_away = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Failure::bad_request("The body ended too early."))?;
        if thrown_away == 0 && whole.len() + piece.len() <= limit {
            whole.extend_from_slice(&piece);
            continue;
        }
        thrown_away += piece.len();
        if thrown_away > PATIENCE {
            break;
        }
    }
    if thrown_away > 0 {
        return Err(too_large(limit).into());
    }
    Ok(whole.freeze())
}

/// The refusal of a body over `limit` bytes.
pub fn too_large(limit: usize) -> Error {
    let limit = if limit >= 1024 * 1024 {
        format!("{} MB", limit / 1024 / 1024)
    } else {
        format!("{} KB", limit / 1024)
    };
    Error::TooLarge(format!("The body is larger than {limit}."))
}

/// The query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|error| {
            Failure::bad_request(format!("The query string does not fit: {}.", error.body_text()))
        })
    }
}

impl<T: JsonSchema> Part for Query<T> {
    fn describe(operation: &mut Operation) {
        operation.query::<T>();
    }
}

/// A path's second parameter, after the `{id}` that [`MemberOf`](crate::auth::MemberOf) reads.
pub struct Second<T>(pub T);

impl<T: std::str::FromStr> FromRequestParts<App> for Second<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let params = axum::extract::RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Error::NotFound("resource"))?;
        let second = params.iter().nth(1).and_then(|(_, text)| text.parse().ok());
        second.map(Self).ok_or_else(|| Error::NotFound("resource").into())
    }
}

impl<T> Part for Second<T> {
    fn describe(operation: &mut Operation) {
        operation.not_found();
    }
}

/// The path's `{id}` where the organisation doesn't follow from it.
pub struct PathId<T>(pub T);

impl<T: std::str::FromStr> FromRequestParts<App> for PathId<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let params = axum::extract::RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Error::NotFound("resource"))?;
        // No id holds a NUL, and PostgreSQL couldn't be asked for one.
        let mut given = params.iter().filter(|(name, text)| *name == "id" && !text.contains('\0'));
        let id = given.next().and_then(|(_, text)| text.parse().ok());
        id.map(Self).ok_or_else(|| Error::NotFound("resource").into())
    }
}

impl<T> Part for PathId<T> {
    fn describe(operation: &mut Operation) {
        operation.not_found();
    }
}

impl Part for State<App> {}

impl Part for HeaderMap {}

impl Part for Body {
    fn describe(operation: &mut Operation) {
        operation.bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_at_the_limit_passes_and_one_byte_more_does_not() {
        assert_eq!(read(Body::from(vec![b'a'; 64]), 64).await.unwrap().len(), 64);
        assert!(read(Body::from(vec![b'a'; 65]), 64).await.is_err());
    }

    #[test]
    fn says_where_it_is_wrong() {
        let complaint = |body: &[u8]| match parse::<alumia_protocol::people::SignIn>(body) {
            Err(Failure::Platform(Error::BadRequest(message))) => message,
            _ => panic!("this body is malformed"),
        };
        assert!(complaint(b"{\"email\": \"\xff\"}").contains("UTF-8 (at byte 11)"));
        assert!(complaint(b"{\"email\": ").contains("not JSON"));
        assert!(complaint(b"").contains("not JSON"));
        assert!(complaint(br#"{"email": "a\u0000", "password": ""}"#).contains("NUL"));
        assert!(complaint(b"{\"email\": 3, \"password\": \"\"}").contains("expected a string"));
        assert!(complaint(b"{\"email\": \"a\"}").contains("password"));
        assert!(complaint(b"[\"ada@example.com\", \"a password\"]").contains("JSON object"));
    }
}
