use super::service::{CallFilter, Span};
use crate::{
    OrgScope, Result,
    billing::State,
    projects::visible,
    store::{Columns as _, Cursor, Store, many::alternatives},
};
use alumia_protocol::{
    Microcredits, OrgId, Timestamp,
    billing::{Bucket, LedgerEntry, PackageUse, PaidCall, Spent, UsageGroup, UsageRow, UsageSum},
};
use sqlx::{AssertSqlSafe, any::AnyRow, query::Query};
use std::collections::HashMap;

use super::super::store::{bucket, reservation, word};

/// Lines of one report.
const MOST_ROWS: i64 = 500;
pub const DAY_MICROS: i64 = 86_400_000_000;

/// What an organisation's buckets come to.
pub struct Sums {
    pub available: Microcredits,
    pub reserved: Microcredits,
}

pub async fn sums(store: &Store, org: OrgId, now: Timestamp) -> Result<Sums> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(CASE WHEN expires_at <= $2 THEN 0 \
         ELSE granted - consumed - reserved - expired - reversed END), 0) AS BIGINT) AS available, \
         CAST(COALESCE(SUM(reserved), 0) AS BIGINT) AS reserved FROM credit_buckets WHERE org_id = $1",
    )
    .bind(org.to_string())
    .bind(now.0)
    .fetch_one(store.read())
    .await?;
    let money = |column| row.number(column).map(Microcredits);
    Ok(Sums { available: money("available")?, reserved: money("reserved")? })
}

/// Package, the beginning and the end of its present month; `None` before the account is opened.
pub async fn account(store: &Store, org: OrgId) -> Result<Option<(String, Timestamp, Timestamp)>> {
    let row = sqlx::query("SELECT package, anchor, granted_until FROM billing_accounts WHERE org_id = $1")
        .bind(org.to_string())
        .fetch_optional(store.read())
        .await?;
    row.map(|row| Ok((row.text("package")?, row.time("anchor")?, row.time("granted_until")?))).transpose()
}

/// Charged since, and not given back.
pub async fn spent_since(store: &Store, org: OrgId, since: Timestamp) -> Result<Microcredits> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(cost - refunded), 0) AS BIGINT) AS spent FROM reservations \
         WHERE org_id = $1 AND created_at >= $2",
    )
    .bind(org.to_string())
    .bind(since.0)
    .fetch_one(store.read())
    .await?;
    row.number("spent").map(Microcredits)
}

pub async fn waiting(store: &Store, org: OrgId) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) AS waiting FROM billing_waits WHERE org_id = $1")
        .bind(org.to_string())
        .fetch_one(store.read())
        .await?;
    row.number("waiting")
}

/// What is used of what packages cap, in a month that began at `month`.
pub async fn used(store: &Store, org: OrgId, month: Timestamp) -> Result<PackageUse> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM members WHERE org_id = $1) AS members, \
         (SELECT COUNT(*) FROM projects WHERE org_id = $1 AND deleted_at IS NULL) AS projects, \
         (SELECT CAST(COALESCE(SUM(s.bytes), 0) AS BIGINT) FROM stored_bytes s JOIN projects p \
         ON p.id = s.project_id AND p.deleted_at IS NULL WHERE s.org_id = $1) AS stored, \
         (SELECT CAST(COALESCE(SUM(millis), 0) AS BIGINT) FROM reservations WHERE org_id = $1 \
         AND created_at >= $2 AND operation = 'sandbox') AS sandbox, \
         (SELECT CAST(COALESCE(SUM(millis), 0) AS BIGINT) FROM reservations WHERE org_id = $1 \
         AND created_at >= $2 AND operation = 'browser') AS browser, \
         (SELECT COUNT(*) FROM runs WHERE org_id = $1 AND status IN ('queued', 'running') \
         AND status = 'running') AS going, \
         (SELECT COUNT(*) FROM runs WHERE org_id = $1 AND status IN ('queued', 'running') \
         AND status = 'queued' AND delayed IS NOT NULL) AS delayed",
    )
    .bind(org.to_string())
    .bind(month.0)
    .fetch_one(store.read())
    .await?;
    Ok(PackageUse {
        members: row.number("members")?,
        projects: row.number("projects")?,
        storage_bytes: row.number("stored")?,
        sandbox_millis: row.number("sandbox")?,
        browser_millis: row.number("browser")?,
        running_runs: row.number("going")?,
        queued_runs: row.number("delayed")?,
    })
}

/// Newest first.
pub async fn buckets(store: &Store, org: OrgId, before: &Cursor, most: i64) -> Result<Vec<Bucket>> {
    let rows = sqlx::query(
        "SELECT * FROM credit_buckets WHERE org_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3)) \
         ORDER BY created_at DESC, id DESC LIMIT $4",
    )
    .bind(org.to_string())
    .bind(before.at.0)
    .bind(&before.id)
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| Ok(bucket(row)?.bucket)).collect()
}

