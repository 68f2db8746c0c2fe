use super::Seat;
use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{Timestamp, UserId, security::Passkey};
use sqlx::{Row as _, any::AnyRow};

/// A passkey with what a signature is checked with.
pub(super) struct Stored {
    pub passkey: Passkey,
    /// The library's own JSON.
    pub credential: String,
}

/// Which two halves belong together.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A new passkey; where nobody is signed in, of a new account.
    Register,
    Login,
    StepUp,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::StepUp => "step_up",
        }
    }
}

pub(super) async fn of(store: &Store, user: UserId) -> Result<Vec<Stored>> {
    let rows = sqlx::query(
        "SELECT id, name, created_at, last_used_at, credential FROM passkeys WHERE user_id = $1 \
         ORDER BY created_at, id",
    )
    .bind(user.to_string())
    .fetch_all(store.read())
    .await?;
    rows.iter().map(read).collect()
}

pub(super) async fn by_credential(store: &Store, user: UserId, id: &str) -> Result<Option<Stored>> {
    let row = sqlx::query(
        "SELECT id, name, created_at, last_used_at, credential FROM passkeys \
         WHERE user_id = $1 AND credential_id = $2",
    )
    .bind(user.to_string())
    .bind(id)
    .fetch_optional(store.read())
    .await?;
    row.as_ref().map(read).transpose()
}

/// False when the credential is known already.
pub(super) async fn insert(
    tx: &mut Tx,
    user: UserId,
    passkey: &Passkey,
    credential_id: &str,
    credential: &str,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO passkeys (id, user_id, credential_id, name, credential, counter, created_at) \
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (credential_id) DO NOTHING",
    )
    .bind(&passkey.id)
    .bind(user.to_string())
    .bind(credential_id)
    .bind(&passkey.name)
    .bind(credential)
    .bind(passkey.created_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// False when the counter is not beyond the last one. A key that doesn't count always says 0.
pub(super) async fn note_use(
    tx: &mut Tx,
    id: &str,
    credential: &str,
    counter: i64,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE passkeys SET credential = $2, counter = $3, last_used_at = $4 \
         WHERE id = $1 AND (counter < $3 OR (counter = 0 AND $3 = 0))",
    )
    .bind(id)
    .bind(credential)
    .bind(counter)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn rename(tx: &mut Tx, user: UserId, id: &str, name: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE passkeys SET name = $3 WHERE user_id = $1 AND id = $2")
        .bind(user.to_string())
        .bind(id)
        .bind(name)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whoever removes ways into an account takes turns at its row.
pub(super) async fn take_turns(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE users SET updated_at = $2 WHERE id = $1")
        .bind(user.to_string())
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether neither password nor passkey opens the account.
pub(super) async fn is_locked_out(tx: &mut Tx, user: UserId) -> Result<bool> {
    let row = sqlx::query(
        "SELECT id FROM users WHERE id = $1 AND password_hash IS NULL \
         AND NOT EXISTS (SELECT 1 FROM passkeys WHERE user_id = $1)",
    )
    .bind(user.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}

/// Returns the name of what was removed.
pub(super) async fn remove(tx: &mut Tx, user: UserId, id: &str) -> Result<Option<String>> {
    let row = sqlx::query("DELETE FROM passkeys WHERE user_id = $1 AND id = $2 RETURNING name")
        .bind(user.to_string())
        .bind(id)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.text("name")).transpose()
}

pub(super) async fn remember(
    tx: &mut Tx,
    id_hash: &str,
    kind: Kind,
    seat: Seat<'_>,
    state: &str,
    until: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO ceremonies (id_hash, kind, user_id, session_hash, state, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id_hash)
    .bind(kind.name())
    .bind(seat.user.map(|user| user.to_string()).unwrap_or_default())
    .bind(seat.session)
    .bind(state)
    .bind(until.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a state out, for whom it was made.
pub(super) async fn recall(
    tx: &mut Tx,
    id_hash: &str,
    kind: Kind,
    seat: Seat<'_>,
    now: Timestamp,
) -> Result<Option<String>> {
    let row = sqlx::query(
        "DELETE FROM ceremonies WHERE id_hash = $1 AND kind = $2 AND user_id = $3 AND session_hash = $4 \
         AND expires_at > $5 RETURNING state",
    )
    .bind(id_hash)
    .bind(kind.name())
    .bind(seat.user.map(|user| user.to_string()).unwrap_or_default())
    .bind(seat.session)
    .bind(now.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| row.text("state")).transpose()
}

fn read(row: &AnyRow) -> Result<Stored> {
    Ok(Stored {
        passkey: Passkey {
            id: row.text("id")?,
            name: row.text("name")?,
            created_at: row.time("created_at")?,
            last_used_at: row.try_get::<Option<i64>, _>("last_used_at")?.map(Timestamp),
        },
        credential: row.text("credential")?,
    })
}
