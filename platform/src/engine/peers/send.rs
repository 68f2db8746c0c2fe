//! Sending.

use super::{
    Sender, may_write,
    model::{self, Standing, Unclear},
    several_of, store,
};
use crate::{
    Error, Result,
    audit::{Audit, Entry},
    engine::{
        Engine,
        chat::append,
        store::{self as runs, Claimed},
    },
    sessions::LogTx,
    tools::{
        ToolContext,
        peers::{Receipt, Refusal},
    },
};
use alumia_protocol::{
    MessageId, RunId, SessionId, UserId,
    agents::Agent,
    audit::Outcome,
    events::EventData,
    peers::{Envelope, EnvelopeKind, PeerRef},
    sessions::{Message, MessagePart, MessageRole, QueuedMessage, SessionStatus},
};

/// A message on its way.
pub(super) struct Letter<'a> {
    pub id: MessageId,
    pub kind: EnvelopeKind,
    pub from: PeerRef,
    /// The run that it is written in.
    pub run_id: RunId,
    pub to: &'a Standing,
    pub text: String,
    pub hops: i64,
    /// For whom the run works that it may begin.
    pub user_id: UserId,
}

pub(super) fn not_a_peer(name: &str) -> String {
    format!("{name} isn't among your peers, so you may not write to it. A person can add it on your page.")
}

pub(super) fn refused(code: &'static str, reason: impl Into<String>) -> Receipt {
    Receipt::Refused(Refusal { code, reason: reason.into() })
}

/// Why an agent can't be written to now.
pub(super) fn off(agent: &Agent) -> Option<Receipt> {
    (!agent.is_active).then(|| refused("disabled", format!("{} is switched off.", agent.name)))
}

impl Engine {
    /// Writes to another agent of the project. The same call again sends nothing more.
    pub(super) async fn write_to(&self, by: &ToolContext, to: &str, text: &str) -> Result<Receipt> {
        let sender = self.sender(by).await?;
        let id = MessageId(by.call_id.0);
        let (org, project) = (by.scope.org_id(), by.project_id);
        let all = store::standings(self.parts.store.read(), org, project).await?;
        let target = match model::find(&all, by.session_id, to) {
            Ok(target) => target.session_id,
            Err(Unclear::Oneself) => return Ok(refused("yourself", "That is you.")),
            Err(Unclear::Several(slugs)) => {
                let slugs: Vec<&str> = slugs.iter().map(String::as_str).collect();
                return Ok(refused("unclear", several_of(to.trim(), &slugs)));
            }
            Err(Unclear::Nobody) => {
                return Ok(match self.named(&by.scope, to).await? {
                    Ok(agent) if may_write(&sender.agent, agent.id) => refused(
                        "not_here",
                        format!("{} has no session in this project. Start one with spawn_agent.", agent.name),
                    ),
                    Ok(agent) => self.refuse_stranger(&sender, &agent).await?,
                    Err(reason) => refused("unknown", reason),
                });
            }
        };
        let agent =
            all.iter().find(|standing| standing.session_id == target).map(|standing| standing.agent_id);
        let agent = match self.parts.agents.get(&by.scope, agent.unwrap_or(sender.agent.id)).await {
            Ok(agent) => agent,
            Err(Error::NotFound(_)) => return Ok(refused("deleted", "This agent was deleted.")),
            Err(error) => return Err(error),
        };
        if !may_write(&sender.agent, agent.id) {
            return self.refuse_stranger(&sender, &agent).await;
        }
        if let Some(off) = off(&agent) {
            return Ok(off);
        }
        let mut tx = self.parts.log.begin(org, project).await?;
        let all = store::standings(&mut **tx.tx(), org, project).await?;
        let Some(to) = all.iter().find(|standing| standing.session_id == target) else {
            return Ok(refused("deleted", "This conversation was deleted."));
        };
        let Some(me) = all.iter().find(|standing| standing.session_id == by.session_id) else {
            return Err(Error::NotFound("Session"));
        };
        if store::sent(tx.tx(), org, id).await?.is_some() {
            return Ok(Receipt::Delivered { session_id: target, agent: to.agent_slug.clone() });
        }
        if to.run.is_none()
            && let Some(full) = too_many(&all)
        {
            return Ok(full);
        }
        let hops = store::hops(tx.tx(), org, sender.run_id).await? + 1;
        if let Some(refusal) = self.limits_of(&mut tx, (me, to), hops).await? {
            return Ok(refusal);
        }
        let letter = Letter {
            id,
            kind: EnvelopeKind::Message,
            from: me.peer(),
            run_id: sender.run_id,
            to,
            text: text.to_owned(),
            hops,
            user_id: by.scope.user_id(),
        };
        let receipt = self.deliver(&mut tx, letter).await?;
        tx.commit().await?;
        self.here.wake.notify_one();
        Ok(receipt)
    }

