use crate::{
    Result,
    store::{
        Columns as _, Store, Tx,
        many::{alternatives, one_of},
    },
};
use alumia_protocol::{OrgId, OwnKeyId, Timestamp, UserId, billing::OwnKey};
use sqlx::{Row as _, any::AnyRow};
use std::collections::HashSet;

fn own_key(row: &AnyRow) -> Result<OwnKey> {
    Ok(OwnKey {
        id: row.parsed("id")?,
        provider: row.text("provider")?,
        masked: row.text("masked")?,
        requests: row.number("requests")?,
        last_used_at: row.try_get::<Option<i64>, _>("last_used_at")?.map(Timestamp),
        created_at: row.time("created_at")?,
    })
}

/// An organisation's keys, by provider.
pub(super) async fn all(store: &Store, org: OrgId) -> Result<Vec<OwnKey>> {
    let rows = sqlx::query("SELECT * FROM byok_keys WHERE org_id = $1 ORDER BY provider")
        .bind(org.to_string())
        .fetch_all(store.read())
        .await?;
    rows.iter().map(own_key).collect()
}

/// The key for a provider, as this write sees it.
pub(super) async fn of_provider(tx: &mut Tx, org: OrgId, provider: &str) -> Result<Option<OwnKey>> {
    let row = sqlx::query("SELECT * FROM byok_keys WHERE org_id = $1 AND provider = $2")
        .bind(org.to_string())
        .bind(provider)
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(own_key).transpose()
}

/// The id of the key for a provider.
pub(super) async fn id_of(store: &Store, org: OrgId, provider: &str) -> Result<Option<OwnKeyId>> {
    let row = sqlx::query("SELECT id FROM byok_keys WHERE org_id = $1 AND provider = $2")
        .bind(org.to_string())
        .bind(provider)
        .fetch_optional(store.read())
        .await?;
    row.map(|row| row.parsed("id")).transpose()
}

/// The package that an organisation has; `None` before its account is opened.
pub(super) async fn package(store: &Store, org: OrgId) -> Result<Option<String>> {
    let row = sqlx::query("SELECT package FROM billing_accounts WHERE org_id = $1")
        .bind(org.to_string())
        .fetch_optional(store.read())
        .await?;
    row.map(|row| row.text("package")).transpose()
}

pub(super) async fn insert(tx: &mut Tx, org: OrgId, key: &OwnKey, by: UserId) -> Result<()> {
    sqlx::query(
        "INSERT INTO byok_keys (org_id, id, provider, masked, created_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(org.to_string())
    .bind(key.id.to_string())
    .bind(&key.provider)
    .bind(&key.masked)
    .bind(by.to_string())
    .bind(key.created_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes a key; what it was for.
pub(super) async fn delete(tx: &mut Tx, org: OrgId, id: OwnKeyId) -> Result<Option<String>> {
    let row = sqlx::query("DELETE FROM byok_keys WHERE org_id = $1 AND id = $2 RETURNING provider")
        .bind(org.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.text("provider")).transpose()
}

/// Counts a call that the key for this provider has paid for.
pub async fn count(tx: &mut Tx, org: OrgId, provider: &str, now: Timestamp) -> Result<()> {
    sqlx::query(
        "UPDATE byok_keys SET requests = requests + 1, last_used_at = $3 WHERE org_id = $1 AND provider = $2",
    )
    .bind(org.to_string())
    .bind(provider)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Which of these organisations has a key for which provider.
pub async fn owners(store: &Store, orgs: &[OrgId]) -> Result<HashSet<(OrgId, String)>> {
    let mut owners = HashSet::new();
    let ids: Vec<String> = orgs.iter().map(ToString::to_string).collect();
    for ids in alternatives(&ids) {
        let sql = one_of("SELECT org_id, provider FROM byok_keys WHERE org_id IN ", ids.len(), "");
        let query = ids.into_iter().fold(sqlx::query(sql), sqlx::query::Query::bind);
        for row in query.fetch_all(store.read()).await? {
            owners.insert((row.parsed("org_id")?, row.text("provider")?));
        }
    }
    Ok(owners)
}
