use super::{model, store};
use crate::{
    Error, OrgScope, Result,
    clock::Clock,
    store::{Store, Tx},
    text,
};
use alumia_protocol::{AgentId, List, OrgId, Timestamp, agents::Agent};
use std::sync::Arc;

/// Agents of an organisation. Ala is always among them.
#[derive(Clone)]
pub struct Agents {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Agents {
    /// Agents in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// All of them, the oldest (Ala) first.
    pub async fn list(&self, scope: &OrgScope) -> Result<List<Agent>> {
        Ok(List::whole(store::list(&self.store, scope.org_id()).await?))
    }

    /// One by id.
    pub async fn get(&self, scope: &OrgScope, id: AgentId) -> Result<Agent> {
        store::by_id(&self.store, scope.org_id(), id).await?.ok_or(Error::NotFound("agent"))
    }

    /// Id or slug.
    pub async fn find(&self, scope: &OrgScope, id_or_slug: &str) -> Result<Agent> {
        if let Ok(id) = id_or_slug.parse() {
            return self.get(scope, id).await;
        }
        if !text::is_slug(id_or_slug) {
            return Err(Error::NotFound("agent"));
        }
        store::by_slug(&self.store, scope.org_id(), id_or_slug).await?.ok_or(Error::NotFound("agent"))
    }

    /// The organisation's Ala, made if missing.
    pub async fn ala(&self, scope: &OrgScope) -> Result<Agent> {
        if let Some(ala) = store::by_slug(&self.store, scope.org_id(), model::ALA_SLUG).await? {
            return Ok(ala);
        }
        let mut tx = self.store.begin().await?;
        Self::make_ala(&mut tx, scope.org_id(), self.clock.now()).await?;
        tx.commit().await?;
        self.find(scope, model::ALA_SLUG).await
    }

    /// Turns one tool of the agent on or off; holds from the next step of a running run.
    pub async fn set_tool(&self, scope: &OrgScope, id: AgentId, tool: &str, on: bool) -> Result<Agent> {
        scope.require_writer()?;
        if !model::is_tool_name(tool) {
            return Err(Error::NotFound("tool"));
        }
        // Two people at two switches of one agent: the later one starts over from what the earlier left.
        for _ in 0..20 {
            let agent = self.get(scope, id).await?;
            if agent.allowed_tools.iter().any(|allowed| allowed == tool) == on {
                return Ok(agent);
            }
            let mut tools = agent.allowed_tools.clone();
            if on {
                if tools.len() >= model::MOST_TOOLS {
                    return Err(Error::invalid("tool", "This agent has as many tools as it can hold."));
                }
                tools.push(tool.to_owned());
            } else {
                tools.retain(|allowed| allowed != tool);
            }
            let mut tx = self.store.begin().await?;
            let now = self.clock.now();
            if store::replace_tools(&mut tx, &agent, &tools, now).await? {
                tx.commit().await?;
                return Ok(Agent { allowed_tools: tools, updated_at: now, ..agent });
            }
        }
        Err(Error::conflict("This agent is being changed by others just now. Try again."))
    }

    /// Makes an organisation's Ala unless there is one.
    pub(crate) async fn make_ala(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<()> {
        store::insert(tx, &model::new_ala(org, now)).await.map(drop)
    }
}
