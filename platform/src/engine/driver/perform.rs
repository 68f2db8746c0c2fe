//! Performing the machine's effects.

use super::{Driver, Left, answer::Answer};
use crate::{
    billing::Used,
    engine::{
        context::compaction,
        machine::{Effect, Event, words},
        peers, store, title,
    },
    fault::fault,
    sessions::{Append, LogTx, in_turn},
    tools::ToolContext,
};
use alumia_protocol::{
    CallId, Microcredits, Timestamp,
    events::{EventData, RunEnd, Usage},
    sessions::{Message, MessagePart, MessageRole, QueuedMessage, SessionStatus},
    tools::ToolError,
};
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl Driver {
    /// Performs one effect; `false` when nothing follows.
    pub(super) async fn perform(&mut self, effect: Effect) -> Result<bool, Left> {
        match effect {
            Effect::Persist(events) => self.persist(events).await?,
            Effect::Emit(data) => {
                let append = self.append(data);
                self.engine.parts.log.delta(self.run.project_id, append).await;
            }
            Effect::Prepare => {
                let ready = self.prepare().await?;
                self.next.push_back(Event::Prepared(ready));
            }
            Effect::Reserve(purpose) => self.reserve(purpose).await?,
            Effect::Release(id) => self.release(id).await?,
            Effect::ReserveCall { call_id, tool, second_price, timeout } => {
                self.reserve_call(call_id, &tool, second_price, timeout).await?;
            }
            Effect::CallModel { without, .. } => {
                if let Some(request) = self.request(&without).await
                    && let Some(around) = &self.around
                {
                    self.answer = Some(Answer::new(
                        around.route.provider.clone(),
                        request,
                        self.engine.parts.limits.silence,
                    ));
                }
            }
            Effect::DropModel => (self.answer, self.pause, self.compaction) = (None, None, None),
            Effect::Pause(pause) => self.pause = Some(Box::pin(tokio::time::sleep(pause))),
            Effect::Compact => self.compact(),
            Effect::Run { call_id, tool, arguments } => self.run_call(call_id, &tool, arguments),
            Effect::CancelCall(call_id) => self.calls.cancel(call_id),
            Effect::Suspend(events) => return self.suspend(events).await,
            Effect::Complete(events, end) => self.complete(events, end).await?,
            Effect::End => return Ok(false),
        }
        Ok(true)
    }

    /// An event of this run; the run's own ones belong to no step.
    fn append(&self, data: EventData) -> Append {
        let of_run = data.ends_run()
            || matches!(
                data,
                EventData::RunStarted { .. }
                    | EventData::StatusChanged { .. }
                    | EventData::MessageQueued { .. }
            );
        Append {
            session_id: Some(self.run.session_id),
            run_id: Some(self.run.id),
            step_id: self.step.filter(|_| !of_run),
            data,
        }
    }

    /// Begins a write that only goes through while the run is ours.
    async fn begin(&mut self) -> Result<LogTx, Left> {
        let parts = &self.engine.parts;
        let mut tx = parts.log.begin(self.run.org_id, self.run.project_id).await?;
        let until = self.engine.lease_until();
        if store::hold(tx.tx(), &self.run, until).await? { Ok(tx) } else { Err(Left::Stale) }
    }

    async fn commit(&mut self, tx: LogTx) -> Result<(), Left> {
        #[cfg(test)]
        self.engine.here.trap.before_commit(self.run.id)?;
        let mut told = false;
        for event in tx.commit().await? {
            let own = event.session_id == Some(self.run.session_id);
            if own {
                self.talk.apply(&event);
            }
            told |= !own;
        }
        // Another agent may have something to read.
        if told {
            self.engine.here.wake.notify_one();
        }
        #[cfg(test)]
        self.engine.here.trap.after_commit(self.run.id)?;
        Ok(())
    }

    async fn persist(&mut self, events: Vec<EventData>) -> Result<(), Left> {
        let points = Points::of(&events);
        points.before();
        let mut tx = self.begin().await?;
        self.push(&mut tx, events).await?;
        self.commit(tx).await?;
        points.after();
        Ok(())
    }

    async fn push(&mut self, tx: &mut LogTx, events: Vec<EventData>) -> Result<(), Left> {
        let now = self.engine.parts.clock.now();
        for mut data in events {
            if let EventData::UsageRecorded { usage, reservation_id, byok: true, .. } = &mut data {
                *reservation_id = Some(self.note(tx, *usage).await?);
                tx.push(self.append(data));
                continue;
            }
            // Deleting an agent stops its runs; the person who reads this may not know who did.
            if let EventData::RunCancelled(end) = &mut data
                && self.agent().await?.is_none()
            {
                end.error = Some(words::agent_gone());
            }
            let run = &self.run;
            match &data {
                EventData::StepStarted { .. } => {
                    // What stands before it in this write still belongs to the step that it ends.
                    self.step = self.machine.step_id();
                    let place = (run.org_id, run.session_id, run.id);
                    let messages = store::join_queue(tx.tx(), place, false, now).await?;
                    let far = far(self.run.hops, &messages);
                    if far != self.run.hops {
                        self.run.hops = far;
                        peers::store::set_hops(tx.tx(), &self.run).await?;
                    }
                    for (message, _) in messages {
                        let message = joined(message, self.run.id);
                        tx.push(Append {
                            step_id: None,
                            ..self.append(EventData::MessageCompleted { message })
                        });
                    }
                }
                EventData::StatusChanged { status } => {
                    let sessions = &self.engine.parts.sessions;
                    sessions.set_status(tx, run.session_id, Some(run.id), *status).await?;
                    continue;
                }
                EventData::UsageRecorded { usage, cost_microcredits, reservation_id: Some(id), .. } => {
                    let used = Used { cost: Microcredits(*cost_microcredits), usage: *usage, millis: 0 };
                    self.settle(tx, *id, used).await?;
                }
                EventData::ToolCompleted {
                    cost_microcredits, reservation_id: Some(id), duration_ms, ..
                }
                | EventData::ToolFailed {
                    cost_microcredits, reservation_id: Some(id), duration_ms, ..
                } => {
                    let cost = Microcredits(*cost_microcredits);
                    let used = Used { cost, usage: Usage::default(), millis: *duration_ms };
                    self.settle(tx, *id, used).await?;
                }
                EventData::BillingBlocked(_) => self.wait_for_payment(tx).await?,
                EventData::MessageCompleted { message } if !message.text().trim().is_empty() => {
                    self.words = Some(message.text());
                }
                EventData::RunCompleted(end) => self.leave(tx, "completed", end, now).await?,
                EventData::RunFailed(end) => self.leave(tx, "failed", end, now).await?,
                EventData::RunCancelled(end) => self.leave(tx, "cancelled", end, now).await?,
                _ => {}
            }
            tx.push(self.append(data));
        }
        Ok(())
    }

    /// Ends the run; who started it for this is told.
    async fn leave(
        &mut self,
        tx: &mut LogTx,
        status: &'static str,
        end: &RunEnd,
        now: Timestamp,
    ) -> Result<(), Left> {
        store::leave(tx.tx(), &self.run, status, now).await?;
        let words = self.words.as_deref().or_else(|| self.talk.last_words(self.run.id));
        let end = peers::End { error: end.error.as_ref(), stopped: status == "cancelled", words };
        Ok(self.engine.tell_end(tx, &self.run, &end).await?)
    }

    /// Lets go of the run until a person answers, another agent writes, or credits come, unless one has, or has stopped
    /// the run.
    async fn suspend(&mut self, events: Vec<EventData>) -> Result<bool, Left> {
        fault!("suspend.before");
        let mut tx = self.begin().await?;
        let stopped = store::stop_requested(tx.tx(), &self.run).await?;
        let orders = store::orders_of(tx.tx(), &self.run).await?;
        let mut answers: Vec<Event> = orders.iter().filter_map(super::super::orders::event).collect();
        // Only what is still asked for keeps us here.
        answers.retain(|answer| match answer {
            Event::Resolved { call_id, .. } => self.machine.asks(*call_id),
            Event::CancelCall { call_id } => self.machine.waits(*call_id),
            _ => false,
        });
        // Whoever stopped it a moment ago found it running and has woken nobody.
        if stopped {
            answers = vec![Event::Stop];
        }
        if answers.is_empty() {
            let awaited = self.machine.awaited();
            let ended = self.engine.await_peers(&mut tx, &self.run, &awaited).await?;
            answers.extend(ended.into_iter().map(|(call_id, result)| Event::CallEnded { call_id, result }));
        }
        let now = self.engine.parts.clock.now();
        let asking = self.machine.asking();
        let late = asking.iter().filter(|(_, until)| *until <= now);
        answers.extend(late.filter(|_| !stopped).map(|(call_id, _)| Event::Unanswered { call_id: *call_id }));
        if answers.is_empty() {
            self.push(&mut tx, events).await?;
            store::leave(tx.tx(), &self.run, "waiting", now).await?;
            store::asks_until(tx.tx(), &self.run, asking.iter().map(|(_, until)| *until).min()).await?;
            self.commit(tx).await?;
            fault!("suspend.after");
            return Ok(false);
        }
        let events = events
            .into_iter()
            .filter(|data| !matches!(data, EventData::StatusChanged { .. } | EventData::BillingBlocked(_)));
        self.push(&mut tx, events.collect()).await?;
        self.commit(tx).await?;
        self.next.extend(answers);
        Ok(true)
    }

    /// Ends the run well, unless a message waits in the queue.
    async fn complete(&mut self, mut events: Vec<EventData>, end: RunEnd) -> Result<(), Left> {
        let mut tx = self.begin().await?;
        let waits = store::queue_len(tx.tx(), self.run.org_id, self.run.session_id).await? != (0, 0);
        if !waits {
            events.push(EventData::StatusChanged { status: SessionStatus::Idle });
            events.push(EventData::RunCompleted(end));
        }
        let points = Points::of(&events);
        points.before();
        self.rename(&mut tx).await?;
        self.push(&mut tx, events).await?;
        self.commit(tx).await?;
        points.after();
        self.next.push_back(if waits { Event::QueueWaits } else { Event::Completed });
        Ok(())
    }

    /// Gives a new session its name.
    async fn rename(&mut self, tx: &mut LogTx) -> Result<(), Left> {
        if in_turn(tx, self.run.session_id).await?.label == "New chat"
            && let Some(label) = self.talk.opening().and_then(title::title)
        {
            let sessions = &self.engine.parts.sessions;
            sessions.rename(tx, self.run.session_id, Some(self.run.id), &label).await?;
        }
        Ok(())
    }

    fn compact(&mut self) {
        let Some(around) = &self.around else { return };
        let window = Self::window(&around.route);
        let Some(plan) = compaction::plan(&self.talk, window, &self.files) else {
            self.next.push_back(Event::CompactionFailed);
            return;
        };
        let (provider, model) = (around.route.provider.clone(), around.route.model_id.clone());
        self.compaction = Some(Box::pin(async move {
            let (summary, up_to, usage) = compaction::summarise(provider, model, plan).await;
            Event::Compacted { summary, up_to, usage }
        }));
    }

    fn run_call(&mut self, call_id: CallId, name: &str, arguments: Value) {
        fault!("tool.running");
        let Some(tool) = self.engine.parts.tools.get(name) else {
            let message = "This tool is not on this server any more.".into();
            let error = ToolError { code: "not_found".into(), message, path: None };
            self.next.push_back(Event::CallEnded { call_id, result: Err(error) });
            return;
        };
        let outputs = self.calls.outputs();
        let context = ToolContext {
            scope: self.scope.clone(),
            project_id: self.run.project_id,
            session_id: self.run.session_id,
            origin: crate::canvas::Origin {
                session_id: Some(self.run.session_id),
                run_id: Some(self.run.id),
                step_id: self.machine.step_id(),
            },
            call_id,
            peers: Arc::new(self.engine.clone()),
            cancel: CancellationToken::new(),
            output: Arc::new(move |channel, text| outputs.push(call_id, channel, text)),
        };
        self.calls.start(tool.clone(), context, arguments);
    }
}

