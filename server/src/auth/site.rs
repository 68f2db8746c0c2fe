use crate::{app::App, error::Failure, openapi::Part};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

/// Where the browser is, as passkeys take it: the configured address, else the one that it used.
///
/// Without a configured address the request's own word is taken. It leads nobody astray: an authenticator
/// signs for the site that the browser is really on, and a key that was made elsewhere is not known there.
pub struct Site(pub alumia_platform::identity::Site);

impl FromRequestParts<App> for Site {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let origin = match &app.config.server.public_url {
            Some(own) => own.clone(),
            None => asked(&parts.headers),
        };
        Ok(Self(alumia_platform::identity::Site::new(&origin)?))
    }
}

impl Part for Site {}

fn asked(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    match text(header::ORIGIN) {
        // A proxy may speak TLS before us.
        Some(origin) if origin.split_once("://").is_some_and(|(_, authority)| authority == host) => {
            origin.to_owned()
        }
        _ => format!("http://{host}"),
    }
}
