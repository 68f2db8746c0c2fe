//! Bytes of files, so that players can leap about in them and nothing in them can run.

use crate::web::IsFile;
use alumia_platform::files::Opened;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{io::SeekFrom, ops::RangeInclusive};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// A file, or what is asked of it. `kind` is its media type where a browser may show it; all else is a download.
pub(super) fn send(
    opened: Opened,
    path: &str,
    kind: Option<&'static str>,
    cache: Option<HeaderValue>,
    asked: &HeaderMap,
) -> Response {
    let name = path.rsplit('/').next().unwrap_or_default();
    let disposition = if kind.is_some() { "inline" } else { "attachment" };
    let tag = format!("\"{}\"", opened.version);
    let mut response = match part(asked, &tag, opened.size) {
        Part::Known => StatusCode::NOT_MODIFIED.into_response(),
        Part::Nothing => {
            let all = (header::CONTENT_RANGE, format!("bytes */{}", opened.size));
            (StatusCode::RANGE_NOT_SATISFIABLE, [all]).into_response()
        }
        Part::All => body(opened, None),
        Part::Some(range) => body(opened, Some(range)),
    };
    // What is compressed already gains nothing, and a range counts the file's own bytes.
    if response.status() != StatusCode::OK || kind.is_some_and(|kind| !kind.starts_with("text/")) {
        response.extensions_mut().insert(IsFile);
    }
    let headers = response.headers_mut();
    headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.unwrap_or("application/octet-stream")));
    headers.insert(header::CONTENT_DISPOSITION, named(disposition, name));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy(kind)));
    if kind == Some("application/pdf") {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(cache) = cache {
        headers.insert(header::CACHE_CONTROL, cache);
    }
    response
}

/// What may be done with a file that is opened as a page of its own: nothing. Our pages may frame a PDF: browsers'
/// viewers run apart from its origin and work within a sandbox that forbids it all else (tried with Chromium 156), and
/// its media type with `nosniff`, which every answer has, keeps whatever else it is from being taken for a page.
fn policy(kind: Option<&str>) -> &'static str {
    match kind {
        Some("application/pdf") => "sandbox; default-src 'none'; frame-ancestors 'self'",
        _ => "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
}

/// What of a file is to be sent.
enum Part {
    /// Nothing: the caller has it.
    Known,
    /// Nothing: it has no such bytes.
    Nothing,
    All,
    Some(RangeInclusive<u64>),
}

/// RFC 9110, 13 and 14. Several ranges at once are nothing that players ask for; they are answered with all.
fn part(asked: &HeaderMap, tag: &str, size: u64) -> Part {
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let known = text(header::IF_NONE_MATCH);
    if known.is_some_and(|tags| tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)) {
        return Part::Known;
    }
    let Some(range) = text(header::RANGE) else { return Part::All };
    if text(header::IF_RANGE).is_some_and(|wanted| wanted != tag) {
        return Part::All;
    }
    let Ok(ranges) = http_range_header::parse_range_header(range) else { return Part::All };
    match ranges.validate(size) {
        Ok(ranges) => match ranges.as_slice() {
            [one] => Part::Some(one.clone()),
            _ => Part::All,
        },
        Err(_) => Part::Nothing,
    }
}

fn body(opened: Opened, range: Option<RangeInclusive<u64>>) -> Response {
    let size = opened.size;
    let (status, from, length) = match &range {
        None => (StatusCode::OK, 0, size),
        Some(range) => (StatusCode::PARTIAL_CONTENT, *range.start(), range.end() - range.start() + 1),
    };
    let pieces = async_stream::try_stream! {
        let mut file = tokio::fs::File::from_std(opened.file);
        if from > 0 {
            file.seek(SeekFrom::Start(from)).await?;
        }
        for await piece in ReaderStream::with_capacity(file.take(length), PIECE) {
            yield piece?;
        }
    };
    let pieces: std::pin::Pin<Box<dyn futures::Stream<Item = std::io::Result<bytes::Bytes>> + Send>> =
        Box::pin(pieces);
    let mut response =
        (status, [(header::CONTENT_LENGTH, length)], Body::from_stream(pieces)).into_response();
    if let Some(range) = range
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {}-{}/{size}", range.start(), range.end()))
    {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// `Content-Disposition` with any name (RFC 6266): what isn't plain is percent-encoded.
pub(super) fn named(disposition: &str, name: &str) -> HeaderValue {
    use std::fmt::Write as _;
    let mut text = format!("{disposition}; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            text.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}
