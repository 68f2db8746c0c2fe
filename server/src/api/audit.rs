//! The audit log.

use super::{Page, moment};
use crate::{
    app::App,
    auth::{Admin, InBrowser, things::AuditLog},
    error::Result,
    extract::Query,
    openapi::{Answers, Data, Operation},
};
use alumia_platform::{Error, OrgScope, audit};
use alumia_protocol::{
    List,
    audit::{AuditEntry, AuditFilter, Outcome},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream::BoxStream;
use serde::Deserialize;

/// Which lines, how many, in which form. Empty values are as good as none: a form sends them.
#[derive(Deserialize, schemars::JsonSchema)]
pub struct Wanted {
    /// Id of a person, key or agent.
    actor: Option<String>,
    /// An action, or its first part: `member` finds `member.removed`.
    action: Option<String>,
    /// `done`, `denied` or `failed`.
    outcome: Option<String>,
    /// From this date or time on.
    since: Option<String>,
    /// Before this date or time.
    until: Option<String>,
    /// `csv` for the whole log as a table.
    format: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 500.
    limit: Option<u32>,
}

impl Wanted {
    fn filter(&self) -> Result<AuditFilter> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let outcome = match given(&self.outcome).as_deref() {
            None => None,
            Some("done") => Some(Outcome::Done),
            Some("denied") => Some(Outcome::Denied),
            Some("failed") => Some(Outcome::Failed),
            Some(_) => {
                return Err(Error::invalid("outcome", "outcome must be done, denied or failed.").into());
            }
        };
        Ok(AuditFilter {
            actor: given(&self.actor),
            action: given(&self.action),
            outcome,
            since: moment("since", given(&self.since))?,
            until: moment("until", given(&self.until))?,
        })
    }
}

/// `GET /audit`: newest first; filters `actor`, `action`, `outcome`, `since`, `until`; `limit` 1–500;
/// `format=csv` for the whole log as a table. Owners and admins.
pub async fn list(
    State(app): State<App>,
    member: InBrowser<Admin, AuditLog>,
    Query(wanted): Query<Wanted>,
) -> Result<Log> {
    let filter = wanted.filter()?;
    if wanted.format.as_deref() == Some("csv") {
        return csv(app, member.scope.clone(), filter).await.map(Log);
    }
    let page = Page { cursor: wanted.cursor, limit: wanted.limit };
    let limit = page.limit(100, 500)?;
    let found = app.platform.audit.list(&member.scope, &filter, page.cursor(), limit).await?;
    Ok(Log(Data(found).into_response()))
}

/// Written as it is read, however long it is.
async fn csv(app: App, scope: OrgScope, filter: AuditFilter) -> Result<Response> {
    let mut page = app.platform.audit.list(&scope, &filter, None, 1_000).await?;
    let body = async_stream::try_stream! {
        yield audit::HEADER.to_owned();
        loop {
            yield audit::rows(&page.items)?;
            let Some(cursor) = page.next_cursor else { break };
            page = app.platform.audit.list(&scope, &filter, Some(&cursor), 1_000).await?;
        }
    };
    let body: BoxStream<'static, Result<String, Error>> = Box::pin(body);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.csv\"")),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// A page of lines as JSON, or all of them as a table.
pub struct Log(Response);

impl IntoResponse for Log {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Answers for Log {
    fn describe(operation: &mut Operation) {
        operation
            .answer::<List<AuditEntry>>(StatusCode::OK, "What was asked for; with `format=csv` a table.");
    }
}
