use crate::{
    Result,
    orgs::model::role_word,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    InviteId, OrgId, Timestamp, UserId, WorkspaceId,
    orgs::{Invite, InviteView},
    people::Role,
};
use sqlx::{Row as _, any::AnyRow};

pub(super) async fn insert(
    tx: &mut Tx,
    org: OrgId,
    invite: &Invite,
    email_key: &str,
    token_hash: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO invites (org_id, id, email, email_key, role, workspace_id, token_hash, invited_by, \
         created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(org.to_string())
    .bind(invite.id.to_string())
    .bind(&invite.email)
    .bind(email_key)
    .bind(role_word(invite.role))
    .bind(invite.workspace_id.to_string())
    .bind(token_hash)
    .bind(invite.invited_by.to_string())
    .bind(invite.created_at.0)
    .bind(invite.expires_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn open(store: &Store, org: OrgId, now: Timestamp) -> Result<Vec<Invite>> {
    let rows = sqlx::query(
        "SELECT * FROM invites WHERE org_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL \
         ORDER BY created_at DESC, id DESC",
    )
    .bind(org.to_string())
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| Ok(Invite { expired: row.time("expires_at")? <= now, ..invite(row)? })).collect()
}

pub(super) async fn is_member(tx: &mut Tx, org: OrgId, email_key: &str) -> Result<bool> {
    let row = sqlx::query(
        "SELECT m.user_id FROM members m JOIN users u ON u.id = m.user_id \
         WHERE m.org_id = $1 AND u.email_key = $2",
    )
    .bind(org.to_string())
    .bind(email_key)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}

pub(super) async fn is_invited(tx: &mut Tx, org: OrgId, email_key: &str, now: Timestamp) -> Result<bool> {
    let row = sqlx::query(
        "SELECT id FROM invites WHERE org_id = $1 AND email_key = $2 AND accepted_at IS NULL \
         AND revoked_at IS NULL AND expires_at > $3",
    )
    .bind(org.to_string())
    .bind(email_key)
    .bind(now.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}

pub(super) async fn waiting(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS waiting FROM invites WHERE org_id = $1 AND accepted_at IS NULL \
         AND revoked_at IS NULL AND expires_at > $2",
    )
    .bind(org.to_string())
    .bind(now.0)
    .fetch_one(&mut **tx)
    .await?;
    row.number("waiting")
}

pub(super) async fn renew(
    tx: &mut Tx,
    org: OrgId,
    id: InviteId,
    token_hash: &str,
    expires_at: Timestamp,
) -> Result<Option<Invite>> {
    let row = sqlx::query(
        "UPDATE invites SET token_hash = $3, expires_at = $4 \
         WHERE org_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL RETURNING *",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .bind(token_hash)
    .bind(expires_at.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(invite).transpose()
}

/// The address that was invited; `None` when nothing waits under this id.
pub(super) async fn revoke(tx: &mut Tx, org: OrgId, id: InviteId, now: Timestamp) -> Result<Option<String>> {
    let row = sqlx::query(
        "UPDATE invites SET revoked_at = $3 \
         WHERE org_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL RETURNING email",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .bind(now.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| row.text("email")).transpose()
}

pub(super) struct Viewed {
    pub view: InviteView,
    pub accepted: bool,
    pub expires_at: Timestamp,
}

pub(super) async fn view(store: &Store, token_hash: &str) -> Result<Option<Viewed>> {
    let row = sqlx::query(
        "SELECT o.name AS org_name, u.name AS invited_by, i.email, i.role, w.name AS workspace, i.expires_at, \
         CASE WHEN i.accepted_at IS NULL THEN 0 ELSE 1 END AS accepted, \
         CASE WHEN EXISTS (SELECT 1 FROM users x WHERE x.email_key = i.email_key) THEN 1 ELSE 0 END AS has_account \
         FROM invites i JOIN orgs o ON o.id = i.org_id AND o.deleted_at IS NULL \
         JOIN users u ON u.id = i.invited_by JOIN workspaces w ON w.id = i.workspace_id \
         WHERE i.token_hash = $1 AND i.revoked_at IS NULL",
    )
    .bind(token_hash)
    .fetch_optional(store.read())
    .await?;
    row.map(|row| {
        Ok(Viewed {
            view: InviteView {
                org_name: row.text("org_name")?,
                invited_by: row.text("invited_by")?,
                email: row.text("email")?,
                role: row.named("role")?,
                workspace: row.text("workspace")?,
                has_account: row.flag("has_account")?,
            },
            accepted: row.flag("accepted")?,
            expires_at: row.time("expires_at")?,
        })
    })
    .transpose()
}

pub(super) struct Taken {
    pub org: OrgId,
    pub email: String,
    pub email_key: String,
    pub role: Role,
    pub workspace_id: WorkspaceId,
    pub invited_by: UserId,
}

/// Marks an invitation as used; `None` when it can't be, any more or again.
pub(super) async fn take(tx: &mut Tx, token_hash: &str, now: Timestamp) -> Result<Option<Taken>> {
    let row = sqlx::query(
        "UPDATE invites SET accepted_at = $2 WHERE token_hash = $1 AND accepted_at IS NULL \
         AND revoked_at IS NULL AND expires_at > $2 RETURNING *",
    )
    .bind(token_hash)
    .bind(now.0)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(Taken {
            org: row.parsed("org_id")?,
            email: row.text("email")?,
            email_key: row.text("email_key")?,
            role: row.named("role")?,
            workspace_id: row.parsed("workspace_id")?,
            invited_by: row.parsed("invited_by")?,
        })
    })
    .transpose()
}

fn invite(row: &AnyRow) -> Result<Invite> {
    Ok(Invite {
        id: row.parsed("id")?,
        email: row.try_get("email")?,
        role: row.named("role")?,
        workspace_id: row.parsed("workspace_id")?,
        invited_by: row.parsed("invited_by")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        expired: false,
    })
}
