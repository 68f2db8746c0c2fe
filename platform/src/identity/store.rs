use super::web_sessions::WebSession;
use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{Timestamp, UserId, people::User};
use sqlx::{Row as _, any::AnyRow};

/// False when there is an account with this address. Without a hash something else opens the account.
pub(super) async fn insert_user(
    tx: &mut Tx,
    user: &User,
    email_key: &str,
    hash: Option<&str>,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO users (id, email, email_key, name, password_hash, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (email_key) DO NOTHING",
    )
    .bind(user.id.to_string())
    .bind(&user.email)
    .bind(email_key)
    .bind(&user.name)
    .bind(hash)
    .bind(user.created_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The account with its password's hash.
pub(super) async fn by_email(store: &Store, email_key: &str) -> Result<Option<(User, Option<String>)>> {
    let row =
        sqlx::query("SELECT id, email, name, created_at, password_hash FROM users WHERE email_key = $1")
            .bind(email_key)
            .fetch_optional(store.read())
            .await?;
    row.map(|row| Ok((user(&row)?, row.try_get("password_hash")?))).transpose()
}

pub(super) async fn by_id(store: &Store, id: UserId) -> Result<Option<User>> {
    let row = sqlx::query("SELECT id, email, name, created_at FROM users WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(user).transpose()
}

fn user(row: &AnyRow) -> Result<User> {
    Ok(User {
        id: row.parsed("id")?,
        name: row.text("name")?,
        email: row.text("email")?,
        created_at: row.time("created_at")?,
    })
}

/// False when a session with this id exists.
pub(super) async fn insert_web_session(tx: &mut Tx, id_hash: &str, session: &WebSession) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO web_sessions (id_hash, user_id, data, user_agent, address, created_at, last_used_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id_hash) DO NOTHING",
    )
    .bind(id_hash)
    .bind(session.user_id.map(|id| id.to_string()))
    .bind(&session.data)
    .bind(&session.user_agent)
    .bind(&session.address)
    .bind(session.created_at.0)
    .bind(session.last_used_at.0)
    .bind(session.expires_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// False when the session is gone or over.
pub(super) async fn save_web_session(
    tx: &mut Tx,
    id_hash: &str,
    user: Option<UserId>,
    data: &str,
    now: Timestamp,
) -> Result<bool> {
    let done =
        sqlx::query("UPDATE web_sessions SET user_id = $2, data = $3 WHERE id_hash = $1 AND expires_at > $4")
            .bind(id_hash)
            .bind(user.map(|id| id.to_string()))
            .bind(data)
            .bind(now.0)
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn web_session(store: &Store, id_hash: &str, now: Timestamp) -> Result<Option<WebSession>> {
    let row = sqlx::query("SELECT * FROM web_sessions WHERE id_hash = $1 AND expires_at > $2")
        .bind(id_hash)
        .bind(now.0)
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(read_web_session).transpose()
}

pub(super) async fn web_sessions_of(store: &Store, user: UserId, now: Timestamp) -> Result<Vec<WebSession>> {
    let rows = sqlx::query(
        "SELECT * FROM web_sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY last_used_at DESC, id_hash",
    )
    .bind(user.to_string())
    .bind(now.0)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(read_web_session).collect()
}

pub(super) async fn touch_web_session(
    tx: &mut Tx,
    id_hash: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    sqlx::query("UPDATE web_sessions SET last_used_at = $2, expires_at = $3 WHERE id_hash = $1")
        .bind(id_hash)
        .bind(now.0)
        .bind(expires_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// False when the session is gone or over.
pub(super) async fn step_up_web_session(
    tx: &mut Tx,
    id_hash: &str,
    new_id_hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE web_sessions SET id_hash = $2, stepped_up_at = $3 WHERE id_hash = $1 AND expires_at > $3",
    )
    .bind(id_hash)
    .bind(new_id_hash)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_web_session(tx: &mut Tx, id_hash: &str) -> Result<()> {
    sqlx::query("DELETE FROM web_sessions WHERE id_hash = $1").bind(id_hash).execute(&mut **tx).await?;
    Ok(())
}

/// The user's session with this id hash, or all but it.
pub(super) async fn end_web_sessions(tx: &mut Tx, user: UserId, id_hash: &str, others: bool) -> Result<u64> {
    let sql = if others {
        "DELETE FROM web_sessions WHERE user_id = $1 AND id_hash <> $2"
    } else {
        "DELETE FROM web_sessions WHERE user_id = $1 AND id_hash = $2"
    };
    let done = sqlx::query(sql).bind(user.to_string()).bind(id_hash).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

pub(super) async fn delete_expired_web_sessions(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    let done =
        sqlx::query("DELETE FROM web_sessions WHERE expires_at <= $1").bind(now.0).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

fn read_web_session(row: &AnyRow) -> Result<WebSession> {
    Ok(WebSession {
        id_hash: row.text("id_hash")?,
        user_id: row.parsed_or_null("user_id")?,
        data: row.text("data")?,
        user_agent: row.text("user_agent")?,
        address: row.text("address")?,
        created_at: row.time("created_at")?,
        last_used_at: row.time("last_used_at")?,
        stepped_up_at: row.try_get::<Option<i64>, _>("stepped_up_at")?.map(Timestamp),
        expires_at: row.time("expires_at")?,
    })
}
