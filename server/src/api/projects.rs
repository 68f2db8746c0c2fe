//! Projects, and the one stream of a project's tab.

use super::Page;
use crate::{
    app::App,
    auth::{
        Member, MemberOf, Writer, WriterOf,
        permission::{ProjectsRead, ProjectsWrite},
    },
    error::Result,
    extract::{Json, Query},
    openapi::{Created, Data, Done, EventStream},
    stream::{self, Resume, Tab, Watch},
};
use alumia_platform::{Error, OrgScope};
use alumia_protocol::{
    List, ProjectId,
    events::Snapshot,
    presence::Whereabouts,
    projects::{CreateProject, Project, ProjectDetails, UpdateProject},
};
use axum::extract::State;

/// `GET /projects`: most recently changed first; `limit` 1–100.
pub async fn list(
    State(app): State<App>,
    member: Member<ProjectsRead>,
    Query(page): Query<Page>,
) -> Result<Data<List<ProjectDetails>>> {
    let limit = page.limit(50, 100)?;
    let page = app.platform.projects.list(&member.scope, page.cursor(), limit).await?;
    let items = app.platform.billing.with_spent(&member.scope, page.items).await?;
    Ok(Data(List { items, next_cursor: page.next_cursor, has_more: page.has_more }))
}

/// `POST /projects`: 201.
pub async fn create(
    State(app): State<App>,
    member: Writer<ProjectsWrite>,
    Json(new): Json<CreateProject>,
) -> Result<Created<ProjectDetails>> {
    let project = app.platform.projects.create(&member.scope, new).await?;
    Ok(Created(details(&app, &member.scope, project).await?))
}

/// `GET /projects/:id`.
pub async fn get(
    State(app): State<App>,
    project: MemberOf<ProjectId, ProjectsRead>,
) -> Result<Data<ProjectDetails>> {
    let found = app.platform.projects.get(&project.scope, project.id).await?;
    Ok(Data(details(&app, &project.scope, found).await?))
}

/// `PATCH /projects/:id`.
pub async fn update(
    State(app): State<App>,
    project: WriterOf<ProjectId, ProjectsWrite>,
    Json(change): Json<UpdateProject>,
) -> Result<Data<ProjectDetails>> {
    let changed = app.platform.projects.update(&project.scope, project.id, change).await?;
    Ok(Data(details(&app, &project.scope, changed).await?))
}

/// A project with what it has used.
pub(super) async fn details(app: &App, scope: &OrgScope, project: Project) -> Result<ProjectDetails> {
    let details = app.platform.billing.with_spent(scope, vec![project]).await?;
    Ok(details.into_iter().next().ok_or(Error::NotFound("project"))?)
}

/// `DELETE /projects/:id`.
pub async fn delete(State(app): State<App>, project: WriterOf<ProjectId, ProjectsWrite>) -> Result<Done> {
    app.platform.projects.delete(&project.scope, project.id).await?;
    Ok(Done)
}

/// `GET /projects/:id/snapshot`: everything that the project's page shows.
pub async fn snapshot(
    State(app): State<App>,
    project: MemberOf<ProjectId, ProjectsRead>,
) -> Result<Data<Snapshot>> {
    Ok(Data(app.platform.log.snapshot(&project.scope, project.id).await?))
}

/// `GET /projects/:id/stream`: all events of the project, from a snapshot or after a position.
pub async fn stream(
    State(app): State<App>,
    project: MemberOf<ProjectId, ProjectsRead>,
    Resume(after): Resume,
    Tab(tab): Tab,
    watch: Watch,
) -> Result<EventStream> {
    let feed = app.platform.log.subscribe(&project.scope, project.id, after).await?;
    let here = match tab.filter(|_| watch.is_by_a_person()) {
        Some(tab) => {
            let user = project.scope.user_id();
            let name = app.platform.identity.name(user).await?;
            Some(app.platform.presences.join(project.id, tab, user, name))
        }
        None => None,
    };
    let watching = watch.over(&project.scope, project.id);
    Ok(EventStream(stream::of_project(&app, project.id, feed, here, watching)))
}

/// `PUT /projects/:id/presence`.
pub async fn presence(
    State(app): State<App>,
    project: MemberOf<ProjectId, ProjectsRead>,
    Json(at): Json<Whereabouts>,
) -> Result<Done> {
    app.platform.presences.report(project.id, project.scope.user_id(), at)?;
    Ok(Done)
}
