use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{OrgId, Timestamp};

type Found = Vec<(OrgId, String)>;

async fn found(tx: &mut Tx, sql: &'static str) -> Result<Found> {
    let rows = sqlx::query(sql).fetch_all(&mut **tx).await?;
    rows.iter().map(|row| Ok((row.parsed("org_id")?, row.text("id")?))).collect()
}

/// Buckets that the entries about them don't add up to.
pub async fn buckets(tx: &mut Tx) -> Result<Found> {
    found(
        tx,
        "SELECT b.org_id, b.id FROM credit_buckets b LEFT JOIN (SELECT org_id, bucket_id, \
         SUM(CASE WHEN kind IN ('grant', 'refund') THEN amount ELSE 0 END) AS granted, \
         SUM(CASE WHEN target = 'reserved' THEN amount WHEN source = 'reserved' THEN -amount ELSE 0 END) AS held, \
         SUM(CASE WHEN target = 'spent' THEN amount ELSE 0 END) AS spent, \
         SUM(CASE WHEN target = 'expired' THEN amount ELSE 0 END) AS expired, \
         SUM(CASE WHEN target = 'reversed' THEN amount WHEN source = 'reversed' THEN -amount ELSE 0 END) AS reversed \
         FROM ledger_entries WHERE bucket_id IS NOT NULL GROUP BY org_id, bucket_id) e \
         ON e.org_id = b.org_id AND e.bucket_id = b.id \
         WHERE b.granted <> COALESCE(e.granted, 0) OR b.reserved <> COALESCE(e.held, 0) \
         OR b.consumed <> COALESCE(e.spent, 0) OR b.expired <> COALESCE(e.expired, 0) \
         OR b.reversed <> COALESCE(e.reversed, 0) ORDER BY b.org_id, b.id LIMIT 100",
    )
    .await
}

/// Calls that the entries for them don't add up to.
pub async fn calls(tx: &mut Tx) -> Result<Found> {
    found(
        tx,
        "SELECT r.org_id, r.id FROM reservations r LEFT JOIN (SELECT org_id, reservation_id, \
         SUM(CASE WHEN target = 'spent' AND source <> 'written_off' THEN amount ELSE 0 END) AS cost, \
         SUM(CASE WHEN source = 'written_off' THEN amount ELSE 0 END) AS written_off, \
         SUM(CASE WHEN kind = 'refund' THEN amount ELSE 0 END) AS refunded, \
         SUM(CASE WHEN target = 'reserved' THEN amount WHEN source = 'reserved' THEN -amount ELSE 0 END) AS held \
         FROM ledger_entries WHERE reservation_id IS NOT NULL GROUP BY org_id, reservation_id) e \
         ON e.org_id = r.org_id AND e.reservation_id = r.id \
         WHERE r.cost <> COALESCE(e.cost, 0) OR r.written_off <> COALESCE(e.written_off, 0) \
         OR r.refunded <> COALESCE(e.refunded, 0) \
         OR COALESCE(e.held, 0) <> CASE WHEN r.state = 'open' THEN r.amount ELSE 0 END \
         ORDER BY r.org_id, r.id LIMIT 100",
    )
    .await
}

/// Buckets that were granted for a payment which doesn't say so.
pub async fn unpaid(tx: &mut Tx) -> Result<Found> {
    found(
        tx,
        "SELECT b.org_id, b.id FROM credit_buckets b WHERE b.grant_key LIKE 'payment:%' AND NOT EXISTS \
         (SELECT 1 FROM payments p WHERE p.org_id = b.org_id AND p.bucket_id = b.id AND p.credits = b.granted) \
         ORDER BY b.org_id, b.id LIMIT 100",
    )
    .await
}

/// Payments that are done and whose credits aren't there.
pub async fn ungranted(tx: &mut Tx) -> Result<Found> {
    found(
        tx,
        "SELECT p.org_id, p.id FROM payments p WHERE p.state IN ('done', 'refunded') AND NOT EXISTS \
         (SELECT 1 FROM credit_buckets b WHERE b.org_id = p.org_id AND b.id = p.bucket_id AND b.granted = p.credits) \
         ORDER BY p.org_id, p.id LIMIT 100",
    )
    .await
}

/// A payment that is done.
pub struct Paid {
    pub org: OrgId,
    pub id: String,
    pub object_id: String,
    pub amount_cents: i64,
    pub refunded_cents: i64,
}

pub async fn paid_since(store: &Store, gateway: &str, since: Timestamp) -> Result<Vec<Paid>> {
    let rows = sqlx::query(
        "SELECT * FROM payments WHERE gateway = $1 AND state IN ('done', 'refunded') AND updated_at >= $2 \
         ORDER BY updated_at LIMIT 1000",
    )
    .bind(gateway.to_owned())
    .bind(since.0)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Paid {
                org: row.parsed("org_id")?,
                id: row.text("id")?,
                object_id: row.text("object_id")?,
                amount_cents: row.number("amount_cents")?,
                refunded_cents: row.number("refunded_cents")?,
            })
        })
        .collect()
}
