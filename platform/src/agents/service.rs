use super::{model, store};
use crate::{
    Error, OrgScope, Result,
    audit::{Audit, Entry},
    clock::Clock,
    models::Models,
    store::{Store, Tx},
    text::{self, Fields},
    tools::Tools,
};
use alumia_protocol::{
    AgentId, List, OrgId, Timestamp,
    agents::{Agent, AgentRun, CreateAgent, UpdateAgent},
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Runs that an agent's page shows.
const RUNS: i64 = 20;

/// Agents of an organisation. Ala is always among them. A member sees those of every workspace and of the ones that
/// they belong to, owners and admins all.
#[derive(Clone)]
pub struct Agents {
    store: Store,
    clock: Arc<dyn Clock>,
    audit: Audit,
    models: Models,
    tools: Tools,
}

impl Agents {
    /// Agents in this store that can be given no model and no tool.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self {
            audit: Audit::new(store.clone(), clock.clone()),
            models: Models::new(Vec::new()),
            tools: Tools::new(Vec::new()),
            store,
            clock,
        }
    }

    /// The same with what they can be given.
    #[must_use]
    pub fn with(self, models: Models, tools: Tools) -> Self {
        Self { models, tools, ..self }
    }

    /// All that the caller sees, the oldest (Ala) first.
    pub async fn list(&self, scope: &OrgScope) -> Result<List<Agent>> {
        let agents = store::list(&self.store, scope).await?;
        if agents.iter().any(|agent| agent.slug == model::ALA_SLUG) {
            return Ok(List::whole(agents));
        }
        self.ala(scope).await?;
        Ok(List::whole(store::list(&self.store, scope).await?))
    }

    /// One by id.
    pub async fn get(&self, scope: &OrgScope, id: AgentId) -> Result<Agent> {
        store::by_id(&self.store, scope, id).await?.ok_or(Error::NotFound("agent"))
    }

    /// Id or slug.
    pub async fn find(&self, scope: &OrgScope, id_or_slug: &str) -> Result<Agent> {
        if let Ok(id) = id_or_slug.parse() {
            return self.get(scope, id).await;
        }
        if id_or_slug == model::ALA_SLUG {
            return self.ala(scope).await;
        }
        if !text::is_slug(id_or_slug) {
            return Err(Error::NotFound("agent"));
        }
        store::by_slug(&self.store, scope, id_or_slug).await?.ok_or(Error::NotFound("agent"))
    }

    /// The organisation's Ala, made if missing.
    pub async fn ala(&self, scope: &OrgScope) -> Result<Agent> {
        if let Some(ala) = store::by_slug(&self.store, scope, model::ALA_SLUG).await? {
            return Ok(ala);
        }
        let mut tx = self.store.begin().await?;
        Self::make_ala(&mut tx, scope.org_id(), self.clock.now()).await?;
        tx.commit().await?;
        store::by_slug(&self.store, scope, model::ALA_SLUG).await?.ok_or(Error::NotFound("agent"))
    }

    /// Whether this is the agent that every organisation has.
    pub fn is_ala(agent: &Agent) -> bool {
        agent.slug == model::ALA_SLUG
    }

    /// Its newest runs, as far as the caller sees their projects.
    pub async fn runs(&self, scope: &OrgScope, id: AgentId) -> Result<Vec<AgentRun>> {
        store::runs(&self.store, scope, id, RUNS).await
    }

    /// The slug comes from the name; a taken one gets a number.
    ///
    /// # Errors
    /// `Invalid` by field, `Forbidden` for roles that only read, `Conflict` when there are too many.
    pub async fn create(&self, scope: &OrgScope, new: CreateAgent) -> Result<Agent> {
        scope.require_writer()?;
        let now = self.clock.now();
        let standard = || model::STANDARD_TOOLS.iter().filter(|name| self.tools.get(name).is_some());
        let mut agent = Agent {
            id: AgentId::new(),
            org_id: scope.org_id(),
            workspace_id: new.workspace_id,
            name: new.name,
            slug: String::new(),
            description: new.description,
            avatar: new.avatar,
            model: new.model,
            system_prompt: new.system_prompt,
            allowed_tools: new
                .allowed_tools
                .unwrap_or_else(|| standard().map(|&name| name.to_owned()).collect()),
            allowed_peers: new.allowed_peers,
            allowed_connectors: new.allowed_connectors,
            is_active: new.is_active.unwrap_or(true),
            settings: new.settings,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        self.check(scope, None, &mut agent).await?;
        let mut tx = self.store.begin().await?;
        if store::count(&mut tx, scope.org_id()).await? >= model::MOST_AGENTS {
            return Err(Error::conflict(format!(
                "This organization has {} agents already, which is the most. Delete one that isn't used.",
                model::MOST_AGENTS
            )));
        }
        for slug in text::slug_candidates(model::slug(&agent.name)) {
            agent.slug = slug;
            if store::insert(&mut tx, &agent).await? {
                let entry = Entry::by(scope, "agent.created").on("agent", agent.id, &agent.name);
                self.audit.record(&mut tx, entry).await?;
                tx.commit().await?;
                return Ok(agent);
            }
        }
        Err(Error::conflict("Every address made from this agent's name is taken. Choose another name."))
    }

    /// Absent fields stay, and so does the slug. What it says holds from the next step of a running run.
    ///
    /// # Errors
    /// `Conflict` with the present agent as `agent` in `details` when the version is stale; `Invalid`, `NotFound`,
    /// `Forbidden`.
    pub async fn update(&self, scope: &OrgScope, id: AgentId, change: UpdateAgent) -> Result<Agent> {
        scope.require_writer()?;
        let before = self.get(scope, id).await?;
        if before.version != change.version {
            return Err(stale(&before));
        }
        let mut agent = before.clone();
        put(&mut agent.name, change.name);
        put(&mut agent.description, change.description);
        put(&mut agent.avatar, change.avatar);
        put(&mut agent.model, change.model);
        put(&mut agent.system_prompt, change.system_prompt);
        put(&mut agent.allowed_tools, change.allowed_tools);
        put(&mut agent.allowed_peers, change.allowed_peers);
        put(&mut agent.allowed_connectors, change.allowed_connectors);
        put(&mut agent.is_active, change.is_active);
        put(&mut agent.settings, change.settings);
        put(&mut agent.workspace_id, change.workspace_id);
        self.check(scope, Some(&before), &mut agent).await?;
        match self.save(scope, &before, agent).await? {
            Some(agent) => Ok(agent),
            None => Err(stale(&self.get(scope, id).await?)),
        }
    }

    /// Switches the agent on or off; an inactive one starts no run, and a running run ends at its next step.
    pub async fn set_active(&self, scope: &OrgScope, id: AgentId, on: bool) -> Result<Agent> {
        self.change(scope, id, |agent| {
            agent.is_active = on;
            Ok(())
        })
        .await
    }

    /// Turns one tool of the agent on or off; holds from the next step of a running run.
    pub async fn set_tool(&self, scope: &OrgScope, id: AgentId, tool: &str, on: bool) -> Result<Agent> {
        if !model::is_name(tool) {
            return Err(Error::NotFound("tool"));
        }
        self.change(scope, id, |agent| {
            if agent.allowed_tools.iter().any(|allowed| allowed == tool) == on {
                return Ok(());
            }
            if !on {
                agent.allowed_tools.retain(|allowed| allowed != tool);
            } else if agent.allowed_tools.len() >= model::MOST_TOOLS {
                return Err(Error::invalid("tool", "This agent has as many tools as it can hold."));
            } else {
                agent.allowed_tools.push(tool.to_owned());
            }
            Ok(())
        })
        .await
    }

    /// Lets an agent write to another one.
    pub async fn add_peer(&self, scope: &OrgScope, id: AgentId, peer: AgentId) -> Result<Agent> {
        let others = store::list(&self.store, scope).await?;
        if peer == id || !others.iter().any(|other| other.id == peer) {
            return Err(Error::NotFound("agent"));
        }
        self.change(scope, id, |agent| {
            if !agent.allowed_peers.contains(&peer) {
                agent.allowed_peers.push(peer);
            }
            Ok(())
        })
        .await
    }

    /// Gives an agent another model; holds from the next step of a running run.
    ///
    /// # Errors
    /// `Invalid` for one that isn't there, and for Ala, who follows the organisation's.
    pub async fn set_model(&self, scope: &OrgScope, id: AgentId, wanted: &str) -> Result<Agent> {
        let known = self.models.id_of(wanted);
        let wanted = known.ok_or_else(|| Error::invalid("model", "There is no such model here."))?;
        self.change(scope, id, |agent| {
            wanted.clone_into(&mut agent.model);
            Ok(())
        })
        .await
    }

    /// A change that says by itself what shall be, whatever the version. Two people at two switches of one agent:
    /// the later one starts over from what the earlier left.
    async fn change(
        &self,
        scope: &OrgScope,
        id: AgentId,
        with: impl Fn(&mut Agent) -> Result<()>,
    ) -> Result<Agent> {
        scope.require_writer()?;
        for _ in 0..20 {
            let before = self.get(scope, id).await?;
            let mut agent = before.clone();
            with(&mut agent)?;
            let mut fields = Fields::default();
            model::check(&mut fields, Some(&before), &mut agent);
            fields.done()?;
            if let Some(agent) = self.save(scope, &before, agent).await? {
                return Ok(agent);
            }
        }
        Err(Error::conflict("This agent is being changed by others just now. Try again."))
    }

    /// Soft, as part of a write that also ends its runs: its conversations stay readable, and its slug is free again.
    ///
    /// # Errors
    /// `BadRequest` for Ala, `NotFound`, `Forbidden`.
    pub(crate) async fn delete_within(&self, tx: &mut Tx, scope: &OrgScope, agent: &Agent) -> Result<()> {
        scope.require_writer()?;
        if Self::is_ala(agent) {
            return Err(Error::BadRequest(
                "Ala can't be deleted: every organization has her. Make an agent of your own instead.".into(),
            ));
        }
        if !store::delete(tx, scope.org_id(), agent.id, self.clock.now()).await? {
            return Err(Error::NotFound("agent"));
        }
        let entry = Entry::by(scope, "agent.deleted").on("agent", agent.id, &agent.name);
        self.audit.record(tx, entry).await
    }

    /// Makes an organisation's Ala unless there is one.
    pub(crate) async fn make_ala(tx: &mut Tx, org: OrgId, now: Timestamp) -> Result<()> {
        store::insert(tx, &model::new_ala(org, now)).await.map(drop)
    }

    /// Everything that an agent shall be, against what there is.
    async fn check(&self, scope: &OrgScope, before: Option<&Agent>, agent: &mut Agent) -> Result<()> {
        let mut fields = Fields::default();
        model::check(&mut fields, before, agent);
        let stays = before.is_some_and(|before| before.model == agent.model);
        if !stays && !agent.model.is_empty() {
            match self.models.id_of(&agent.model) {
                Some(id) => agent.model = id.to_owned(),
                None => fields.refuse("model", "There is no such model here. Choose one of the list."),
            }
        }
        let had = |name: &String| before.is_some_and(|before| before.allowed_tools.contains(name));
        let unknown = |name: &&String| self.tools.get(name).is_none() && !had(name);
        if let Some(odd) = agent.allowed_tools.iter().find(unknown) {
            fields.refuse("allowedTools", format!("There is no tool \"{}\" here.", model::shown(odd)));
        }
        let kept = before.map_or(&[][..], |before| &before.allowed_peers);
        let added: Vec<AgentId> =
            agent.allowed_peers.iter().filter(|peer| !kept.contains(peer)).copied().collect();
        if !added.is_empty() {
            let others = store::list(&self.store, scope).await?;
            if added.iter().any(|peer| *peer == agent.id || !others.iter().any(|other| other.id == *peer)) {
                fields.refuse("allowedPeers", "Name other agents of this organization, by id.");
            }
        }
        let moved = before.is_none_or(|before| before.workspace_id != agent.workspace_id);
        if let (true, Some(workspace)) = (moved, agent.workspace_id)
            && !store::sees_workspace(&self.store, scope, workspace).await?
        {
            fields.refuse("workspaceId", "There is no such workspace here.");
        }
        fields.done()
    }

    /// `None` when `before` is no longer what there is. What changes nothing is not written.
    async fn save(&self, scope: &OrgScope, before: &Agent, mut agent: Agent) -> Result<Option<Agent>> {
        let changed = changes(before, &agent)?;
        if changed.is_empty() {
            return Ok(Some(agent));
        }
        agent.version = before.version + 1;
        agent.updated_at = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !store::save(&mut tx, &agent, before.version).await? {
            return Ok(None);
        }
        let entry = Entry::by(scope, "agent.updated").on("agent", agent.id, &agent.name).with(changed.into());
        self.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Some(agent))
    }
}

fn put<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn stale(present: &Agent) -> Error {
    Error::Conflict {
        message: "This agent has changed since you read it. Look at it as it is now, then change it again."
            .into(),
        details: Some(json!({ "agent": present })),
    }
}

/// What an update did, for the audit log: long texts by their name alone, lists by what came and went.
fn changes(before: &Agent, after: &Agent) -> Result<Map<String, Value>> {
    let (Value::Object(old), Value::Object(new)) =
        (serde_json::to_value(before)?, serde_json::to_value(after)?)
    else {
        return Err(Error::internal("an agent is no JSON object"));
    };
    let mut changed = Map::new();
    for (field, new) in new {
        let old = old.get(&field).cloned().unwrap_or_default();
        if old == new {
            continue;
        }
        let note = match (field.as_str(), &old, &new) {
            ("systemPrompt" | "description", ..) => json!("changed"),
            (_, Value::Array(old), Value::Array(new)) => json!({
                "added": new.iter().filter(|item| !old.contains(item)).collect::<Vec<_>>(),
                "removed": old.iter().filter(|item| !new.contains(item)).collect::<Vec<_>>(),
            }),
            _ => json!({ "from": old, "to": new }),
        };
        changed.insert(field, note);
    }
    Ok(changed)
}
