use super::model::Holder;
use crate::{
    OrgScope, Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{ApiKeyId, Timestamp, keys::ApiKey};
use sqlx::{Row as _, any::AnyRow};

pub(super) async fn insert(tx: &mut Tx, scope: &OrgScope, key: &ApiKey, hash: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO api_keys (org_id, id, user_id, name, prefix, secret_hash, scopes, expires_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(scope.org_id().to_string())
    .bind(key.id.to_string())
    .bind(scope.user_id().to_string())
    .bind(&key.name)
    .bind(&key.prefix)
    .bind(hash)
    .bind(serde_json::to_string(&key.scopes)?)
    .bind(key.expires_at.map(|at| at.0))
    .bind(key.created_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether a key is used from this address for the first time; then that is written down.
pub(super) async fn is_new_address(
    tx: &mut Tx,
    scope: &OrgScope,
    id: ApiKeyId,
    address: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO key_addresses (org_id, key_id, address, first_used_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (org_id, key_id, address) DO NOTHING",
    )
    .bind(scope.org_id().to_string())
    .bind(id.to_string())
    .bind(address)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The member's keys that aren't revoked, newest first.
pub(super) async fn of_member(store: &Store, scope: &OrgScope) -> Result<Vec<ApiKey>> {
    let rows = sqlx::query(
        "SELECT * FROM api_keys WHERE org_id = $1 AND user_id = $2 AND revoked_at IS NULL \
         ORDER BY created_at DESC, id DESC",
    )
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .fetch_all(store.read())
    .await?;
    rows.iter().map(read).collect()
}

/// One of the member's keys, with whether it is revoked.
pub(super) async fn get(tx: &mut Tx, scope: &OrgScope, id: ApiKeyId) -> Result<Option<(ApiKey, bool)>> {
    let row = sqlx::query("SELECT * FROM api_keys WHERE org_id = $1 AND user_id = $2 AND id = $3")
        .bind(scope.org_id().to_string())
        .bind(scope.user_id().to_string())
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| Ok((read(&row)?, row.try_get::<Option<i64>, _>("revoked_at")?.is_some()))).transpose()
}

/// The old secret goes on until `grace_until`; one that was still going on from before is dead.
pub(super) async fn replace_secret(
    tx: &mut Tx,
    scope: &OrgScope,
    id: ApiKeyId,
    (prefix, hash): (&str, &str),
    grace_until: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE api_keys SET old_secret_hash = secret_hash, old_secret_until = $6, prefix = $4, \
         secret_hash = $5 WHERE org_id = $1 AND user_id = $2 AND id = $3",
    )
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(id.to_string())
    .bind(prefix)
    .bind(hash)
    .bind(grace_until.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn revoke(tx: &mut Tx, scope: &OrgScope, id: ApiKeyId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE api_keys SET revoked_at = $4 WHERE org_id = $1 AND user_id = $2 AND id = $3")
        .bind(scope.org_id().to_string())
        .bind(scope.user_id().to_string())
        .bind(id.to_string())
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn touch(tx: &mut Tx, id: ApiKeyId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE api_keys SET last_used_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What authentication needs to know of a key.
pub(super) struct Found {
    pub holder: Holder,
    pub hash: String,
    pub old_hash: Option<String>,
    pub old_until: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked: bool,
}

/// The key with this secret, now or before its last rotation, with its owner's present role.
pub(super) async fn find(store: &Store, hash: &str) -> Result<Option<Found>> {
    let row = sqlx::query(
        "SELECT k.*, m.role FROM api_keys k \
         JOIN members m ON m.org_id = k.org_id AND m.user_id = k.user_id \
         JOIN orgs o ON o.id = k.org_id AND o.deleted_at IS NULL \
         WHERE k.secret_hash = $1 OR k.old_secret_hash = $1",
    )
    .bind(hash)
    .fetch_optional(store.read())
    .await?;
    row.map(|row| {
        let scope = OrgScope::new(row.parsed("org_id")?, row.parsed("user_id")?, row.named("role")?);
        Ok(Found {
            holder: Holder { id: row.parsed("id")?, scope, scopes: row.json("scopes")? },
            hash: row.text("secret_hash")?,
            old_hash: row.try_get("old_secret_hash")?,
            old_until: time(&row, "old_secret_until")?,
            expires_at: time(&row, "expires_at")?,
            last_used_at: time(&row, "last_used_at")?,
            revoked: row.try_get::<Option<i64>, _>("revoked_at")?.is_some(),
        })
    })
    .transpose()
}

fn time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp))
}

fn read(row: &AnyRow) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.parsed("id")?,
        name: row.text("name")?,
        prefix: row.text("prefix")?,
        scopes: row.json("scopes")?,
        expires_at: time(row, "expires_at")?,
        last_used_at: time(row, "last_used_at")?,
        created_at: row.time("created_at")?,
    })
}
