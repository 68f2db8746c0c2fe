//! What the proxy itself answers.

use crate::NetError;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full, combinators::BoxBody};
use hyper::{
    Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS},
};

pub(super) type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// 200 and nothing else: the tunnel is open.
pub(super) fn empty() -> Answer {
    Response::new(Empty::new().map_err(|never| match never {}).boxed())
}

/// Why a target was not reached, as a page of plain text.
pub(super) fn refusal(fault: &NetError) -> Answer {
    let status = match fault {
        NetError::Resolve(_) | NetError::Connect { .. } | NetError::Answer { .. } => StatusCode::BAD_GATEWAY,
        _ => StatusCode::FORBIDDEN,
    };
    text(status, &fault.to_string())
}

pub(super) fn crowded() -> Answer {
    text(StatusCode::SERVICE_UNAVAILABLE, "too many connections at a time")
}

fn text(status: StatusCode, line: &str) -> Answer {
    let body = Full::new(Bytes::from(format!("{line}\n"))).map_err(|never| match never {}).boxed();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    for (name, value) in [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}
