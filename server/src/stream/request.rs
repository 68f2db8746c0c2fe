use crate::{app::App, auth::SignedIn, error::Failure, web_sessions::Session};
use alumia_platform::{Error, Platform, orgs::Resource};
use alumia_protocol::{ProjectId, UserId};
use axum::{extract::FromRequestParts, http::request::Parts};
use serde::Deserialize;

/// The position to go on from: `Last-Event-ID`, which browsers send when they reconnect, else `?after=`.
#[derive(Clone, Copy, Debug)]
pub struct Resume(pub Option<i64>);

#[derive(Deserialize)]
struct After {
    after: Option<i64>,
}

impl FromRequestParts<App> for Resume {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        if let Some(last) = parts.headers.get("last-event-id") {
            let seq = last.to_str().ok().and_then(|text| text.trim().parse().ok());
            return seq.map(|seq| Self(Some(seq))).ok_or_else(|| {
                Failure::bad_request(
                    "Last-Event-ID must be the id of an event of this stream: a whole number.",
                )
            });
        }
        let query = axum::extract::Query::<After>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0.after)).map_err(|_| {
            Failure::bad_request("after must be the id of an event of this stream: a whole number.")
        })
    }
}

/// How a session's events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// As the log has them.
    Native,
    /// As the Vercel AI SDK's UI message stream.
    AiSdk,
}

#[derive(Deserialize)]
struct Named {
    protocol: Option<String>,
}

impl FromRequestParts<App> for Protocol {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let named =
            axum::extract::Query::<Named>::try_from_uri(&parts.uri).ok().and_then(|query| query.0.protocol);
        match named.as_deref() {
            None | Some("native") => Ok(Self::Native),
            Some("ai-sdk") => Ok(Self::AiSdk),
            Some(_) => Err(Error::invalid("protocol", "protocol must be native or ai-sdk.").into()),
        }
    }
}

/// Who opened a stream.
pub struct Watch {
    platform: Platform,
    session: Session,
    user: UserId,
}

impl FromRequestParts<App> for Watch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let SignedIn(user) = SignedIn::from_request_parts(parts, app).await?;
        let session = Session::from_request_parts(parts, app).await?;
        Ok(Self { platform: app.platform.clone(), session, user })
    }
}

impl Watch {
    /// Watches a project.
    pub fn over(self, project: ProjectId) -> Watching {
        Watching { watch: self, project }
    }
}

/// Asks now and then whether a stream's reader still may see what it shows.
pub struct Watching {
    watch: Watch,
    project: ProjectId,
}

impl Watching {
    /// False once the person signed out or lost sight of the project. A database that is away says nothing.
    pub async fn may_go_on(&self) -> bool {
        let Watch { platform, session, user } = &self.watch;
        if matches!(session.still_holds().await, Ok(false)) {
            return false;
        }
        let seen = platform.orgs.scope_of(*user, Resource::Project(self.project)).await;
        !matches!(seen, Err(Error::NotFound(_) | Error::Forbidden { .. }))
    }
}
