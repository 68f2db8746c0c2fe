use crate::{
    Result,
    billing::payments::gateway::SavedCard,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{Microcredits, OrgId, Timestamp, UserId, billing::AutoTopUpLimits};
use sqlx::{Row as _, any::AnyRow};

/// What an organisation wants of its automatic payments.
#[derive(Clone, Debug)]
pub struct Plan {
    pub org: OrgId,
    pub gateway: String,
    pub on: bool,
    pub limits: AutoTopUpLimits,
    pub card: Option<SavedCard>,
    /// The page on which a card is being saved.
    pub setup: Option<String>,
    pub set_by: UserId,
    pub reason: Option<String>,
}

fn plan(row: &AnyRow) -> Result<Plan> {
    let card: (Option<String>, Option<String>) = (row.try_get("card_id")?, row.try_get("card_last4")?);
    Ok(Plan {
        org: row.parsed("org_id")?,
        gateway: row.text("gateway")?,
        on: row.flag("is_on")?,
        limits: AutoTopUpLimits {
            threshold: row.number("threshold")?,
            credits: row.number("credits")?,
            monthly_cap: row.number("monthly_cap")?,
        },
        card: card.0.zip(card.1).map(|(id, last4)| SavedCard { id, last4 }),
        setup: row.try_get("setup_id")?,
        set_by: row.parsed("set_by")?,
        reason: row.try_get("reason")?,
    })
}

pub async fn of_org(store: &Store, org: OrgId) -> Result<Option<Plan>> {
    let row = sqlx::query("SELECT * FROM auto_top_ups WHERE org_id = $1")
        .bind(org.to_string())
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(plan).transpose()
}

/// The organisation whose card is being saved on one of a customer's pages.
pub async fn saving(store: &Store, gateway: &str, customer: &str) -> Result<Option<OrgId>> {
    let row = sqlx::query(
        "SELECT a.org_id FROM auto_top_ups a JOIN gateway_customers c ON c.org_id = a.org_id \
         AND c.gateway = a.gateway WHERE a.gateway = $1 AND c.customer_id = $2 AND a.setup_id IS NOT NULL",
    )
    .bind(gateway.to_owned())
    .bind(customer.to_owned())
    .fetch_optional(store.read())
    .await?;
    row.map(|row| row.parsed("org_id")).transpose()
}

/// The organisation's plan, and nobody else's until the transaction ends.
pub async fn lock(tx: &mut Tx, org: OrgId) -> Result<Option<Plan>> {
    let row = sqlx::query("UPDATE auto_top_ups SET updated_at = updated_at WHERE org_id = $1 RETURNING *")
        .bind(org.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(plan).transpose()
}

/// Writes a plan; one that goes wrong later has yet to be told of.
pub async fn put(tx: &mut Tx, plan: &Plan, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO auto_top_ups (org_id, gateway, is_on, threshold, credits, monthly_cap, card_id, card_last4, \
         setup_id, set_by, updated_at, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (org_id) DO UPDATE SET gateway = excluded.gateway, is_on = excluded.is_on, \
         threshold = excluded.threshold, credits = excluded.credits, monthly_cap = excluded.monthly_cap, \
         card_id = excluded.card_id, card_last4 = excluded.card_last4, setup_id = excluded.setup_id, \
         set_by = excluded.set_by, updated_at = excluded.updated_at, reason = excluded.reason, told_at = NULL",
    )
    .bind(plan.org.to_string())
    .bind(&plan.gateway)
    .bind(i64::from(plan.on))
    .bind(plan.limits.threshold)
    .bind(plan.limits.credits)
    .bind(plan.limits.monthly_cap)
    .bind(plan.card.as_ref().map(|card| card.id.clone()))
    .bind(plan.card.as_ref().map(|card| card.last4.clone()))
    .bind(plan.setup.clone())
    .bind(plan.set_by.to_string())
    .bind(now.0)
    .bind(plan.reason.clone())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An organisation that may buy: nothing of it is in flight, and its month's cap holds another purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub org: OrgId,
    /// Less is available than the threshold; otherwise a run waits.
    pub below: bool,
    /// Automatic payments so far.
    pub payments: i64,
}

/// Organisations that may have to buy now; of one where it is named.
pub async fn due(
    tx: &mut Tx,
    gateway: &str,
    now: Timestamp,
    month: Timestamp,
    org: Option<OrgId>,
    most: i64,
) -> Result<Vec<Due>> {
    let rows = sqlx::query(
        "SELECT * FROM (SELECT a.org_id, a.threshold, \
         (SELECT CAST(COALESCE(SUM(CASE WHEN b.expires_at <= $2 THEN 0 \
         ELSE b.granted - b.consumed - b.reserved - b.expired - b.reversed END), 0) AS BIGINT) \
         FROM credit_buckets b WHERE b.org_id = a.org_id) AS available, \
         (SELECT COUNT(*) FROM billing_waits w WHERE w.org_id = a.org_id) AS waiting, \
         (SELECT COUNT(*) FROM payments p WHERE p.org_id = a.org_id AND p.automatic = 1) AS payments \
         FROM auto_top_ups a JOIN orgs o ON o.id = a.org_id AND o.deleted_at IS NULL \
         WHERE a.is_on = 1 AND a.gateway = $1 AND ($4 = '' OR a.org_id = $4) AND NOT EXISTS \
         (SELECT 1 FROM payments p WHERE p.org_id = a.org_id AND p.automatic = 1 AND p.state IN ('processing', 'paid')) \
         AND a.credits + (SELECT CAST(COALESCE(SUM(p.credits), 0) / 1000000 AS BIGINT) FROM payments p \
         WHERE p.org_id = a.org_id AND p.automatic = 1 AND p.state <> 'failed' AND p.created_at >= $3) \
         <= a.monthly_cap) found WHERE available < threshold * 1000000 OR waiting > 0 ORDER BY org_id LIMIT $5",
    )
    .bind(gateway.to_owned())
    .bind(now.0)
    .bind(month.0)
    .bind(org.map(|org| org.to_string()).unwrap_or_default())
    .bind(most)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            let threshold = Microcredits::credits(row.number("threshold")?).unwrap_or_default();
            Ok(Due {
                org: row.parsed("org_id")?,
                below: row.number("available")? < threshold.0,
                payments: row.number("payments")?,
            })
        })
        .collect()
}

/// Bought by itself since.
pub async fn bought(store: &Store, org: OrgId, since: Timestamp) -> Result<Microcredits> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(credits), 0) AS BIGINT) AS bought FROM payments WHERE org_id = $1 \
         AND automatic = 1 AND state <> 'failed' AND created_at >= $2",
    )
    .bind(org.to_string())
    .bind(since.0)
    .fetch_one(store.read())
    .await?;
    row.number("bought").map(Microcredits)
}
