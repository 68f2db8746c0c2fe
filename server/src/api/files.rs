//! Files of a project's folder.

use crate::{
    app::App,
    auth::{
        MemberOf, WriterOf,
        permission::{FilesRead, FilesWrite},
    },
    error::Result,
    extract::{self, Query},
    openapi::{Data, Download},
};
use alumia_platform::Error;
use alumia_protocol::{List, ProjectId, files::FileEntry};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::IntoResponse,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// The most that an uploaded file may have.
const LARGEST: usize = 100 * 1024 * 1024;

#[derive(Deserialize, JsonSchema)]
pub struct Folder {
    /// Path below the project's folder; all of it when absent.
    #[serde(default)]
    folder: String,
}

/// `GET /projects/:id/files?folder=`: what a folder holds, folders first.
pub async fn list(
    State(app): State<App>,
    project: MemberOf<ProjectId, FilesRead>,
    Query(which): Query<Folder>,
) -> Result<Data<List<FileEntry>>> {
    Ok(Data(List::whole(app.platform.files.list(&project.scope, project.id, &which.folder).await?)))
}

#[derive(Deserialize, JsonSchema)]
pub struct File {
    /// Path below the project's folder.
    pub(super) path: String,
}

/// `GET /projects/:id/files/content?path=`: the bytes. Only pictures and plain text open in the browser,
/// and nothing in them runs; all else is a download.
pub async fn read(
    State(app): State<App>,
    project: MemberOf<ProjectId, FilesRead>,
    Query(file): Query<File>,
) -> Result<Download> {
    let bytes = app.platform.files.read(&project.scope, project.id, &file.path, LARGEST).await?;
    let kind = shown_kind(&file.path);
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let disposition = if kind.is_some() { "inline" } else { "attachment" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind.unwrap_or("application/octet-stream"))),
        (header::CONTENT_DISPOSITION, named(disposition, name)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    Ok(Download((headers, bytes).into_response()))
}

/// The media types that a browser may show by itself.
pub(super) fn shown_kind(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "txt" => "text/plain; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        _ => return None,
    })
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

/// `PUT /projects/:id/files/content?path=`: the raw bytes, at most 100 MB.
pub async fn write(
    State(app): State<App>,
    project: WriterOf<ProjectId, FilesWrite>,
    Query(file): Query<File>,
    body: Body,
) -> Result<Data<FileEntry>> {
    if file.path.is_empty() {
        return Err(Error::invalid("path", "Name the file: path=folder/name.txt.").into());
    }
    let bytes = extract::read(body, LARGEST).await?;
    Ok(Data(app.platform.files.write(&project.scope, project.id, &file.path, &bytes).await?))
}
