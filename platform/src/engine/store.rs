//! The SQL of runs, queued messages, approvals and orders to running calls.

use crate::{
    Error, Result,
    store::{Store, Tx},
};
use alumia_protocol::{
    AgentId, CallId, MessageId, OrgId, ProjectId, RunId, SessionId, Timestamp, UserId, agents::AgentGrant,
    sessions::QueuedMessage,
};
use sqlx::{Row as _, any::AnyRow};
use std::{collections::HashSet, str::FromStr};

/// A run that a worker has claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub org_id: OrgId,
    pub id: RunId,
    pub project_id: ProjectId,
    pub session_id: SessionId,
    pub agent_id: AgentId,
    pub user_id: UserId,
    /// The model that the person asked for; empty for the agent's.
    pub model: String,
    /// Messages between agents since a person's word.
    pub hops: i64,
    pub attempt: i64,
    pub stop_requested: bool,
}

/// An id from its column.
fn id<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<T> {
    text.parse().map_err(Error::internal)
}

pub(super) fn claimed(row: &AnyRow) -> Result<Claimed> {
    let text = |column| row.try_get::<String, _>(column);
    Ok(Claimed {
        org_id: id(&text("org_id")?)?,
        id: id(&text("id")?)?,
        project_id: id(&text("project_id")?)?,
        session_id: id(&text("session_id")?)?,
        agent_id: id(&text("agent_id")?)?,
        user_id: id(&text("user_id")?)?,
        model: text("model")?,
        hops: row.try_get("hops")?,
        attempt: row.try_get("attempt")?,
        stop_requested: row.try_get::<i64, _>("stop_requested")? == 1,
    })
}

/// Proves that the run is still ours and prolongs its lease; `false` when another worker has it.
pub async fn hold(tx: &mut Tx, run: &Claimed, until: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE runs SET lease_until = $4 WHERE org_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'",
    )
    .bind(run.org_id.to_string())
    .bind(run.id.to_string())
    .bind(run.attempt)
    .bind(until.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets go of a run: `waiting` for a person, or ended.
pub async fn leave(tx: &mut Tx, run: &Claimed, status: &'static str, now: Timestamp) -> Result<()> {
    let ended = (status != "waiting").then_some(now.0);
    sqlx::query(
        "UPDATE runs SET status = $4, lease_owner = NULL, lease_until = NULL, ended_at = $5
         WHERE org_id = $1 AND id = $2 AND attempt = $3",
    )
    .bind(run.org_id.to_string())
    .bind(run.id.to_string())
    .bind(run.attempt)
    .bind(status)
    .bind(ended)
    .execute(&mut **tx)
    .await?;
    if ended.is_some() {
        for sql in [
            "DELETE FROM call_orders WHERE org_id = $1 AND run_id = $2",
            "DELETE FROM peer_waits WHERE org_id = $1 AND run_id = $2",
        ] {
            sqlx::query(sql).bind(run.org_id.to_string()).bind(run.id.to_string()).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// Notes until when people may answer what a waiting run asks; `None` when it asks nothing.
pub async fn asks_until(tx: &mut Tx, run: &Claimed, until: Option<Timestamp>) -> Result<()> {
    sqlx::query("UPDATE runs SET asks_until = $3 WHERE org_id = $1 AND id = $2")
        .bind(run.org_id.to_string())
        .bind(run.id.to_string())
        .bind(until.map(|until| until.0))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Waiting runs whose question nobody has answered in time.
pub async fn unanswered(store: &Store, now: Timestamp) -> Result<Vec<(OrgId, ProjectId, SessionId, RunId)>> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT org_id, project_id, session_id, id FROM runs WHERE asks_until <= $1 AND status = 'waiting' LIMIT 64",
    )
    .bind(now.0)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| Ok((id(&row.0)?, id(&row.1)?, id(&row.2)?, id(&row.3)?))).collect()
}

/// Prolongs the leases of everything that a worker drives.
pub async fn renew(tx: &mut Tx, owner: &str, until: Timestamp) -> Result<()> {
    sqlx::query("UPDATE runs SET lease_until = $2 WHERE lease_owner = $1 AND status = 'running'")
        .bind(owner)
        .bind(until.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Gives runs back, for whoever comes next: one, or all of a worker.
pub async fn release(tx: &mut Tx, owner: &str, run: Option<RunId>) -> Result<()> {
    let run = run.map(|run| run.to_string());
    sqlx::query(
        "UPDATE runs SET status = 'queued', lease_owner = NULL, lease_until = NULL
         WHERE lease_owner = $1 AND status = 'running' AND ($2 IS NULL OR id = $2)",
    )
    .bind(owner)
    .bind(run)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Runs of a worker that somebody asked to stop.
pub async fn stops(store: &Store, owner: &str) -> Result<Vec<RunId>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "SELECT id FROM runs WHERE status = 'running' AND lease_owner = $1 AND stop_requested = 1",
    )
    .bind(owner)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| id(&row.0)).collect()
}

/// Whether somebody asked to stop this run, as its own write sees it.
pub async fn stop_requested(tx: &mut Tx, run: &Claimed) -> Result<bool> {
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT 1 FROM runs WHERE org_id = $1 AND id = $2 AND stop_requested = 1")
            .bind(run.org_id.to_string())
            .bind(run.id.to_string())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.is_some())
}

/// An answer to an approval request, or a request to cancel a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub run_id: RunId,
    pub call_id: CallId,
    /// The answer; `None` cancels the call.
    pub answer: Option<String>,
}

