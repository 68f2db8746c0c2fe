//! Blocks of a project's canvas.

use super::Page;
use crate::{
    app::App,
    auth::{
        MemberOf, WriterOf,
        permission::{ProjectsRead, ProjectsWrite},
    },
    error::Result,
    extract::{Json, Query},
    openapi::{Created, Data, Done},
};
use alumia_platform::canvas::Origin;
use alumia_protocol::{
    BlockId, List, ProjectId,
    apps::{AppFrame, AppQuery, AppRows},
    blocks::{Block, BlockVersion, CreateBlock, MoveNodes, RestoredRun, UpdateBlock},
};
use axum::extract::State;

/// `GET /projects/:id/blocks`: oldest first; `limit` 1–500.
pub async fn list(
    State(app): State<App>,
    project: MemberOf<ProjectId, ProjectsRead>,
    Query(page): Query<Page>,
) -> Result<Data<List<Block>>> {
    let limit = page.limit(100, 500)?;
    Ok(Data(app.platform.canvas.list(&project.scope, project.id, page.cursor(), limit).await?))
}

/// `POST /projects/:id/blocks`: 201.
pub async fn create(
    State(app): State<App>,
    project: WriterOf<ProjectId, ProjectsWrite>,
    Json(new): Json<CreateBlock>,
) -> Result<Created<Block>> {
    Ok(Created(app.platform.canvas.create(&project.scope, project.id, new, Origin::default()).await?))
}

/// `PATCH /projects/:id/blocks/positions`: all or nothing.
pub async fn place(
    State(app): State<App>,
    project: WriterOf<ProjectId, ProjectsWrite>,
    Json(moves): Json<MoveNodes>,
) -> Result<Done> {
    app.platform.canvas.place(&project.scope, project.id, moves).await?;
    Ok(Done)
}

/// `GET /blocks/:id`.
pub async fn get(State(app): State<App>, block: MemberOf<BlockId, ProjectsRead>) -> Result<Data<Block>> {
    Ok(Data(app.platform.canvas.get(&block.scope, block.id).await?))
}

/// `GET /blocks/:id/versions`: what it was before, newest first; the last 50.
pub async fn versions(
    State(app): State<App>,
    block: MemberOf<BlockId, ProjectsRead>,
) -> Result<Data<List<BlockVersion>>> {
    Ok(Data(app.platform.canvas.versions(&block.scope, block.id).await?))
}

/// `POST /projects/:id/restore-last-run`: undoes what the last run did to the canvas; 409 when nothing is left of any.
pub async fn restore_last_run(
    State(app): State<App>,
    project: WriterOf<ProjectId, ProjectsWrite>,
) -> Result<Data<RestoredRun>> {
    Ok(Data(app.platform.canvas.restore_last_run(&project.scope, project.id).await?))
}

/// `PATCH /blocks/:id`: 409 with the present block in `details` when the version is stale.
pub async fn update(
    State(app): State<App>,
    block: WriterOf<BlockId, ProjectsWrite>,
    Json(change): Json<UpdateBlock>,
) -> Result<Data<Block>> {
    Ok(Data(app.platform.canvas.update(&block.scope, block.id, change, Origin::default()).await?))
}

/// `POST /blocks/:id/frame`: where the app that a block holds can be opened in a frame, for ten minutes.
pub async fn frame(State(app): State<App>, block: MemberOf<BlockId, ProjectsRead>) -> Result<Data<AppFrame>> {
    Ok(Data(app.platform.apps.open(&block.scope, block.id).await?))
}

/// `POST /blocks/:id/query`: looks something up in an app's database; nothing is changed.
pub async fn query(
    State(app): State<App>,
    block: MemberOf<BlockId, ProjectsRead>,
    Json(query): Json<AppQuery>,
) -> Result<Data<AppRows>> {
    Ok(Data(app.platform.apps.query(&block.scope, block.id, query).await?))
}

/// `POST /blocks/:id/execute`: changes an app's database, all or nothing.
pub async fn execute(
    State(app): State<App>,
    block: WriterOf<BlockId, ProjectsWrite>,
    Json(query): Json<AppQuery>,
) -> Result<Data<AppRows>> {
    Ok(Data(app.platform.apps.execute(&block.scope, block.id, query).await?))
}

/// `DELETE /blocks/:id`.
pub async fn delete(State(app): State<App>, block: WriterOf<BlockId, ProjectsWrite>) -> Result<Done> {
    app.platform.canvas.delete(&block.scope, block.id).await?;
    Ok(Done)
}
