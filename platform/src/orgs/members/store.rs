use crate::{
    Error, Result,
    orgs::model::role_word,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{OrgId, Timestamp, UserId, orgs::Member, people::Role};
use sqlx::any::AnyRow;

/// Whoever changes members takes turns at the organisation's row.
pub(in crate::orgs) async fn lock(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<()> {
    let done = sqlx::query("UPDATE orgs SET updated_at = $2 WHERE id = $1 AND deleted_at IS NULL")
        .bind(org.to_string())
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("organization")) }
}

pub(in crate::orgs) async fn role_of(tx: &mut Tx, org: OrgId, user: UserId) -> Result<Option<Role>> {
    let row = sqlx::query("SELECT role FROM members WHERE org_id = $1 AND user_id = $2")
        .bind(org.to_string())
        .bind(user.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.named("role")).transpose()
}

pub(in crate::orgs) async fn count(tx: &mut Tx, org: OrgId) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) AS members FROM members WHERE org_id = $1")
        .bind(org.to_string())
        .fetch_one(&mut **tx)
        .await?;
    row.number("members")
}

pub(super) async fn owners(tx: &mut Tx, org: OrgId) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) AS owners FROM members WHERE org_id = $1 AND role = 'owner'")
        .bind(org.to_string())
        .fetch_one(&mut **tx)
        .await?;
    row.number("owners")
}

pub(super) async fn list(store: &Store, org: OrgId) -> Result<Vec<Member>> {
    let rows = sqlx::query(
        "SELECT m.user_id, u.name, u.email, m.role, m.created_at FROM members m \
         JOIN users u ON u.id = m.user_id WHERE m.org_id = $1 ORDER BY m.created_at, m.user_id",
    )
    .bind(org.to_string())
    .fetch_all(store.read())
    .await?;
    rows.iter().map(member).collect()
}

pub(in crate::orgs) async fn find(tx: &mut Tx, org: OrgId, user: UserId) -> Result<Option<Member>> {
    let row = sqlx::query(
        "SELECT m.user_id, u.name, u.email, m.role, m.created_at FROM members m \
         JOIN users u ON u.id = m.user_id WHERE m.org_id = $1 AND m.user_id = $2",
    )
    .bind(org.to_string())
    .bind(user.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(member).transpose()
}

pub(super) async fn set_role(tx: &mut Tx, org: OrgId, user: UserId, role: Role) -> Result<()> {
    sqlx::query("UPDATE members SET role = $3 WHERE org_id = $1 AND user_id = $2")
        .bind(org.to_string())
        .bind(user.to_string())
        .bind(role_word(role))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The membership, also in every workspace.
pub(super) async fn delete(tx: &mut Tx, org: OrgId, user: UserId) -> Result<()> {
    for sql in [
        "DELETE FROM workspace_members WHERE org_id = $1 AND user_id = $2",
        "DELETE FROM members WHERE org_id = $1 AND user_id = $2",
    ] {
        sqlx::query(sql).bind(org.to_string()).bind(user.to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}

pub(in crate::orgs) fn member(row: &AnyRow) -> Result<Member> {
    Ok(Member {
        user_id: row.parsed("user_id")?,
        name: row.text("name")?,
        email: row.text("email")?,
        role: row.named("role")?,
        joined_at: row.time("created_at")?,
    })
}
