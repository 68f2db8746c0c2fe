//! Reading what a book needs.

use super::{
    book::{Counted, Counter, Kept},
    model::{Account, Ask, Reservation, Used},
    packages::{Package, Packages},
};
use crate::{
    Result,
    store::{
        Columns as _, Engine, Store, Tx,
        many::{alternatives, one_of, rows},
    },
};
use alumia_protocol::{
    BucketId, BudgetId, Microcredits, OrgId, ReservationId, RunId, TargetId, Timestamp,
    billing::{Bucket, BudgetLimit, BudgetScope, ChargedTo, Operation},
    events::Usage,
};
use serde::Serialize;
use sqlx::{Row as _, any::AnyRow};
use std::str::FromStr;

/// A name of a Rust enum as serde writes it, the other way of [`Columns::named`].
pub(super) fn word(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(value)?.trim_matches('"').to_owned())
}

fn money(row: &AnyRow, column: &str) -> Result<Microcredits> {
    row.number(column).map(Microcredits)
}

pub(super) fn time_or_null(row: &AnyRow, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp))
}

fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// The accounts of these organisations, theirs until the transaction ends. In the order of their ids, so that
/// nobody waits in a circle. SQLite has one writer, so nothing has to be locked.
pub(super) async fn lock(tx: &mut Tx, engine: Engine, orgs: &[OrgId]) -> Result<Vec<(OrgId, Account)>> {
    let tail = match engine {
        Engine::Sqlite => " ORDER BY org_id",
        Engine::Postgres => " ORDER BY org_id FOR UPDATE",
    };
    let mut accounts = Vec::with_capacity(orgs.len());
    for ids in alternatives(&texts(orgs)) {
        let sql = one_of(
            "SELECT org_id, package, anchor, granted_until, paid_until FROM billing_accounts WHERE org_id IN ",
            ids.len(),
            tail,
        );
        let query = ids.into_iter().fold(sqlx::query(sql), sqlx::query::Query::bind);
        for row in query.fetch_all(&mut **tx).await? {
            let account = Account {
                package: row.text("package")?,
                anchor: row.time("anchor")?,
                granted_until: row.time("granted_until")?,
                paid_until: time_or_null(&row, "paid_until")?,
            };
            accounts.push((row.parsed("org_id")?, account));
        }
    }
    Ok(accounts)
}

/// The package of an account, which is the caller's until the transaction ends.
pub(super) async fn lock_package(tx: &mut Tx, org: OrgId) -> Result<Option<String>> {
    let row =
        sqlx::query("UPDATE billing_accounts SET package = package WHERE org_id = $1 RETURNING package")
            .bind(org.to_string())
            .fetch_optional(&mut **tx)
            .await?;
    row.map(|row| row.text("package")).transpose()
}

/// The package of an account.
pub(super) async fn package(tx: &mut Tx, org: OrgId) -> Result<Option<String>> {
    let row = sqlx::query("SELECT package FROM billing_accounts WHERE org_id = $1")
        .bind(org.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.text("package")).transpose()
}

/// SQL: how many runs of the account `a` may go on at once; an organisation without one has the first package.
pub(super) fn runs_at_once(packages: &Packages) -> String {
    let most = |package: &Package| package.caps.concurrent_runs.unwrap_or(i32::MAX.unsigned_abs());
    // Ids of packages are lower-case letters, digits and dashes.
    let each: String = packages
        .all()
        .iter()
        .map(|package| format!("WHEN '{}' THEN {} ", package.id, most(package)))
        .collect();
    format!("(CASE a.package {each}ELSE {} END)", most(packages.first()))
}

/// Opens the account of an organisation that has none; its months are counted from its beginning.
pub(super) async fn open_account(tx: &mut Tx, org: OrgId, package: &str, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO billing_accounts (org_id, package, anchor, granted_until, created_at) \
         SELECT id, $2, created_at, 0, $3 FROM orgs WHERE id = $1 AND deleted_at IS NULL \
         ON CONFLICT (org_id) DO NOTHING",
    )
    .bind(org.to_string())
    .bind(package)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) fn bucket(row: &AnyRow) -> Result<Kept> {
    let bucket = Bucket {
        id: row.parsed("id")?,
        kind: row.named("kind")?,
        granted: money(row, "granted")?,
        consumed: money(row, "consumed")?,
        reserved: money(row, "reserved")?,
        expired: money(row, "expired")?,
        reversed: money(row, "reversed")?,
        expires_at: time_or_null(row, "expires_at")?,
        created_at: row.time("created_at")?,
    };
    Ok(Kept { key: row.text("grant_key")?, bucket })
}

