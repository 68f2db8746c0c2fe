//! Blocks of a project's canvas.

use super::{Page, created, done, ok};
use crate::{
    app::App,
    auth::MemberOf,
    error::Result,
    extract::{Json, Query},
};
use alumia_platform::canvas::Origin;
use alumia_protocol::{
    BlockId, ProjectId,
    blocks::{CreateBlock, MoveNodes, UpdateBlock},
};
use axum::{extract::State, response::Response};

/// `GET /projects/:id/blocks`: oldest first; `limit` 1–500.
pub async fn list(
    State(app): State<App>,
    project: MemberOf<ProjectId>,
    Query(page): Query<Page>,
) -> Result<Response> {
    let limit = page.limit(100, 500)?;
    Ok(ok(app.platform.canvas.list(&project.scope, project.id, page.cursor(), limit).await?))
}

/// `POST /projects/:id/blocks`: 201.
pub async fn create(
    State(app): State<App>,
    project: MemberOf<ProjectId>,
    Json(new): Json<CreateBlock>,
) -> Result<Response> {
    Ok(created(app.platform.canvas.create(&project.scope, project.id, new, Origin::default()).await?))
}

/// `PATCH /projects/:id/blocks/positions`: all or nothing.
pub async fn place(
    State(app): State<App>,
    project: MemberOf<ProjectId>,
    Json(moves): Json<MoveNodes>,
) -> Result<Response> {
    app.platform.canvas.place(&project.scope, project.id, moves).await?;
    Ok(done())
}

/// `GET /blocks/:id`.
pub async fn get(State(app): State<App>, block: MemberOf<BlockId>) -> Result<Response> {
    Ok(ok(app.platform.canvas.get(&block.scope, block.id).await?))
}

/// `PATCH /blocks/:id`: 409 with the present block in `details` when the version is stale.
pub async fn update(
    State(app): State<App>,
    block: MemberOf<BlockId>,
    Json(change): Json<UpdateBlock>,
) -> Result<Response> {
    Ok(ok(app.platform.canvas.update(&block.scope, block.id, change, Origin::default()).await?))
}

/// `DELETE /blocks/:id`.
pub async fn delete(State(app): State<App>, block: MemberOf<BlockId>) -> Result<Response> {
    app.platform.canvas.delete(&block.scope, block.id).await?;
    Ok(done())
}
