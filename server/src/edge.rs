//! The outermost layer: request ids, the log line of a request, panics, envelopes of failures.

use crate::{app::App, error};
use alumia_platform::Error;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc};
use tracing::Instrument;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The present request's id, as an extension.
#[derive(Clone)]
pub struct RequestId(pub Arc<str>);

/// Whether a path is the API's: its failures have an envelope whatever happened.
pub fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// The rest of the path of what anybody sees who has a share link: the link's secret comes first in it.
pub fn shared(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/api/v1/share/").or_else(|| path.strip_prefix("/share/"))?;
    Some(rest.strip_prefix("project/").unwrap_or(rest))
}

/// A path as it may stand in a log: without the secret of a share link or of an app's frame.
fn logged(path: &str) -> String {
    match shared(path).or_else(|| path.strip_prefix("/apps/")) {
        Some(rest) => {
            let start = &path[..path.len() - rest.len()];
            let end = rest.split_once('/').map(|(_, end)| format!("/{end}")).unwrap_or_default();
            format!("{start}…{end}")
        }
        None => path.to_owned(),
    }
}

/// Gives a request its id and an answer its envelope and headers.
pub async fn edge(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id: Arc<str> = Uuid::now_v7().to_string().into();
    request.extensions_mut().insert(RequestId(id.clone()));
    let api = is_api(request.uri().path());
    let is_shared = shared(request.uri().path()).is_some();
    let path = logged(request.uri().path());
    let span = tracing::info_span!("request", %id, method = %request.method(), %path);
    let answer = async move {
        let response = AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| {
            error::Failure::Platform(Error::internal(panic_text(&*panic))).into_response()
        });
        let response = error::finish(response, &id, api);
        tracing::debug!(status = response.status().as_u16(), "answered");
        (response, id)
    };
    let (mut response, id) = answer.instrument(span).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    if is_shared {
        // Not to be found by search engines, named to other sites, or kept.
        let of_shared = [
            (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store, no-transform"),
        ];
        for (name, value) in of_shared {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if api {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers
            .entry(header::CONTENT_SECURITY_POLICY)
            .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    }
    if app.config.server.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_else(|| "without a text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::logged;

    #[test]
    fn no_log_holds_a_links_secret() {
        for (path, kept) in [
            ("/share/5ec7e7", "/share/…"),
            ("/share/project/5ec7e7", "/share/project/…"),
            ("/api/v1/share/project/5ec7e7", "/api/v1/share/project/…"),
            ("/api/v1/share/project/5ec7e7/files/content", "/api/v1/share/project/…/files/content"),
            ("/apps/5ec7e7/lib/x.js", "/apps/…/lib/x.js"),
            ("/api/v1/projects", "/api/v1/projects"),
        ] {
            assert_eq!(logged(path), kept);
        }
    }
}