/// The buckets that hold anything.
pub(super) async fn live_buckets(tx: &mut Tx, orgs: &[OrgId]) -> Result<Vec<(OrgId, Kept)>> {
    let mut buckets = Vec::new();
    for ids in alternatives(&texts(orgs)) {
        let sql = one_of(
            "SELECT * FROM credit_buckets WHERE granted > consumed + expired + reversed AND org_id IN ",
            ids.len(),
            "",
        );
        let query = ids.into_iter().fold(sqlx::query(sql), sqlx::query::Query::bind);
        for row in query.fetch_all(&mut **tx).await? {
            buckets.push((row.parsed("org_id")?, bucket(&row)?));
        }
    }
    Ok(buckets)
}

/// One by its id, or by what it was granted for.
pub(super) async fn one_bucket(
    tx: &mut Tx,
    org: OrgId,
    id: Option<BucketId>,
    key: Option<&str>,
) -> Result<Option<Kept>> {
    let row = sqlx::query("SELECT * FROM credit_buckets WHERE org_id = $1 AND (id = $2 OR grant_key = $3)")
        .bind(org.to_string())
        .bind(id.map(|id| id.to_string()))
        .bind(key)
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(bucket).transpose()
}

fn id_or_null<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &AnyRow,
    column: &str,
) -> Result<Option<T>> {
    row.parsed_or_null(column)
}

pub(super) fn reservation(row: &AnyRow) -> Result<Reservation> {
    let cost = money(row, "cost")?;
    Ok(Reservation {
        id: row.parsed("id")?,
        state: row.named("state")?,
        operation: row.named("operation")?,
        model: row.text("model")?,
        amount: money(row, "amount")?,
        parts: row.json("parts")?,
        cost,
        written_off: money(row, "written_off")?,
        refunded: money(row, "refunded")?,
        used: Used {
            cost,
            usage: Usage {
                input_tokens: row.number("input_tokens")?,
                cached_tokens: row.number("cached_tokens")?,
                output_tokens: row.number("output_tokens")?,
            },
            millis: row.number("millis")?,
        },
        byok: row.flag("byok")?,
        charged_to: ChargedTo {
            workspace_id: id_or_null(row, "workspace_id")?,
            user_id: id_or_null(row, "user_id")?,
            project_id: id_or_null(row, "project_id")?,
            agent_id: id_or_null(row, "agent_id")?,
            session_id: id_or_null(row, "session_id")?,
            run_id: id_or_null(row, "run_id")?,
        },
        deadline: row.time("deadline")?,
        created_at: row.time("created_at")?,
        closed_at: time_or_null(row, "closed_at")?,
    })
}

/// Those of these ids that there are.
pub(super) async fn reservations(
    tx: &mut Tx,
    ids: &[(OrgId, ReservationId)],
) -> Result<Vec<(OrgId, Reservation)>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in alternatives(ids) {
        let sql = rows("SELECT * FROM reservations WHERE (org_id, id) IN (VALUES ", ids.len(), 2, ")");
        let mut query = sqlx::query(sql);
        for (org, id) in &ids {
            query = query.bind(org.to_string()).bind(id.to_string());
        }
        for row in query.fetch_all(&mut **tx).await? {
            found.push((row.parsed("org_id")?, reservation(&row)?));
        }
    }
    Ok(found)
}

/// What is open of one run.
pub(super) async fn open_of_run(tx: &mut Tx, org: OrgId, run: RunId) -> Result<Vec<ReservationId>> {
    let rows =
        sqlx::query("SELECT id FROM reservations WHERE org_id = $1 AND run_id = $2 AND state = 'open'")
            .bind(org.to_string())
            .bind(run.to_string())
            .fetch_all(&mut **tx)
            .await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// What a run has spent and holds.
pub(super) async fn of_run(tx: &mut Tx, org: OrgId, run: RunId) -> Result<Counter> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(cost - refunded), 0) AS BIGINT) AS spent, \
         CAST(COALESCE(SUM(CASE WHEN state = 'open' THEN amount ELSE 0 END), 0) AS BIGINT) AS reserved \
         FROM reservations WHERE org_id = $1 AND run_id = $2",
    )
    .bind(org.to_string())
    .bind(run.to_string())
    .fetch_one(&mut **tx)
    .await?;
    Ok(Counter { spent: money(&row, "spent")?, reserved: money(&row, "reserved")? })
}

