//! Agents that write to each other: what may be sent, where it goes, who waits for whom.
//!
//! A message lies in its reader's session like a person's: it begins a run, or waits in the queue of the one going on.
//! So there is one order of what an agent reads, and a crash loses none of it. Everything that counts and decides is
//! done in the transaction that sends, which has the project's turn.

mod ends;
mod model;
mod send;
mod start;
pub(super) mod store;
mod wait;

pub(in crate::engine) use ends::End;

use super::Engine;
use crate::{
    Error, OrgScope, Result,
    audit::{Means, Origin},
    store::Cursor,
    tools::{
        ToolContext,
        peers::{Peers, Receipt, Spawn},
    },
};
use alumia_protocol::{
    AgentId, List, RunId, SessionId,
    agents::{Agent, CreateAgent},
    peers::Envelope,
};
use async_trait::async_trait;
use model::Standing;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};

/// Envelopes on one page of a list.
const PAGE: usize = 50;

/// Who sends: an agent, and the run that it does it in.
struct Sender {
    /// The person's for whom it works, through the agent.
    scope: OrgScope,
    agent: Agent,
    run_id: RunId,
}

impl Engine {
    /// The agents that an agent may write to, as far as the caller sees them.
    pub async fn peers_of(&self, scope: &OrgScope, agent: &Agent) -> Result<List<Agent>> {
        let mut all = self.parts.agents.list(scope).await?;
        all.items.retain(|other| agent.allowed_peers.contains(&other.id));
        Ok(all)
    }

    /// What an agent wrote to others and got from them, newest first, 50 a page, as far as the caller sees the
    /// projects.
    ///
    /// # Errors
    /// `BadRequest` for a cursor that isn't ours.
    pub async fn envelopes(
        &self,
        scope: &OrgScope,
        agent: AgentId,
        cursor: Option<&str>,
    ) -> Result<List<Envelope>> {
        let before = Cursor::parse(cursor)?;
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let place = (before.at, before.id.as_str());
        let mut items = store::of_agent(&self.parts.store, scope, agent, place, limit).await?;
        let has_more = items.len() > PAGE;
        items.truncate(PAGE);
        let next_cursor = items
            .last()
            .filter(|_| has_more)
            .map(|last| Cursor { at: last.sent_at, id: last.message_id.to_string() }.encode());
        Ok(List { items, next_cursor, has_more })
    }

    /// Who makes this call.
    async fn sender(&self, by: &ToolContext) -> Result<Sender> {
        let run_id = by.origin.run_id.ok_or(Error::NotFound("Run"))?;
        let session = self.parts.sessions.get(&by.scope, by.session_id).await?;
        let agent = self.parts.agents.get(&by.scope, session.agent_id).await?;
        let origin = Origin { means: Means::Agent(agent.id), ..Origin::default() };
        let scope = by.scope.clone().coming_from(Arc::new(origin));
        Ok(Sender { scope, agent, run_id })
    }

    /// An agent that `agent` names by slug, exact name or id.
    async fn named(&self, scope: &OrgScope, agent: &str) -> Result<std::result::Result<Agent, String>> {
        let all = self.parts.agents.list(scope).await?.items;
        let agent = agent.trim();
        let by_slug = all.iter().find(|other| other.slug == agent || other.id.to_string() == agent);
        let by_name: Vec<&Agent> = all.iter().filter(|other| other.name == agent).collect();
        Ok(match (by_slug, by_name.as_slice()) {
            (Some(found), _) => Ok(found.clone()),
            (None, [found]) => Ok((*found).clone()),
            (None, []) => Err(nobody(agent)),
            (None, several) => {
                let slugs: Vec<&str> = several.iter().map(|it| it.slug.as_str()).collect();
                Err(several_of(agent, &slugs))
            }
        })
    }
}

fn nobody(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    format!("There is no agent \"{name}\" here; list_agents tells who there is.")
}

