use crate::{
    Error, Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{Timestamp, UserId, people::User};
use sqlx::any::AnyRow;

/// What a link in a letter is for.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Sets a new password.
    Reset,
    /// Confirms the account's address.
    Verify,
    /// Confirms a new address, and makes it the account's.
    Email,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Verify => "verify",
            Self::Email => "email",
        }
    }
}

pub(super) struct MailToken {
    pub user_id: UserId,
    pub email: String,
}

/// The account as the transaction sees it.
pub(super) async fn user(tx: &mut Tx, id: UserId) -> Result<User> {
    let row = sqlx::query("SELECT id, email, name, created_at FROM users WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(Error::NotFound("account"))?;
    Ok(User { id, name: row.text("name")?, email: row.text("email")?, created_at: row.time("created_at")? })
}

pub(super) async fn set_password(tx: &mut Tx, user: UserId, hash: &str, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1")
        .bind(user.to_string())
        .bind(hash)
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// False when another account has the address.
pub(super) async fn set_email(
    tx: &mut Tx,
    user: UserId,
    email: &str,
    key: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE users SET email = $2, email_key = $3, email_verified_at = $4, updated_at = $4 WHERE id = $1 \
         AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email_key = $3 AND other.id <> $1)",
    )
    .bind(user.to_string())
    .bind(email)
    .bind(key)
    .bind(now.0)
    .execute(&mut **tx)
    .await;
    match done {
        // Somebody took it between the look and the write.
        Err(error) if error.as_database_error().is_some_and(|cause| cause.is_unique_violation()) => Ok(false),
        done => Ok(done?.rows_affected() == 1),
    }
}

/// False when the account has another address by now.
pub(super) async fn mark_verified(tx: &mut Tx, user: UserId, email: &str, now: Timestamp) -> Result<bool> {
    let done = sqlx::query("UPDATE users SET email_verified_at = $3 WHERE id = $1 AND email = $2")
        .bind(user.to_string())
        .bind(email)
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn is_verified(store: &Store, user: UserId) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM users WHERE id = $1 AND email_verified_at IS NOT NULL")
        .bind(user.to_string())
        .fetch_optional(store.read())
        .await?;
    Ok(row.is_some())
}

pub(super) async fn factors_left(tx: &mut Tx, user: UserId) -> Result<i64> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM passkeys WHERE user_id = $1) + \
         (SELECT COUNT(*) FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS count",
    )
    .bind(user.to_string())
    .fetch_one(&mut **tx)
    .await?;
    row.number("count")
}

pub(super) async fn insert_token(
    tx: &mut Tx,
    kind: Kind,
    hash: &str,
    user: UserId,
    email: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO mail_tokens (token_hash, kind, user_id, email, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(hash)
    .bind(kind.name())
    .bind(user.to_string())
    .bind(email)
    .bind(now.0)
    .bind(until.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn token(
    store: &Store,
    kind: Kind,
    hash: &str,
    now: Timestamp,
) -> Result<Option<MailToken>> {
    let row = sqlx::query(
        "SELECT user_id, email FROM mail_tokens WHERE token_hash = $1 AND kind = $2 AND expires_at > $3",
    )
    .bind(hash)
    .bind(kind.name())
    .bind(now.0)
    .fetch_optional(store.read())
    .await?;
    row.as_ref().map(read_token).transpose()
}

/// Takes a link out, so that it works once.
pub(super) async fn take_token(
    tx: &mut Tx,
    kind: Kind,
    hash: &str,
    now: Timestamp,
) -> Result<Option<MailToken>> {
    let row = sqlx::query(
        "DELETE FROM mail_tokens WHERE token_hash = $1 AND kind = $2 AND expires_at > $3 \
         RETURNING user_id, email",
    )
    .bind(hash)
    .bind(kind.name())
    .bind(now.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(read_token).transpose()
}

pub(super) async fn drop_tokens(tx: &mut Tx, user: UserId, kind: Kind) -> Result<()> {
    sqlx::query("DELETE FROM mail_tokens WHERE user_id = $1 AND kind = $2")
        .bind(user.to_string())
        .bind(kind.name())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether such a link was made for the account since then.
pub(super) async fn asked_since(tx: &mut Tx, user: UserId, kind: Kind, since: Timestamp) -> Result<bool> {
    let row = sqlx::query(
        "SELECT token_hash FROM mail_tokens WHERE user_id = $1 AND kind = $2 AND created_at > $3 LIMIT 1",
    )
    .bind(user.to_string())
    .bind(kind.name())
    .bind(since.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}

/// Links and half-done ceremonies that are too old.
pub(in crate::identity) async fn delete_expired(tx: &mut Tx, now: Timestamp) -> Result<()> {
    for sql in
        ["DELETE FROM mail_tokens WHERE expires_at <= $1", "DELETE FROM ceremonies WHERE expires_at <= $1"]
    {
        sqlx::query(sql).bind(now.0).execute(&mut **tx).await?;
    }
    Ok(())
}

fn read_token(row: &AnyRow) -> Result<MailToken> {
    Ok(MailToken { user_id: row.parsed("user_id")?, email: row.text("email")? })
}
