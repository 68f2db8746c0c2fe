//! What bytes are, by what they hold and not by what they are called.

use super::{ToolContext, errors};
use crate::{
    Error,
    files::{Files, blocking},
    spreadsheet,
};
use alumia_protocol::{Timestamp, show::Show, tools::ToolError};
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
        _ if starts(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") => "audio/wav",
        _ if starts(b"ID3") => "audio/mpeg",
        // A frame of MPEG layer III; the layer tells it from the mark that UTF-16 begins with.
        [0xff, second, ..] if second & 0xe6 == 0xe2 => "audio/mpeg",
        _ if starts(b"fLaC") => "audio/flac",
        _ if starts(b"OggS") => "application/ogg",
        _ if starts(b"\x1a\x45\xdf\xa3") => "video/webm",
        _ if bytes.get(4..8) == Some(b"ftyp") => match bytes.get(8..11) {
            Some(b"M4A") => "audio/mp4",
            Some(b"qt ") => "video/quicktime",
            _ => "video/mp4",
        },
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

/// A primitive as it is stored: its files looked at, a spreadsheet's file read in, a timer that starts at once
/// started. `at` is where it stands in the arguments.
pub async fn prepared(
    files: &Files,
    context: &ToolContext,
    mut shown: Show,
    now: Timestamp,
    at: &str,
) -> Result<Show, ToolError> {
    let path = format!("{at}/path");
    match &mut shown {
        Show::Image { path: file, .. } => require_picture(files, context, file, &path).await?,
        Show::Browser { path: file, .. } if !file.is_empty() => {
            require_picture(files, context, file, &path).await?;
        }
        Show::Audio(audio) => require(files, context, &audio.path, &path, Wanted::Sound).await?,
        Show::Pdf(pdf) => require(files, context, &pdf.path, &path, Wanted::Pdf).await?,
        Show::Video(video) => {
            require(files, context, &video.path, &path, Wanted::Film).await?;
            if !video.poster.is_empty() {
                require_picture(files, context, &video.poster, &format!("{at}/poster")).await?;
            }
            for (index, captions) in video.captions.iter().enumerate() {
                let at = format!("{at}/captions/{index}/path");
                require(files, context, &captions.path, &at, Wanted::Captions).await?;
            }
        }
        Show::Timer(timer) if timer.start => timer.run(now),
        Show::Spreadsheet(spreadsheet) if !spreadsheet.file.is_empty() => {
            let at = format!("{at}/file");
            let path = std::mem::take(&mut spreadsheet.file);
            let read = files.read(&context.scope, context.project_id, &path, spreadsheet::LARGEST).await;
            let bytes = read.map_err(|error| unreadable(error, &at, "10 MB"))?;
            let sheets = blocking(move || Ok(spreadsheet::read(&path, &bytes))).await;
            let sheets = sheets.map_err(|_| errors::invalid(&at, "can't be read as a spreadsheet"))?;
            spreadsheet.sheets = sheets.map_err(|fault| errors::invalid(&at, &fault))?;
        }
        _ => {}
    }
    Ok(shown)
}

/// What a file must be to be shown.
#[derive(Clone, Copy)]
enum Wanted {
    Sound,
    Film,
    Captions,
    Pdf,
}

/// A file that a browser can show as what is wanted. Of the whole file only the first bytes are looked at.
async fn require(
    files: &Files,
    context: &ToolContext,
    path: &str,
    at: &str,
    wanted: Wanted,
) -> Result<(), ToolError> {
    let opened = files.open(&context.scope, context.project_id, path).await;
    let opened = opened.map_err(|error| unreadable(error, at, "what fits"))?;
    let head = blocking(move || opened.head(4_096)).await.map_err(errors::service)?;
    if head.is_empty() {
        return Err(errors::invalid(at, "names an empty file"));
    }
    let found = media_type(&head).unwrap_or("text/plain");
    let (fits, needed) = match wanted {
        // A container tells not always whether there is a film in it.
        Wanted::Sound => (
            found.starts_with("audio/") || ["application/ogg", "video/mp4", "video/webm"].contains(&found),
            "an MP3, M4A, Ogg, WAV, FLAC or WebM sound file",
        ),
        Wanted::Film => {
            (found.starts_with("video/") || found == "application/ogg", "an MP4, WebM, Ogg or MOV film")
        }
        Wanted::Captions => {
            let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
            (text.starts_with(b"WEBVTT"), "a WebVTT file, which begins with the word WEBVTT")
        }
        Wanted::Pdf => (found == "application/pdf", "a PDF file"),
    };
    if fits {
        return Ok(());
    }
    Err(errors::invalid(at, &format!("must be {needed}; this file is {found}")))
}

/// Why a file that was named can't be had. `most` is how large it may be.
fn unreadable(error: Error, at: &str, most: &str) -> ToolError {
    match error {
        Error::NotFound(_) => {
            errors::invalid(at, "names no file of this project; file_list tells what is there")
        }
        Error::Invalid(faults) => {
            let fault = faults.into_values().next().unwrap_or_default();
            errors::invalid(at, &format!("is no path: {}", fault.trim_end_matches('.')))
        }
        Error::TooLarge(_) => errors::invalid(at, &format!("is larger than {most}")),
        error => errors::service(error),
    }
}

/// A picture that a browser shows.
pub async fn require_picture(
    files: &Files,
    context: &ToolContext,
    path: &str,
    at: &str,
) -> Result<(), ToolError> {
    let read = files.read(&context.scope, context.project_id, path, PICTURE).await;
    let bytes = read.map_err(|error| unreadable(error, at, "20 MB"))?;
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
        "application/pdf" | "application/ogg" => "Not text. The show tool puts it on the canvas.",
        sound if sound.starts_with("audio/") => "Sound, not text. The show tool puts it on the canvas.",
        film if film.starts_with("video/") => "A film, not text. The show tool puts it on the canvas.",
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
            (b"RIFF\0\0\0\0WAVE", Some("audio/wav")),
            (b"ID3\x04\0\0", Some("audio/mpeg")),
            (b"\xff\xfb\x90\x64\0", Some("audio/mpeg")),
            (b"\xff\xfea\0b\0", Some("application/octet-stream")),
            (b"\0\0\0\x20ftypisom", Some("video/mp4")),
            (b"\0\0\0\x20ftypM4A ", Some("audio/mp4")),
            (b"\x1a\x45\xdf\xa3\x01", Some("video/webm")),
            (b"OggS\0\x02", Some("application/ogg")),
            (b"fLaC\0", Some("audio/flac")),
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
