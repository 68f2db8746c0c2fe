//! Accepting messages.

use super::{
    Engine,
    here::Handed,
    machine::words,
    store::{self, Before, Claimed},
};
use crate::{Error, OrgScope, Result, fault::fault, sessions::Append};
use alumia_protocol::{
    MessageId, RunId, SessionId,
    agents::Agent,
    events::{EventData, RunError},
    sessions::{
        ChatAccepted, ChatRequest, CreateSession, Message, MessagePart, MessageRole, NewMessage,
        QueuedMessage, Session, SessionStatus,
    },
};
use std::collections::BTreeMap;

/// Characters of one message.
const CONTENT: usize = 100_000;
const ATTACHMENTS: usize = 10;

impl Engine {
    /// Accepts a message: a new run, or a place in the queue of the one going on. The same message id
    /// again gives the same answer.
    ///
    /// # Errors
    /// `Forbidden` for roles that only read, `Invalid` for a message out of its limits, `NotFound` for a
    /// session, project or agent that the caller doesn't see, `Conflict` when the agent is off or the
    /// queue is full, `PaymentRequired` for a program whose organisation can't pay the answer.
    pub async fn chat(&self, scope: &OrgScope, request: ChatRequest) -> Result<ChatAccepted> {
        scope.require_writer()?;
        check(&request)?;
        // The same message sent twenty times at once makes one session and one run.
        let _turn = self.here.accepting(request.message.id).lock().await;
        if let Some(before) = self.before(scope, request.message.id).await? {
            return Ok(before);
        }
        let run = RunId::new();
        let paid = self.hold_payment(scope, &request, run).await?;
        let accepted = self.place(scope, &request, run).await;
        if paid && !matches!(&accepted, Ok(Some(accepted)) if accepted.run_id == run) {
            self.drop_payment(scope, run).await;
        }
        match accepted? {
            Some(accepted) => Ok(accepted),
            // Another server took the same message in between.
            None => self.before(scope, request.message.id).await?.ok_or(Error::NotFound("Session")),
        }
    }

    /// Whether this message id was accepted before (such a call costs no rate limit).
    pub async fn knows_message(&self, scope: &OrgScope, message: MessageId) -> Result<bool> {
        Ok(store::before(&self.parts.store, scope.org_id(), message).await?.is_some())
    }

    async fn before(&self, scope: &OrgScope, message: MessageId) -> Result<Option<ChatAccepted>> {
        let Some(before) = store::before(&self.parts.store, scope.org_id(), message).await? else {
            return Ok(None);
        };
        let Before { session_id, run_id, queued, seq } = before;
        self.parts.sessions.get(scope, session_id).await?;
        Ok(Some(ChatAccepted { session_id, run_id, queued, seq }))
    }

    async fn new_session(&self, scope: &OrgScope, request: &ChatRequest) -> Result<Session> {
        let agent = match request.agent_id {
            Some(id) => self.parts.agents.get(scope, id).await?,
            None => self.parts.agents.ala(scope).await?,
        };
        active(agent.is_active, &agent.name)?;
        let new = CreateSession {
            project_id: request.project_id,
            agent_id: Some(agent.id),
            ..CreateSession::default()
        };
        self.parts.sessions.create(scope, new).await
    }

    /// The agent of a session, when it can begin a run.
    ///
    /// # Errors
    /// `Conflict` when it is off, deleted or out of sight.
    pub(super) async fn answerer(&self, scope: &OrgScope, session: &Session) -> Result<Agent> {
        match self.parts.agents.get(scope, session.agent_id).await {
            Ok(agent) => active(agent.is_active, &agent.name).map(|()| agent),
            Err(Error::NotFound(_)) => {
                let RunError { message, action, .. } = words::agent_gone();
                Err(Error::conflict(format!("{message} {}", action.unwrap_or_default())))
            }
            Err(error) => Err(error),
        }
    }

