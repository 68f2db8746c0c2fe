//! Projects, and the one stream of a project's tab.

use super::{Page, created, done, ok};
use crate::{
    app::App,
    auth::{Member, MemberOf},
    error::Result,
    extract::{Json, Query},
    stream::{self, Resume, Watch},
};
use alumia_protocol::{
    ProjectId,
    projects::{CreateProject, UpdateProject},
};
use axum::{extract::State, response::Response};

/// `GET /projects`: most recently changed first; `limit` 1–100.
pub async fn list(State(app): State<App>, member: Member, Query(page): Query<Page>) -> Result<Response> {
    let limit = page.limit(50, 100)?;
    Ok(ok(app.platform.projects.list(&member.scope, page.cursor(), limit).await?))
}

/// `POST /projects`: 201.
pub async fn create(
    State(app): State<App>,
    member: Member,
    Json(new): Json<CreateProject>,
) -> Result<Response> {
    Ok(created(app.platform.projects.create(&member.scope, new).await?))
}

/// `GET /projects/:id`.
pub async fn get(State(app): State<App>, project: MemberOf<ProjectId>) -> Result<Response> {
    Ok(ok(app.platform.projects.get(&project.scope, project.id).await?))
}

/// `PATCH /projects/:id`.
pub async fn update(
    State(app): State<App>,
    project: MemberOf<ProjectId>,
    Json(change): Json<UpdateProject>,
) -> Result<Response> {
    Ok(ok(app.platform.projects.update(&project.scope, project.id, change).await?))
}

/// `DELETE /projects/:id`.
pub async fn delete(State(app): State<App>, project: MemberOf<ProjectId>) -> Result<Response> {
    app.platform.projects.delete(&project.scope, project.id).await?;
    Ok(done())
}

/// `GET /projects/:id/snapshot`: everything that the project's page shows.
pub async fn snapshot(State(app): State<App>, project: MemberOf<ProjectId>) -> Result<Response> {
    Ok(ok(app.platform.log.snapshot(&project.scope, project.id).await?))
}

/// `GET /projects/:id/stream`: all events of the project, from a snapshot or after a position.
pub async fn stream(
    State(app): State<App>,
    project: MemberOf<ProjectId>,
    Resume(after): Resume,
    watch: Watch,
) -> Result<Response> {
    let feed = app.platform.log.subscribe(&project.scope, project.id, after).await?;
    Ok(stream::of_project(&app, project.id, feed, watch.over(project.id)))
}
