use super::model::{Attempt, Hashed};
use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::Timestamp;
use sqlx::Row as _;

/// False when the key is taken.
pub(super) async fn take(
    tx: &mut Tx,
    hashed: &Hashed,
    attempt: &str,
    held_until: Timestamp,
    expires_at: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO idempotency (credential, key_hash, request_hash, attempt, held_until, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (credential, key_hash) DO NOTHING",
    )
    .bind(&hashed.credential)
    .bind(&hashed.key)
    .bind(&hashed.request)
    .bind(attempt)
    .bind(held_until.0)
    .bind(expires_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A taken key.
pub(super) struct Taken {
    pub request_hash: String,
    pub held_until: Timestamp,
    pub answer: Option<Sealed>,
}

/// An answer whose body is sealed.
pub(super) struct Sealed {
    pub status: i64,
    pub headers: String,
    pub nonce: Vec<u8>,
    pub body: Vec<u8>,
}

pub(super) async fn taken(tx: &mut Tx, hashed: &Hashed) -> Result<Option<Taken>> {
    let row = sqlx::query("SELECT * FROM idempotency WHERE credential = $1 AND key_hash = $2")
        .bind(&hashed.credential)
        .bind(&hashed.key)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| {
        let status: Option<i64> = row.try_get("status")?;
        let answer = match status {
            Some(status) => Some(Sealed {
                status,
                headers: row.text("headers")?,
                nonce: row.try_get("nonce")?,
                body: row.try_get("body")?,
            }),
            None => None,
        };
        Ok(Taken { request_hash: row.text("request_hash")?, held_until: row.time("held_until")?, answer })
    })
    .transpose()
}

/// Empties a key whose day is over, or whose attempt is believed dead.
pub(super) async fn drop_stale(tx: &mut Tx, hashed: &Hashed, now: Timestamp) -> Result<()> {
    sqlx::query(
        "DELETE FROM idempotency WHERE credential = $1 AND key_hash = $2 \
         AND (expires_at <= $3 OR (status IS NULL AND held_until <= $3))",
    )
    .bind(&hashed.credential)
    .bind(&hashed.key)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Nothing happens when the attempt lost its key.
pub(super) async fn answer(tx: &mut Tx, attempt: &Attempt, sealed: &Sealed) -> Result<()> {
    sqlx::query(
        "UPDATE idempotency SET status = $4, headers = $5, nonce = $6, body = $7 \
         WHERE credential = $1 AND key_hash = $2 AND attempt = $3 AND status IS NULL",
    )
    .bind(&attempt.credential)
    .bind(&attempt.key_hash)
    .bind(&attempt.id)
    .bind(sealed.status)
    .bind(&sealed.headers)
    .bind(sealed.nonce.as_slice())
    .bind(sealed.body.as_slice())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn forget(tx: &mut Tx, attempt: &Attempt) -> Result<()> {
    sqlx::query(
        "DELETE FROM idempotency WHERE credential = $1 AND key_hash = $2 AND attempt = $3 AND status IS NULL",
    )
    .bind(&attempt.credential)
    .bind(&attempt.key_hash)
    .bind(&attempt.id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn delete_expired(store: &Store, now: Timestamp) -> Result<u64> {
    let mut tx = store.begin().await?;
    let done =
        sqlx::query("DELETE FROM idempotency WHERE expires_at <= $1").bind(now.0).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}
