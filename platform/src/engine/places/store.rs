//! The SQL of claiming runs.

use crate::{
    Result,
    engine::store::{Claimed, claimed},
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{OrgId, ProjectId, RunId, SessionId, Timestamp, sessions::RunDelay};
use sqlx::AssertSqlSafe;
use std::collections::HashMap;

/// Runs looked at in one go, and so organisations.
const MOST: usize = 64;

/// The statements, made for the caps of this server's packages.
pub(super) struct Statements {
    look: String,
    claim: String,
}

/// A run that waits for a worker.
pub struct Found {
    pub org_id: OrgId,
    pub id: RunId,
    pub project_id: ProjectId,
    pub session_id: SessionId,
    /// The organisation's package; empty before its account is opened.
    pub package: String,
    /// Whether it may be claimed; else its package runs no more at once.
    pub ready: bool,
    /// Whether people were told that it has to wait.
    pub told: bool,
}

impl Statements {
    /// `at_once` is SQL for how many runs of an account `a` may go on at once.
    pub fn new(at_once: &str) -> Self {
        // A run that is going on has its place, also while nobody holds its lease: those are never more than fit,
        // and whoever takes one over changes nothing in that. A run that has only to be ended needs none.
        let runs = "(SELECT id, org_id, project_id, session_id, status, stop_requested, created_at, delayed, \
             ROW_NUMBER() OVER (PARTITION BY org_id, status, stop_requested ORDER BY created_at, id) AS place \
             FROM runs WHERE status = 'queued' OR (status = 'running' AND lease_until < $1)) r \
             LEFT JOIN billing_accounts a ON a.org_id = r.org_id \
             LEFT JOIN (SELECT org_id, COUNT(*) AS going FROM runs WHERE status = 'running' GROUP BY org_id) b \
             ON b.org_id = r.org_id WHERE r.stop_requested >= $2";
        let ready = format!(
            "(r.status = 'running' OR r.stop_requested = 1 OR r.place + COALESCE(b.going, 0) <= {at_once})"
        );
        let look = format!(
            "SELECT r.org_id, r.id, r.project_id, r.session_id, COALESCE(a.package, '') AS package, \
             CASE WHEN {ready} THEN 0 WHEN r.delayed IS NULL THEN 1 ELSE 2 END AS standing \
             FROM {runs} ORDER BY standing, r.stop_requested DESC, r.created_at, r.id LIMIT {MOST}"
        );
        let orgs: Vec<String> = (6..6 + MOST).map(|place| format!("${place}")).collect();
        let orgs = orgs.join(", ");
        // The condition stands twice so that a row which another worker has just taken is looked at again after its
        // lock is free.
        let claim = format!(
            "UPDATE runs SET status = 'running', attempt = attempt + 1, lease_owner = $3, lease_until = $4, \
             delayed = NULL, started_at = CASE WHEN started_at IS NULL THEN $1 ELSE started_at END \
             WHERE id IN (SELECT r.id FROM {runs} AND {ready} AND r.org_id IN ({orgs}) \
             ORDER BY r.stop_requested DESC, r.created_at, r.id LIMIT $5) \
             AND (status = 'queued' OR (status = 'running' AND lease_until < $1)) \
             RETURNING org_id, id, project_id, session_id, agent_id, user_id, model, hops, attempt, stop_requested"
        );
        Self { look, claim }
    }

    /// Runs that wait for a worker: new, or left by one whose lease has run out; first those that may be claimed,
    /// oldest first, then those that have to wait. `stopped` looks only for those that somebody has stopped.
    pub async fn look(&self, store: &Store, now: Timestamp, stopped: bool) -> Result<Vec<Found>> {
        let rows = sqlx::query(AssertSqlSafe(self.look.as_str()))
            .bind(now.0)
            .bind(i64::from(stopped))
            .fetch_all(store.read())
            .await?;
        rows.iter()
            .map(|row| {
                let standing = row.number("standing")?;
                Ok(Found {
                    org_id: row.parsed("org_id")?,
                    id: row.parsed("id")?,
                    project_id: row.parsed("project_id")?,
                    session_id: row.parsed("session_id")?,
                    package: row.text("package")?,
                    ready: standing == 0,
                    told: standing == 2,
                })
            })
            .collect()
    }

    /// Claims up to `limit` runs of these organisations, whose turns the caller has: oldest first, those to be stopped
    /// before all others, or, with `stopped`, only those.
    pub async fn claim(
        &self,
        tx: &mut Tx,
        orgs: &[OrgId],
        owner: &str,
        (now, until): (Timestamp, Timestamp),
        limit: i64,
        stopped: bool,
    ) -> Result<Vec<Claimed>> {
        let Some(last) = orgs.last() else { return Ok(Vec::new()) };
        let query = sqlx::query(AssertSqlSafe(self.claim.as_str()))
            .bind(now.0)
            .bind(i64::from(stopped))
            .bind(owner)
            .bind(until.0)
            .bind(limit);
        let all = orgs.iter().chain(std::iter::repeat(last)).take(MOST);
        let query = all.fold(query, |query, org| query.bind(org.to_string()));
        query.fetch_all(&mut **tx).await?.iter().map(claimed).collect()
    }
}

/// Runs of an organisation that go on, or are about to.
pub(super) async fn going(tx: &mut Tx, org: OrgId) -> Result<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS going FROM runs WHERE org_id = $1 AND status IN ('queued', 'running') \
         AND (status = 'running' OR stop_requested = 0)",
    )
    .bind(org.to_string())
    .fetch_one(&mut **tx)
    .await?;
    row.number("going")
}

/// Notes why a run has yet to begin; `false` when that is known, or a worker has it.
pub(super) async fn delay(tx: &mut Tx, org: OrgId, run: RunId, why: &str) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE runs SET delayed = $3 WHERE org_id = $1 AND id = $2 AND status = 'queued' AND delayed IS NULL",
    )
    .bind(org.to_string())
    .bind(run.to_string())
    .bind(why)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Why runs of an organisation have yet to begin, by their session.
pub(super) async fn delays(store: &Store, org: OrgId) -> Result<HashMap<SessionId, RunDelay>> {
    let rows = sqlx::query(
        "SELECT session_id, delayed FROM runs WHERE org_id = $1 AND status IN ('queued', 'running') \
         AND status = 'queued' AND delayed IS NOT NULL",
    )
    .bind(org.to_string())
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| Ok((row.parsed("session_id")?, row.json("delayed")?))).collect()
}
