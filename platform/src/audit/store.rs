use super::model::{Entry, shorten};
use crate::{
    Result,
    store::{Columns as _, Cursor, Store, Tx},
};
use alumia_protocol::{
    AuditId, OrgId, Timestamp,
    audit::{ActorKind, AuditActor, AuditEntry, AuditFilter, AuditTarget, Outcome},
};
use sqlx::{Row as _, any::AnyRow};

const fn kind_word(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Person => "person",
        ActorKind::Key => "key",
        ActorKind::Agent => "agent",
        ActorKind::System => "system",
        ActorKind::Unknown => "unknown",
    }
}

const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Denied => "denied",
        Outcome::Failed => "failed",
    }
}

pub(super) async fn insert(tx: &mut Tx, id: AuditId, at: Timestamp, entry: &Entry) -> Result<()> {
    let (kind, actor) = entry.actor();
    let target = entry.target.as_ref();
    sqlx::query(
        "INSERT INTO audit_log (id, org_id, at, actor_kind, actor_id, user_id, action, target_kind, target_id, \
         target_name, outcome, reason, address, user_agent, details) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(id.to_string())
    .bind(entry.org.map(|org| org.to_string()))
    .bind(at.0)
    .bind(kind_word(kind))
    .bind(actor)
    .bind(entry.user.map(|user| user.to_string()))
    .bind(shorten(&entry.action))
    .bind(target.map(|target| target.kind.clone()))
    .bind(target.map(|target| shorten(&target.id)))
    .bind(target.map(|target| target.name.clone()))
    .bind(outcome_word(entry.outcome))
    .bind(entry.reason.as_deref().map(shorten))
    .bind(shorten(&entry.origin.address))
    .bind(shorten(&entry.origin.user_agent))
    .bind(entry.kept_details())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Newest first.
pub(super) async fn page(
    store: &Store,
    org: OrgId,
    filter: &AuditFilter,
    before: &Cursor,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let rows = sqlx::query(
        "SELECT a.*, u.name AS user_name, u.email AS user_email FROM audit_log a \
         LEFT JOIN users u ON u.id = a.user_id \
         WHERE a.org_id = $1 AND (a.at < $2 OR (a.at = $2 AND a.id < $3)) \
         AND ($4 = '' OR a.user_id = $4 OR a.actor_id = $4) \
         AND ($5 = '' OR a.action = $5 OR a.action LIKE $5 || '.%') \
         AND ($6 = '' OR a.outcome = $6) AND a.at >= $7 AND a.at < $8 \
         ORDER BY a.at DESC, a.id DESC LIMIT $9",
    )
    .bind(org.to_string())
    .bind(before.at.0)
    .bind(&before.id)
    .bind(filter.actor.clone().unwrap_or_default())
    .bind(filter.action.clone().unwrap_or_default())
    .bind(filter.outcome.map_or("", outcome_word))
    .bind(filter.since.map_or(i64::MIN, |at| at.0))
    .bind(filter.until.map_or(i64::MAX, |at| at.0))
    .bind(limit)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(entry).collect()
}

/// The actions that this log holds, for a list to choose from.
pub(super) async fn actions(store: &Store, org: OrgId) -> Result<Vec<String>> {
    let rows = sqlx::query("SELECT DISTINCT action FROM audit_log WHERE org_id = $1 ORDER BY action")
        .bind(org.to_string())
        .fetch_all(store.read())
        .await?;
    rows.iter().map(|row| row.text("action")).collect()
}

fn entry(row: &AnyRow) -> Result<AuditEntry> {
    let target = match row.try_get::<Option<String>, _>("target_kind")? {
        Some(kind) => Some(AuditTarget {
            kind,
            id: row.try_get::<Option<String>, _>("target_id")?.unwrap_or_default(),
            name: row.try_get::<Option<String>, _>("target_name")?.unwrap_or_default(),
        }),
        None => None,
    };
    Ok(AuditEntry {
        id: row.parsed("id")?,
        at: row.time("at")?,
        actor: AuditActor {
            kind: row.named("actor_kind")?,
            id: row.try_get("actor_id")?,
            user_id: row.parsed_or_null("user_id")?,
            name: row.try_get("user_name")?,
            email: row.try_get("user_email")?,
        },
        action: row.text("action")?,
        target,
        outcome: row.named("outcome")?,
        reason: row.try_get("reason")?,
        address: row.text("address")?,
        user_agent: row.text("user_agent")?,
        details: row.json("details")?,
    })
}