/// Newest first; of one bucket or for one call where they are named.
pub async fn entries(
    store: &Store,
    org: OrgId,
    (bucket, reservation): (&str, &str),
    before: &Cursor,
    most: i64,
) -> Result<Vec<LedgerEntry>> {
    let rows = sqlx::query(
        "SELECT * FROM ledger_entries WHERE org_id = $1 AND (at < $2 OR (at = $2 AND id < $3)) \
         AND ($4 = '' OR bucket_id = $4) AND ($5 = '' OR reservation_id = $5) \
         ORDER BY at DESC, id DESC LIMIT $6",
    )
    .bind(org.to_string())
    .bind(before.at.0)
    .bind(&before.id)
    .bind(bucket.to_owned())
    .bind(reservation.to_owned())
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> Result<LedgerEntry> {
    Ok(LedgerEntry {
        id: row.parsed("id")?,
        transaction_id: row.parsed("transaction_id")?,
        kind: row.named("kind")?,
        source: row.named("source")?,
        target: row.named("target")?,
        bucket_id: row.parsed_or_null("bucket_id")?,
        reservation_id: row.parsed_or_null("reservation_id")?,
        amount: row.number("amount").map(Microcredits)?,
        at: row.time("at")?,
    })
}

/// Which calls: those of $1 from $2 to before $3 that fit what is named.
const WHICH: &str = " FROM reservations WHERE org_id = $1 AND created_at >= $2 AND created_at < $3 \
     AND ($4 = '' OR model = $4) AND ($5 = '' OR operation = $5) AND ($6 = '' OR workspace_id = $6) \
     AND ($7 = '' OR user_id = $7) AND ($8 = '' OR project_id = $8) AND ($9 = '' OR agent_id = $9) \
     AND ($10 = '' OR session_id = $10) AND ($11 = '' OR run_id = $11)";

const SUMS: &str = "COUNT(*) AS calls, CAST(COALESCE(SUM(byok), 0) AS BIGINT) AS byok_calls, \
     CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT) AS input_tokens, \
     CAST(COALESCE(SUM(cached_tokens), 0) AS BIGINT) AS cached_tokens, \
     CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output_tokens, \
     CAST(COALESCE(SUM(millis), 0) AS BIGINT) AS millis, \
     CAST(COALESCE(SUM(cost - refunded), 0) AS BIGINT) AS cost";

type AnyQuery<'a> = Query<'a, sqlx::Any, sqlx::any::AnyArguments>;

fn bound<'a>(query: AnyQuery<'a>, org: OrgId, span: Span, filter: &CallFilter) -> Result<AnyQuery<'a>> {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let to = &filter.charged_to;
    let operation = filter.operation.as_ref().map(word).transpose()?;
    Ok(query
        .bind(org.to_string())
        .bind(span.since.0)
        .bind(span.until.0)
        .bind(filter.model.clone().unwrap_or_default())
        .bind(operation.unwrap_or_default())
        .bind(id(to.workspace_id.map(|id| id.0)))
        .bind(id(to.user_id.map(|id| id.0)))
        .bind(id(to.project_id.map(|id| id.0)))
        .bind(id(to.agent_id.map(|id| id.0)))
        .bind(id(to.session_id.map(|id| id.0)))
        .bind(id(to.run_id.map(|id| id.0))))
}

fn sum(row: &AnyRow) -> Result<UsageSum> {
    Ok(UsageSum {
        calls: row.number("calls")?,
        byok_calls: row.number("byok_calls")?,
        input_tokens: row.number("input_tokens")?,
        cached_tokens: row.number("cached_tokens")?,
        output_tokens: row.number("output_tokens")?,
        millis: row.number("millis")?,
        cost: row.number("cost").map(Microcredits)?,
    })
}

/// All calls together that cost something or were paid by an own key.
pub async fn total(store: &Store, org: OrgId, span: Span, filter: &CallFilter) -> Result<UsageSum> {
    let sql = AssertSqlSafe(format!("SELECT {SUMS}{WHICH} AND state = 'settled'"));
    let row = bound(sqlx::query(sql), org, span, filter)?.fetch_one(store.read()).await?;
    sum(&row)
}

/// The same by what they were for: days in their order, everything else the dearest first.
pub async fn grouped(
    store: &Store,
    org: OrgId,
    group: UsageGroup,
    span: Span,
    filter: &CallFilter,
) -> Result<Vec<UsageRow>> {
    let key = match group {
        UsageGroup::Day => "CAST(created_at / 86400000000 AS TEXT)",
        UsageGroup::Model => "model",
        UsageGroup::Operation => "operation",
        UsageGroup::Workspace => "COALESCE(workspace_id, '')",
        UsageGroup::Project => "COALESCE(project_id, '')",
        UsageGroup::Agent => "COALESCE(agent_id, '')",
        UsageGroup::User => "COALESCE(user_id, '')",
        UsageGroup::Session => "COALESCE(session_id, '')",
        UsageGroup::Run => "COALESCE(run_id, '')",
    };
    let order = if group == UsageGroup::Day { "1" } else { "cost DESC, calls DESC, 1" };
    let sql = AssertSqlSafe(format!(
        "SELECT {key} AS group_key, {SUMS}{WHICH} AND state = 'settled' GROUP BY 1 ORDER BY {order} LIMIT {MOST_ROWS}"
    ));
    let rows = bound(sqlx::query(sql), org, span, filter)?.fetch_all(store.read()).await?;
    rows.iter().map(|row| Ok(UsageRow { key: row.text("group_key")?, name: None, sum: sum(row)? })).collect()
}

