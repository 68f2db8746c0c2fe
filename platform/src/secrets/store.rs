use super::service::Place;
use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::Timestamp;
use sqlx::{Row as _, any::AnyRow};

/// A data key as it lies in the database: nonce and wrapped key in one.
pub(super) struct WrappedKey {
    pub id: String,
    pub master_version: i64,
    pub wrapped: Vec<u8>,
}

pub(super) struct Sealed {
    pub data_key_id: String,
    pub nonce: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

/// Oldest first.
pub(super) async fn data_keys(store: &Store) -> Result<Vec<WrappedKey>> {
    let rows = sqlx::query("SELECT id, master_version, wrapped FROM data_keys ORDER BY created_at, id")
        .fetch_all(store.read())
        .await?;
    rows.iter().map(wrapped_key).collect()
}

pub(super) async fn data_key(store: &Store, id: &str) -> Result<Option<WrappedKey>> {
    let row = sqlx::query("SELECT id, master_version, wrapped FROM data_keys WHERE id = $1")
        .bind(id)
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(wrapped_key).transpose()
}

fn wrapped_key(row: &AnyRow) -> Result<WrappedKey> {
    Ok(WrappedKey {
        id: row.text("id")?,
        master_version: row.number("master_version")?,
        wrapped: row.try_get("wrapped")?,
    })
}

pub(super) async fn insert_data_key(tx: &mut Tx, key: &WrappedKey, now: Timestamp) -> Result<()> {
    sqlx::query("INSERT INTO data_keys (id, master_version, wrapped, created_at) VALUES ($1, $2, $3, $4)")
        .bind(&key.id)
        .bind(key.master_version)
        .bind(&key.wrapped[..])
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn rewrap_data_key(tx: &mut Tx, key: &WrappedKey) -> Result<()> {
    sqlx::query("UPDATE data_keys SET master_version = $2, wrapped = $3 WHERE id = $1")
        .bind(&key.id)
        .bind(key.master_version)
        .bind(&key.wrapped[..])
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn put(tx: &mut Tx, place: Place<'_>, sealed: &Sealed, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO secrets (org_id, owner_table, owner_id, field, data_key_id, nonce, ciphertext, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (org_id, owner_table, owner_id, field) DO UPDATE SET \
         data_key_id = excluded.data_key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext, \
         updated_at = excluded.updated_at",
    )
    .bind(place.org.to_string())
    .bind(place.table)
    .bind(place.row)
    .bind(place.column)
    .bind(&sealed.data_key_id)
    .bind(&sealed.nonce[..])
    .bind(&sealed.ciphertext[..])
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn get(store: &Store, place: Place<'_>) -> Result<Option<Sealed>> {
    let row = sqlx::query(
        "SELECT data_key_id, nonce, ciphertext FROM secrets \
         WHERE org_id = $1 AND owner_table = $2 AND owner_id = $3 AND field = $4",
    )
    .bind(place.org.to_string())
    .bind(place.table)
    .bind(place.row)
    .bind(place.column)
    .fetch_optional(store.read())
    .await?;
    row.map(|row| {
        Ok(Sealed {
            data_key_id: row.text("data_key_id")?,
            nonce: row.try_get("nonce")?,
            ciphertext: row.try_get("ciphertext")?,
        })
    })
    .transpose()
}

pub(super) async fn remove(tx: &mut Tx, place: Place<'_>) -> Result<()> {
    sqlx::query(
        "DELETE FROM secrets WHERE org_id = $1 AND owner_table = $2 AND owner_id = $3 AND field = $4",
    )
    .bind(place.org.to_string())
    .bind(place.table)
    .bind(place.row)
    .bind(place.column)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
