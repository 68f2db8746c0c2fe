//! Files of a project's folder.

use super::content::send;
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
use alumia_protocol::{
    List, ProjectId,
    files::{FileEntry, media_type},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue},
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

/// `GET /projects/:id/files/content?path=`: the bytes, or a `Range` of them. Only pictures, sound, film, PDF and
/// plain text open in the browser, and nothing in them runs; all else is a download.
pub async fn read(
    State(app): State<App>,
    project: MemberOf<ProjectId, FilesRead>,
    Query(file): Query<File>,
    headers: HeaderMap,
) -> Result<Download> {
    let opened = app.platform.files.open(&project.scope, project.id, &file.path).await?;
    let kind = media_type(&file.path);
    let cache = Some(HeaderValue::from_static("private, no-cache"));
    Ok(Download(send(opened, &file.path, kind, cache, &headers)))
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
