//! The SQL of the log.

use crate::{
    Error, Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    OrgId, ProjectId, SessionId,
    events::{Event, EventData},
};
use serde::Serialize as _;
use serde_json::Value;
use sqlx::any::AnyRow;

/// Reserves `block` numbers beyond both `at_least` and all that were reserved before; returns the last of
/// them and the project's organisation.
pub(super) async fn reserve(
    tx: &mut Tx,
    project: ProjectId,
    at_least: i64,
    block: i64,
) -> Result<(i64, OrgId)> {
    let row = sqlx::query(
        "UPDATE projects SET reserved_seq = $3 + CASE WHEN reserved_seq > $2 THEN reserved_seq ELSE $2 END
         WHERE id = $1 RETURNING reserved_seq, org_id",
    )
    .bind(project.to_string())
    .bind(at_least)
    .bind(block)
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.ok_or(Error::NotFound("Project"))?;
    Ok((row.number("reserved_seq")?, row.parsed("org_id")?))
}

/// Moves the end of the reservation from `from` to `to`; `false` when it is no longer at `from`.
pub(super) async fn extend(tx: &mut Tx, project: ProjectId, from: i64, to: i64) -> Result<bool> {
    let done = sqlx::query("UPDATE projects SET reserved_seq = $3 WHERE id = $1 AND reserved_seq = $2")
        .bind(project.to_string())
        .bind(from)
        .bind(to)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The last number that may have been given.
pub(super) async fn reserved(tx: &mut Tx, org: OrgId, project: ProjectId) -> Result<i64> {
    let row = sqlx::query("SELECT reserved_seq FROM projects WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(project.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.ok_or(Error::NotFound("Project"))?.number("reserved_seq")
}

/// Stores a durable event; returns the size of its content.
pub(super) async fn insert(tx: &mut Tx, org: OrgId, project: ProjectId, event: &Event) -> Result<usize> {
    let data = content(&event.data)?;
    let size = data.len();
    sqlx::query(
        "INSERT INTO events (org_id, project_id, seq, session_id, run_id, step_id, kind, at, data)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .bind(event.seq)
    .bind(event.session_id.map(|id| id.to_string()))
    .bind(event.run_id.map(|id| id.to_string()))
    .bind(event.step_id.map(|id| id.to_string()))
    .bind(event.data.kind())
    .bind(event.at.0)
    .bind(data)
    .execute(&mut **tx)
    .await?;
    Ok(size)
}

/// Durable events of a session after a position, oldest first.
pub(super) async fn session_events(
    store: &Store,
    org: OrgId,
    session: SessionId,
    after: i64,
    limit: usize,
) -> Result<Vec<Event>> {
    let rows = sqlx::query(
        "SELECT seq, at, session_id, run_id, step_id, kind, data FROM events
         WHERE org_id = $1 AND session_id = $2 AND seq > $3 ORDER BY seq LIMIT $4",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .bind(after)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(store.read())
    .await?;
    rows.iter().map(event).collect()
}

/// The events of a session that bring a finished message, after a position, oldest first.
pub(super) async fn messages(
    store: &Store,
    org: OrgId,
    session: SessionId,
    after: i64,
    limit: usize,
) -> Result<Vec<Event>> {
    let rows = sqlx::query(
        "SELECT seq, at, session_id, run_id, step_id, kind, data FROM events
         WHERE org_id = $1 AND session_id = $2 AND seq > $3
         AND kind IN ('run.queued', 'message.completed') ORDER BY seq LIMIT $4",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .bind(after)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(store.read())
    .await?;
    rows.iter().map(event).collect()
}

/// The events of a session that its conversation is made of, oldest first: not those whose outcome a
/// snapshot holds in its sessions and blocks.
pub(super) async fn conversation(tx: &mut Tx, org: OrgId, session: SessionId) -> Result<Vec<Event>> {
    let rows = sqlx::query(
        "SELECT seq, at, session_id, run_id, step_id, kind, data FROM events
         WHERE org_id = $1 AND session_id = $2 AND kind NOT LIKE 'block.%' AND kind NOT LIKE 'session.%'
         AND kind <> 'status.changed' ORDER BY seq",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(event).collect()
}

/// The same of all sessions of a project.
pub(super) async fn conversations(tx: &mut Tx, org: OrgId, project: ProjectId) -> Result<Vec<Event>> {
    let rows = sqlx::query(
        "SELECT seq, at, session_id, run_id, step_id, kind, data FROM events
         WHERE org_id = $1 AND project_id = $2 AND session_id IS NOT NULL AND kind NOT LIKE 'block.%'
         AND kind NOT LIKE 'session.%' AND kind <> 'status.changed' ORDER BY seq",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(event).collect()
}

fn event(row: &AnyRow) -> Result<Event> {
    let (kind, data): (String, Value) = (row.text("kind")?, row.json("data")?);
    Ok(Event {
        seq: row.number("seq")?,
        at: row.time("at")?,
        session_id: row.parsed_or_null("session_id")?,
        run_id: row.parsed_or_null("run_id")?,
        step_id: row.parsed_or_null("step_id")?,
        data: serde_json::from_value(serde_json::json!({ "kind": kind, "data": data }))?,
    })
}

/// The `data` of an event as JSON; its kind has a column of its own.
fn content(data: &EventData) -> Result<String> {
    let mut value = data.serialize(serde_json::value::Serializer)?;
    Ok(value.get_mut("data").map(Value::take).unwrap_or_default().to_string())
}

/// The length of a delta's text.
pub(super) const fn delta_len(data: &EventData) -> usize {
    match data {
        EventData::TextDelta { text, .. }
        | EventData::ReasoningDelta { text, .. }
        | EventData::ToolArgsDelta { text, .. }
        | EventData::ToolOutputDelta { text, .. } => text.len(),
        _ => 0,
    }
}
