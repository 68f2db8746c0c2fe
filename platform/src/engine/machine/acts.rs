//! The calls that an answer asked for.

use super::{Awaited, Call, CallPhase, Effect, Event, Fit, Machine, Phase, resume::Found, words};
use alumia_protocol::{
    CallId, Timestamp,
    events::EventData,
    sessions::SessionStatus,
    tools::{Approval, Effect as Touches, ToolError},
};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// Times in a row that a malformed call of one tool goes back to the model.
pub const MAX_MALFORMED: u32 = 3;

impl Machine {
    /// Decides on each call of an answer; all that may run do so at once.
    pub(super) fn act(&mut self, calls: Vec<(CallId, String, Result<Fit, ToolError>)>) -> Vec<Effect> {
        let mut before: BTreeMap<String, u32> = self.malformed.clone();
        let mut run = Vec::new();
        self.calls.clear();
        for (id, tool, check) in calls {
            let known = check.as_ref().ok().and_then(|fit| (self.catalog)(&tool, &fit.arguments));
            let mut call = Call {
                id,
                tool: tool.clone(),
                arguments: Value::Null,
                phase: CallPhase::Over,
                started: self.last,
                begun: false,
                held: None,
                cancelled: false,
                found: Found::Nothing,
            };
            let event = match (check, known) {
                _ if self.withdrawn.contains(&tool) => Self::refused(&call, 1, words::withdrawn(&tool)),
                (Ok(fit), Some(facts)) => {
                    before.remove(&tool);
                    self.malformed.remove(&tool);
                    call.arguments = fit.arguments;
                    if facts.effect != Touches::External || fit.granted {
                        run.extend(self.launch(&mut call, facts));
                        self.calls.push(call);
                        continue;
                    }
                    call.phase = CallPhase::Asking;
                    EventData::ApprovalRequested {
                        call_id: id,
                        tool,
                        title: facts.plain,
                        arguments: call.arguments.clone(),
                        expires_at: Some(self.expires(&call)),
                    }
                }
                (Err(error), _) => {
                    // All malformed calls of one answer are one attempt.
                    let attempt = before.get(&tool).copied().unwrap_or(0) + 1;
                    self.malformed.insert(tool.clone(), attempt);
                    if attempt > MAX_MALFORMED {
                        self.withdrawn.insert(tool);
                        Self::refused(&call, attempt, words::malformed_too_often(error))
                    } else {
                        let arguments = self.pending_arguments(id);
                        EventData::ToolRetrying { call_id: id, tool, attempt, error, arguments }
                    }
                }
                (Ok(_), None) => Self::refused(&call, 1, words::gone(&tool)),
            };
            self.pending.push(event);
            self.calls.push(call);
        }
        self.phase = Phase::Acting;
        if run.is_empty() {
            return self.settle();
        }
        let mut effects = vec![self.persist(Vec::new())];
        effects.append(&mut run);
        effects
    }

    fn refused(call: &Call, attempt: u32, error: ToolError) -> EventData {
        EventData::ToolFailed {
            call_id: call.id,
            tool: call.tool.clone(),
            attempt,
            error,
            duration_ms: 0,
            cost_microcredits: 0,
            reservation_id: None,
        }
    }

    /// What the model sent for a call of the message that is about to be written.
    fn pending_arguments(&self, id: CallId) -> Value {
        use alumia_protocol::sessions::MessagePart;
        for event in self.pending.iter().rev() {
            let EventData::MessageCompleted { message } = event else { continue };
            for part in &message.parts {
                if let MessagePart::ToolCall { call_id, arguments, .. } = part
                    && *call_id == id
                {
                    return arguments.clone();
                }
            }
        }
        Value::Null
    }

    /// Marks a call as over; the event that says why. The same call failing in the same way again counts
    /// up, which tells model and person that the tool is broken.
    pub(super) fn failed(&mut self, call: usize, error: ToolError) -> EventData {
        // Where the tool could not work at all, its time is nobody's to pay.
        let (cost_microcredits, reservation_id) = self.charge(call, error.code != "unavailable");
        let call = &mut self.calls[call];
        let ran = matches!(call.phase, CallPhase::Running | CallPhase::Awaiting);
        call.phase = CallPhase::Over;
        let key =
            (call.tool.clone(), call.arguments.to_string(), format!("{} {}", error.code, error.message));
        let attempt = self.failures.entry(key).or_default();
        *attempt += 1;
        EventData::ToolFailed {
            call_id: call.id,
            tool: call.tool.clone(),
            attempt: *attempt,
            error,
            duration_ms: if ran { self.last.millis_since(call.started) } else { 0 },
            cost_microcredits,
            reservation_id,
        }
    }

