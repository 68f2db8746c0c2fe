//! What the frames of apps load: `GET /apps/:secret/*path`.
//!
//! An app is hostile until shown otherwise. Its frame is sandboxed without an origin of its own, both by the element
//! and by the answer, so it has no cookies, no storage, and nothing of the page around it; its policy lets it load its own
//! files and nothing else, and send nothing anywhere. Where it leads itself to is bounded by the page's own
//! `frame-src`. The secret in the path is all that is asked for, because such a frame can't prove who it is.

use crate::app::App;
use alumia_protocol::apps::{BRIDGE, media_type};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

const BRIDGE_SCRIPT: &str = include_str!("alumia.js");

/// The frames' files.
pub fn router() -> Router<App> {
    Router::new().route("/apps/{secret}/{*path}", get(file))
}

async fn file(
    State(app): State<App>,
    Path((secret, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    // Outside of a frame the page's policy wouldn't hold it.
    if headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document") {
        return (StatusCode::FORBIDDEN, "An app opens on its canvas only.").into_response();
    }
    let gone = || (StatusCode::NOT_FOUND, "This app's frame is closed. Reload the page.").into_response();
    let Some(shown) = app.platform.apps.shown(&secret) else { return gone() };
    let text = if path == BRIDGE { Some(BRIDGE_SCRIPT) } else { shown.file(&path) };
    let (Some(text), Some(kind)) = (text, media_type(&path)) else { return gone() };
    let Ok(policy) = HeaderValue::from_str(&policy(&secret, &headers)) else { return gone() };
    let fixed = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        // Modules are fetched as from another site, because the frame has no origin.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    let text = if kind.starts_with("text/html") { page(text) } else { text.to_owned() };
    let mut response = (fixed, text).into_response();
    for (name, value) in [
        ("x-dns-prefetch-control", "off"),
        ("x-robots-tag", "noindex"),
        ("cross-origin-opener-policy", "unsafe-none"),
        (
            "permissions-policy",
            "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(), display-capture=(), \
             fullscreen=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=()",
        ),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Before all else of a page: no policy that browsers heed yet keeps WebRTC from naming a server to call, so the way to
/// it is taken away. Code that makes itself another realm gets around this; see `docs/SECURITY.md`.
const NO_CALLS: &str = "<script>for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection']) \
                        delete globalThis[name];</script>";

/// A page of an app as its frame gets it.
fn page(text: &str) -> String {
    const DOCTYPE: &str = "<!doctype html>";
    let start = text.trim_start();
    let rest = match start.get(..DOCTYPE.len()) {
        Some(doctype) if doctype.eq_ignore_ascii_case(DOCTYPE) => &start[DOCTYPE.len()..],
        _ => start,
    };
    format!("{DOCTYPE}{NO_CALLS}{rest}")
}

/// A frame's content policy.
fn policy(secret: &str, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // The secret is base64url, the host a header that the browser wrote: neither can end the directive.
    let own = match host {
        "" => "'none'".to_owned(),
        host => format!("{host}/apps/{secret}/"),
    };
    format!(
        "sandbox allow-scripts allow-forms allow-modals; default-src 'none'; script-src {own} 'unsafe-inline'; \
         style-src {own} 'unsafe-inline'; img-src {own} data: blob:; font-src {own} data:; media-src data: blob:; \
         connect-src 'none'; frame-src 'none'; worker-src 'none'; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'self'"
    )
}

#[cfg(test)]
mod tests {
    use super::{NO_CALLS, page};

    #[test]
    fn every_page_begins_without_a_way_to_call() {
        for text in ["<!doctype html><p>x", " <!DOCTYPE HTML><p>x", "<p>x"] {
            assert_eq!(page(text), format!("<!doctype html>{NO_CALLS}<p>x"));
        }
        assert_eq!(page("é"), format!("<!doctype html>{NO_CALLS}é"));
    }
}
