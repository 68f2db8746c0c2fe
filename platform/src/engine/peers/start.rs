//! Giving an agent a session of its own and something to do.

use super::{
    may_write, model,
    send::{Letter, off, refused, too_far, too_many},
    store,
};
use crate::{
    Error, Result,
    engine::Engine,
    sessions::NewSession,
    tools::{
        ToolContext,
        peers::{Receipt, Spawn},
    },
};
use alumia_protocol::{MessageId, SessionId, peers::EnvelopeKind, sessions::SessionStatus};

impl Engine {
    /// Starts a session of an agent with a task. The same call again gives the same session.
    pub(super) async fn start_peer(&self, by: &ToolContext, spawn: Spawn) -> Result<Receipt> {
        let sender = self.sender(by).await?;
        let agent = match &spawn.agent {
            None => sender.agent.clone(),
            Some(name) => match self.named(&by.scope, name).await? {
                Ok(agent) => agent,
                Err(reason) => return Ok(refused("unknown", reason)),
            },
        };
        if !may_write(&sender.agent, agent.id) {
            return self.refuse_stranger(&sender, &agent).await;
        }
        if let Some(off) = off(&agent) {
            return Ok(off);
        }
        let (org, project) = (by.scope.org_id(), by.project_id);
        let place = self.parts.projects.get(&by.scope, project).await?;
        if agent.workspace_id.is_some_and(|workspace| workspace != place.workspace_id) {
            let message = format!("{} works in another workspace than this project's.", agent.name);
            return Ok(refused("elsewhere", message));
        }
        let mut tx = self.parts.log.begin(org, project).await?;
        let mut all = store::standings(&mut **tx.tx(), org, project).await?;
        let id = SessionId(by.call_id.0);
        if all.iter().any(|standing| standing.session_id == id) {
            return Ok(Receipt::Delivered { session_id: id, agent: agent.slug });
        }
        let Some(me) = all.iter().find(|standing| standing.session_id == by.session_id).cloned() else {
            return Err(Error::NotFound("Session"));
        };
        if me.depth >= model::DEPTH {
            let most = model::DEPTH;
            let reason = format!(
                "You were started by one that was started … {most} times, which is the most. Do it yourself."
            );
            return Ok(refused("too_deep", reason));
        }
        if let Some(full) = too_many(&all) {
            return Ok(full);
        }
        let hops = store::hops(tx.tx(), org, sender.run_id).await? + 1;
        if hops > model::HOPS {
            return Ok(too_far());
        }
        let new = NewSession {
            id,
            agent: &agent,
            label: spawn.label.unwrap_or_else(|| "New chat".into()),
            metadata: serde_json::json!({ "relationship": "peer" }),
            parent: Some((me.session_id, me.depth + 1)),
        };
        let session = self.parts.sessions.insert_within(&mut tx, &by.scope, new).await?;
        all.push(model::Standing {
            session_id: id,
            agent_id: agent.id,
            agent_name: agent.name.clone(),
            agent_slug: agent.slug.clone(),
            label: session.label,
            parent: Some(me.session_id),
            depth: me.depth + 1,
            status: SessionStatus::Idle,
            run: None,
        });
        let Some(to) = all.last() else { return Err(Error::NotFound("Session")) };
        let letter = Letter {
            id: MessageId(by.call_id.0),
            kind: EnvelopeKind::Task,
            from: me.peer(),
            run_id: sender.run_id,
            to,
            text: spawn.task,
            hops,
            user_id: by.scope.user_id(),
        };
        let receipt = self.deliver(&mut tx, letter).await?;
        tx.commit().await?;
        self.here.wake.notify_one();
        Ok(receipt)
    }
}