    /// In the session, or in a new one; `None` when the message was accepted elsewhere meanwhile.
    async fn place(
        &self,
        scope: &OrgScope,
        request: &ChatRequest,
        run: RunId,
    ) -> Result<Option<ChatAccepted>> {
        if let Some(id) = request.session_id {
            let session = self.parts.sessions.get(scope, id).await?;
            if request.agent_id.is_some_and(|agent| agent != session.agent_id) {
                return Err(Error::invalid("sessionId", "This is a conversation with another agent."));
            }
            return self.accept(scope, &session, request, run).await;
        }
        let session = self.new_session(scope, request).await?;
        let accepted = self.accept(scope, &session, request, run).await;
        if !matches!(accepted, Ok(Some(_))) {
            self.parts.sessions.delete(scope, session.id).await?;
        }
        accepted
    }

    async fn accept(
        &self,
        scope: &OrgScope,
        session: &Session,
        request: &ChatRequest,
        run: RunId,
    ) -> Result<Option<ChatAccepted>> {
        let parts = &self.parts;
        self.answerer(scope, session).await?;
        let run = Claimed {
            org_id: scope.org_id(),
            id: run,
            project_id: session.project_id,
            session_id: session.id,
            agent_id: session.agent_id,
            user_id: scope.user_id(),
            model: request.model.clone().unwrap_or_default(),
            hops: 0,
            attempt: 1,
            stop_requested: false,
        };
        fault!("accept.before");
        let mut tx = parts.log.begin(run.org_id, run.project_id).await?;
        let now = parts.clock.now();
        store::lock_session(tx.tx(), session.id, run.org_id, now).await?;
        if store::knows_message(tx.tx(), run.org_id, request.message.id).await? {
            return Ok(None);
        }
        if let Some(active) = store::lock_active(tx.tx(), run.org_id, session.id).await? {
            let (waiting, _) = store::queue_len(tx.tx(), run.org_id, session.id).await?;
            if usize::try_from(waiting).unwrap_or(usize::MAX) >= parts.limits.queue {
                return Err(Error::conflict(format!(
                    "{waiting} messages wait already. Let the agent take them in, or remove one first."
                )));
            }
            let message = queued(&request.message, now);
            let run = Claimed { id: active, ..run };
            if !store::enqueue(tx.tx(), &run, &message).await? {
                return Ok(None);
            }
            let seq = tx.push(append(&run, EventData::MessageQueued { message }));
            // Who waits for other agents listens to people all the same.
            self.wake_awaiting(&mut tx, &run, None).await?;
            tx.commit().await?;
            self.here.wake.notify_one();
            return Ok(Some(ChatAccepted {
                session_id: session.id,
                run_id: active,
                queued: true,
                seq: seq - 1,
            }));
        }
        let message = message(&request.message, run.id, now);
        // With room in this process, and in the organisation's package, the run needs no claiming.
        let worker = self.here.worker();
        let place = worker.as_ref().and_then(|_| self.here.places.clone().try_acquire_owned().ok());
        let place = match place {
            Some(place) if self.may_begin(tx.tx(), run.org_id).await? => Some(place),
            _ => None,
        };
        let lease =
            worker.as_ref().filter(|_| place.is_some()).map(|worker| (&*worker.owner, self.lease_until()));
        if !store::insert_run(tx.tx(), &run, message.id, lease, now).await? {
            return Ok(None);
        }
        let seq = tx.push(append(&run, EventData::RunQueued { message }));
        parts.sessions.set_status(&mut tx, session.id, Some(run.id), SessionStatus::Active).await?;
        tx.commit().await?;
        fault!("accept.after");
        let run_id = run.id;
        match (worker, place) {
            // A worker that has gone meanwhile lets the lease run out.
            (Some(worker), Some(place)) => drop(worker.hand.send(Handed { run, place })),
            _ => self.here.wake.notify_one(),
        }
        Ok(Some(ChatAccepted { session_id: session.id, run_id, queued: false, seq: seq - 1 }))
    }

