use crate::{
    OrgScope, Result,
    projects::visible as visible_project,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    AgentId, Microcredits, OrgId, Timestamp, WorkspaceId,
    agents::{Agent, AgentRun},
};
use sqlx::{Row as _, any::AnyRow};

/// SQL: the agent `a` is of organisation $1, and person $2 sees it: it is bound to no workspace, or to one that
/// they belong to, or $3 is 1.
macro_rules! visible {
    () => {
        "a.org_id = $1 AND a.deleted_at IS NULL AND (a.workspace_id IS NULL OR $3 = 1 OR EXISTS \
         (SELECT 1 FROM workspace_members wm WHERE wm.org_id = a.org_id AND wm.workspace_id = a.workspace_id \
         AND wm.user_id = $2)) "
    };
}

/// False when the organisation has an agent with this slug.
pub(super) async fn insert(tx: &mut Tx, agent: &Agent) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO agents (org_id, id, workspace_id, name, slug, description, avatar, model, system_prompt, \
         allowed_tools, allowed_peers, allowed_connectors, is_active, settings, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
         ON CONFLICT (org_id, slug) DO NOTHING",
    )
    .bind(agent.org_id.to_string())
    .bind(agent.id.to_string())
    .bind(agent.workspace_id.map(|id| id.to_string()))
    .bind(&agent.name)
    .bind(&agent.slug)
    .bind(&agent.description)
    .bind(&agent.avatar)
    .bind(&agent.model)
    .bind(&agent.system_prompt)
    .bind(serde_json::to_string(&agent.allowed_tools)?)
    .bind(serde_json::to_string(&agent.allowed_peers)?)
    .bind(serde_json::to_string(&agent.allowed_connectors)?)
    .bind(i64::from(agent.is_active))
    .bind(serde_json::to_string(&agent.settings)?)
    .bind(agent.version)
    .bind(agent.created_at.0)
    .bind(agent.updated_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores what may change of an agent, as the version after `before`; false when that is no longer the present one.
pub(super) async fn save(tx: &mut Tx, agent: &Agent, before: i64) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE agents SET workspace_id = $4, name = $5, description = $6, avatar = $7, model = $8, \
         system_prompt = $9, allowed_tools = $10, allowed_peers = $11, allowed_connectors = $12, is_active = $13, \
         settings = $14, version = $15, updated_at = $16 \
         WHERE org_id = $1 AND id = $2 AND version = $3 AND deleted_at IS NULL",
    )
    .bind(agent.org_id.to_string())
    .bind(agent.id.to_string())
    .bind(before)
    .bind(agent.workspace_id.map(|id| id.to_string()))
    .bind(&agent.name)
    .bind(&agent.description)
    .bind(&agent.avatar)
    .bind(&agent.model)
    .bind(&agent.system_prompt)
    .bind(serde_json::to_string(&agent.allowed_tools)?)
    .bind(serde_json::to_string(&agent.allowed_peers)?)
    .bind(serde_json::to_string(&agent.allowed_connectors)?)
    .bind(i64::from(agent.is_active))
    .bind(serde_json::to_string(&agent.settings)?)
    .bind(agent.version)
    .bind(agent.updated_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The slug gets a mark that no slug can have, so that the name is free for a new agent.
pub(super) async fn delete(tx: &mut Tx, org: OrgId, id: AgentId, now: Timestamp) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE agents SET deleted_at = $3, slug = slug || '~' || id \
         WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
    )
    .bind(org.to_string())
    .bind(id.to_string())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many there are, whoever sees them.
pub(super) async fn count(tx: &mut Tx, org: OrgId) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) AS agents FROM agents WHERE org_id = $1 AND deleted_at IS NULL")
        .bind(org.to_string())
        .fetch_one(&mut **tx)
        .await?;
    row.number("agents")
}

/// Whether the person sees this workspace.
pub(super) async fn sees_workspace(store: &Store, scope: &OrgScope, id: WorkspaceId) -> Result<bool> {
    let row = sqlx::query(
        "SELECT 1 FROM workspaces w WHERE w.org_id = $1 AND w.id = $4 AND ($3 = 1 OR EXISTS \
         (SELECT 1 FROM workspace_members wm WHERE wm.org_id = w.org_id AND wm.workspace_id = w.id \
         AND wm.user_id = $2))",
    )
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .bind(id.to_string())
    .fetch_optional(store.read())
    .await?;
    Ok(row.is_some())
}

