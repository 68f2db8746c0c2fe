//! Copies of projects: duplicates and archives.

use super::{content::named, projects::details};
use crate::{
    app::App,
    auth::{
        MemberOf, Writer, WriterOf,
        permission::{Everything, ProjectsWrite},
    },
    error::{Failure, Result},
    extract::{MaybeJson, Query},
    openapi::{Archived, Created, Operation, Part, Restored},
};
use alumia_platform::copies::{Restore, Upload};
use alumia_protocol::{
    ProjectId, WorkspaceId,
    copies::{DuplicateProject, RestoredProject},
    projects::ProjectDetails,
};
use axum::{
    body::Body,
    extract::{FromRequest, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};

/// `POST /projects/:id/duplicate`: 201.
pub async fn duplicate(
    State(app): State<App>,
    project: WriterOf<ProjectId, ProjectsWrite>,
    MaybeJson(wishes): MaybeJson<DuplicateProject>,
) -> Result<Created<ProjectDetails>> {
    let copy = app.platform.copies.duplicate(&project.scope, project.id, wishes).await?;
    Ok(Created(details(&app, &project.scope, copy).await?))
}

/// `GET /projects/:id/export`: a zip archive, made while it is sent. It holds all that a project is, so an API key
/// needs the scope `*`.
pub async fn export(State(app): State<App>, project: MemberOf<ProjectId, Everything>) -> Result<Archived> {
    let export = app.platform.copies.export(&project.scope, project.id).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, named("attachment", &export.name)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok(Archived((headers, Body::from_stream(export.into_stream())).into_response()))
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct How {
    /// Whether only to say what would happen; nothing is changed then.
    #[serde(default)]
    dry_run: bool,
    /// What the project shall be called; as in the archive when absent.
    name: Option<String>,
    /// The workspace that it shall be in; the caller's present one when absent.
    workspace_id: Option<WorkspaceId>,
}

/// `POST /projects/restore?dryRun=`: makes a project of an archive, 201; with `dryRun` says what would happen, 200.
pub async fn restore(
    State(app): State<App>,
    member: Writer<Everything>,
    Query(how): Query<How>,
    archive: Archive,
) -> Result<Restored> {
    let How { dry_run, name, workspace_id } = how;
    let wishes = Restore { workspace_id, name, dry_run };
    let (told, made) = app.platform.copies.restore(&member.scope, archive.0, wishes).await?;
    let project = match made {
        Some(project) => Some(details(&app, &member.scope, project).await?),
        None => None,
    };
    let status = if project.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Restored(super::respond(status, RestoredProject { project, ..told })))
}

/// A body that is an archive, kept on this machine's disk.
pub struct Archive(Upload);

/// An archive that was kept before its handler came to it, as an extension of the request.
#[derive(Clone)]
pub struct Kept(Arc<Mutex<Option<Upload>>>);

impl Kept {
    /// For the handler that takes it.
    pub fn new(upload: Upload) -> Self {
        Self(Arc::new(Mutex::new(Some(upload))))
    }
}

impl FromRequest<App> for Archive {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let kept = parts.extensions.get::<Kept>();
        let kept = kept.and_then(|kept| kept.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        match kept {
            Some(upload) => Ok(Self(upload)),
            None => Ok(Self(app.platform.copies.upload(body.into_data_stream()).await?)),
        }
    }
}

impl Part for Archive {
    fn describe(operation: &mut Operation) {
        operation.archive();
    }
}
