//! Taking a run over from its durable events.

use super::{Call, CallPhase, Effect, Limits, Machine, Phase, words};
use alumia_protocol::{
    CallId, RunId, Timestamp,
    events::{Event as Logged, EventData},
    sessions::{MessagePart, MessageRole, SessionStatus},
    tools::Approval,
};
use serde_json::Value;
use std::sync::Arc;

/// What the log says of a call that has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Asked,
    Resolved(Approval),
    Started { idempotent: bool },
}

impl Machine {
    /// A run as its durable events leave it, oldest first; begins anew with [`super::Event::Begin`].
    pub fn resume(run_id: RunId, catalog: Arc<super::Catalog>, limits: Limits, events: &[Logged]) -> Self {
        let mut machine = Self::new(run_id, catalog, limits);
        for event in events.iter().filter(|event| event.run_id == Some(run_id)) {
            machine.fold(event);
        }
        // Time between the last event and now belongs to nobody.
        if let Some(since) = machine.since.take() {
            machine.used = machine.used.saturating_add((machine.last.0 - since.0).max(0));
        }
        machine
    }

    fn fold(&mut self, event: &Logged) {
        match &event.data {
            EventData::RunStarted { model, .. } => {
                if let Some(since) = self.since {
                    self.used = self.used.saturating_add((self.last.0 - since.0).max(0));
                }
                self.since = Some(event.at);
                self.model.clone_from(model);
            }
            EventData::StepStarted { number } => {
                self.step = *number;
                self.step_id = event.step_id;
                self.unanswered = true;
                self.calls.clear();
                self.retries = 0;
                self.was_empty = false;
                self.compacted = false;
            }
            EventData::MessageCompleted { message } if message.role == MessageRole::Assistant => {
                self.unanswered = false;
                self.calls = message.parts.iter().filter_map(|part| found(part, event.at)).collect();
            }
            EventData::ModelRetrying { attempt, error, .. } => {
                self.retries = attempt.saturating_sub(1);
                // Nothing else that is malformed is tried again.
                self.was_empty |= error.code == "malformed";
            }
            EventData::ContextCompacted { .. } => self.compacted = true,
            EventData::UsageRecorded { usage, cost_microcredits, .. } => {
                self.usage += *usage;
                self.cost = self.cost.saturating_add(*cost_microcredits);
            }
            EventData::ApprovalRequested { call_id, tool, arguments, .. } => {
                self.malformed.remove(tool);
                self.note(*call_id, Found::Asked, Some(arguments), event.at);
            }
            EventData::ApprovalResolved { call_id, approval } => {
                self.note(*call_id, Found::Resolved(*approval), None, event.at);
            }
            EventData::ToolStarted { call_id, tool, idempotent, arguments, .. } => {
                // One that was asked for has ended the row when it was asked for.
                if !self.calls.iter().any(|call| call.id == *call_id && call.found != Found::Nothing) {
                    self.malformed.remove(tool);
                }
                let found = Found::Started { idempotent: *idempotent };
                self.note(*call_id, found, Some(arguments), event.at);
            }
            EventData::ToolRetrying { call_id, tool, attempt, .. } => {
                self.malformed.insert(tool.clone(), *attempt);
                self.over(*call_id);
            }
            EventData::ToolCompleted { call_id, cost_microcredits, .. } => {
                self.cost = self.cost.saturating_add(*cost_microcredits);
                self.over(*call_id);
            }
            EventData::ToolFailed { call_id, tool, attempt, error, cost_microcredits, .. } => {
                self.cost = self.cost.saturating_add(*cost_microcredits);
                if *attempt > super::acts::MAX_MALFORMED
                    && self.malformed.get(tool).is_some_and(|so_far| so_far + 1 == *attempt)
                {
                    self.withdrawn.insert(tool.clone());
                } else if let Some(call) = self.calls.iter().find(|call| call.id == *call_id) {
                    let failure = format!("{} {}", error.code, error.message);
                    self.failures.insert((tool.clone(), call.arguments.to_string(), failure), *attempt);
                }
                self.over(*call_id);
            }
            // From here on nobody worked on it.
            EventData::StatusChanged { status } if awaits(*status) => {
                if let Some(since) = self.since.take() {
                    self.used = self.used.saturating_add((event.at.0 - since.0).max(0));
                }
            }
            // A person resumed it: a new stretch of work with limits of its own.
            EventData::RunFailed(_) => {
                self.since = None;
                self.used = 0;
                self.first_step = self.step;
                self.retries = 0;
                self.was_empty = false;
                self.compacted = false;
                self.malformed.clear();
                self.withdrawn.clear();
                self.failures.clear();
            }
            EventData::RunCompleted(_) | EventData::RunCancelled(_) => self.phase = Phase::Ended,
            _ => {}
        }
        // People say things whether or not anybody works on the run.
        let by_people = matches!(
            event.data,
            EventData::ApprovalResolved { .. }
                | EventData::MessageQueued { .. }
                | EventData::MessageQueueChanged { .. }
                | EventData::RunDelayed(_)
        );
        if !by_people {
            self.last = event.at;
        }
    }

