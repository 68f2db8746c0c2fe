//! Share links: making and turning them off, and what whoever has one gets.

use super::{content::send, files::File};
use crate::{
    app::App,
    auth::{InBrowser, MemberOf, Public, Seen, SteppedUp, WriterOf, things::ProjectSharing},
    error::{Failure, Result},
    extract::{MaybeJson, Query},
    openapi::{Created, Data, Done, Download, EventStream, Operation, Part, Ready},
    stream::{self, Resume},
};
use alumia_protocol::{
    BlockId, ProjectId,
    apps::AppFrame,
    files::media_type,
    share::{MadeShare, NewShare, ShareState, SharedProject},
};
use axum::{
    extract::{FromRequestParts, RawPathParams, State},
    http::{HeaderMap, request::Parts},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// `GET /projects/:id/share`: for the dialog; never the link.
pub async fn state(
    State(app): State<App>,
    project: InBrowser<MemberOf<ProjectId>, ProjectSharing>,
) -> Result<Data<ShareState>> {
    Ok(Data(app.platform.shares.state(&project.scope, project.id).await?))
}

/// `POST /projects/:id/share`: 201 with the link, this once.
pub async fn make(
    State(app): State<App>,
    project: SteppedUp<WriterOf<ProjectId>, ProjectSharing>,
    MaybeJson(new): MaybeJson<NewShare>,
) -> Result<Created<MadeShare>> {
    Ok(Created(app.platform.shares.make(&project.scope, project.id, new).await?))
}

/// `DELETE /projects/:id/share`.
pub async fn turn_off(
    State(app): State<App>,
    project: SteppedUp<WriterOf<ProjectId>, ProjectSharing>,
) -> Result<Done> {
    app.platform.shares.turn_off(&project.scope, project.id).await?;
    Ok(Done)
}

/// The secret of a link, or whatever else stands in its place: both are looked up alike, so that nothing tells
/// what could be a link from what couldn't.
pub struct Token(String);

impl FromRequestParts<App> for Token {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let token = params.ok().and_then(|params| {
            params.iter().find(|(name, _)| *name == "id").map(|(_, token)| token.to_owned())
        });
        Ok(Self(token.unwrap_or_default()))
    }
}

impl Part for Token {
    fn describe(operation: &mut Operation) {
        operation.not_found();
    }
}

/// `GET /share/project/:token`.
pub async fn view(
    State(app): State<App>,
    _everybody: Public,
    Token(token): Token,
    Seen(viewer): Seen,
) -> Result<Ready<SharedProject>> {
    let view = app.platform.shares.view(&token, &viewer).await?;
    Ok(Ready::new(view.shown().json.clone()))
}

/// `GET /share/project/:token/stream`: what changes for viewers, from a snapshot or after a position.
pub async fn stream(
    State(app): State<App>,
    _everybody: Public,
    Token(token): Token,
    Resume(after): Resume,
) -> Result<EventStream> {
    let view = app.platform.shares.open(&token).await?;
    Ok(EventStream(stream::of_share(&app, view.follow(after))))
}

/// `GET /share/project/:token/files/content?path=`: a file that a shared block shows, or a `Range` of it.
pub async fn file(
    State(app): State<App>,
    _everybody: Public,
    Token(token): Token,
    Query(file): Query<File>,
    headers: HeaderMap,
) -> Result<Download> {
    let view = app.platform.shares.open(&token).await?;
    let opened = app.platform.shares.file(&view, &file.path).await?;
    // Plain text is nothing that a block shows.
    let shown = |kind: &&str| !kind.starts_with("text/") || kind.starts_with("text/vtt");
    let kind = media_type(&file.path).filter(shown);
    Ok(Download(send(opened, &file.path, kind, None, &headers)))
}

#[derive(Deserialize, JsonSchema)]
pub struct WhichApp {
    /// The block's id.
    block: String,
}

/// `GET /share/project/:token/frame?block=`: where an app that a shared canvas shows can be opened. Its data isn't shared.
pub async fn frame(
    State(app): State<App>,
    _everybody: Public,
    Token(token): Token,
    Query(which): Query<WhichApp>,
) -> Result<Data<AppFrame>> {
    let view = app.platform.shares.open(&token).await?;
    // What is no id is the id of nothing.
    let block = which.block.parse().unwrap_or_else(|_| BlockId::new());
    Ok(Data(app.platform.apps.show(view.app(block)?)?))
}