type OrderRow = (String, String, String, String);

fn order((run, call, kind, answer): OrderRow) -> Result<Order> {
    Ok(Order { run_id: id(&run)?, call_id: id(&call)?, answer: (kind == "approval").then_some(answer) })
}

/// Orders for runs of a worker.
pub async fn orders(store: &Store, owner: &str) -> Result<Vec<Order>> {
    let rows: Vec<OrderRow> = sqlx::query_as(
        "SELECT o.run_id, o.call_id, o.kind, o.answer FROM call_orders o
         JOIN runs r ON r.org_id = o.org_id AND r.id = o.run_id
         WHERE r.status = 'running' AND r.lease_owner = $1",
    )
    .bind(owner)
    .fetch_all(store.read())
    .await?;
    rows.into_iter().map(order).collect()
}

/// Orders for one run, as its own write sees them.
pub async fn orders_of(tx: &mut Tx, run: &Claimed) -> Result<Vec<Order>> {
    let rows: Vec<OrderRow> = sqlx::query_as(
        "SELECT run_id, call_id, kind, answer FROM call_orders WHERE org_id = $1 AND run_id = $2",
    )
    .bind(run.org_id.to_string())
    .bind(run.id.to_string())
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(order).collect()
}

/// Gives an order; `false` when the same was given before.
pub async fn insert_order(tx: &mut Tx, org: OrgId, order: &Order, now: Timestamp) -> Result<bool> {
    let kind = if order.answer.is_some() { "approval" } else { "cancel" };
    let done = sqlx::query(
        "INSERT INTO call_orders (org_id, run_id, call_id, kind, answer, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(org.to_string())
    .bind(order.run_id.to_string())
    .bind(order.call_id.to_string())
    .bind(kind)
    .bind(order.answer.as_deref().unwrap_or_default())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The session's run that isn't over. Locks its row, so that it can't end before this write does.
pub async fn lock_active(tx: &mut Tx, org: OrgId, session: SessionId) -> Result<Option<RunId>> {
    let row: Option<(String,)> = sqlx::query_as(
        "UPDATE runs SET status = status WHERE org_id = $1 AND session_id = $2
         AND status IN ('queued', 'running', 'waiting') RETURNING id",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| id(&row.0)).transpose()
}

/// Asks runs to stop: that of a session, or those of all of an agent's, and of whatever they have started; waiting
/// ones are handed to a worker, which ends them. `root` is the session's or the agent's id.
pub async fn request_stops(tx: &mut Tx, org: OrgId, root: &str) -> Result<Vec<RunId>> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "WITH RECURSIVE family (id) AS (
             SELECT id FROM sessions WHERE org_id = $1 AND (id = $2 OR agent_id = $2)
             UNION SELECT s.id FROM sessions s JOIN family f ON s.parent_id = f.id WHERE s.org_id = $1)
         UPDATE runs SET stop_requested = 1, status = CASE WHEN status = 'waiting' THEN 'queued' ELSE status END
         WHERE org_id = $1 AND session_id IN (SELECT id FROM family)
         AND status IN ('queued', 'running', 'waiting') RETURNING id",
    )
    .bind(org.to_string())
    .bind(root)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| id(&row.0)).collect()
}

