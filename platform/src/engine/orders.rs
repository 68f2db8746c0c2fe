//! What people tell a run that is going on, waits, or has failed.

use super::{
    Engine,
    chat::{append, check_content, session_for},
    driver::Order,
    machine::Event,
    store::{self, Claimed},
};
use crate::{
    Error, OrgScope, Result,
    audit::{Audit, Entry},
    fault::fault,
};
use alumia_protocol::{
    AgentId, CallId, List, MessageId, RunId, SessionId,
    agents::{Agent, AgentGrant},
    events::EventData,
    sessions::{Session, SessionStatus},
    tools::Approval,
};
use serde_json::{Value, json};
use std::collections::HashMap;

impl Engine {
    /// Stops the session's run, wherever it is, within a second, and those of agents that it has started; fine when
    /// none is going on.
    pub async fn stop(&self, scope: &OrgScope, session: SessionId) -> Result<()> {
        let session = session_for(self, scope, session).await?;
        let mut tx = self.parts.store.begin().await?;
        let runs = store::request_stops(&mut tx, scope.org_id(), &session.id.to_string()).await?;
        tx.commit().await?;
        self.tell_to_stop(&runs);
        Ok(())
    }

    /// Deletes an agent; its runs end, wherever they are, and what was said stays readable.
    ///
    /// # Errors
    /// `BadRequest` for Ala, `NotFound`, `Forbidden`.
    pub async fn delete_agent(&self, scope: &OrgScope, id: AgentId) -> Result<()> {
        let agents = &self.parts.agents;
        let agent = agents.get(scope, id).await?;
        let mut tx = self.parts.store.begin().await?;
        agents.delete_within(&mut tx, scope, &agent).await?;
        let runs = store::request_stops(&mut tx, scope.org_id(), &id.to_string()).await?;
        tx.commit().await?;
        self.tell_to_stop(&runs);
        Ok(())
    }

    fn tell_to_stop(&self, runs: &[RunId]) {
        for run in runs {
            self.here.order(*run, Order::Stop);
        }
        // Those of nobody here are ended by whoever claims them.
        if !runs.is_empty() {
            self.here.wake.notify_one();
        }
    }

    /// Goes on with a waiting or failed session.
    ///
    /// # Errors
    /// `Conflict` when there is nothing to go on with, or nobody to do it.
    pub async fn resume(&self, scope: &OrgScope, session: SessionId) -> Result<()> {
        let session = session_for(self, scope, session).await?;
        self.answerer(scope, &session).await?;
        let mut tx = self.parts.log.begin(scope.org_id(), session.project_id).await?;
        match store::last_run(tx.tx(), scope.org_id(), session.id).await? {
            Some((run, status)) if status == "failed" => {
                if store::revive(tx.tx(), scope.org_id(), run).await? {
                    let sessions = &self.parts.sessions;
                    sessions.set_status(&mut tx, session.id, Some(run), SessionStatus::Active).await?;
                    tx.commit().await?;
                }
            }
            // The model may be another one by now, which needs nobody's credits or is included.
            Some((run, status))
                if status == "waiting" && session.status == SessionStatus::AwaitingPayment =>
            {
                if store::wake(tx.tx(), scope.org_id(), run).await? {
                    let sessions = &self.parts.sessions;
                    sessions.set_status(&mut tx, session.id, Some(run), SessionStatus::Active).await?;
                    tx.commit().await?;
                }
            }
            // It goes on by itself, or as soon as what it waits for is there.
            Some((_, status)) if matches!(status.as_str(), "queued" | "running" | "waiting") => drop(tx),
            _ => {
                drop(tx);
                if !self.start_from_queue(scope, &session).await? {
                    return Err(Error::conflict("Nothing waits here. Send a message to go on."));
                }
            }
        }
        self.here.wake.notify_one();
        Ok(())
    }