/// Milliseconds of an operation since.
pub(super) async fn millis(tx: &mut Tx, org: OrgId, of: Operation, since: Timestamp) -> Result<i64> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(millis), 0) AS BIGINT) AS millis FROM reservations \
         WHERE org_id = $1 AND created_at >= $2 AND operation = $3",
    )
    .bind(org.to_string())
    .bind(since.0)
    .bind(word(&of)?)
    .fetch_one(&mut **tx)
    .await?;
    row.number("millis")
}

fn counted(row: &AnyRow) -> Result<Counted> {
    let target: String = row.text("target_id")?;
    let limit = BudgetLimit {
        scope: row.named("scope")?,
        target_id: if target.is_empty() { None } else { Some(row.parsed("target_id")?) },
        period: row.named("period")?,
        limit: money(row, "credit_limit")?,
        hard: row.flag("is_hard")?,
    };
    Ok(Counted::new(Some(row.parsed("id")?), limit))
}

/// The budgets of these organisations.
pub(super) async fn budgets(tx: &mut Tx, orgs: &[OrgId]) -> Result<Vec<(OrgId, Counted)>> {
    let mut budgets = Vec::new();
    for ids in alternatives(&texts(orgs)) {
        let sql = one_of("SELECT * FROM budgets WHERE org_id IN ", ids.len(), " ORDER BY org_id, id");
        let query = ids.into_iter().fold(sqlx::query(sql), sqlx::query::Query::bind);
        for row in query.fetch_all(&mut **tx).await? {
            budgets.push((row.parsed("org_id")?, counted(&row)?));
        }
    }
    Ok(budgets)
}

/// What is used of an organisation's budgets in periods that begin at one of `starts`.
pub(super) async fn counters(
    tx: &mut Tx,
    org: OrgId,
    starts: &[Timestamp],
) -> Result<Vec<(BudgetId, Timestamp, Counter)>> {
    let mut counters = Vec::new();
    for starts in alternatives(starts) {
        let sql = one_of(
            "SELECT budget_id, starts_at, spent, reserved FROM budget_periods WHERE starts_at IN ",
            starts.len(),
            // The last place is filled by what the caller binds last.
            " AND org_id = ",
        );
        let sql = sqlx::AssertSqlSafe(format!("{}${}", sql.0, starts.len() + 1));
        let query = starts.iter().fold(sqlx::query(sql), |query, start| query.bind(start.0));
        for row in query.bind(org.to_string()).fetch_all(&mut **tx).await? {
            let counter = Counter { spent: money(&row, "spent")?, reserved: money(&row, "reserved")? };
            counters.push((row.parsed("budget_id")?, row.time("starts_at")?, counter));
        }
    }
    Ok(counters)
}

/// What reservations in the scope of a limit that were made since `start` come to.
pub(super) async fn count(tx: &mut Tx, org: OrgId, limit: &BudgetLimit, start: Timestamp) -> Result<Counter> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(cost - refunded), 0) AS BIGINT) AS spent, \
         CAST(COALESCE(SUM(CASE WHEN state = 'open' THEN amount ELSE 0 END), 0) AS BIGINT) AS reserved \
         FROM reservations WHERE org_id = $1 AND created_at >= $2 AND ($3 = 'org' \
         OR CASE $3 WHEN 'workspace' THEN workspace_id WHEN 'user' THEN user_id WHEN 'project' THEN project_id \
         WHEN 'agent' THEN agent_id WHEN 'session' THEN session_id ELSE run_id END = $4)",
    )
    .bind(org.to_string())
    .bind(start.0)
    .bind(word(&limit.scope)?)
    .bind(limit.target_id.map(|id| id.to_string()))
    .fetch_one(&mut **tx)
    .await?;
    Ok(Counter { spent: money(&row, "spent")?, reserved: money(&row, "reserved")? })
}

/// Reservations whose deadline has passed, the oldest first.
pub(super) async fn past_deadline(
    store: &Store,
    now: Timestamp,
    most: i64,
) -> Result<Vec<(OrgId, ReservationId)>> {
    let rows = sqlx::query(
        "SELECT org_id, id FROM reservations WHERE state = 'open' AND deadline <= $1 ORDER BY deadline LIMIT $2",
    )
    .bind(now.0)
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| Ok((row.parsed("org_id")?, row.parsed("id")?))).collect()
}

