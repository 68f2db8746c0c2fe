use crate::{app::App, error::Failure};
use alumia_platform::Error;
use alumia_protocol::UserId;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// What a request brought along, as an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing that holds.
    None,
    /// A browser session.
    User(UserId),
    /// An `Authorization` header. It wins over a cookie, so that a program can't be mistaken for a person.
    Key,
}

impl Credentials {
    /// The person, if one is signed in.
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::None | Self::Key => None,
        }
    }
}

/// Whether a request names an API key.
pub fn has_bearer(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

/// The refusal of a key that nobody was given.
pub(super) fn unknown_key() -> Failure {
    Failure::from(Error::Unauthorized {
        reason: None,
        message: "This API key is not known here. Check that it is whole and was not revoked.".into(),
    })
}

/// Finds out who is calling, once for a request, and sets the cookie that signing in or out asks for.
pub async fn identify(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let session = match app.sessions.open(&parts, &app.proxies).await {
        Ok(session) => session,
        Err(error) => return Failure::from(error).into_response(),
    };
    let credentials = if has_bearer(&parts.headers) {
        Credentials::Key
    } else {
        session.user().map_or(Credentials::None, Credentials::User)
    };
    parts.extensions.insert(credentials);
    parts.extensions.insert(session.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(cookie) = session.set_cookie() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
