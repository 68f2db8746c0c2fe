use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    BudgetId, Microcredits, OrgId, Timestamp,
    billing::{BudgetPeriod, BudgetScope},
};

/// A mark that was passed and that nobody has been told of.
#[derive(Clone, Debug)]
pub struct Passed {
    pub org: OrgId,
    pub org_name: String,
    pub slug: String,
    pub budget: BudgetId,
    pub starts_at: Timestamp,
    pub percent: i64,
    pub scope: BudgetScope,
    pub period: BudgetPeriod,
    pub limit: Microcredits,
    pub hard: bool,
    pub spent: Microcredits,
}

/// The oldest first.
pub async fn untold(store: &Store, most: i64) -> Result<Vec<Passed>> {
    let rows = sqlx::query(
        "SELECT n.org_id, n.budget_id, n.starts_at, n.percent, o.name, o.slug, b.scope, b.period, b.credit_limit, \
         b.is_hard, p.spent FROM budget_notices n JOIN orgs o ON o.id = n.org_id AND o.deleted_at IS NULL \
         JOIN budgets b ON b.org_id = n.org_id AND b.id = n.budget_id \
         JOIN budget_periods p ON p.org_id = n.org_id AND p.budget_id = n.budget_id AND p.starts_at = n.starts_at \
         WHERE n.told_at IS NULL ORDER BY n.at, n.budget_id, n.percent LIMIT $1",
    )
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Passed {
                org: row.parsed("org_id")?,
                org_name: row.text("name")?,
                slug: row.text("slug")?,
                budget: row.parsed("budget_id")?,
                starts_at: row.time("starts_at")?,
                percent: row.number("percent")?,
                scope: row.named("scope")?,
                period: row.named("period")?,
                limit: row.number("credit_limit").map(Microcredits)?,
                hard: row.number("is_hard")? == 1,
                spent: row.number("spent").map(Microcredits)?,
            })
        })
        .collect()
}

/// Notes that it is being told; `false` when another server tells it.
pub async fn tell(tx: &mut Tx, passed: &Passed, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE budget_notices SET told_at = $5 WHERE org_id = $1 AND budget_id = $2 AND starts_at = $3 \
         AND percent = $4 AND told_at IS NULL",
    )
    .bind(passed.org.to_string())
    .bind(passed.budget.to_string())
    .bind(passed.starts_at.0)
    .bind(passed.percent)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Automatic payments that something turned off, and that nobody has been told of.
#[derive(Clone, Debug)]
pub struct Stopped {
    pub org: OrgId,
    pub org_name: String,
    pub slug: String,
    pub reason: String,
    at: Timestamp,
}

/// The oldest first.
pub async fn stopped(store: &Store, most: i64) -> Result<Vec<Stopped>> {
    let rows = sqlx::query(
        "SELECT a.org_id, a.reason, a.updated_at, o.name, o.slug FROM auto_top_ups a \
         JOIN orgs o ON o.id = a.org_id AND o.deleted_at IS NULL \
         WHERE a.reason IS NOT NULL AND a.told_at IS NULL ORDER BY a.updated_at LIMIT $1",
    )
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Stopped {
                org: row.parsed("org_id")?,
                org_name: row.text("name")?,
                slug: row.text("slug")?,
                reason: row.text("reason")?,
                at: row.time("updated_at")?,
            })
        })
        .collect()
}

/// Notes that it is being told; `false` when another server tells it, or it is no longer so.
pub async fn tell_stopped(tx: &mut Tx, stopped: &Stopped, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE auto_top_ups SET told_at = $3 WHERE org_id = $1 AND updated_at = $2 AND reason IS NOT NULL \
         AND told_at IS NULL",
    )
    .bind(stopped.org.to_string())
    .bind(stopped.at.0)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
