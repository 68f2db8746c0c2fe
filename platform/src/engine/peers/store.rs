//! The SQL of agents that write to each other.

use super::model::{LiveRun, Standing, Wait};
use crate::{
    OrgScope, Result,
    engine::store::Claimed,
    projects::visible,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    AgentId, CallId, MessageId, OrgId, ProjectId, RunId, SessionId, Timestamp,
    peers::{Envelope, PeerRef},
};
use sqlx::{Any, Executor, Row as _, any::AnyRow};

/// All sessions of a project, oldest first.
pub(super) async fn standings<'e>(
    on: impl Executor<'e, Database = Any>,
    org: OrgId,
    project: ProjectId,
) -> Result<Vec<Standing>> {
    let rows = sqlx::query(
        "SELECT s.id, s.agent_id, a.name, a.slug, s.label, s.parent_id, s.depth, s.status, r.id AS run_id,
         CASE WHEN r.status = 'waiting' THEN 1 ELSE 0 END AS waiting, COALESCE(r.stop_requested, 0) AS stop_requested,
         CASE WHEN e.id IS NULL THEN 0 ELSE 1 END AS by_peer
         FROM sessions s JOIN agents a ON a.id = s.agent_id
         LEFT JOIN runs r ON r.org_id = s.org_id AND r.session_id = s.id
         AND r.status IN ('queued', 'running', 'waiting')
         LEFT JOIN envelopes e ON e.org_id = r.org_id AND e.id = r.message_id
         WHERE s.org_id = $1 AND s.project_id = $2 AND s.deleted_at IS NULL ORDER BY s.created_at, s.id",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .fetch_all(on)
    .await?;
    let standing = |row: &AnyRow| {
        let run: Option<RunId> = row.parsed_or_null("run_id")?;
        let (waiting, stop_requested, by_peer) =
            (row.flag("waiting")?, row.flag("stop_requested")?, row.flag("by_peer")?);
        Ok(Standing {
            session_id: row.parsed("id")?,
            agent_id: row.parsed("agent_id")?,
            agent_name: row.text("name")?,
            agent_slug: row.text("slug")?,
            label: row.text("label")?,
            parent: row.parsed_or_null("parent_id")?,
            depth: row.number("depth")?,
            status: row.named("status")?,
            run: run.map(|id| LiveRun { id, waiting, stop_requested, by_peer }),
        })
    };
    rows.iter().map(standing).collect()
}

/// Messages between two sessions since then, both ways; what an end says doesn't count.
pub(super) async fn between(
    tx: &mut Tx,
    org: OrgId,
    (one, other): (SessionId, SessionId),
    since: Timestamp,
) -> Result<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS messages FROM envelopes WHERE org_id = $1 AND sent_at > $4 AND kind <> 'ended'
         AND ((from_session = $2 AND to_session = $3) OR (from_session = $3 AND to_session = $2))",
    )
    .bind(org.to_string())
    .bind(one.to_string())
    .bind(other.to_string())
    .bind(since.0)
    .fetch_one(&mut **tx)
    .await?;
    row.number("messages")
}

/// The kind as its column holds it.
fn kind(envelope: &Envelope) -> Result<String> {
    Ok(serde_json::to_value(envelope.kind)?.as_str().unwrap_or_default().to_owned())
}