/// What each of these sessions or projects has used.
pub async fn spent(
    store: &Store,
    org: OrgId,
    group: UsageGroup,
    ids: &[String],
) -> Result<HashMap<String, Spent>> {
    let column = match group {
        UsageGroup::Session => "session_id",
        _ => "project_id",
    };
    let mut spent = HashMap::new();
    for ids in alternatives(ids) {
        let places: Vec<String> = (2..2 + ids.len()).map(|place| format!("${place}")).collect();
        let sql = AssertSqlSafe(format!(
            "SELECT {column} AS id, {SUMS} FROM reservations WHERE org_id = $1 AND {column} IN ({}) \
             AND state = 'settled' GROUP BY {column}",
            places.join(", ")
        ));
        let query = ids.into_iter().fold(sqlx::query(sql).bind(org.to_string()), Query::bind);
        for row in query.fetch_all(store.read()).await? {
            let UsageSum { byok_calls, input_tokens, output_tokens, cost, .. } = sum(&row)?;
            let of =
                Spent { cost_microcredits: cost, input_tokens, output_tokens, own_key_calls: byok_calls };
            spent.insert(row.text("id")?, of);
        }
    }
    Ok(spent)
}

/// Calls, newest first, those that go on included.
pub async fn calls(
    store: &Store,
    org: OrgId,
    (span, filter): (Span, &CallFilter),
    before: &Cursor,
    most: i64,
) -> Result<Vec<PaidCall>> {
    let sql = AssertSqlSafe(format!(
        "SELECT *{WHICH} AND (created_at < $12 OR (created_at = $12 AND id < $13)) \
         ORDER BY created_at DESC, id DESC LIMIT $14"
    ));
    let query = bound(sqlx::query(sql), org, span, filter)?;
    let rows = query.bind(before.at.0).bind(before.id.clone()).bind(most).fetch_all(store.read()).await?;
    rows.iter().map(call).collect()
}

fn call(row: &AnyRow) -> Result<PaidCall> {
    let held = reservation(row)?;
    Ok(PaidCall {
        id: held.id,
        at: held.created_at,
        operation: held.operation,
        model: held.model,
        state: row.text("state")?,
        reserved: held.amount,
        cost: held.cost,
        refunded: held.refunded,
        written_off: held.written_off,
        byok: held.byok,
        usage: held.used.usage,
        // What goes on holds all the time that it may take.
        millis: if held.state == State::Open { 0 } else { held.used.millis },
        charged_to: held.charged_to,
    })
}

/// Names of what these ids stand for, as far as the caller sees it: the sessions and names of projects that
/// are private are their maker's alone.
pub async fn names(
    store: &Store,
    scope: &OrgScope,
    group: UsageGroup,
    ids: &[String],
) -> Result<HashMap<String, String>> {
    let (head, tail) = match group {
        UsageGroup::Workspace => ("SELECT id, name FROM workspaces WHERE org_id = $1 AND ", ""),
        UsageGroup::Agent => ("SELECT id, name FROM agents WHERE org_id = $1 AND ", ""),
        UsageGroup::User => (
            "SELECT u.id, u.name FROM users u JOIN members m ON m.user_id = u.id AND m.org_id = $1 WHERE ",
            "u.",
        ),
        UsageGroup::Project => {
            (concat!("SELECT p.id, p.name FROM projects p WHERE ", visible!(), "AND "), "p.")
        }
        UsageGroup::Session => (
            concat!(
                "SELECT s.id, s.label AS name FROM sessions s JOIN projects p ON p.org_id = s.org_id \
                 AND p.id = s.project_id WHERE ",
                visible!(),
                "AND "
            ),
            "s.",
        ),
        UsageGroup::Day | UsageGroup::Model | UsageGroup::Operation | UsageGroup::Run => {
            return Ok(HashMap::new());
        }
    };
    let mut names = HashMap::new();
    for ids in alternatives(ids) {
        // Three values come first: organisation, person, and whether they see all workspaces.
        let places: Vec<String> = (4..4 + ids.len()).map(|place| format!("${place}")).collect();
        let sql =
            AssertSqlSafe(format!("{head}{tail}id IN ({}) AND $2 <> '' AND $3 >= 0", places.join(", ")));
        let query = sqlx::query(sql)
            .bind(scope.org_id().to_string())
            .bind(scope.user_id().to_string())
            .bind(i64::from(scope.is_admin()));
        let query = ids.into_iter().fold(query, Query::bind);
        for row in query.fetch_all(store.read()).await? {
            names.insert(row.text("id")?, row.text("name")?);
        }
    }
    Ok(names)
}