pub(super) async fn list(store: &Store, scope: &OrgScope) -> Result<Vec<Agent>> {
    let rows =
        sqlx::query(concat!("SELECT a.* FROM agents a WHERE ", visible!(), "ORDER BY a.created_at, a.id"))
            .bind(scope.org_id().to_string())
            .bind(scope.user_id().to_string())
            .bind(i64::from(scope.is_admin()))
            .fetch_all(store.read())
            .await?;
    rows.iter().map(agent).collect()
}

pub(super) async fn by_id(store: &Store, scope: &OrgScope, id: AgentId) -> Result<Option<Agent>> {
    let row = sqlx::query(concat!("SELECT a.* FROM agents a WHERE ", visible!(), "AND a.id = $4"))
        .bind(scope.org_id().to_string())
        .bind(scope.user_id().to_string())
        .bind(i64::from(scope.is_admin()))
        .bind(id.to_string())
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(agent).transpose()
}

pub(super) async fn by_slug(store: &Store, scope: &OrgScope, slug: &str) -> Result<Option<Agent>> {
    let row = sqlx::query(concat!("SELECT a.* FROM agents a WHERE ", visible!(), "AND a.slug = $4"))
        .bind(scope.org_id().to_string())
        .bind(scope.user_id().to_string())
        .bind(i64::from(scope.is_admin()))
        .bind(slug)
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(agent).transpose()
}

/// The agent's newest runs in projects that the person sees, with what their calls cost.
pub(super) async fn runs(
    store: &Store,
    scope: &OrgScope,
    agent: AgentId,
    limit: i64,
) -> Result<Vec<AgentRun>> {
    let rows = sqlx::query(concat!(
        "SELECT r.id, r.session_id, s.label, p.slug AS project, r.status, r.created_at, r.started_at, r.ended_at, \
         (SELECT CAST(COALESCE(SUM(c.cost - c.refunded), 0) AS BIGINT) FROM reservations c \
         WHERE c.org_id = r.org_id AND c.run_id = r.id) AS cost \
         FROM runs r JOIN sessions s ON s.id = r.session_id AND s.deleted_at IS NULL \
         JOIN projects p ON p.id = r.project_id WHERE ",
        visible_project!(),
        "AND r.org_id = $1 AND r.agent_id = $4 ORDER BY r.created_at DESC, r.id DESC LIMIT $5"
    ))
    .bind(scope.org_id().to_string())
    .bind(scope.user_id().to_string())
    .bind(i64::from(scope.is_admin()))
    .bind(agent.to_string())
    .bind(limit)
    .fetch_all(store.read())
    .await?;
    let run = |row: &AnyRow| {
        let time = |column| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp));
        Ok(AgentRun {
            id: row.parsed("id")?,
            session_id: row.parsed("session_id")?,
            label: row.text("label")?,
            project: row.text("project")?,
            status: row.named("status")?,
            created_at: row.time("created_at")?,
            started_at: time("started_at")?,
            ended_at: time("ended_at")?,
            cost: row.number("cost").map(Microcredits)?,
        })
    };
    rows.iter().map(run).collect()
}

fn agent(row: &AnyRow) -> Result<Agent> {
    Ok(Agent {
        id: row.parsed("id")?,
        org_id: row.parsed("org_id")?,
        workspace_id: row.parsed_or_null("workspace_id")?,
        name: row.text("name")?,
        slug: row.text("slug")?,
        description: row.text("description")?,
        avatar: row.text("avatar")?,
        model: row.text("model")?,
        system_prompt: row.text("system_prompt")?,
        allowed_tools: row.json("allowed_tools")?,
        allowed_peers: row.json("allowed_peers")?,
        allowed_connectors: row.json("allowed_connectors")?,
        is_active: row.flag("is_active")?,
        settings: row.json("settings")?,
        version: row.number("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