    fn note(&mut self, id: CallId, found: Found, arguments: Option<&Value>, at: Timestamp) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id && call.phase != CallPhase::Over)
        {
            call.found = found;
            call.started = at;
            if let Some(arguments) = arguments {
                call.arguments.clone_from(arguments);
            }
        }
    }

    fn over(&mut self, id: CallId) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
            call.phase = CallPhase::Over;
        }
    }

    pub(super) fn begin(&mut self, at: Timestamp, attempt: i64) -> Vec<Effect> {
        self.opening = Some(attempt);
        self.since = Some(at);
        if self.unanswered {
            // Watchers may have seen a part of the answer that is made anew now.
            self.pending.push(EventData::MessageDiscarded { message_id: self.message_id() });
            return self.prepare();
        }
        if self.step == self.first_step {
            return self.prepare();
        }
        if self.calls.is_empty() {
            return self.complete();
        }
        self.phase = Phase::Acting;
        let mut run = Vec::new();
        for index in 0..self.calls.len() {
            let call = &self.calls[index];
            if call.phase == CallPhase::Over {
                continue;
            }
            let facts = (self.catalog)(&call.tool, &call.arguments);
            match (call.found, facts) {
                (Found::Asked, _) => {}
                (Found::Resolved(approval), _) => run.extend(self.answer(index, approval)),
                (Found::Started { idempotent: true }, Some(facts)) => {
                    let mut call = call.clone();
                    call.begun = true;
                    run.extend(self.launch(&mut call, facts));
                    self.calls[index] = call;
                }
                // It waited to be paid, or was about to ask for that.
                (Found::Nothing, Some(facts)) if facts.second_price.is_some() => {
                    let mut call = call.clone();
                    run.extend(self.launch(&mut call, facts));
                    self.calls[index] = call;
                }
                (Found::Started { .. } | Found::Nothing, _) => {
                    let event = self.failed(index, words::interrupted());
                    self.pending.push(event);
                }
            }
        }
        if run.is_empty() {
            return self.settle();
        }
        let mut effects = vec![self.persist(Vec::new())];
        effects.append(&mut run);
        effects
    }
}

const fn awaits(status: SessionStatus) -> bool {
    match status {
        SessionStatus::AwaitingPeer
        | SessionStatus::AwaitingApproval
        | SessionStatus::AwaitingConnection
        | SessionStatus::AwaitingPayment => true,
        SessionStatus::Idle | SessionStatus::Active | SessionStatus::Failed => false,
    }
}

fn found(part: &MessagePart, at: Timestamp) -> Option<Call> {
    let MessagePart::ToolCall { call_id, tool, arguments } = part else { return None };
    Some(Call {
        id: *call_id,
        tool: tool.clone(),
        arguments: arguments.clone(),
        phase: CallPhase::Asking,
        started: at,
        begun: false,
        held: None,
        cancelled: false,
        found: Found::Nothing,
    })
}