fn several_of(name: &str, slugs: &[&str]) -> String {
    format!("Several agents are called \"{name}\": name one by its slug, {}.", slugs.join(" or "))
}

/// Whether an agent may write to another one. Every send asks.
fn may_write(sender: &Agent, to: AgentId) -> bool {
    sender.id == to || sender.allowed_peers.contains(&to)
}

#[async_trait]
impl Peers for Engine {
    async fn list(&self, by: &ToolContext) -> Result<Value> {
        let sender = self.sender(by).await?;
        let (org, project) = (by.scope.org_id(), by.project_id);
        let all = store::standings(self.parts.store.read(), org, project).await?;
        let tools: HashMap<SessionId, String> =
            store::active_tools(&self.parts.store, org, project).await?.into_iter().collect();
        let me = all.iter().find(|standing| standing.session_id == by.session_id);
        let relation = |other: &Standing| match me {
            Some(me) if me.parent == Some(other.session_id) => "started you",
            Some(me) if other.parent == Some(me.session_id) => "started by you",
            _ => "",
        };
        let session = |other: &Standing| {
            json!({
                "sessionId": other.session_id,
                "label": other.label,
                "status": other.status,
                "doing": tools.get(&other.session_id),
                "relation": relation(other),
            })
        };
        let agents = self.parts.agents.list(&by.scope).await?.items;
        let agents: Vec<Value> = agents
            .iter()
            .filter(|other| may_write(&sender.agent, other.id))
            .map(|other| {
                let sessions =
                    all.iter().filter(|it| it.agent_id == other.id && it.session_id != by.session_id);
                json!({
                    "agent": other.slug,
                    "name": other.name,
                    "description": other.description,
                    "active": other.is_active,
                    "sessions": sessions.map(session).collect::<Vec<_>>(),
                })
            })
            .collect();
        Ok(json!({ "you": { "agent": sender.agent.slug, "sessionId": by.session_id }, "agents": agents }))
    }

    async fn write(&self, by: &ToolContext, to: &str, text: &str) -> Result<Receipt> {
        self.write_to(by, to, text).await
    }

    async fn spawn(&self, by: &ToolContext, spawn: Spawn) -> Result<Receipt> {
        self.start_peer(by, spawn).await
    }

    async fn create(&self, by: &ToolContext, mut new: CreateAgent) -> Result<Value> {
        let Sender { scope, agent: maker, .. } = self.sender(by).await?;
        let tools = new.allowed_tools.get_or_insert_with(|| maker.allowed_tools.clone());
        if let Some(tool) = tools.iter().find(|tool| !maker.allowed_tools.contains(tool)) {
            let tool: String = tool.chars().filter(|c| !c.is_control()).take(64).collect();
            return Err(Error::invalid(
                "tools",
                format!("You don't have the tool \"{tool}\" yourself, so you can't give it."),
            ));
        }
        // What it is made with must not reach further than its maker does.
        new.allowed_peers = vec![maker.id];
        new.workspace_id = maker.workspace_id;
        new.settings = maker.settings.clone();
        new.model.clone_from(&maker.model);
        let made = self.parts.agents.create(&scope, new).await?;
        self.parts.agents.add_peer(&scope, maker.id, made.id).await?;
        Ok(json!({ "agent": made.slug, "name": made.name, "tools": made.allowed_tools }))
    }

    async fn set_model(&self, by: &ToolContext, agent: Option<&str>, model: &str) -> Result<Value> {
        let sender = self.sender(by).await?;
        let agent = match agent {
            None => sender.agent.clone(),
            Some(name) => match self.named(&by.scope, name).await? {
                Ok(agent) if may_write(&sender.agent, agent.id) => agent,
                Ok(agent) => return Err(Error::invalid("agent", send::not_a_peer(&agent.name))),
                Err(reason) => return Err(Error::invalid("agent", reason)),
            },
        };
        let changed = self.parts.agents.set_model(&sender.scope, agent.id, model).await?;
        Ok(json!({ "agent": changed.slug, "model": changed.model }))
    }
}