/// Hands a waiting run to a worker.
pub async fn wake(tx: &mut Tx, org: OrgId, run: RunId) -> Result<bool> {
    let done =
        sqlx::query("UPDATE runs SET status = 'queued' WHERE org_id = $1 AND id = $2 AND status = 'waiting'")
            .bind(org.to_string())
            .bind(run.to_string())
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes a failed run go on.
pub async fn revive(tx: &mut Tx, org: OrgId, run: RunId) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE runs SET status = 'queued', stop_requested = 0, ended_at = NULL
         WHERE org_id = $1 AND id = $2 AND status = 'failed'",
    )
    .bind(org.to_string())
    .bind(run.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The session's newest run and its status.
pub async fn last_run(tx: &mut Tx, org: OrgId, session: SessionId) -> Result<Option<(RunId, String)>> {
    let row: Option<(String, String)> = sqlx::query_as(
        "SELECT id, status FROM runs WHERE org_id = $1 AND session_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|(run, status)| Ok((id(&run)?, status))).transpose()
}

/// Stores a run; claimed already when `lease` names who and until when. `false` when the message has one.
pub async fn insert_run(
    tx: &mut Tx,
    run: &Claimed,
    message: MessageId,
    lease: Option<(&str, Timestamp)>,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO runs (org_id, id, project_id, session_id, agent_id, user_id, message_id, model, status,
         attempt, lease_owner, lease_until, created_at, started_at, hops)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
    )
    .bind(run.org_id.to_string())
    .bind(run.id.to_string())
    .bind(run.project_id.to_string())
    .bind(run.session_id.to_string())
    .bind(run.agent_id.to_string())
    .bind(run.user_id.to_string())
    .bind(message.to_string())
    .bind(run.model.as_str())
    .bind(if lease.is_some() { "running" } else { "queued" })
    .bind(i64::from(lease.is_some()))
    .bind(lease.map(|lease| lease.0))
    .bind(lease.map(|lease| lease.1.0))
    .bind(now.0)
    .bind(lease.map(|_| now.0))
    .bind(run.hops)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What became of a message that was accepted before.
pub struct Before {
    pub session_id: SessionId,
    pub run_id: RunId,
    /// Waits in the queue now.
    pub queued: bool,
    pub seq: i64,
}

/// Looks a message up among runs and queued messages.
pub async fn before(store: &Store, org: OrgId, message: MessageId) -> Result<Option<Before>> {
    let row: Option<(String, String, i64)> = sqlx::query_as(
        "SELECT session_id, id, 0 FROM runs WHERE org_id = $1 AND message_id = $2
         UNION ALL
         SELECT session_id, run_id, CASE WHEN joined_at IS NULL AND removed_at IS NULL THEN 2 ELSE 1 END
         FROM queued_messages WHERE org_id = $1 AND id = $2",
    )
    .bind(org.to_string())
    .bind(message.to_string())
    .fetch_optional(store.read())
    .await?;
    let Some((session, run, kind)) = row else { return Ok(None) };
    let (session_id, run_id): (SessionId, RunId) = (id(&session)?, id(&run)?);
    let event = if kind == 0 { "run.queued" } else { "message.queued" };
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT seq FROM events WHERE org_id = $1 AND session_id = $2 AND kind = $3 AND data LIKE $4
         ORDER BY seq LIMIT 1",
    )
    .bind(org.to_string())
    .bind(session)
    .bind(event)
    .bind(format!("%{message}%"))
    .fetch_optional(store.read())
    .await?;
    Ok(Some(Before { session_id, run_id, queued: kind == 2, seq: row.map_or(0, |row| row.0 - 1) }))
}

/// Whether a message was accepted before, as the write sees it that has locked the session.
pub async fn knows_message(tx: &mut Tx, org: OrgId, message: MessageId) -> Result<bool> {
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT 1 FROM runs WHERE org_id = $1 AND message_id = $2
         UNION ALL SELECT 1 FROM queued_messages WHERE org_id = $1 AND id = $2",
    )
    .bind(org.to_string())
    .bind(message.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}

/// How many messages wait in a session: people's, and other agents'.
pub async fn queue_len(tx: &mut Tx, org: OrgId, session: SessionId) -> Result<(i64, i64)> {
    let row = sqlx::query_as(
        "SELECT COUNT(*) - COUNT(sender), COUNT(sender) FROM queued_messages
         WHERE org_id = $1 AND session_id = $2 AND joined_at IS NULL AND removed_at IS NULL",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .fetch_one(&mut **tx)
    .await?;
    Ok(row)
}

/// Puts a message into the queue, with the run's hops; `false` when it was there before.
pub async fn enqueue(tx: &mut Tx, run: &Claimed, message: &QueuedMessage) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO queued_messages (org_id, session_id, id, user_id, content, attachments, created_at, run_id,
         sender, hops) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
    )
    .bind(run.org_id.to_string())
    .bind(run.session_id.to_string())
    .bind(message.id.to_string())
    .bind(run.user_id.to_string())
    .bind(message.content.as_str())
    .bind(serde_json::to_string(&message.attachments)?)
    .bind(message.created_at.0)
    .bind(run.id.to_string())
    .bind(message.from.as_ref().map(serde_json::to_string).transpose()?)
    .bind(run.hops)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes messages out of the queue into a run, oldest first, each with its hops: all, or only the first.
pub async fn join_queue(
    tx: &mut Tx,
    (org, session, run): (OrgId, SessionId, RunId),
    only_first: bool,
    now: Timestamp,
) -> Result<Vec<(QueuedMessage, i64)>> {
    let limit = if only_first { 1 } else { i64::from(i32::MAX) };
    let rows: Vec<(String, String, String, i64, Option<String>, i64)> = sqlx::query_as(
        "UPDATE queued_messages SET joined_at = $3, run_id = $4 WHERE org_id = $1 AND id IN (
             SELECT id FROM queued_messages WHERE org_id = $1 AND session_id = $2
             AND joined_at IS NULL AND removed_at IS NULL ORDER BY created_at, id LIMIT $5)
         RETURNING id, content, attachments, created_at, sender, hops",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .bind(now.0)
    .bind(run.to_string())
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let mut messages = Vec::with_capacity(rows.len());
    for (message, content, attachments, created_at, sender, hops) in rows {
        let message = QueuedMessage {
            id: id(&message)?,
            from: sender.map(|sender| serde_json::from_str(&sender)).transpose()?,
            content,
            attachments: serde_json::from_str(&attachments)?,
            created_at: Timestamp(created_at),
        };
        messages.push((message, hops));
    }
    messages.sort_by_key(|(message, _)| (message.created_at, message.id));
    Ok(messages)
}

/// Changes or removes a message in the queue; `None` when there is no such message, `Some(false)` when it
/// has left the queue. Another agent's words stay as they are.
pub async fn edit_queued(
    tx: &mut Tx,
    (org, session, message): (OrgId, SessionId, MessageId),
    content: Option<&str>,
    now: Timestamp,
) -> Result<Option<bool>> {
    let removed = content.is_none().then_some(now.0);
    let done = sqlx::query(
        "UPDATE queued_messages SET content = COALESCE($4, content), removed_at = $5
         WHERE org_id = $1 AND session_id = $2 AND id = $3 AND joined_at IS NULL AND removed_at IS NULL
         AND ($5 IS NOT NULL OR sender IS NULL)",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .bind(message.to_string())
    .bind(content)
    .bind(removed)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(Some(true));
    }
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT 1 FROM queued_messages WHERE org_id = $1 AND session_id = $2 AND id = $3")
            .bind(org.to_string())
            .bind(session.to_string())
            .bind(message.to_string())
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.map(|_| false))
}

