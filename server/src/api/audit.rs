//! The audit log.

use super::{Page, ok};
use crate::{
    app::App,
    auth::{InBrowser, Member, things},
    error::Result,
    extract::Query,
};
use alumia_platform::{Error, audit};
use alumia_protocol::{
    Timestamp,
    audit::{AuditFilter, Outcome},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

/// Which lines, how many, in which form. Empty values are as good as none: a form sends them.
#[derive(Deserialize)]
pub struct Wanted {
    actor: Option<String>,
    action: Option<String>,
    outcome: Option<String>,
    since: Option<String>,
    until: Option<String>,
    format: Option<String>,
    cursor: Option<String>,
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

/// RFC 3339, or a date for its beginning.
fn moment(field: &str, text: Option<String>) -> Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text };
    let parsed = serde_json::from_value(full.into());
    parsed.map(Some).map_err(|_| {
        Error::invalid(
            field,
            format!("{field} must be a date like 2026-11-25, or a time like 2026-11-25T08:00:00Z."),
        )
        .into()
    })
}

/// `GET /audit`: newest first; filters `actor`, `action`, `outcome`, `since`, `until`; `limit` 1–500;
/// `format=csv` for the whole log as a table. Owners and admins.
pub async fn list(
    State(app): State<App>,
    member: InBrowser<Member, things::OrgSettings>,
    Query(wanted): Query<Wanted>,
) -> Result<Response> {
    let filter = wanted.filter()?;
    if wanted.format.as_deref() == Some("csv") {
        return csv(app, member, filter).await;
    }
    let page = Page { cursor: wanted.cursor, limit: wanted.limit };
    let limit = page.limit(100, 500)?;
    Ok(ok(app.platform.audit.list(&member.scope, &filter, page.cursor(), limit).await?))
}

/// Written as it is read, however long it is.
async fn csv(
    app: App,
    member: InBrowser<Member, things::OrgSettings>,
    filter: AuditFilter,
) -> Result<Response> {
    let scope = member.scope.clone();
    let mut page = app.platform.audit.list(&scope, &filter, None, 1_000).await?;
    let body = async_stream::try_stream! {
        yield audit::HEADER.to_owned();
        loop {
            yield audit::rows(&page.items)?;
            let Some(cursor) = page.next_cursor else { break };
            page = app.platform.audit.list(&scope, &filter, Some(&cursor), 1_000).await?;
        }
    };
    let body =
        Body::from_stream::<_>(Box::pin(body) as futures::stream::BoxStream<'static, Result<String, Error>>);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.csv\"")),
    ];
    Ok((headers, body).into_response())
}