/// Organisations with a bucket whose time is over and that still holds something free, with a month to grant,
/// or without an account.
pub(super) async fn untidy(store: &Store, now: Timestamp, most: i64) -> Result<Vec<OrgId>> {
    let rows = sqlx::query(
        "SELECT a.org_id FROM billing_accounts a JOIN orgs o ON o.id = a.org_id AND o.deleted_at IS NULL \
         WHERE a.granted_until <= $1 AND (a.paid_until IS NULL OR a.paid_until > $1) \
         UNION SELECT o.id FROM orgs o WHERE o.deleted_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM billing_accounts a WHERE a.org_id = o.id) \
         UNION SELECT org_id FROM credit_buckets WHERE expires_at <= $1 \
         AND granted > consumed + reserved + expired + reversed LIMIT $2",
    )
    .bind(now.0)
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| row.parsed("org_id")).collect()
}

/// Whether the organisation has what a budget is for.
pub(super) async fn target_exists(
    store: &Store,
    org: OrgId,
    scope: BudgetScope,
    target: TargetId,
) -> Result<bool> {
    let sql = match scope {
        BudgetScope::Org => return Ok(false),
        BudgetScope::Workspace => "SELECT 1 FROM workspaces WHERE org_id = $1 AND id = $2",
        BudgetScope::User => "SELECT 1 FROM members WHERE org_id = $1 AND user_id = $2",
        BudgetScope::Project => "SELECT 1 FROM projects WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
        BudgetScope::Agent => "SELECT 1 FROM agents WHERE org_id = $1 AND id = $2",
        BudgetScope::Session => "SELECT 1 FROM sessions WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
        BudgetScope::Run => "SELECT 1 FROM runs WHERE org_id = $1 AND id = $2",
    };
    let found =
        sqlx::query(sql).bind(org.to_string()).bind(target.to_string()).fetch_optional(store.read()).await?;
    Ok(found.is_some())
}

/// Stores a budget with what is used of it.
pub(super) async fn insert_budget(tx: &mut Tx, org: OrgId, budget: &Counted, now: Timestamp) -> Result<()> {
    let id = budget.id.map(|id| id.to_string()).unwrap_or_default();
    sqlx::query(
        "INSERT INTO budgets (org_id, id, scope, target_id, period, credit_limit, is_hard, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(org.to_string())
    .bind(&id)
    .bind(word(&budget.limit.scope)?)
    .bind(budget.limit.target_id.map(|id| id.to_string()).unwrap_or_default())
    .bind(word(&budget.limit.period)?)
    .bind(budget.limit.limit.0)
    .bind(i64::from(budget.limit.hard))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    for (start, counter) in &budget.counters {
        sqlx::query(
            "INSERT INTO budget_periods (org_id, budget_id, starts_at, spent, reserved) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(org.to_string())
        .bind(&id)
        .bind(start.0)
        .bind(counter.spent.0)
        .bind(counter.reserved.0)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

pub(super) async fn update_budget(tx: &mut Tx, org: OrgId, budget: &Counted) -> Result<()> {
    sqlx::query("UPDATE budgets SET credit_limit = $3 WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(budget.id.map(|id| id.to_string()))
        .bind(budget.limit.limit.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn delete_budget(tx: &mut Tx, org: OrgId, budget: &Counted) -> Result<()> {
    for sql in [
        "DELETE FROM budget_notices WHERE org_id = $1 AND budget_id = $2",
        "DELETE FROM budget_periods WHERE org_id = $1 AND budget_id = $2",
        "DELETE FROM budgets WHERE org_id = $1 AND id = $2",
    ] {
        sqlx::query(sql)
            .bind(org.to_string())
            .bind(budget.id.map(|id| id.to_string()))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Notes that a run waits to be paid.
pub(super) async fn insert_wait(tx: &mut Tx, org: OrgId, ask: &Ask, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO billing_waits (org_id, run_id, ask, since) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (org_id, run_id) DO UPDATE SET ask = excluded.ask",
    )
    .bind(org.to_string())
    .bind(ask.charged_to.run_id.map(|run| run.to_string()).unwrap_or_default())
    .bind(serde_json::to_string(ask)?)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn delete_wait(tx: &mut Tx, org: OrgId, run: RunId) -> Result<()> {
    sqlx::query("DELETE FROM billing_waits WHERE org_id = $1 AND run_id = $2")
        .bind(org.to_string())
        .bind(run.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Runs that wait to be paid, those that wait longest first.
pub(super) async fn waits(store: &Store, most: i64) -> Result<Vec<(OrgId, Ask)>> {
    let rows = sqlx::query("SELECT org_id, ask FROM billing_waits ORDER BY since, run_id LIMIT $1")
        .bind(most)
        .fetch_all(store.read())
        .await?;
    rows.iter().map(|row| Ok((row.parsed("org_id")?, row.json("ask")?))).collect()
}
