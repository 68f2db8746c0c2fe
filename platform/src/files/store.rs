//! The SQL of how much is stored.

use super::room::Place;
use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{OrgId, ProjectId};
use sqlx::any::AnyRow;

/// Bytes of all projects that are there.
pub(super) async fn used(tx: &mut Tx, org: OrgId) -> Result<i64> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(s.bytes), 0) AS BIGINT) AS bytes FROM stored_bytes s \
         JOIN projects p ON p.id = s.project_id AND p.deleted_at IS NULL WHERE s.org_id = $1",
    )
    .bind(org.to_string())
    .fetch_one(&mut **tx)
    .await?;
    row.number("bytes")
}

/// Counts so much more, or less, in a folder.
pub(super) async fn add(tx: &mut Tx, place: &Place, more: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO stored_bytes (org_id, project_id, folder, bytes) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (org_id, project_id, folder) DO UPDATE SET bytes = \
         CASE WHEN stored_bytes.bytes + $5 < 0 THEN 0 ELSE stored_bytes.bytes + $5 END",
    )
    .bind(place.org.to_string())
    .bind(place.project.to_string())
    .bind(place.folder.as_str())
    .bind(more.max(0))
    .bind(more)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is counted in a folder.
pub(super) async fn counted(store: &Store, place: &Place) -> Result<Option<i64>> {
    let row =
        sqlx::query("SELECT bytes FROM stored_bytes WHERE org_id = $1 AND project_id = $2 AND folder = $3")
            .bind(place.org.to_string())
            .bind(place.project.to_string())
            .bind(place.folder.as_str())
            .fetch_optional(store.read())
            .await?;
    row.map(|row| row.number("bytes")).transpose()
}

/// Puts a folder's count right, if it is still `before`; `false` when somebody has written meanwhile.
pub(super) async fn correct(tx: &mut Tx, place: &Place, before: Option<i64>, bytes: i64) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO stored_bytes (org_id, project_id, folder, bytes) \
         SELECT org_id, id, $3, $4 FROM projects WHERE org_id = $1 AND id = $2 \
         ON CONFLICT (org_id, project_id, folder) DO UPDATE SET bytes = excluded.bytes \
         WHERE stored_bytes.bytes = $5",
    )
    .bind(place.org.to_string())
    .bind(place.project.to_string())
    .bind(place.folder.as_str())
    .bind(bytes)
    .bind(before.unwrap_or(-1))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Folders that are counted, and projects, in the order of their ids, after this one.
pub(super) async fn counted_after(
    store: &Store,
    after: &str,
    most: i64,
) -> Result<Vec<(OrgId, ProjectId, String)>> {
    let rows = sqlx::query(
        "SELECT p.org_id, p.id, COALESCE(s.folder, '') AS folder FROM (SELECT org_id, id FROM projects \
         WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2) p \
         LEFT JOIN stored_bytes s ON s.org_id = p.org_id AND s.project_id = p.id ORDER BY p.id",
    )
    .bind(after.to_owned())
    .bind(most)
    .fetch_all(store.read())
    .await?;
    let place = |row: &AnyRow| Ok((row.parsed("org_id")?, row.parsed("id")?, row.text("folder")?));
    rows.iter().map(place).collect()
}
