use super::Seen;
use crate::{app::App, error::Failure};
use alumia_platform::keys::{Holder, Refusal};
use alumia_protocol::UserId;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// What a request brought along, as an extension. A key wins over a cookie, so that a program can't be
/// mistaken for a person.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nothing that holds.
    None,
    /// A browser session.
    User(UserId),
    /// An API key.
    Key(Holder),
    /// An `Authorization` header that opens nothing.
    BadKey(Refusal),
}

impl Credentials {
    /// The person, if one is signed in with a browser.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(*user),
            Self::None | Self::Key(_) | Self::BadKey(_) => None,
        }
    }
}

/// Whether a request names an API key.
pub fn has_bearer(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

/// The API key that a request names; empty for an `Authorization` header of another kind.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let (kind, key) = value.split_once(' ').unwrap_or_default();
    Some(if kind.eq_ignore_ascii_case("bearer") { key.trim() } else { "" })
}

/// Finds out who is calling, once for a request, and sets the cookie that signing in or out asks for.
pub async fn identify(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let session = match app.sessions.open(&parts, &app.proxies).await {
        Ok(session) => session,
        Err(error) => return Failure::from(error).into_response(),
    };
    let credentials = match bearer(&parts.headers) {
        Some(key) => match app.platform.keys.authenticate(key).await {
            Ok(Ok(holder)) => Credentials::Key(holder),
            Ok(Err(refusal)) => Credentials::BadKey(refusal),
            Err(error) => return Failure::from(error).into_response(),
        },
        None => session.user().map_or(Credentials::None, Credentials::User),
    };
    parts.extensions.insert(credentials.clone());
    if let Credentials::Key(holder) = &credentials {
        app.platform.keys.used_from(holder, Seen::of(&parts, &app).0);
    }
    parts.extensions.insert(session.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    for cookie in session.set_cookies() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
