use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{Timestamp, UserId};

/// How an app that counts stands.
pub(super) struct State {
    pub failures: i64,
    pub failed_at: Timestamp,
}

/// Begins a set-up, over one that was never confirmed; false when an app counts already.
pub(super) async fn begin(tx: &mut Tx, user: UserId, session: &str, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO totp (user_id, session_hash, created_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id) DO UPDATE SET session_hash = excluded.session_hash, \
         created_at = excluded.created_at WHERE totp.confirmed_at IS NULL",
    )
    .bind(user.to_string())
    .bind(session)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn is_pending(store: &Store, user: UserId, session: &str, since: Timestamp) -> Result<bool> {
    let row = sqlx::query(
        "SELECT user_id FROM totp WHERE user_id = $1 AND session_hash = $2 AND created_at > $3 \
         AND confirmed_at IS NULL",
    )
    .bind(user.to_string())
    .bind(session)
    .bind(since.0)
    .fetch_optional(store.read())
    .await?;
    Ok(row.is_some())
}

pub(super) async fn confirm(tx: &mut Tx, user: UserId, step: i64, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE totp SET confirmed_at = $3, last_step = $2 WHERE user_id = $1 AND confirmed_at IS NULL",
    )
    .bind(user.to_string())
    .bind(step)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn state(store: &Store, user: UserId) -> Result<Option<State>> {
    let row =
        sqlx::query("SELECT failures, failed_at FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL")
            .bind(user.to_string())
            .fetch_optional(store.read())
            .await?;
    row.map(|row| Ok(State { failures: row.number("failures")?, failed_at: row.time("failed_at")? }))
        .transpose()
}

/// Uses up a time step and all before it; false when that has happened already. One statement, so that of
/// many at once one wins.
pub(super) async fn take_step(tx: &mut Tx, user: UserId, step: i64) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE totp SET last_step = $2, failures = 0 \
         WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2",
    )
    .bind(user.to_string())
    .bind(step)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts a wrong code; one after a long rest is the first again.
pub(super) async fn note_failure(
    tx: &mut Tx,
    user: UserId,
    now: Timestamp,
    long_ago: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE totp SET failures = CASE WHEN failed_at < $3 THEN 1 ELSE failures + 1 END, failed_at = $2 \
         WHERE user_id = $1",
    )
    .bind(user.to_string())
    .bind(now.0)
    .bind(long_ago.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// With the recovery codes; false when no app counted.
pub(super) async fn remove(tx: &mut Tx, user: UserId) -> Result<bool> {
    let done = sqlx::query("DELETE FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL")
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1")
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn replace_recovery_codes(tx: &mut Tx, user: UserId, hashes: &[String]) -> Result<()> {
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1")
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    for hash in hashes {
        sqlx::query("INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)")
            .bind(user.to_string())
            .bind(hash)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Uses a recovery code up; false when it is none or was used.
pub(super) async fn take_recovery_code(
    tx: &mut Tx,
    user: UserId,
    hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL",
    )
    .bind(user.to_string())
    .bind(hash)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn recovery_codes_left(tx: &mut Tx, user: UserId) -> Result<i64> {
    let row =
        sqlx::query("SELECT COUNT(*) AS count FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL")
            .bind(user.to_string())
            .fetch_one(&mut **tx)
            .await?;
    row.number("count")
}