    /// Answers an approval request.
    ///
    /// # Errors
    /// `NotFound` for a call that never asked, `Conflict` when it has been answered or its run is over.
    pub async fn approve(
        &self,
        scope: &OrgScope,
        session: SessionId,
        call: CallId,
        approval: Approval,
    ) -> Result<()> {
        let session = session_for(self, scope, session).await?;
        fault!("approval.before");
        let mut tx = self.parts.log.begin(scope.org_id(), session.project_id).await?;
        let active = store::lock_active(tx.tx(), scope.org_id(), session.id).await?;
        let asked = self.asked(scope, session.id).await?;
        let Some((run_id, tool, answered)) = asked.get(&call) else { return Err(Error::NotFound("Call")) };
        if *answered {
            return Err(Error::conflict("This call has been answered already, or its time is over."));
        }
        if active != Some(*run_id) {
            return Err(Error::conflict("The run that asked for this is over."));
        }
        let run = person(scope, &session, *run_id);
        let now = self.parts.clock.now();
        let holder = match approval {
            Approval::Session => Some(session.id.to_string()),
            Approval::Agent => Some(session.agent_id.to_string()),
            Approval::Once | Approval::Deny => None,
        };
        // What is allowed from now on also answers the other calls of the tool that wait.
        let mut answers = vec![call];
        if let Some(holder) = holder {
            store::grant(tx.tx(), run.org_id, holder, tool, run.user_id, now).await?;
            answers.extend(asked.iter().filter_map(|(id, (of, name, answered))| {
                (*id != call && of == run_id && name == tool && !answered).then_some(*id)
            }));
        }
        let said: Value = serde_json::to_value(approval)?;
        for call_id in &answers {
            let answer = Some(said.as_str().unwrap_or_default().to_owned());
            let order = store::Order { run_id: run.id, call_id: *call_id, answer };
            if !store::insert_order(tx.tx(), run.org_id, &order, now).await? {
                return Err(Error::conflict("This call has been answered already."));
            }
            tx.push(append(&run, EventData::ApprovalResolved { call_id: *call_id, approval }));
        }
        if store::wake(tx.tx(), run.org_id, run.id).await? {
            let sessions = &self.parts.sessions;
            sessions.set_status(&mut tx, session.id, Some(run.id), SessionStatus::Active).await?;
        }
        tx.commit().await?;
        fault!("approval.after");
        for call_id in answers {
            self.here.order(run.id, Order::Resolved { call_id, approval });
        }
        self.here.wake.notify_one();
        Ok(())
    }

    /// The tools that people always allow an agent.
    pub async fn grants(&self, scope: &OrgScope, agent: AgentId) -> Result<List<AgentGrant>> {
        Ok(List::whole(store::grants_of(&self.parts.store, scope.org_id(), agent).await?))
    }

    /// Has a tool ask again that was always allowed an agent, from the next step of a running run on; fine when it
    /// does already.
    ///
    /// # Errors
    /// `Forbidden` for roles that only read.
    pub async fn revoke_grant(&self, scope: &OrgScope, agent: &Agent, tool: &str) -> Result<()> {
        scope.require_writer()?;
        let mut tx = self.parts.store.begin().await?;
        if !store::revoke(&mut tx, scope.org_id(), agent.id, tool).await? {
            return Ok(());
        }
        let entry = Entry::by(scope, "agent.approval_revoked").on("agent", agent.id, &agent.name);
        let audit = Audit::new(self.parts.store.clone(), self.parts.clock.clone());
        audit.record(&mut tx, entry.with(json!({ "tool": tool }))).await?;
        Ok(tx.commit().await?)
    }

    /// Lets runs go on without what nobody has answered in time.
    pub(super) async fn end_questions(&self) -> Result<()> {
        let now = self.parts.clock.now();
        for (org, project, session, run) in store::unanswered(&self.parts.store, now).await? {
            let mut tx = self.parts.log.begin(org, project).await?;
            if store::wake(tx.tx(), org, run).await? {
                let sessions = &self.parts.sessions;
                sessions.set_status(&mut tx, session, Some(run), SessionStatus::Active).await?;
            }
            tx.commit().await?;
            self.here.wake.notify_one();
        }
        Ok(())
    }

