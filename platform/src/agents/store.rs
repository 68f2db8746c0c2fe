use crate::{
    Result,
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{AgentId, OrgId, Timestamp, agents::Agent};
use sqlx::any::AnyRow;

/// False when the organisation has an agent with this slug.
pub(super) async fn insert(tx: &mut Tx, agent: &Agent) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO agents (org_id, id, workspace_id, name, slug, description, avatar, model, system_prompt, \
         allowed_tools, allowed_peers, allowed_connectors, is_active, settings, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
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
    .bind(agent.created_at.0)
    .bind(agent.updated_at.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn list(store: &Store, org: OrgId) -> Result<Vec<Agent>> {
    let rows =
        sqlx::query("SELECT * FROM agents WHERE org_id = $1 AND deleted_at IS NULL ORDER BY created_at, id")
            .bind(org.to_string())
            .fetch_all(store.read())
            .await?;
    rows.iter().map(agent).collect()
}

pub(super) async fn by_id(store: &Store, org: OrgId, id: AgentId) -> Result<Option<Agent>> {
    let row = sqlx::query("SELECT * FROM agents WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL")
        .bind(org.to_string())
        .bind(id.to_string())
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(agent).transpose()
}

pub(super) async fn by_slug(store: &Store, org: OrgId, slug: &str) -> Result<Option<Agent>> {
    let row = sqlx::query("SELECT * FROM agents WHERE org_id = $1 AND slug = $2 AND deleted_at IS NULL")
        .bind(org.to_string())
        .bind(slug)
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(agent).transpose()
}

/// False when the list is no longer what `before` says: somebody else changed it in between.
pub(super) async fn replace_tools(
    tx: &mut Tx,
    before: &Agent,
    tools: &[String],
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE agents SET allowed_tools = $4, updated_at = $5 \
         WHERE org_id = $1 AND id = $2 AND allowed_tools = $3 AND deleted_at IS NULL",
    )
    .bind(before.org_id.to_string())
    .bind(before.id.to_string())
    .bind(serde_json::to_string(&before.allowed_tools)?)
    .bind(serde_json::to_string(tools)?)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
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
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
