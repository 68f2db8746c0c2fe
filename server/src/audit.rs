//! Sign-ins, sign-outs and refused requests, written to the audit log in one place. What was done, the services write
//! themselves, in the transaction of what they did.

use crate::{
    app::App,
    auth::{Concerned, Credentials, Seen, has_bearer},
    error::Failure,
    web_sessions::Session,
};
use alumia_platform::{
    Error, Result,
    audit::{Entry, Origin},
};
use alumia_protocol::{OrgId, UserId, audit::Outcome};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::Next,
    response::Response,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Refusals of one address that are written down in a minute: more say nothing new and fill the disk.
const MOST_A_MINUTE: u32 = 30;

/// How many refusals each address had in this minute.
#[derive(Default)]
pub struct Refusals(Mutex<(Option<Instant>, HashMap<String, u32>)>);

impl Refusals {
    /// Whether one more of this address is worth a line.
    fn count(&self, address: &str) -> bool {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.0.is_none_or(|began| began.elapsed() > Duration::from_secs(60)) {
            *minute = (Some(Instant::now()), HashMap::new());
        }
        let count = minute.1.entry(address.to_owned()).or_default();
        *count += 1;
        *count <= MOST_A_MINUTE
    }
}

/// Looks at what came of a request.
pub async fn audit(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let concerned = Concerned::default();
    parts.extensions.insert(concerned.clone());
    let Seen(origin) = Seen::of(&parts, &app);
    let path = parts.extensions.get::<MatchedPath>().map_or(parts.uri.path(), MatchedPath::as_str);
    let what = format!("{} {path}", parts.method);
    let credentials = parts.extensions.get::<Credentials>().cloned();
    let session = parts.extensions.get::<Session>().cloned();
    let tried = tried_to_prove(&parts.headers, parts.uri.path());
    let response = next.run(Request::from_parts(parts, body)).await;

    let user = credentials.and_then(|credentials| match credentials {
        Credentials::User(user) => Some(user),
        Credentials::Key(holder) => Some(holder.scope.user_id()),
        Credentials::None | Credentials::BadKey(_) => None,
    });
    let entered = session.as_ref().and_then(Session::entered).map(|user| (user, "auth.signed_in"));
    let left = session.as_ref().and_then(Session::left).map(|user| (user, "auth.signed_out"));
    let noted = match (entered.or(left), refusal(&response)) {
        (Some((user, action)), _) => came_or_went(&app, user, origin, action).await,
        (None, Some((status, reason))) if status == StatusCode::FORBIDDEN || tried => {
            if app.refusals.count(&origin.address) {
                let line = Entry::from(concerned.org(), user, origin, "request.refused");
                let line = line.on("route", &what, "").refused(Outcome::Denied, reason);
                app.platform.audit.note([line]).await
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    };
    if let Err(error) = noted {
        tracing::error!(error = &error as &dyn std::error::Error, what, "the audit log misses a line");
    }
    response
}

/// Whether a 401 is somebody's failed try, and not just a visitor who isn't signed in.
fn tried_to_prove(headers: &HeaderMap, path: &str) -> bool {
    let path = path.strip_prefix(crate::api::BASE).unwrap_or(path);
    has_bearer(headers) || path.starts_with("/auth/") || matches!(path, "/fn/sign_in" | "/fn/log_in")
}

/// The status and reason of a request that was not allowed.
fn refusal(response: &Response) -> Option<(StatusCode, String)> {
    let status = response.status();
    if !matches!(status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) {
        return None;
    }
    let reason = match response.extensions().get::<Arc<Failure>>().map(|failure| &**failure) {
        Some(Failure::Platform(Error::Forbidden { reason, .. })) => *reason,
        Some(Failure::Platform(Error::Unauthorized { reason, .. })) => reason.unwrap_or("credentials"),
        _ => "",
    };
    Some((status, reason.to_owned()))
}

/// A line in the log of every organisation that the person belongs to.
async fn came_or_went(app: &App, user: UserId, origin: Arc<Origin>, action: &'static str) -> Result<()> {
    let memberships = app.platform.orgs.memberships(user).await?;
    let orgs: Vec<OrgId> = memberships.into_iter().map(|membership| membership.org.id).collect();
    let orgs: Vec<Option<OrgId>> =
        if orgs.is_empty() { vec![None] } else { orgs.into_iter().map(Some).collect() };
    let lines = orgs.into_iter().map(|org| Entry::from(org, Some(user), origin.clone(), action));
    app.platform.audit.note(lines).await
}
