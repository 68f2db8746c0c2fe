use crate::{
    app::App,
    auth::{Credentials, bearer},
    error::Failure,
    openapi::{Operation, Part},
    web_sessions::Session,
};
use alumia_platform::{
    Error, OrgScope, Platform,
    orgs::{AccessWatch, Resource},
};
use alumia_protocol::{ProjectId, TabId, UserId};
use axum::{extract::FromRequestParts, http::request::Parts};
use schemars::JsonSchema;
use serde::Deserialize;

/// The position to go on from: `Last-Event-ID`, which browsers send when they reconnect, else `?after=`.
#[derive(Clone, Copy, Debug)]
pub struct Resume(pub Option<i64>);

#[derive(Deserialize, JsonSchema)]
struct After {
    /// The position to go on from; the header `Last-Event-ID` wins over it.
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

impl Part for Resume {
    fn describe(operation: &mut Operation) {
        operation.query::<After>();
    }
}

/// The tab that opens a stream, so that others see who is here.
#[derive(Clone, Copy, Debug)]
pub struct Tab(pub Option<TabId>);

#[derive(Deserialize, JsonSchema)]
struct Here {
    /// The browser tab that reads along, by an id of its own choice: it is then among those who are here, whom the
    /// stream tells of as `presence`. Not for API keys, who are nowhere.
    tab: Option<TabId>,
}

impl FromRequestParts<App> for Tab {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Failure> {
        let query = axum::extract::Query::<Here>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0.tab)).map_err(|_| Failure::bad_request("tab must be a UUID."))
    }
}

impl Part for Tab {
    fn describe(operation: &mut Operation) {
        operation.query::<Here>();
    }
}

/// How a session's events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// As the log has them.
    Native,
    /// As the Vercel AI SDK's UI message stream.
    AiSdk,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "says what the query string may hold")]
struct Choice {
    /// How events are written; `native` when absent.
    protocol: Option<Protocol>,
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

impl Part for Protocol {
    fn describe(operation: &mut Operation) {
        operation.query::<Choice>();
    }
}

/// Who opened a stream.
pub struct Watch {
    platform: Platform,
    user: UserId,
    by: By,
}

/// What opened it.
enum By {
    Session(Session),
    /// An API key's secret.
    Key(String),
}

impl FromRequestParts<App> for Watch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let (user, by) = match parts.extensions.get::<Credentials>() {
            Some(Credentials::User(user)) => {
                (*user, By::Session(Session::from_request_parts(parts, app).await?))
            }
            Some(Credentials::Key(holder)) => {
                (holder.scope.user_id(), By::Key(bearer(&parts.headers).unwrap_or_default().to_owned()))
            }
            _ => return Err(Failure::signed_out()),
        };
        Ok(Self { platform: app.platform.clone(), user, by })
    }
}

impl Part for Watch {}

impl Watch {
    /// Whether a person looks, and not a program.
    pub const fn is_by_a_person(&self) -> bool {
        matches!(self.by, By::Session(_))
    }

    /// Watches a project that `scope` sees.
    pub fn over(self, scope: &OrgScope, project: ProjectId) -> Watching {
        let changes = self.platform.access_changes.watch(scope.org_id(), self.user);
        Watching { watch: self, changes, project }
    }
}

/// Asks whether a stream's reader still may see what it shows: when something changed, and now and then.
pub struct Watching {
    watch: Watch,
    changes: AccessWatch,
    project: ProjectId,
}

impl Watching {
    /// Returns when it is time to ask: a membership, a workspace or the project's visibility changed.
    pub async fn changed(&mut self) {
        self.changes.changed().await;
    }

    /// False once the person signed out, the key ended, or either lost sight of the project. A database that is
    /// away says nothing.
    pub async fn may_go_on(&self) -> bool {
        let Watch { platform, user, by } = &self.watch;
        let holds = match by {
            By::Session(session) => session.still_holds().await,
            By::Key(secret) => platform.keys.still_holds(secret).await,
        };
        if matches!(holds, Ok(false)) {
            return false;
        }
        let seen = async {
            let scope = platform.orgs.scope_of(*user, Resource::Project(self.project)).await?;
            platform.projects.get(&scope, self.project).await
        };
        let seen = seen.await;
        !matches!(seen, Err(Error::NotFound(_) | Error::Forbidden { .. }))
    }
}