/// Stores what was sent.
pub(super) async fn insert(tx: &mut Tx, org: OrgId, project: ProjectId, envelope: &Envelope) -> Result<()> {
    sqlx::query(
        "INSERT INTO envelopes (org_id, id, project_id, kind, from_session, from_agent, to_session, to_agent, body,
         hops, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(org.to_string())
    .bind(envelope.message_id.to_string())
    .bind(project.to_string())
    .bind(kind(envelope)?)
    .bind(envelope.from.session_id.to_string())
    .bind(envelope.from.agent_id.to_string())
    .bind(envelope.to.session_id.to_string())
    .bind(envelope.to.agent_id.to_string())
    .bind(envelope.text.as_str())
    .bind(i64::from(envelope.hops))
    .bind(envelope.sent_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Where a message went that was sent before.
pub(super) async fn sent(tx: &mut Tx, org: OrgId, message: MessageId) -> Result<Option<SessionId>> {
    let row = sqlx::query("SELECT to_session FROM envelopes WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(message.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.parsed("to_session")).transpose()
}

/// The newest messages from and to an agent, as far as the caller sees their projects; newest first.
pub(super) async fn of_agent(
    store: &Store,
    scope: &OrgScope,
    agent: AgentId,
    (before, before_id): (Timestamp, &str),
    limit: i64,
) -> Result<Vec<Envelope>> {
    let rows = sqlx::query(concat!(
        "SELECT e.id, e.kind, e.from_session, e.from_agent, f.name AS from_name, e.to_session, e.to_agent,
         t.name AS to_name, e.body, e.hops, e.sent_at FROM envelopes e JOIN projects p ON p.id = e.project_id
         JOIN agents f ON f.id = e.from_agent JOIN agents t ON t.id = e.to_agent WHERE ",
        visible!(),
        "AND (e.from_agent = $4 OR e.to_agent = $4) AND (e.sent_at < $5 OR (e.sent_at = $5 AND e.id < $6))
         ORDER BY e.sent_at DESC, e.id DESC LIMIT $7"
    ))
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .bind(agent.to_string())
    .bind(before.0)
    .bind(before_id)
    .bind(limit)
    .fetch_all(store.read())
    .await?;
    let peer = |row: &AnyRow, session, agent, name| {
        Ok::<_, crate::Error>(PeerRef {
            session_id: row.parsed(session)?,
            agent_id: row.parsed(agent)?,
            agent_name: row.text(name)?,
        })
    };
    let envelope = |row: &AnyRow| {
        Ok(Envelope {
            message_id: row.parsed("id")?,
            kind: row.named("kind")?,
            from: peer(row, "from_session", "from_agent", "from_name")?,
            to: peer(row, "to_session", "to_agent", "to_name")?,
            text: row.text("body")?,
            hops: u32::try_from(row.number("hops")?).unwrap_or(u32::MAX),
            sent_at: row.time("sent_at")?,
        })
    };
    rows.iter().map(envelope).collect()
}

/// The session that is to be told of a run's end: the parent of the run's own, whose message began it.
pub(super) async fn told_of_end(tx: &mut Tx, run: &Claimed) -> Result<Option<SessionId>> {
    let row = sqlx::query(
        "SELECT s.parent_id FROM runs r JOIN sessions s ON s.org_id = r.org_id AND s.id = r.session_id
         JOIN envelopes e ON e.org_id = r.org_id AND e.id = r.message_id AND e.from_session = s.parent_id
         WHERE r.org_id = $1 AND r.id = $2",
    )
    .bind(run.org_id.to_string())
    .bind(run.id.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| row.parsed("parent_id")).transpose()
}

/// How many messages lie between a person's word and what a run does.
pub(super) async fn hops(tx: &mut Tx, org: OrgId, run: RunId) -> Result<i64> {
    let row = sqlx::query("SELECT hops FROM runs WHERE org_id = $1 AND id = $2")
        .bind(org.to_string())
        .bind(run.to_string())
        .fetch_one(&mut **tx)
        .await?;
    row.number("hops")
}

/// Notes that messages have joined a run.
pub(in crate::engine) async fn set_hops(tx: &mut Tx, run: &Claimed) -> Result<()> {
    sqlx::query("UPDATE runs SET hops = $3 WHERE org_id = $1 AND id = $2")
        .bind(run.org_id.to_string())
        .bind(run.id.to_string())
        .bind(run.hops)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Who wrote what waits in a session, oldest first; `None` for a person.
pub(super) async fn mail<'e>(
    on: impl Executor<'e, Database = Any>,
    org: OrgId,
    session: SessionId,
) -> Result<Vec<Option<PeerRef>>> {
    let rows = sqlx::query(
        "SELECT sender FROM queued_messages WHERE org_id = $1 AND session_id = $2
         AND joined_at IS NULL AND removed_at IS NULL ORDER BY created_at, id",
    )
    .bind(org.to_string())
    .bind(session.to_string())
    .fetch_all(on)
    .await?;
    let sender = |row: &AnyRow| {
        let sender: Option<String> = row.try_get("sender")?;
        Ok(sender.map(|sender| serde_json::from_str(&sender)).transpose()?)
    };
    rows.iter().map(sender).collect()
}

/// Forgets what calls of a run waited for.
pub(super) async fn end_waits(tx: &mut Tx, run: &Claimed) -> Result<()> {
    sqlx::query("DELETE FROM peer_waits WHERE org_id = $1 AND run_id = $2")
        .bind(run.org_id.to_string())
        .bind(run.id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that a call waits.
pub(super) async fn insert_wait(tx: &mut Tx, org: OrgId, project: ProjectId, wait: &Wait) -> Result<()> {
    sqlx::query(
        "INSERT INTO peer_waits (org_id, run_id, call_id, project_id, session_id, sources, since, until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(org.to_string())
    .bind(wait.run_id.to_string())
    .bind(wait.call_id.to_string())
    .bind(project.to_string())
    .bind(wait.session_id.to_string())
    .bind(serde_json::to_string(&wait.sources)?)
    .bind(wait.since.0)
    .bind(wait.until.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

const WAITS: &str =
    "SELECT w.org_id, w.project_id, w.run_id, w.call_id, w.session_id, w.sources, w.since, w.until
    FROM peer_waits w JOIN runs r ON r.org_id = w.org_id AND r.id = w.run_id WHERE r.status = 'waiting'";

fn wait(row: &AnyRow) -> Result<Wait> {
    Ok(Wait {
        run_id: row.parsed("run_id")?,
        call_id: row.parsed::<CallId>("call_id")?,
        session_id: row.parsed("session_id")?,
        sources: row.json("sources")?,
        since: row.time("since")?,
        until: row.time("until")?,
    })
}

/// What suspended runs of a project wait for.
pub(super) async fn waits(tx: &mut Tx, org: OrgId, project: ProjectId) -> Result<Vec<Wait>> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{WAITS} AND w.org_id = $1 AND w.project_id = $2")))
        .bind(org.to_string())
        .bind(project.to_string())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(wait).collect()
}

/// What suspended runs wait for everywhere, with their organisation and project.
pub(super) async fn all_waits(store: &Store) -> Result<Vec<(OrgId, ProjectId, Wait)>> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{WAITS} ORDER BY w.org_id, w.project_id, w.since")))
        .fetch_all(store.read())
        .await?;
    rows.iter().map(|row| Ok((row.parsed("org_id")?, row.parsed("project_id")?, wait(row)?))).collect()
}

/// The tool of each session's call that is going on, by session.
pub(super) async fn active_tools(
    store: &Store,
    org: OrgId,
    project: ProjectId,
) -> Result<Vec<(SessionId, String)>> {
    // The newest beginning or end of a call says which it is.
    let rows = sqlx::query(
        "SELECT e.session_id, e.data FROM events e JOIN (
             SELECT session_id, MAX(seq) AS seq FROM events WHERE project_id = $2
             AND kind IN ('tool.started', 'tool.completed', 'tool.failed') GROUP BY session_id) last
         ON last.session_id = e.session_id AND last.seq = e.seq
         JOIN runs r ON r.org_id = e.org_id AND r.id = e.run_id
         WHERE e.org_id = $1 AND e.project_id = $2 AND e.kind = 'tool.started'
         AND r.status IN ('queued', 'running', 'waiting')",
    )
    .bind(org.to_string())
    .bind(project.to_string())
    .fetch_all(store.read())
    .await?;
    let tool = |row: &AnyRow| {
        let data: serde_json::Value = row.json("data")?;
        Ok((row.parsed("session_id")?, data["title"].as_str().unwrap_or_default().to_owned()))
    };
    rows.iter().map(tool).collect()
}

/// Whether a session's last run ended well.
pub(super) async fn ended_well(tx: &mut Tx, org: OrgId, session: SessionId) -> Result<bool> {
    let last = crate::engine::store::last_run(tx, org, session).await?;
    Ok(last.is_none_or(|(_, status)| status == "completed"))
}
