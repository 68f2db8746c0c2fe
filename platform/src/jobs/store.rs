use super::model::{DeadJob, Job, JobId, LOST, NewJob};
use crate::{
    Result,
    store::{Columns as _, Engine, Store, Tx},
};
use alumia_protocol::Timestamp;

pub(super) async fn insert(tx: &mut Tx, id: JobId, new: &NewJob, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO jobs (id, kind, payload, run_at, max_attempts, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id.to_string())
    .bind(new.kind)
    .bind(new.payload.to_string())
    .bind(new.run_at.unwrap_or(now).0)
    .bind(i64::from(new.max_attempts.max(1)))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn any_due(store: &Store, now: Timestamp) -> Result<bool> {
    let row = sqlx::query(
        "SELECT id FROM jobs WHERE dead_at IS NULL AND run_at <= $1 \
         AND (lease_until IS NULL OR lease_until <= $1) LIMIT 1",
    )
    .bind(now.0)
    .fetch_optional(store.read())
    .await?;
    Ok(row.is_some())
}

/// Jobs whose last worker was lost on their last attempt.
pub(super) async fn bury_lost(tx: &mut Tx, now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE jobs SET dead_at = $1, last_error = $2, lease_owner = NULL, lease_until = NULL \
         WHERE dead_at IS NULL AND lease_until <= $1 AND attempts >= max_attempts",
    )
    .bind(now.0)
    .bind(LOST)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Due jobs that nobody holds. SQLite has one writer, so nobody else claims meanwhile; on PostgreSQL
/// workers step over what others are claiming instead of waiting for it.
pub(super) async fn claim(
    tx: &mut Tx,
    engine: Engine,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
    most: u32,
) -> Result<Vec<Job>> {
    let sql = match engine {
        Engine::Sqlite => {
            "UPDATE jobs SET lease_owner = $1, lease_until = $2, attempts = attempts + 1 WHERE id IN \
             (SELECT id FROM jobs WHERE dead_at IS NULL AND run_at <= $3 \
              AND (lease_until IS NULL OR lease_until <= $3) ORDER BY run_at, id LIMIT $4) \
             RETURNING id, kind, payload, attempts, run_at"
        }
        Engine::Postgres => {
            "UPDATE jobs SET lease_owner = $1, lease_until = $2, attempts = attempts + 1 WHERE id IN \
             (SELECT id FROM jobs WHERE dead_at IS NULL AND run_at <= $3 \
              AND (lease_until IS NULL OR lease_until <= $3) ORDER BY run_at, id LIMIT $4 \
              FOR UPDATE SKIP LOCKED) \
             RETURNING id, kind, payload, attempts, run_at"
        }
    };
    let rows = sqlx::query(sql)
        .bind(worker)
        .bind(until.0)
        .bind(now.0)
        .bind(i64::from(most))
        .fetch_all(&mut **tx)
        .await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in &rows {
        let job = Job {
            id: row.parsed("id")?,
            kind: row.text("kind")?,
            payload: row.json("payload")?,
            attempt: row.number("attempts")?,
            lease_until: until,
        };
        jobs.push((row.number("run_at")?, job));
    }
    // RETURNING has no order of its own.
    jobs.sort_by_key(|(run_at, job)| (*run_at, job.id.0));
    Ok(jobs.into_iter().map(|(_, job)| job).collect())
}

/// The condition of every write to a claimed job: it is still this attempt's.
pub(super) async fn extend(tx: &mut Tx, job: &Job, until: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND attempts = $2 AND lease_owner IS NOT NULL",
    )
    .bind(job.id.to_string())
    .bind(job.attempt)
    .bind(until.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn complete(tx: &mut Tx, job: &Job) -> Result<bool> {
    let done = sqlx::query("DELETE FROM jobs WHERE id = $1 AND attempts = $2 AND lease_owner IS NOT NULL")
        .bind(job.id.to_string())
        .bind(job.attempt)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Back to the queue for `run_at`, or dead when its attempts are used up.
pub(super) async fn fail(
    tx: &mut Tx,
    job: &Job,
    error: &str,
    run_at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET lease_owner = NULL, lease_until = NULL, last_error = $3, run_at = $4, \
         dead_at = CASE WHEN attempts >= max_attempts THEN $5 ELSE NULL END \
         WHERE id = $1 AND attempts = $2 AND lease_owner IS NOT NULL",
    )
    .bind(job.id.to_string())
    .bind(job.attempt)
    .bind(error)
    .bind(run_at.0)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn dead(store: &Store, most: u32) -> Result<Vec<DeadJob>> {
    let rows = sqlx::query(
        "SELECT id, kind, payload, attempts, COALESCE(last_error, '') AS last_error, dead_at FROM jobs \
         WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT $1",
    )
    .bind(i64::from(most))
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DeadJob {
                id: row.parsed("id")?,
                kind: row.text("kind")?,
                payload: row.json("payload")?,
                attempts: row.number("attempts")?,
                last_error: row.text("last_error")?,
                dead_at: row.time("dead_at")?,
            })
        })
        .collect()
}

/// The attempts are counted on, so that a lost worker of an earlier one stays locked out.
pub(super) async fn revive(tx: &mut Tx, id: JobId, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET dead_at = NULL, run_at = $2, max_attempts = attempts + max_attempts \
         WHERE id = $1 AND dead_at IS NOT NULL",
    )
    .bind(id.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
