use crate::{
    Result,
    store::{Columns as _, Cursor, Store, Tx},
};
use alumia_protocol::{BucketId, Microcredits, OrgId, PaymentId, Timestamp, UserId, billing::Invoice};
use sqlx::{Row as _, any::AnyRow};

use super::super::store::word;

/// A payment as it is kept.
#[derive(Clone, Debug)]
pub struct Payment {
    pub org: OrgId,
    pub object_id: String,
    pub invoice: Invoice,
    pub bucket_id: Option<BucketId>,
    pub created_by: UserId,
    pub check_at: Option<Timestamp>,
    pub looks: i64,
}

fn payment(row: &AnyRow) -> Result<Payment> {
    Ok(Payment {
        org: row.parsed("org_id")?,
        object_id: row.text("object_id")?,
        invoice: Invoice {
            id: row.parsed("id")?,
            state: row.named("state")?,
            reason: row.try_get("reason")?,
            credits: row.number("credits").map(Microcredits)?,
            amount_cents: row.number("amount_cents")?,
            refunded_cents: row.number("refunded_cents")?,
            currency: row.text("currency")?,
            test_money: row.flag("test_money")?,
            automatic: row.flag("automatic")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        },
        bucket_id: row.parsed_or_null("bucket_id")?,
        created_by: row.parsed("created_by")?,
        check_at: row.try_get::<Option<i64>, _>("check_at")?.map(Timestamp),
        looks: row.number("looks")?,
    })
}

/// `false` where another automatic one is in flight.
pub async fn insert(tx: &mut Tx, gateway: &str, payment: &Payment) -> Result<bool> {
    let invoice = &payment.invoice;
    let done = sqlx::query(
        "INSERT INTO payments (org_id, id, gateway, object_id, credits, amount_cents, currency, state, \
         created_by, created_at, updated_at, check_at, test_money, automatic) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
    )
    .bind(payment.org.to_string())
    .bind(invoice.id.to_string())
    .bind(gateway.to_owned())
    .bind(&payment.object_id)
    .bind(invoice.credits.0)
    .bind(invoice.amount_cents)
    .bind(&invoice.currency)
    .bind(word(&invoice.state)?)
    .bind(payment.created_by.to_string())
    .bind(invoice.created_at.0)
    .bind(payment.check_at.map(|at| at.0))
    .bind(i64::from(invoice.test_money))
    .bind(i64::from(invoice.automatic))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a payment the gateway's name, if it has none yet; its name then.
pub async fn name(tx: &mut Tx, org: OrgId, id: PaymentId, unnamed: &str, object_id: &str) -> Result<String> {
    let row = sqlx::query(
        "UPDATE payments SET object_id = CASE WHEN object_id = $3 THEN $4 ELSE object_id END \
         WHERE org_id = $1 AND id = $2 RETURNING object_id",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .bind(unnamed.to_owned())
    .bind(object_id.to_owned())
    .fetch_one(&mut **tx)
    .await?;
    row.text("object_id")
}

/// The payment that a gateway calls this, and nobody else's until the transaction ends.
pub async fn lock(tx: &mut Tx, gateway: &str, object_id: &str) -> Result<Option<Payment>> {
    let row = sqlx::query(
        "UPDATE payments SET updated_at = updated_at WHERE gateway = $1 AND object_id = $2 RETURNING *",
    )
    .bind(gateway.to_owned())
    .bind(object_id.to_owned())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(payment).transpose()
}

/// How often the gateway's word of a payment was done; `None` for one that isn't ours.
pub async fn looks(store: &Store, gateway: &str, object_id: &str) -> Result<Option<i64>> {
    let row = sqlx::query("SELECT looks FROM payments WHERE gateway = $1 AND object_id = $2")
        .bind(gateway.to_owned())
        .bind(object_id.to_owned())
        .fetch_optional(store.read())
        .await?;
    row.map(|row| row.number("looks")).transpose()
}

pub async fn save(tx: &mut Tx, payment: &Payment) -> Result<()> {
    let invoice = &payment.invoice;
    sqlx::query(
        "UPDATE payments SET state = $3, reason = $4, refunded_cents = $5, bucket_id = $6, updated_at = $7, \
         check_at = $8, looks = looks + 1 WHERE org_id = $1 AND id = $2",
    )
    .bind(payment.org.to_string())
    .bind(invoice.id.to_string())
    .bind(word(&invoice.state)?)
    .bind(invoice.reason.clone())
    .bind(invoice.refunded_cents)
    .bind(payment.bucket_id.map(|id| id.to_string()))
    .bind(invoice.updated_at.0)
    .bind(payment.check_at.map(|at| at.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes an event; `false` when it has been dealt with before.
pub async fn first_time(
    tx: &mut Tx,
    gateway: &str,
    event: &str,
    object_id: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO gateway_events (gateway, id, object_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(gateway.to_owned())
    .bind(event.to_owned())
    .bind(object_id.to_owned())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn one(store: &Store, org: OrgId, id: PaymentId) -> Result<Option<Payment>> {
    let row = sqlx::query("SELECT * FROM payments WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(id.to_string())
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(payment).transpose()
}

/// Newest first.
pub async fn page(store: &Store, org: OrgId, before: &Cursor, most: i64) -> Result<Vec<Invoice>> {
    let rows = sqlx::query(
        "SELECT * FROM payments WHERE org_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3)) \
         ORDER BY created_at DESC, id DESC LIMIT $4",
    )
    .bind(org.to_string())
    .bind(before.at.0)
    .bind(&before.id)
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| Ok(payment(row)?.invoice)).collect()
}

/// What of a gateway's payments is due to be looked after, the longest due first.
pub async fn due(store: &Store, gateway: &str, now: Timestamp, most: i64) -> Result<Vec<Payment>> {
    let rows = sqlx::query(
        "SELECT * FROM payments WHERE gateway = $1 AND check_at <= $2 ORDER BY check_at LIMIT $3",
    )
    .bind(gateway.to_owned())
    .bind(now.0)
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(payment).collect()
}
