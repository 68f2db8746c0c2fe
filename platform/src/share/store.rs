use super::model::mode_word;
use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    OrgId, ProjectId, Timestamp, UserId,
    share::{Share, ShareMode},
};
use sqlx::{Row as _, any::AnyRow};

/// A link that works.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub org: OrgId,
    pub project: ProjectId,
    pub name: String,
    pub emoji: String,
    pub mode: ShareMode,
    pub files: bool,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// The link with this hash, if it works now. Whatever is wrong with one, it is the same query.
pub(super) async fn find(store: &Store, token_hash: &str, now: Timestamp) -> Result<Option<Found>> {
    let row = sqlx::query(
        "SELECT s.org_id, s.project_id, s.mode, s.files, s.created_at, s.expires_at, p.name, p.emoji \
         FROM shares s JOIN projects p ON p.org_id = s.org_id AND p.id = s.project_id \
         AND p.deleted_at IS NULL JOIN orgs o ON o.id = s.org_id AND o.deleted_at IS NULL \
         WHERE s.token_hash = $1 AND (s.expires_at IS NULL OR s.expires_at > $2)",
    )
    .bind(token_hash)
    .bind(now.0)
    .fetch_optional(store.read())
    .await?;
    row.map(|row| {
        Ok(Found {
            org: row.parsed("org_id")?,
            project: row.parsed("project_id")?,
            name: row.text("name")?,
            emoji: row.text("emoji")?,
            mode: row.named("mode")?,
            files: row.flag("files")?,
            created_at: row.time("created_at")?,
            expires_at: expires_at(&row)?,
        })
    })
    .transpose()
}

/// What a frozen link shows.
pub(super) async fn frozen(store: &Store, token_hash: &str) -> Result<Option<String>> {
    let row = sqlx::query("SELECT frozen FROM shares WHERE token_hash = $1 AND frozen IS NOT NULL")
        .bind(token_hash)
        .fetch_optional(store.read())
        .await?;
    row.map(|row| row.text("frozen")).transpose()
}

/// A project's link and its hash, working or not.
pub(super) async fn of_project(
    store: &Store,
    org: OrgId,
    project: ProjectId,
) -> Result<Option<(String, Share)>> {
    let row = sqlx::query(
        "SELECT token_hash, mode, files, views, created_at, expires_at FROM shares \
         WHERE org_id = $1 AND project_id = $2",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .fetch_optional(store.read())
    .await?;
    row.map(|row| {
        let share = Share {
            created_at: row.time("created_at")?,
            expires_at: expires_at(&row)?,
            mode: row.named("mode")?,
            files: row.flag("files")?,
            views: row.number("views")?,
        };
        Ok((row.text("token_hash")?, share))
    })
    .transpose()
}

/// Takes the place of the link that the project has.
pub(super) async fn put(
    tx: &mut Tx,
    (org, project, by): (OrgId, ProjectId, UserId),
    token_hash: &str,
    share: &Share,
    frozen: Option<&str>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO shares (org_id, project_id, token_hash, mode, files, frozen, views, created_by, created_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9) \
         ON CONFLICT (org_id, project_id) DO UPDATE SET token_hash = excluded.token_hash, \
         mode = excluded.mode, files = excluded.files, frozen = excluded.frozen, views = 0, \
         created_by = excluded.created_by, created_at = excluded.created_at, expires_at = excluded.expires_at",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .bind(token_hash)
    .bind(mode_word(share.mode))
    .bind(i64::from(share.files))
    .bind(frozen)
    .bind(by.to_string())
    .bind(share.created_at.0)
    .bind(share.expires_at.map(|at| at.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// False when there was none.
pub(super) async fn remove(tx: &mut Tx, org: OrgId, project: ProjectId) -> Result<bool> {
    let done = sqlx::query("DELETE FROM shares WHERE org_id = $1 AND project_id = $2")
        .bind(org.to_string())
        .bind(project.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn add_views(tx: &mut Tx, token_hash: &str, views: i64) -> Result<()> {
    sqlx::query("UPDATE shares SET views = views + $2 WHERE token_hash = $1")
        .bind(token_hash)
        .bind(views)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn expires_at(row: &AnyRow) -> Result<Option<Timestamp>> {
    let at: Option<i64> = row.try_get("expires_at")?;
    Ok(at.map(Timestamp))
}
