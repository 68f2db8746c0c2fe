use crate::{
    Result,
    billing::payments::Order,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::Timestamp;
use sqlx::Row as _;

/// An event on its way.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    /// Which delivery of it.
    pub nth: i64,
    pub object_id: String,
}

/// A payment in the gateway's books.
pub struct Row {
    pub state: String,
    pub reason: Option<String>,
    pub amount_cents: i64,
    pub refunded_cents: i64,
    pub currency: String,
}

pub async fn insert(tx: &mut Tx, object_id: &str, order: &Order, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO test_gateway_payments (id, amount_cents, currency, state, created_at) \
         VALUES ($1, $2, $3, 'open', $4) ON CONFLICT DO NOTHING",
    )
    .bind(object_id.to_owned())
    .bind(order.amount_cents)
    .bind(order.currency)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn get(store: &Store, object_id: &str) -> Result<Option<Row>> {
    let row = sqlx::query("SELECT * FROM test_gateway_payments WHERE id = $1")
        .bind(object_id.to_owned())
        .fetch_optional(store.read())
        .await?;
    row.map(|row| {
        Ok(Row {
            state: row.text("state")?,
            reason: row.try_get("reason")?,
            amount_cents: row.number("amount_cents")?,
            refunded_cents: row.number("refunded_cents")?,
            currency: row.text("currency")?,
        })
    })
    .transpose()
}

/// The state of a payment, nobody else's to change until the transaction ends.
pub async fn lock(tx: &mut Tx, object_id: &str) -> Result<Option<String>> {
    let row = sqlx::query("UPDATE test_gateway_payments SET state = state WHERE id = $1 RETURNING state")
        .bind(object_id.to_owned())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.text("state")).transpose()
}

pub async fn set_state(tx: &mut Tx, object_id: &str, state: &str, reason: Option<&str>) -> Result<()> {
    sqlx::query("UPDATE test_gateway_payments SET state = $2, reason = $3 WHERE id = $1")
        .bind(object_id.to_owned())
        .bind(state.to_owned())
        .bind(reason.map(str::to_owned))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// `false` when less was paid.
pub async fn refund(tx: &mut Tx, object_id: &str, cents: i64) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE test_gateway_payments SET refunded_cents = refunded_cents + $2 \
         WHERE id = $1 AND state = 'succeeded' AND $2 > 0 AND refunded_cents + $2 <= amount_cents",
    )
    .bind(object_id.to_owned())
    .bind(cents)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn insert_event(tx: &mut Tx, event: &Event, due_at: Timestamp) -> Result<()> {
    sqlx::query("INSERT INTO test_gateway_events (id, nth, object_id, due_at) VALUES ($1, $2, $3, $4)")
        .bind(&event.id)
        .bind(event.nth)
        .bind(&event.object_id)
        .bind(due_at.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub async fn due(store: &Store, now: Timestamp) -> Result<Vec<Event>> {
    let rows = sqlx::query(
        "SELECT * FROM test_gateway_events WHERE due_at <= $1 ORDER BY due_at, id, nth LIMIT 100",
    )
    .bind(now.0)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Event { id: row.text("id")?, nth: row.number("nth")?, object_id: row.text("object_id")? })
        })
        .collect()
}

pub async fn delete_event(tx: &mut Tx, event: &Event) -> Result<()> {
    sqlx::query("DELETE FROM test_gateway_events WHERE id = $1 AND nth = $2")
        .bind(&event.id)
        .bind(event.nth)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
