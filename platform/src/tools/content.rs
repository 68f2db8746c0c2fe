//! What bytes are, by what they hold and not by what they are called.

use super::{ToolContext, errors};
use crate::{Error, files::Files};
use alumia_protocol::{show::Show, tools::ToolError};
use serde_json::{Value, json};

/// Bytes of a picture that a block may show.
const PICTURE: usize = 20 << 20;
/// Characters of a text in one answer.
const TEXT: usize = 60_000;
/// Lines of a text in one answer, unless asked for fewer.
const LINES: usize = 2_000;

/// The media type of bytes that are no plain text.
pub fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    Some(match bytes {
        _ if starts(b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if starts(b"\xff\xd8\xff") => "image/jpeg",
        _ if starts(b"GIF87a") || starts(b"GIF89a") => "image/gif",
        _ if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => "image/webp",
        _ if starts(b"%PDF-") => "application/pdf",
        _ if starts(b"PK\x03\x04") => "application/zip",
        _ if starts(b"\x1f\x8b") => "application/gzip",
        _ if starts(b"SQLite format 3\0") => "application/vnd.sqlite3",
        _ if !is_text(bytes) => "application/octet-stream",
        _ => return None,
    })
}

/// Text has no NUL, and what isn't UTF-8 in it is rare (another encoding's accents).
fn is_text(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(8_192)];
    let broken = String::from_utf8_lossy(sample).matches('\u{fffd}').count();
    !sample.contains(&0) && broken * 10 <= sample.len()
}

/// The picture that a primitive shows, where it shows one.
pub async fn require_shown(
    files: &Files,
    context: &ToolContext,
    shown: &Show,
    at: &str,
) -> Result<(), ToolError> {
    match shown {
        Show::Browser { path, .. } if path.is_empty() => Ok(()),
        Show::Image { path, .. } | Show::Browser { path, .. } => {
            require_picture(files, context, path, at).await
        }
        Show::Document { .. } | Show::Code { .. } | Show::Terminal { .. } => Ok(()),
    }
}

/// A picture that a browser shows.
pub async fn require_picture(
    files: &Files,
    context: &ToolContext,
    path: &str,
    at: &str,
) -> Result<(), ToolError> {
    let bytes = match files.read(&context.scope, context.project_id, path, PICTURE).await {
        Ok(bytes) => bytes,
        Err(Error::NotFound(_)) => {
            return Err(errors::invalid(at, "names no file of this project; file_list tells what is there"));
        }
        Err(Error::Invalid(faults)) => {
            let fault = faults.into_values().next().unwrap_or_default();
            return Err(errors::invalid(at, &format!("is no path: {}", fault.trim_end_matches('.'))));
        }
        Err(Error::TooLarge(_)) => return Err(errors::invalid(at, "is larger than 20 MB")),
        Err(error) => return Err(errors::service(error)),
    };
    match media_type(&bytes) {
        Some("image/png" | "image/jpeg" | "image/gif" | "image/webp") => Ok(()),
        found => {
            let found = found.unwrap_or("text/plain");
            Err(errors::invalid(
                at,
                &format!("must be a PNG, JPEG, GIF or WebP picture; this file is {found}"),
            ))
        }
    }
}

/// Part of a file as a model reads it: lines from `offset` (counted from 1), or what kind of file it is.
/// `size` is the whole file's; `bytes` may be its beginning alone.
pub fn window(path: &str, bytes: &[u8], size: u64, offset: Option<u64>, limit: Option<u64>) -> Value {
    if let Some(kind) = media_type(bytes) {
        return json!({ "path": path, "size": size, "mediaType": kind, "note": hint(kind) });
    }
    let text = String::from_utf8_lossy(bytes);
    let first = usize::try_from(offset.unwrap_or(1).max(1)).unwrap_or(usize::MAX);
    let most = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LINES);
    let mut content = String::new();
    let (mut total, mut last, mut cut) = (0, first.saturating_sub(1), false);
    for line in text.split_inclusive('\n') {
        total += 1;
        if total < first || total >= first.saturating_add(most) || cut {
            continue;
        }
        if content.len() + line.len() > TEXT {
            cut = true;
            // One line that is longer than an answer: its beginning, so that a next call gets past it.
            if content.is_empty() {
                content.push_str(&line[..line.floor_char_boundary(TEXT)]);
                last = total;
            }
            continue;
        }
        content.push_str(line);
        last = total;
    }
    let mut answer = json!({ "path": path, "size": size, "totalLines": total, "content": content });
    if (bytes.len() as u64) < size {
        answer["note"] =
            json!("The file is larger than what can be read here; read the rest in the sandbox.");
    }
    if last < total && first <= total {
        answer["nextOffset"] = json!(last + 1);
    }
    answer
}

fn hint(kind: &str) -> &'static str {
    match kind {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" => {
            "A picture, not text. The show tool puts it on the canvas."
        }
        _ => "Not text. Work with it in the sandbox, where the project's files are under /project.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_content() {
        for (bytes, kind) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVE", Some("application/octet-stream")),
            (b"%PDF-1.7", Some("application/pdf")),
            (b"a\0b", Some("application/octet-stream")),
            (b"a,b\n1,2\n", None),
            (b"<svg onload='x'/>", None),
            (b"", None),
            (b"caf\xe9 au lait, latin 1", None),
            ("日本語".as_bytes(), None),
            (b"\xf0\xf1\xf2\xf3\xf4", Some("application/octet-stream")),
        ] {
            assert_eq!(media_type(bytes), kind, "{bytes:?}");
        }
    }

    #[test]
    fn a_window_tells_where_the_next_one_begins() {
        let text = b"one\ntwo\nthree\nfour";
        let read = |offset, limit| window("a", text, 18, offset, limit);
        let whole = read(None, None);
        assert_eq!(whole["content"], "one\ntwo\nthree\nfour");
        assert_eq!((&whole["totalLines"], whole.get("nextOffset")), (&json!(4), None));
        let part = read(Some(2), Some(2));
        assert_eq!((&part["content"], &part["nextOffset"]), (&json!("two\nthree\n"), &json!(4)));
        let rest = read(Some(4), Some(2));
        assert_eq!((&rest["content"], rest.get("nextOffset")), (&json!("four"), None));
        let beyond = read(Some(9), None);
        assert_eq!((&beyond["content"], beyond.get("nextOffset")), (&json!(""), None));
        let long = "x".repeat(TEXT + 1) + "\nend";
        let first = window("a", long.as_bytes(), long.len() as u64, None, None);
        assert_eq!(first["content"].as_str().map(str::len), Some(TEXT));
        assert_eq!(first["nextOffset"], 2);
        assert_eq!(window("a", b"\x89PNG\r\n\x1a\n", 8, None, None)["mediaType"], "image/png");
    }
}
