//! What the frames of apps load: `GET /apps/:secret/*path`.
//!
//! An app is hostile until shown otherwise. Its frame is sandboxed without an origin of its own, both by the element
//! and by the answer, so it has no cookies, no storage, and nothing of the page around it; its policy lets it load its own
//! files and nothing else, and send nothing anywhere. What browsers have no common policy against, `guard.js` stops
//! before a page's own scripts. Where an app leads itself to is bounded by the `frame-src` of the page around it. The
//! secret in the path is all that is asked for, because such a frame can't prove who it is.

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
const GUARD: &str = include_str!("guard.js");
/// Elements with a realm of their own, in which what `GUARD` took away would be there again.
const FRAMES: [&str; 6] = ["iframe", "frame", "object", "embed", "fencedframe", "portal"];
/// For what isn't a page: shown by itself, a drawing would be one without `GUARD`.
const NO_PAGE: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'";

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
    let is_page = kind.starts_with("text/html");
    let policy = if is_page { policy(&secret, &headers) } else { NO_PAGE.to_owned() };
    let Ok(policy) = HeaderValue::from_str(&policy) else { return gone() };
    let fixed = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        // Modules are fetched as from another site, because the frame has no origin.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    let text = if is_page { page(text) } else { text.to_owned() };
    let mut response = (fixed, text).into_response();
    for (name, value) in [
        ("x-dns-prefetch-control", "off"),
        ("x-robots-tag", "noindex"),
        ("cross-origin-opener-policy", "unsafe-none"),
        // The one policy against WebRTC; Chromium has it since 152.
        ("connection-allowlist", "(response-origin);webrtc=block"),
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

/// A page of an app as its frame gets it.
fn page(text: &str) -> String {
    const DOCTYPE: &str = "<!doctype html>";
    let start = text.trim_start();
    let rest = match start.get(..DOCTYPE.len()) {
        Some(doctype) if doctype.eq_ignore_ascii_case(DOCTYPE) => &start[DOCTYPE.len()..],
        _ => start,
    };
    format!("{DOCTYPE}<script>{GUARD}</script>{}", without_frames(rest))
}

/// Markup whose frames are text. Whatever the parser makes of the rest, a tag begins with `<` and its name, in one piece.
/// A space between them leaves scripts alone, where it may be `i<frame` too.
fn without_frames(markup: &str) -> String {
    const NAME_ENDS: [char; 7] = ['\t', '\n', '\x0c', '\r', ' ', '/', '>'];
    let is_frame = |after: &str| {
        after
            .split_once(NAME_ENDS)
            .is_some_and(|(name, _)| FRAMES.iter().any(|frame| name.eq_ignore_ascii_case(frame)))
    };
    let mut pieces = markup.split('<');
    let mut safe = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        safe.push_str(if is_frame(piece) { "< " } else { "<" });
        safe.push_str(piece);
    }
    safe
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
         frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types default"
    )
}

#[cfg(test)]
mod tests {
    use super::{FRAMES, GUARD, page, without_frames};

    #[test]
    fn every_page_begins_with_the_guard() {
        for text in ["<!doctype html><p>x", " <!DOCTYPE HTML><p>x", "<p>x"] {
            assert_eq!(page(text), format!("<!doctype html><script>{GUARD}</script><p>x"));
        }
        assert_eq!(page("é<iframe>"), format!("<!doctype html><script>{GUARD}</script>é< iframe>"));
    }

    #[test]
    fn the_guard_is_one_script_and_knows_the_same_frames() {
        for end in ["</script", "<!--"] {
            assert!(!GUARD.contains(end), "{end}");
        }
        assert!(GUARD.contains(&FRAMES.join("|")));
        assert!(GUARD.contains(&FRAMES.join(", ")));
        assert!(GUARD.contains(&FRAMES.map(|frame| format!("{frame}: 1")).join(", ")));
    }

    #[test]
    fn no_frame_is_left_in_markup() {
        for safe in [
            "< iframe>",
            "< IFrame/src=x>",
            "< iframe\nsrcdoc='< iframe\t>'>",
            "< iframe\r>< iframe\x0c>",
            "<< iframe><!--< iframe>--><b title='< iframe>'>",
            "<frameset>< frame></frameset>",
            "< object data=x>< embed src=x>< portal>< fencedframe>",
            "<div><template shadowrootmode=open>< iframe>",
            "<svg><desc>< iframe><math><mi>< object>",
            "<noscript><p title='</noscript>< iframe>'>",
            "<textarea></textarea><xmp>< iframe></xmp>< iframe>",
            "<if< iframe>rame>",
            "<script>if (i< frame && i< object / 2) x()</script>",
        ] {
            assert_eq!(without_frames(&safe.replace("< ", "<")), safe);
            assert_eq!(without_frames(safe), safe);
        }
        for plain in [
            "",
            "<",
            "a < b",
            "</iframe>",
            "<iframes><frame-counter><x-iframe>",
            "<frameset>",
            "<iframe",
            "<if\0rame>",
            "i<frame.length",
            "<\u{131}frame>",
            "é<p>ü</p>",
        ] {
            assert_eq!(without_frames(plain), plain);
        }
    }
}