/// Tools that a person allowed for this session, or always for this agent.
pub async fn grants(
    store: &Store,
    org: OrgId,
    session: SessionId,
    agent: AgentId,
) -> Result<HashSet<String>> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT tool FROM approvals WHERE org_id = $1 AND holder_id IN ($2, $3)")
            .bind(org.to_string())
            .bind(session.to_string())
            .bind(agent.to_string())
            .fetch_all(store.read())
            .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The tools that people always allow an agent, by name.
pub async fn grants_of(store: &Store, org: OrgId, agent: AgentId) -> Result<Vec<AgentGrant>> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT tool, granted_by, created_at FROM approvals WHERE org_id = $1 AND holder_id = $2 ORDER BY tool",
    )
    .bind(org.to_string())
    .bind(agent.to_string())
    .fetch_all(store.read())
    .await?;
    let grant = |(tool, by, at): (String, String, i64)| {
        Ok(AgentGrant { tool, granted_by: id(&by)?, granted_at: Timestamp(at) })
    };
    rows.into_iter().map(grant).collect()
}

/// Takes back that a tool is always allowed an agent; `false` when it wasn't.
pub async fn revoke(tx: &mut Tx, org: OrgId, agent: AgentId, tool: &str) -> Result<bool> {
    let done = sqlx::query("DELETE FROM approvals WHERE org_id = $1 AND holder_id = $2 AND tool = $3")
        .bind(org.to_string())
        .bind(agent.to_string())
        .bind(tool)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Remembers that a person allowed a tool; `holder` is a session's or an agent's id.
pub async fn grant(
    tx: &mut Tx,
    org: OrgId,
    holder: String,
    tool: &str,
    by: UserId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO approvals (org_id, holder_id, tool, granted_by, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(org.to_string())
    .bind(holder)
    .bind(tool)
    .bind(by.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The role of the person whose run it is, and the organisation's default model; `None` when they are no
/// longer a member.
pub async fn member(store: &Store, org: OrgId, user: UserId) -> Result<Option<(String, String)>> {
    let row = sqlx::query_as(
        "SELECT m.role, o.default_model FROM members m JOIN orgs o ON o.id = m.org_id
         WHERE m.org_id = $1 AND m.user_id = $2",
    )
    .bind(org.to_string())
    .bind(user.to_string())
    .fetch_optional(store.read())
    .await?;
    Ok(row)
}

/// Locks a session for this write; `NotFound` when it is deleted.
pub async fn lock_session(tx: &mut Tx, session: SessionId, org: OrgId, now: Timestamp) -> Result<()> {
    let done = sqlx::query(
        "UPDATE sessions SET updated_at = $3 WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("Session")) }
}
