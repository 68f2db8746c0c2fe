//! Event streams over HTTP: server-sent events.
//!
//! A stream is a body that the connection's own task polls: nothing runs or waits beside it. A slow reader
//! is cut off by the log's feed and told to resume; nothing is buffered here.

mod ai_sdk;
mod frames;
mod request;
mod session;

pub use frames::Frames;
pub use request::{Protocol, Resume, Tab, Watch, Watching};
pub use session::{Until, of_session};

use crate::app::App;
use alumia_platform::{presence::Stay, sessions::Feed, share};
use alumia_protocol::ProjectId;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use std::{convert::Infallible, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How often a silent stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Everything that a project's tab shows; with `here`, who else has it open.
pub fn of_project(
    app: &App,
    project: ProjectId,
    feed: BoxStream<'static, Feed>,
    here: Option<Stay>,
    watching: Watching,
) -> Response {
    let frames = app.frames.clone();
    let pieces = feed.map(move |item| match item {
        Feed::Snapshot(snapshot) => Piece::Send(frames::snapshot(&snapshot)),
        Feed::Event(event) => Piece::Send(frames.event(project, &event)),
        Feed::Lagged => Piece::Last(frames::lagged()),
    });
    let present = stream::unfold(here, async |here| {
        let mut here = here?;
        Some((Piece::Send(frames::presence(&here.next().await)), Some(here)))
    });
    // Who is here says nothing about when the log's reader ends.
    let pieces = pieces.chain(stream::iter([Piece::End]));
    respond(app, stream::select(pieces, present), Some(watching))
}

/// A shared canvas. Who may see it is the link's to say, and the pieces end with it.
pub fn of_share(app: &App, pieces: impl Stream<Item = share::Piece> + Send + 'static) -> Response {
    let pieces = pieces.map(|piece| match piece {
        share::Piece::Frame(frame) => Piece::Send(frame),
        share::Piece::Lagged => Piece::Last(frames::lagged()),
    });
    respond(app, pieces, None)
}

/// What a stream does next.
enum Piece {
    Send(Bytes),
    /// And then the stream ends.
    Last(Bytes),
    End,
}

/// An event stream of `pieces`, with heartbeats, until they end, the caller (where it is for one) may no longer see
/// them, or the server ends.
fn respond(
    app: &App,
    pieces: impl Stream<Item = Piece> + Send + 'static,
    mut watching: Option<Watching>,
) -> Response {
    let ending = app.ending.clone();
    let body = async_stream::stream! {
        // Makes the browser see the connection as open before anything happens.
        yield Bytes::from_static(b":\n\n");
        let mut pieces = std::pin::pin!(pieces);
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = ending.cancelled() => break,
                () = changed(watching.as_mut()) => {
                    if !may_go_on(watching.as_ref()).await {
                        break;
                    }
                }
                piece = pieces.next() => match piece {
                    Some(Piece::Send(frame)) => yield frame,
                    Some(Piece::Last(frame)) => {
                        yield frame;
                        break;
                    }
                    Some(Piece::End) | None => break,
                },
                _ = heartbeat.tick() => {
                    if !may_go_on(watching.as_ref()).await {
                        break;
                    }
                    yield Bytes::from_static(b":\n\n");
                }
            }
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(body.map(Ok::<_, Infallible>))).into_response()
}

async fn changed(watching: Option<&mut Watching>) {
    match watching {
        Some(watching) => watching.changed().await,
        None => std::future::pending().await,
    }
}

async fn may_go_on(watching: Option<&Watching>) -> bool {
    match watching {
        Some(watching) => watching.may_go_on().await,
        None => true,
    }
}