    /// What a pair of sessions, or a chain of messages, has used up.
    async fn limits_of(
        &self,
        tx: &mut LogTx,
        (me, to): (&Standing, &Standing),
        hops: i64,
    ) -> Result<Option<Receipt>> {
        if hops > model::HOPS {
            return Ok(Some(too_far()));
        }
        let org = tx.org();
        let since = self.parts.clock.now().plus_seconds(-model::PAIR_SECONDS);
        let pair = (me.session_id, to.session_id);
        if store::between(tx.tx(), org, pair, since).await? >= model::PAIR {
            let most = model::PAIR;
            return Ok(Some(refused(
                "too_often",
                format!(
                    "You and {} have written {most} messages in the last minute, which is the most. Say more in \
                         one message, or wait.",
                    to.agent_name
                ),
            )));
        }
        if to.run.is_some() {
            let (_, waiting) = runs::queue_len(tx.tx(), org, to.session_id).await?;
            if waiting >= model::MAILBOX {
                let name = &to.agent_name;
                return Ok(Some(refused(
                    "mailbox_full",
                    format!("{waiting} messages wait for {name} already. Let it read them first."),
                )));
            }
        }
        Ok(None)
    }

    /// Puts a message where its reader finds it: into the queue of its run, or at the beginning of a new one.
    pub(super) async fn deliver(&self, tx: &mut LogTx, letter: Letter<'_>) -> Result<Receipt> {
        let (org, project, now) = (tx.org(), tx.project(), self.parts.clock.now());
        let Letter { id, to, hops, user_id, .. } = &letter;
        let (id, session) = (*id, to.session_id);
        runs::lock_session(tx.tx(), session, org, now).await?;
        let mut run = Claimed {
            org_id: org,
            id: RunId::new(),
            project_id: project,
            session_id: session,
            agent_id: to.agent_id,
            user_id: *user_id,
            model: String::new(),
            hops: *hops,
            attempt: 0,
            stop_requested: false,
        };
        let agent = to.agent_slug.clone();
        let (receipt, data) = match to.run {
            Some(live) => {
                run.id = live.id;
                let (people, agents) = runs::queue_len(tx.tx(), org, session).await?;
                let message = QueuedMessage {
                    id,
                    from: Some(letter.from.clone()),
                    content: letter.text.clone(),
                    attachments: Vec::new(),
                    created_at: now,
                };
                runs::enqueue(tx.tx(), &run, &message).await?;
                let behind = usize::try_from(people + agents).unwrap_or(0);
                (Receipt::Queued { session_id: session, agent, behind }, EventData::MessageQueued { message })
            }
            None => {
                runs::insert_run(tx.tx(), &run, id, None, now).await?;
                let message = letter.message(Some(run.id), now);
                (Receipt::Delivered { session_id: session, agent }, EventData::RunQueued { message })
            }
        };
        tx.push(append(&run, data));
        if to.run.is_some() {
            self.wake_awaiting(tx, &run, Some(letter.from.session_id)).await?;
        } else {
            let sessions = &self.parts.sessions;
            sessions.set_status(tx, session, Some(run.id), SessionStatus::Active).await?;
        }
        self.record(tx, &letter, Some(run.id)).await?;
        Ok(receipt)
    }

    /// Writes down that a message was sent, and received by this run of its reader's, if one is there.
    pub(super) async fn record(
        &self,
        tx: &mut LogTx,
        letter: &Letter<'_>,
        reader: Option<RunId>,
    ) -> Result<()> {
        let (org, project) = (tx.org(), tx.project());
        let envelope = Box::new(Envelope {
            message_id: letter.id,
            kind: letter.kind,
            from: letter.from.clone(),
            to: letter.to.peer(),
            text: letter.text.clone(),
            hops: u32::try_from(letter.hops).unwrap_or(u32::MAX),
            sent_at: self.parts.clock.now(),
        });
        store::insert(tx.tx(), org, project, &envelope).await?;
        let event = |session: SessionId, run_id: Option<RunId>, data| crate::sessions::Append {
            session_id: Some(session),
            run_id,
            step_id: None,
            data,
        };
        let sent = EventData::PeerSent { envelope: envelope.clone() };
        tx.push(event(letter.from.session_id, Some(letter.run_id), sent));
        tx.push(event(letter.to.session_id, reader, EventData::PeerReceived { envelope }));
        Ok(())
    }

    /// Tells an agent that it may not write to this one, and the audit log that it tried.
    pub(super) async fn refuse_stranger(&self, sender: &Sender, to: &Agent) -> Result<Receipt> {
        let audit = Audit::new(self.parts.store.clone(), self.parts.clock.clone());
        let mut tx = self.parts.store.begin().await?;
        let entry = Entry::by(&sender.scope, "agent.message_refused")
            .on("agent", to.id, &to.name)
            .refused(Outcome::Denied, "It is not among the writer's peers.");
        audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(refused("not_a_peer", not_a_peer(&to.name)))
    }
}

impl Letter<'_> {
    /// As it stands in its reader's conversation.
    pub fn message(&self, run: Option<RunId>, now: alumia_protocol::Timestamp) -> Message {
        Message {
            id: self.id,
            role: MessageRole::User,
            from: Some(self.from.clone()),
            parts: vec![MessagePart::Text { text: self.text.clone() }],
            attachments: Vec::new(),
            run_id: run,
            created_at: now,
        }
    }
}

/// Why no more agents may begin to work for others.
pub(super) fn too_many(all: &[Standing]) -> Option<Receipt> {
    let live = model::live_peers(all);
    (live >= model::LIVE).then(|| {
        refused(
            "too_many",
            format!("{live} agents are at work for others in this project, which is the most. Wait until one is done."),
        )
    })
}

pub(super) fn too_far() -> Receipt {
    refused(
        "too_far",
        format!(
            "{} messages have gone between agents since a person said something, which is the most. End here and say \
             what you have.",
            model::HOPS
        ),
    )
}