    /// Calls of the session that asked for approval: their run, tool, and whether they were answered.
    async fn asked(
        &self,
        scope: &OrgScope,
        session: SessionId,
    ) -> Result<HashMap<CallId, (RunId, String, bool)>> {
        let mut asked = HashMap::new();
        for event in self.parts.log.session_events(scope.org_id(), session).await? {
            match event.data {
                EventData::ApprovalRequested { call_id, tool, .. } => {
                    if let Some(run) = event.run_id {
                        asked.insert(call_id, (run, tool, false));
                    }
                }
                EventData::ApprovalResolved { call_id, .. } | EventData::ToolFailed { call_id, .. } => {
                    if let Some(call) = asked.get_mut(&call_id) {
                        call.2 = true;
                    }
                }
                _ => {}
            }
        }
        Ok(asked)
    }

    /// Ends one running call; the model is told that the person cancelled it. Fine when it has ended.
    ///
    /// # Errors
    /// `Conflict` when no run is going on.
    pub async fn cancel_call(&self, scope: &OrgScope, session: SessionId, call: CallId) -> Result<()> {
        let session = session_for(self, scope, session).await?;
        let mut tx = self.parts.store.begin().await?;
        let Some(run_id) = store::lock_active(&mut tx, scope.org_id(), session.id).await? else {
            return Err(Error::conflict("No call is going on here."));
        };
        let order = store::Order { run_id, call_id: call, answer: None };
        store::insert_order(&mut tx, scope.org_id(), &order, self.parts.clock.now()).await?;
        // A call that waits for approval is ended by whoever works on the run next.
        store::wake(&mut tx, scope.org_id(), run_id).await?;
        tx.commit().await?;
        if !self.here.order(run_id, Order::CancelCall(call)) {
            self.here.wake.notify_one();
        }
        Ok(())
    }

    /// Edits a queued message; `None` removes it. `Conflict` when it has joined already.
    pub async fn edit_queued(
        &self,
        scope: &OrgScope,
        session: SessionId,
        message: MessageId,
        content: Option<String>,
    ) -> Result<()> {
        let session = session_for(self, scope, session).await?;
        if let Some(content) = &content {
            check_content(content, false)?;
        }
        let mut tx = self.parts.log.begin(scope.org_id(), session.project_id).await?;
        let place = (scope.org_id(), session.id, message);
        let now = self.parts.clock.now();
        match store::edit_queued(tx.tx(), place, content.as_deref(), now).await? {
            None => Err(Error::NotFound("Message")),
            Some(false) => Err(Error::conflict("This message is not in the queue any more.")),
            Some(true) => {
                let run = store::last_run(tx.tx(), scope.org_id(), session.id).await?;
                tx.push(crate::sessions::Append {
                    session_id: Some(session.id),
                    run_id: run.map(|run| run.0),
                    step_id: None,
                    data: EventData::MessageQueueChanged { message_id: message, content },
                });
                tx.commit().await?;
                Ok(())
            }
        }
    }
}

fn person(scope: &OrgScope, session: &Session, run: RunId) -> Claimed {
    Claimed {
        org_id: scope.org_id(),
        id: run,
        project_id: session.project_id,
        session_id: session.id,
        agent_id: session.agent_id,
        user_id: scope.user_id(),
        model: String::new(),
        hops: 0,
        attempt: 0,
        stop_requested: false,
    }
}

/// An order from the database, for a driver; `None` when its answer can't be read.
pub(super) fn said(order: &store::Order) -> Option<Order> {
    let call_id = order.call_id;
    Some(match &order.answer {
        None => Order::CancelCall(call_id),
        Some(answer) => {
            let approval = serde_json::from_value(Value::String(answer.clone())).ok()?;
            Order::Resolved { call_id, approval }
        }
    })
}

/// The same as what happened to the run.
pub(super) fn event(order: &store::Order) -> Option<Event> {
    Some(match said(order)? {
        Order::Stop => Event::Stop,
        Order::Resolved { call_id, approval } => Event::Resolved { call_id, approval },
        Order::CancelCall(call_id) => Event::CancelCall { call_id },
    })
}