    pub(super) fn acting(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Output { call_id, channel, text } => {
                if self.call(call_id, CallPhase::Running).is_none() {
                    return Vec::new();
                }
                vec![Effect::Emit(EventData::ToolOutputDelta { call_id, channel, text })]
            }
            Event::Silent { call_id, silence } => {
                let Some(call) = self.call(call_id, CallPhase::Running) else { return Vec::new() };
                let tool = self.calls[call].tool.clone();
                let silent_ms = i64::try_from(silence.as_millis()).unwrap_or(i64::MAX);
                vec![self.persist(vec![EventData::ToolStalled { call_id, tool, silent_ms }])]
            }
            Event::CallEnded { call_id, result } => self.call_ended(call_id, result),
            Event::Resolved { call_id, approval } => self.resolved(call_id, approval),
            Event::Unanswered { call_id } => {
                let Some(call) = self.call(call_id, CallPhase::Asking) else { return Vec::new() };
                let event = self.failed(call, words::unanswered(self.limits.approval));
                self.pending.push(event);
                self.settle()
            }
            Event::CancelCall { call_id } => {
                if let Some(call) = self.call(call_id, CallPhase::Running) {
                    if std::mem::replace(&mut self.calls[call].cancelled, true) {
                        return Vec::new();
                    }
                    return vec![Effect::CancelCall(call_id)];
                }
                let Some(call) = self.waiting(call_id) else { return Vec::new() };
                let event = self.failed(call, words::cancelled_call());
                self.pending.push(event);
                self.settle()
            }
            _ => Vec::new(),
        }
    }

    fn expires(&self, call: &Call) -> Timestamp {
        call.started.plus_micros(super::micros(self.limits.approval))
    }

    /// The calls that ask people, and until when.
    pub fn asking(&self) -> Vec<(CallId, Timestamp)> {
        let asking = self.calls.iter().filter(|call| call.phase == CallPhase::Asking);
        asking.map(|call| (call.id, self.expires(call))).collect()
    }

    /// Whether this call waits for a person's answer.
    pub fn asks(&self, id: CallId) -> bool {
        self.call(id, CallPhase::Asking).is_some()
    }

    /// The calls that wait for messages of other agents.
    pub fn awaited(&self) -> Vec<Awaited> {
        let waiting = self.calls.iter().filter(|call| call.phase == CallPhase::Awaiting);
        let awaited = |call: &Call| {
            let timeout =
                (self.catalog)(&call.tool, &call.arguments).map_or(Duration::ZERO, |facts| facts.timeout);
            Awaited {
                call_id: call.id,
                arguments: call.arguments.clone(),
                since: call.started,
                until: call.started.plus_micros(super::micros(timeout)),
            }
        };
        waiting.map(awaited).collect()
    }

    /// Whether this call waits, for an answer, for credits or for other agents.
    pub fn waits(&self, id: CallId) -> bool {
        self.waiting(id).is_some()
    }

    fn waiting(&self, id: CallId) -> Option<usize> {
        let phases = [CallPhase::Asking, CallPhase::Paying, CallPhase::Unpaid, CallPhase::Awaiting];
        phases.into_iter().find_map(|phase| self.call(id, phase))
    }

    pub(super) fn call(&self, id: CallId, phase: CallPhase) -> Option<usize> {
        self.calls.iter().position(|call| call.id == id && call.phase == phase)
    }

    fn call_ended(&mut self, id: CallId, result: Result<Value, ToolError>) -> Vec<Effect> {
        let going = self.call(id, CallPhase::Running).or_else(|| self.call(id, CallPhase::Awaiting));
        let Some(index) = going else { return Vec::new() };
        let event = match result {
            Ok(output) => {
                let (cost_microcredits, reservation_id) = self.charge(index, true);
                let call = &mut self.calls[index];
                call.phase = CallPhase::Over;
                let facts = (self.catalog)(&call.tool, &call.arguments);
                EventData::ToolCompleted {
                    call_id: id,
                    tool: call.tool.clone(),
                    title: facts.map_or_else(|| call.tool.clone(), |facts| facts.done),
                    output,
                    duration_ms: self.last.millis_since(call.started),
                    cost_microcredits,
                    reservation_id,
                }
            }
            Err(_) if matches!(self.phase, Phase::Halting(_)) => self.failed(index, words::stopped_call()),
            Err(_) if self.calls[index].cancelled => self.failed(index, words::cancelled_call()),
            Err(error) => self.failed(index, error),
        };
        self.pending.push(event);
        if let Phase::Halting(why) = self.phase {
            return self.halted(why);
        }
        self.settle()
    }

    fn resolved(&mut self, id: CallId, approval: Approval) -> Vec<Effect> {
        let Some(index) = self.call(id, CallPhase::Asking) else { return Vec::new() };
        match self.answer(index, approval) {
            Some(run) => vec![self.persist(Vec::new()), run],
            None => self.settle(),
        }
    }

    /// Starts an approved call, or ends a denied one.
    pub(super) fn answer(&mut self, index: usize, approval: Approval) -> Option<Effect> {
        if approval == Approval::Deny {
            let event = self.failed(index, words::denied());
            self.pending.push(event);
            return None;
        }
        let mut call = self.calls[index].clone();
        let Some(facts) = (self.catalog)(&call.tool, &call.arguments) else {
            let event = self.failed(index, words::gone(&call.tool));
            self.pending.push(event);
            return None;
        };
        let run = self.launch(&mut call, facts);
        self.calls[index] = call;
        run
    }

    /// After a call has ended: others still run, or only credits, people or other agents let it go on, or the next step
    /// begins.
    pub(super) fn settle(&mut self) -> Vec<Effect> {
        let any = |phase| self.calls.iter().any(|call| call.phase == phase);
        if any(CallPhase::Running) || any(CallPhase::Paying) {
            return if self.pending.is_empty() { Vec::new() } else { vec![self.persist(Vec::new())] };
        }
        if any(CallPhase::Unpaid)
            && let Some(blocked) = self.unpaid.clone()
        {
            return vec![self.suspend_unpaid(blocked)];
        }
        if any(CallPhase::Asking) || any(CallPhase::Awaiting) {
            let asks = any(CallPhase::Asking);
            let status = if asks { SessionStatus::AwaitingApproval } else { SessionStatus::AwaitingPeer };
            return vec![Effect::Suspend(self.take_pending(vec![EventData::StatusChanged { status }]))];
        }
        // What ended the last call is written together with the next step's beginning.
        self.prepare()
    }
}