    /// Starts a run with the first message of the queue that an ended run has left; `false` when it is
    /// empty.
    pub(super) async fn start_from_queue(&self, scope: &OrgScope, session: &Session) -> Result<bool> {
        let run = Claimed {
            org_id: scope.org_id(),
            id: RunId::new(),
            project_id: session.project_id,
            session_id: session.id,
            agent_id: session.agent_id,
            user_id: scope.user_id(),
            model: String::new(),
            hops: 0,
            attempt: 0,
            stop_requested: false,
        };
        let mut tx = self.parts.log.begin(run.org_id, run.project_id).await?;
        let now = self.parts.clock.now();
        store::lock_session(tx.tx(), session.id, run.org_id, now).await?;
        if store::lock_active(tx.tx(), run.org_id, session.id).await?.is_some() {
            return Ok(true);
        }
        let place = (run.org_id, session.id, run.id);
        let Some((first, hops)) = store::join_queue(tx.tx(), place, true, now).await?.pop() else {
            return Ok(false);
        };
        let run = Claimed { hops, ..run };
        store::insert_run(tx.tx(), &run, first.id, None, now).await?;
        tx.push(append(&run, EventData::RunQueued { message: super::driver::joined(first, run.id) }));
        let sessions = &self.parts.sessions;
        sessions.set_status(&mut tx, session.id, Some(run.id), SessionStatus::Active).await?;
        tx.commit().await?;
        self.here.wake.notify_one();
        Ok(true)
    }
}

pub(super) fn append(run: &Claimed, data: EventData) -> Append {
    Append { session_id: Some(run.session_id), run_id: Some(run.id), step_id: None, data }
}

fn active(is_active: bool, name: &str) -> Result<()> {
    if is_active {
        return Ok(());
    }
    Err(Error::conflict(format!("{name} is switched off. Switch the agent on, or choose another one.")))
}

/// Content of a message, also of one that is edited in the queue.
pub(super) fn check_content(content: &str, may_be_empty: bool) -> Result<()> {
    let length = content.chars().count();
    if length > CONTENT {
        return Err(Error::invalid(
            "content",
            format!("{length} characters are too many: at most 100,000 fit."),
        ));
    }
    if content.trim().is_empty() && !may_be_empty {
        return Err(Error::invalid("content", "Write something, or attach a file."));
    }
    Ok(())
}

fn check(request: &ChatRequest) -> Result<()> {
    let NewMessage { content, attachments, .. } = &request.message;
    check_content(content, !attachments.is_empty())?;
    let mut fields = BTreeMap::new();
    if request.session_id.is_none() && request.project_id.is_none() {
        fields.insert("sessionId".to_owned(), "Name a session, or a project for a new one.".to_owned());
    }
    if attachments.len() > ATTACHMENTS {
        fields.insert("attachments".to_owned(), "At most 10 files go with one message.".to_owned());
    }
    let fits = |text: &str, max: usize| (1..=max).contains(&text.chars().count());
    for attachment in attachments {
        if !fits(&attachment.name, 255)
            || !fits(&attachment.path, 1_024)
            || !fits(&attachment.media_type, 255)
        {
            let message = "Each file needs a name, a media type and the path of the stored file.";
            fields.insert("attachments".to_owned(), message.to_owned());
        }
    }
    if request.model.as_ref().is_some_and(|model| model.chars().count() > 255) {
        fields.insert("model".to_owned(), "There is no such model.".to_owned());
    }
    if fields.is_empty() { Ok(()) } else { Err(Error::Invalid(fields)) }
}

fn message(new: &NewMessage, run: RunId, now: alumia_protocol::Timestamp) -> Message {
    Message {
        id: new.id,
        role: MessageRole::User,
        from: None,
        parts: vec![MessagePart::Text { text: new.content.clone() }],
        attachments: new.attachments.clone(),
        run_id: Some(run),
        created_at: now,
    }
}

fn queued(new: &NewMessage, now: alumia_protocol::Timestamp) -> QueuedMessage {
    QueuedMessage {
        id: new.id,
        from: None,
        content: new.content.clone(),
        attachments: new.attachments.clone(),
        created_at: now,
    }
}

/// The session of an order, as the caller sees it.
pub(super) async fn session_for(engine: &Engine, scope: &OrgScope, id: SessionId) -> Result<Session> {
    scope.require_writer()?;
    engine.parts.sessions.get(scope, id).await
}
