//! What there is and what it was used for.

use crate::{
    api::{Page, moment},
    app::App,
    auth::{Member, Treasurer, permission::BillingRead},
    error::Result,
    extract::Query,
    openapi::{Answers, Data, Operation as Described},
};
use alumia_platform::{
    Error, OrgScope,
    billing::reports::{self, CallFilter, Span},
};
use alumia_protocol::{
    AgentId, BucketId, List, ProjectId, ReservationId, RunId, SessionId, UserId, WorkspaceId,
    billing::{
        BillingOverview, Bucket, ChargedTo, LedgerEntry, Operation, PaidCall, UsageGroup, UsageReport,
    },
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream::BoxStream;
use serde::Deserialize;

/// `GET /billing`: the organisation's credits at a glance.
pub async fn overview(State(app): State<App>, member: Member<BillingRead>) -> Result<Data<BillingOverview>> {
    Ok(Data(app.platform.billing.overview(&member.scope).await?))
}

/// `GET /billing/buckets`: what was granted, newest first; `limit` 1–500.
pub async fn buckets(
    State(app): State<App>,
    treasurer: Treasurer<BillingRead>,
    Query(page): Query<Page>,
) -> Result<Data<List<Bucket>>> {
    let limit = page.limit(100, 500)?;
    Ok(Data(app.platform.billing.buckets(&treasurer.scope, page.cursor(), limit).await?))
}

/// Which movements, how many.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// Of this bucket.
    bucket_id: Option<BucketId>,
    /// For this call.
    reservation_id: Option<ReservationId>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 500.
    limit: Option<u32>,
}

/// `GET /billing/ledger`: every movement of credits, newest first; `limit` 1–500.
pub async fn ledger(
    State(app): State<App>,
    treasurer: Treasurer<BillingRead>,
    Query(moved): Query<Moved>,
) -> Result<Data<List<LedgerEntry>>> {
    let Moved { bucket_id, reservation_id, cursor, limit } = moved;
    let page = Page { cursor, limit };
    let limit = page.limit(100, 500)?;
    let billing = &app.platform.billing;
    Ok(Data(billing.ledger(&treasurer.scope, bucket_id, reservation_id, page.cursor(), limit).await?))
}

/// Which calls.
#[derive(Clone, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// By what they are summed up: `day`, `model`, `operation`, `workspace`, `project`, `agent`, `user`, `session`
    /// or `run`; `model` when absent.
    group_by: Option<UsageGroup>,
    /// From this date or time on; 30 days before the end when absent, at most 400.
    since: Option<String>,
    /// Before this date or time; now when absent.
    until: Option<String>,
    /// Of this model.
    model: Option<String>,
    /// Of this kind.
    operation: Option<Operation>,
    /// Charged to this workspace.
    workspace_id: Option<WorkspaceId>,
    /// Charged to this person.
    user_id: Option<UserId>,
    /// Charged to this project.
    project_id: Option<ProjectId>,
    /// Charged to this agent.
    agent_id: Option<AgentId>,
    /// Charged to this session.
    session_id: Option<SessionId>,
    /// Charged to this run.
    run_id: Option<RunId>,
    /// `csv` for a table.
    format: Option<String>,
    /// `nextCursor` of the page before, in a list of calls.
    cursor: Option<String>,
    /// How many calls, 1 to 500.
    limit: Option<u32>,
}

impl Wanted {
    fn which(&self, app: &App) -> Result<(Span, CallFilter)> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let since = moment("since", given(&self.since))?;
        let until = moment("until", given(&self.until))?;
        let filter = CallFilter {
            model: given(&self.model),
            operation: self.operation,
            charged_to: ChargedTo {
                workspace_id: self.workspace_id,
                user_id: self.user_id,
                project_id: self.project_id,
                agent_id: self.agent_id,
                session_id: self.session_id,
                run_id: self.run_id,
            },
        };
        if filter.model.as_ref().is_some_and(|model| model.contains('\0')) {
            return Err(Error::invalid("model", "There is no such model.").into());
        }
        Ok((Span::new(since, until, app.platform.clock.now())?, filter))
    }

    fn is_csv(&self) -> bool {
        self.format.as_deref() == Some("csv")
    }
}

/// `GET /billing/usage`: what was used, summed up by `groupBy`; with `format=csv` as a table.
pub async fn usage(
    State(app): State<App>,
    treasurer: Treasurer<BillingRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Usage> {
    let (span, filter) = wanted.which(&app)?;
    let group = wanted.group_by.unwrap_or(UsageGroup::Model);
    let report = app.platform.billing.usage(&treasurer.scope, group, span, &filter).await?;
    if wanted.is_csv() {
        let table = [reports::USAGE_HEADER, &reports::usage_rows(&report.items)?].concat();
        return Ok(Usage(download("attachment; filename=\"usage.csv\"", table.into())));
    }
    Ok(Usage(Data(report).into_response()))
}

/// `GET /billing/usage/calls`: the calls themselves, newest first; `limit` 1–500; with `format=csv` all as a table.
pub async fn calls(
    State(app): State<App>,
    treasurer: Treasurer<BillingRead>,
    Query(wanted): Query<Wanted>,
) -> Result<Calls> {
    let (span, filter) = wanted.which(&app)?;
    if wanted.is_csv() {
        return Ok(Calls(calls_table(app, treasurer.scope.clone(), span, filter).await?));
    }
    let page = Page { cursor: wanted.cursor, limit: wanted.limit };
    let limit = page.limit(100, 500)?;
    let found = app.platform.billing.calls(&treasurer.scope, span, &filter, page.cursor(), limit).await?;
    Ok(Calls(Data(found).into_response()))
}

/// Written as it is read, however long it is.
async fn calls_table(app: App, scope: OrgScope, span: Span, filter: CallFilter) -> Result<Response> {
    let billing = app.platform.billing.clone();
    let mut page = billing.calls(&scope, span, &filter, None, 1_000).await?;
    let body = async_stream::try_stream! {
        yield reports::CALLS_HEADER.to_owned();
        loop {
            yield reports::call_rows(&page.items)?;
            let Some(cursor) = page.next_cursor else { break };
            page = billing.calls(&scope, span, &filter, Some(&cursor), 1_000).await?;
        }
    };
    let body: BoxStream<'static, Result<String, Error>> = Box::pin(body);
    Ok(download("attachment; filename=\"calls.csv\"", Body::from_stream(body)))
}

fn download(disposition: &'static str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
    ];
    (headers, body).into_response()
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident $of:ty;)+) => {$(
        $(#[$doc])*
        pub struct $name(Response);

        impl IntoResponse for $name {
            fn into_response(self) -> Response {
                self.0
            }
        }

        impl Answers for $name {
            fn describe(operation: &mut Described) {
                operation.answer::<$of>(StatusCode::OK, "What was asked for; with `format=csv` a table.");
            }
        }
    )+};
}
tables! {
    /// A report as JSON or as a table.
    Usage UsageReport;
    /// A page of calls as JSON, or all of them as a table.
    Calls List<PaidCall>;
}
