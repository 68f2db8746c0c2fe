//! Buckets that several servers share.

use crate::{
    Result,
    store::{Store, Tx},
};
use sqlx::Row as _;

/// Takes a unit from a bucket that gets one back every `interval` and holds `window` full; times in
/// microseconds. Answers when it is full again, or, when nothing is left, the same unchanged as an error.
pub(super) async fn take(
    tx: &mut Tx,
    (bucket, key): (&str, &str),
    now: i64,
    interval: i64,
    window: i64,
) -> Result<Result<i64, i64>> {
    let taken = sqlx::query(
        "INSERT INTO rate_limits (bucket, key, full_at) VALUES ($1, $2, $3 + $4)
         ON CONFLICT (bucket, key) DO UPDATE SET
             full_at = CASE WHEN rate_limits.full_at > $3 THEN rate_limits.full_at ELSE $3 END + $4
         WHERE rate_limits.full_at + $4 <= $3 + $5 RETURNING full_at",
    )
    .bind(bucket)
    .bind(key)
    .bind(now)
    .bind(interval)
    .bind(window)
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(row) = taken {
        return Ok(Ok(row.try_get("full_at")?));
    }
    let row = sqlx::query("SELECT full_at FROM rate_limits WHERE bucket = $1 AND key = $2")
        .bind(bucket)
        .bind(key)
        .fetch_one(&mut **tx)
        .await?;
    Ok(Err(row.try_get("full_at")?))
}

/// Forgets buckets that are full.
pub(super) async fn forget_full(store: &Store, now: i64) -> Result<()> {
    let mut tx = store.begin().await?;
    sqlx::query("DELETE FROM rate_limits WHERE full_at <= $1").bind(now).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}