/// How many messages then lie between a person's word and what the run does: a person's begins anew.
fn far(so_far: i64, joined: &[(QueuedMessage, i64)]) -> i64 {
    let person = joined.iter().any(|(message, _)| message.from.is_none());
    let peers = joined.iter().map(|(_, hops)| *hops).max().unwrap_or(0);
    if person { peers } else { peers.max(so_far) }
}

/// A queued message as it joins the conversation.
pub(in crate::engine) fn joined(message: QueuedMessage, run: alumia_protocol::RunId) -> Message {
    Message {
        id: message.id,
        role: MessageRole::User,
        from: message.from,
        parts: vec![MessagePart::Text { text: message.content }],
        attachments: message.attachments,
        run_id: Some(run),
        created_at: message.created_at,
    }
}

/// Which fault points a commit passes.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a set of points, any of which one commit may pass")]
struct Points {
    step: bool,
    answer: bool,
    started: bool,
    ended: bool,
    end: bool,
}

impl Points {
    fn of(events: &[EventData]) -> Self {
        let mut points = Self::default();
        for event in events {
            match event {
                EventData::StepStarted { .. } => points.step = true,
                EventData::MessageCompleted { .. } => points.answer = true,
                EventData::ToolStarted { .. } => points.started = true,
                EventData::ToolCompleted { .. } | EventData::ToolFailed { .. } => points.ended = true,
                other => points.end |= other.ends_run(),
            }
        }
        points
    }

    fn before(self) {
        if self.ended {
            fault!("tool.ended.before");
        }
        if self.step {
            fault!("step.before");
        }
        if self.answer {
            fault!("answer.before");
        }
        if self.started {
            fault!("tool.started.before");
        }
        if self.end {
            fault!("end.before");
        }
    }

    fn after(self) {
        if self.ended {
            fault!("tool.ended.after");
        }
        if self.step {
            fault!("step.after");
        }
        if self.answer {
            fault!("answer.after");
        }
        if self.started {
            fault!("tool.started.after");
        }
        if self.end {
            fault!("end.after");
        }
    }
}
