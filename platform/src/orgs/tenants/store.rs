use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    OrgId, Timestamp, UserId,
    orgs::{DeletedOrg, OrgSettings},
    people::Org,
};

pub(super) async fn settings(store: &Store, org: OrgId) -> Result<Option<OrgSettings>> {
    let row = sqlx::query(
        "SELECT id, slug, name, default_model, created_at FROM orgs WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .fetch_optional(store.read())
    .await?;
    row.map(|row| {
        Ok(OrgSettings {
            id: row.parsed("id")?,
            slug: row.text("slug")?,
            name: row.text("name")?,
            default_model: row.text("default_model")?,
            created_at: row.time("created_at")?,
        })
    })
    .transpose()
}

pub(super) async fn slug_is_taken(tx: &mut Tx, slug: &str, by_other_than: OrgId) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM orgs WHERE slug = $1 AND id <> $2")
        .bind(slug)
        .bind(by_other_than.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

/// False when the slug was taken in between.
pub(super) async fn save(tx: &mut Tx, org: &OrgSettings, now: Timestamp) -> Result<bool> {
    let saved = sqlx::query(
        "UPDATE orgs SET name = $2, slug = $3, default_model = $4, updated_at = $5 \
         WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(org.id.to_string())
    .bind(&org.name)
    .bind(&org.slug)
    .bind(&org.default_model)
    .bind(now.0)
    .execute(&mut **tx)
    .await;
    match saved {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        saved => Ok(saved?.rows_affected() == 1),
    }
}

/// False when the person is no longer an owner, or it is deleted already.
pub(super) async fn mark_deleted(
    tx: &mut Tx,
    org: OrgId,
    owner: UserId,
    now: Timestamp,
    purge_at: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE orgs SET deleted_at = $3, purge_at = $4, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL \
         AND EXISTS (SELECT 1 FROM members m WHERE m.org_id = $1 AND m.user_id = $2 AND m.role = 'owner')",
    )
    .bind(org.to_string())
    .bind(owner.to_string())
    .bind(now.0)
    .bind(purge_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn unmark_deleted(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE orgs SET deleted_at = NULL, purge_at = NULL, updated_at = $2 \
         WHERE id = $1 AND deleted_at IS NOT NULL AND purge_at > $2",
    )
    .bind(org.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those that the person owned, the latest first.
pub(super) async fn deleted(store: &Store, owner: UserId) -> Result<Vec<DeletedOrg>> {
    let rows = sqlx::query(
        "SELECT o.id, o.slug, o.name, o.deleted_at, o.purge_at FROM orgs o \
         JOIN members m ON m.org_id = o.id AND m.user_id = $1 AND m.role = 'owner' \
         WHERE o.deleted_at IS NOT NULL AND o.purge_at IS NOT NULL ORDER BY o.deleted_at DESC, o.id",
    )
    .bind(owner.to_string())
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DeletedOrg {
                org: Org { id: row.parsed("id")?, slug: row.text("slug")?, name: row.text("name")? },
                deleted_at: row.time("deleted_at")?,
                purge_at: row.time("purge_at")?,
            })
        })
        .collect()
}

/// The name of a deleted organisation whose time has come.
pub(super) async fn due(store: &Store, org: OrgId, now: Timestamp) -> Result<Option<String>> {
    let row =
        sqlx::query("SELECT name FROM orgs WHERE id = $1 AND deleted_at IS NOT NULL AND purge_at <= $2")
            .bind(org.to_string())
            .bind(now.0)
            .fetch_optional(store.read())
            .await?;
    row.map(|row| row.text("name")).transpose()
}

/// Every table with things of an organisation, in the order that their references allow. A test compares
/// this list with the schema. The audit log and the ledger's entries stay.
const PURGES: &[&str] = &[
    "DELETE FROM billing_waits WHERE org_id = $1",
    "DELETE FROM auto_top_ups WHERE org_id = $1",
    "DELETE FROM payments WHERE org_id = $1",
    "DELETE FROM byok_keys WHERE org_id = $1",
    "DELETE FROM gateway_customers WHERE org_id = $1",
    "DELETE FROM budget_notices WHERE org_id = $1",
    "DELETE FROM budget_periods WHERE org_id = $1",
    "DELETE FROM budgets WHERE org_id = $1",
    "DELETE FROM reservations WHERE org_id = $1",
    "DELETE FROM credit_buckets WHERE org_id = $1",
    "DELETE FROM billing_accounts WHERE org_id = $1",
    "DELETE FROM call_orders WHERE org_id = $1",
    "DELETE FROM approvals WHERE org_id = $1",
    "DELETE FROM peer_waits WHERE org_id = $1",
    "DELETE FROM envelopes WHERE org_id = $1",
    "DELETE FROM queued_messages WHERE org_id = $1",
    "DELETE FROM events WHERE org_id = $1",
    "DELETE FROM block_versions WHERE org_id = $1",
    "DELETE FROM blocks WHERE org_id = $1",
    "DELETE FROM runs WHERE org_id = $1",
    "DELETE FROM sessions WHERE org_id = $1",
    "DELETE FROM shares WHERE org_id = $1",
    "DELETE FROM stored_bytes WHERE org_id = $1",
    "DELETE FROM projects WHERE org_id = $1",
    "DELETE FROM agents WHERE org_id = $1",
    "DELETE FROM secrets WHERE org_id = $1",
    "DELETE FROM invites WHERE org_id = $1",
    "DELETE FROM workspace_members WHERE org_id = $1",
    "DELETE FROM workspaces WHERE org_id = $1",
    "DELETE FROM key_addresses WHERE org_id = $1",
    "DELETE FROM api_keys WHERE org_id = $1",
    "DELETE FROM members WHERE org_id = $1",
    "DELETE FROM orgs WHERE id = $1",
];

pub(super) async fn purge(tx: &mut Tx, org: OrgId) -> Result<()> {
    for sql in PURGES {
        sqlx::query(*sql).bind(org.to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::PURGES;
    use crate::store::testing::TestStore;
    use std::collections::BTreeSet;

    #[tokio::test]
    async fn nothing_of_a_purged_organisation_is_forgotten() {
        let store = TestStore::on_sqlite().await;
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'org_id' \
             WHERE m.type = 'table'",
        )
        .fetch_all(store.read())
        .await
        .unwrap();
        let with_things: BTreeSet<String> = tables
            .into_iter()
            .filter(|table| !["audit_log", "ledger_entries"].contains(&table.as_str()))
            .collect();
        let purged: BTreeSet<String> = PURGES
            .iter()
            .map(|sql| sql.split_whitespace().nth(2).unwrap().to_owned())
            .filter(|table| table != "orgs")
            .collect();
        assert_eq!(purged, with_things);
    }
}
