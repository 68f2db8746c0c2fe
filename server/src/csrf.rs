//! Refuses requests that another site made a browser send.
//!
//! A browser says where a request began: `Sec-Fetch-Site`, or for older ones and plain http on a network
//! `Origin`. One that begins elsewhere changes nothing here, signed in or not (a forged sign-in would put
//! the victim into the attacker's account). A program that sends the cookie but neither header can't be
//! told from a very old browser and is refused; one without a cookie has nothing to forge.

use crate::{app::App, auth::has_bearer, error::Failure};
use alumia_platform::Error;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Lets a request pass if it can't be forged.
pub async fn csrf(State(app): State<App>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let own = app.config.server.public_url.as_deref();
    if changes
        && !has_bearer(request.headers())
        && is_forged(request.headers(), own, app.sessions.cookie_name())
    {
        return Failure::from(Error::Forbidden {
            reason: "csrf",
            message:
                "This request came from another site and was refused. Programs that use the session cookie \
                      send the header `Origin` with the server's address."
                    .into(),
        })
        .into_response();
    }
    next.run(request).await
}

fn is_forged(headers: &HeaderMap, public_url: Option<&str>, cookie_name: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site != "same-origin";
    }
    if let Some(origin) = text(header::ORIGIN) {
        return match public_url {
            Some(own) => !origin.eq_ignore_ascii_case(own),
            None => {
                let authority = origin.split_once("://").map(|(_, authority)| authority);
                authority.is_none() || authority != text(header::HOST)
            }
        };
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| value.split(';'))
        .any(|pair| pair.split_once('=').is_some_and(|(name, _)| name.trim() == cookie_name))
}

#[cfg(test)]
mod tests {
    use super::is_forged;
    use axum::http::{HeaderMap, HeaderName};

    fn forged(public_url: Option<&str>, pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:3000".parse().unwrap());
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        is_forged(&headers, public_url, "alumia")
    }

    #[test]
    fn the_browsers_word_decides() {
        let cookie = ("cookie", "theme=dark; alumia=abc");
        for (expected, public_url, pairs) in [
            (false, None, &[cookie, ("sec-fetch-site", "same-origin")][..]),
            (true, None, &[cookie, ("sec-fetch-site", "same-site")]),
            (true, None, &[cookie, ("sec-fetch-site", "cross-site")]),
            (true, None, &[cookie, ("sec-fetch-site", "none")]),
            (true, None, &[cookie, ("sec-fetch-site", "cross-site"), ("origin", "http://localhost:3000")]),
            (false, None, &[cookie, ("origin", "http://localhost:3000")]),
            (true, None, &[cookie, ("origin", "http://localhost:3001")]),
            (true, None, &[cookie, ("origin", "null")]),
            (true, None, &[cookie]),
            (false, None, &[]),
            (false, None, &[("cookie", "theme=dark")]),
            (true, None, &[("sec-fetch-site", "cross-site")]),
            (true, None, &[("origin", "https://evil.example")]),
            (false, Some("https://a.example"), &[cookie, ("origin", "https://a.example")]),
            (true, Some("https://a.example"), &[cookie, ("origin", "http://a.example")]),
            (true, Some("https://a.example"), &[cookie, ("origin", "http://localhost:3000")]),
        ] {
            assert_eq!(forged(public_url, pairs), expected, "{public_url:?} {pairs:?}");
        }
    }
}
