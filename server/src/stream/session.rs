use super::{Piece, Protocol, Watching, ai_sdk::AiSdk, frames, respond};
use crate::app::App;
use alumia_platform::sessions::Feed;
use alumia_protocol::{
    ProjectId, RunId, SessionId,
    events::{Event, Snapshot},
};
use axum::{
    http::{HeaderName, HeaderValue},
    response::Response,
};
use futures::{StreamExt, stream::BoxStream};
use std::collections::VecDeque;

/// Where a session's stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// With the end of this run.
    Run(RunId),
    /// With the end of whichever run is going on.
    AnyRun,
    /// With this event.
    Seq(i64),
}

impl Until {
    fn ends_with(self, event: &Event) -> bool {
        match self {
            Self::Run(run) => event.data.ends_run() && event.run_id == Some(run),
            Self::AnyRun => event.data.ends_run(),
            Self::Seq(seq) => event.seq >= seq,
        }
    }

    /// Whether a snapshot already holds the end.
    fn ended_in(self, snapshot: &Snapshot) -> bool {
        let mut events = snapshot.sessions.iter().flat_map(|view| &view.events);
        match self {
            Self::Run(_) => events.any(|event| self.ends_with(event)),
            // Whoever asks for it has seen that a run is going on; the last run's end says otherwise.
            Self::AnyRun => {
                events.rfind(|event| event.run_id.is_some()).is_some_and(|event| event.data.ends_run())
            }
            Self::Seq(seq) => snapshot.seq >= seq,
        }
    }
}

/// One session's events.
pub fn of_session(
    app: &App,
    (project, session): (ProjectId, SessionId),
    feed: BoxStream<'static, Feed>,
    (protocol, until): (Protocol, Until),
    watching: Watching,
) -> Response {
    let frames = app.frames.clone();
    let mut ai_sdk = (protocol == Protocol::AiSdk).then(AiSdk::default);
    let pieces = feed.map(move |item| -> VecDeque<Piece> {
        match item {
            Feed::Snapshot(snapshot) => {
                let own = own_part(&snapshot, session);
                let ended = until.ended_in(&own);
                let mut pieces = VecDeque::new();
                match &mut ai_sdk {
                    Some(ai_sdk) => pieces.extend(ai_sdk.snapshot(&own, until).map(Piece::Send)),
                    None => pieces.push_back(Piece::Send(frames::snapshot(&own))),
                }
                if ended {
                    pieces.push_back(Piece::End);
                }
                pieces
            }
            Feed::Event(event) if event.session_id == Some(session) => {
                let mut pieces = VecDeque::new();
                match &mut ai_sdk {
                    Some(ai_sdk) => pieces.extend(ai_sdk.event(&event).map(Piece::Send)),
                    None => pieces.push_back(Piece::Send(frames.event(project, &event))),
                }
                if until.ends_with(&event) {
                    pieces.push_back(Piece::End);
                }
                pieces
            }
            Feed::Event(_) => VecDeque::new(),
            Feed::Lagged => VecDeque::from([match &ai_sdk {
                // This protocol has no way to go on from a position; the client attaches anew.
                Some(_) => Piece::End,
                None => Piece::Last(frames::lagged()),
            }]),
        }
    });
    let mut response = respond(app, pieces.flat_map(futures::stream::iter), Some(watching));
    if protocol == Protocol::AiSdk {
        let name = HeaderName::from_static("x-vercel-ai-ui-message-stream");
        response.headers_mut().insert(name, HeaderValue::from_static("v1"));
    }
    response
}

/// What of a project's snapshot is a session's.
fn own_part(snapshot: &Snapshot, session: SessionId) -> Snapshot {
    let views = snapshot.sessions.iter().filter(|view| view.session.id == session);
    Snapshot {
        project_id: snapshot.project_id,
        seq: snapshot.seq,
        sessions: views.cloned().collect(),
        blocks: vec![],
    }
}
