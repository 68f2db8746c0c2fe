//! One run as a state machine: what happened comes in, what to do comes out. No IO, no clock, no
//! randomness; whatever of these a rule needs comes with the event.
//!
//! An answer of the model and the tool calls that it asks for make a step. All durable events of one
//! transition are one [`Effect::Persist`], which the driver commits before it does anything after it in
//! the list, so a crash leaves the log between two transitions and [`Machine::resume`] goes on from there.

mod acts;
mod answer;
mod halt;
mod model;
mod pay;
mod pay_calls;
mod resume;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_random;
pub mod words;

pub use model::{Awaited, Catalog, Effect, Event, Fit, Limits, Purpose, Ready, ToolFacts};

use alumia_protocol::{
    CallId, MessageId, Microcredits, ReservationId, RunId, StepId, Timestamp,
    billing::Blocked,
    events::{EventData, RunError, Usage},
    models::Price,
    sessions::MessagePart,
    tools::ToolError,
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Preparing,
    Reserving(Purpose),
    /// The run can't be paid and is being let go of.
    Unpaid,
    Calling,
    Pausing,
    Compacting,
    Acting,
    Halting(Halt),
    Completing,
    Ended,
}

/// Why a run is being brought to an end before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    Stop,
    Time,
    /// The agent's own limit of credits.
    Credits(Microcredits),
}

/// An answer that is still arriving.
#[derive(Clone, Debug, Default)]
struct Draft {
    parts: Vec<MessagePart>,
    calls: Vec<(CallId, String, Result<Fit, ToolError>)>,
    usage: Option<Usage>,
    /// Watchers have seen something of it.
    shown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallPhase {
    Asking,
    /// Its worst case is being set aside.
    Paying,
    /// That could not be paid.
    Unpaid,
    /// It waits for messages of other agents.
    Awaiting,
    Running,
    Over,
}

#[derive(Clone, Debug)]
struct Call {
    id: CallId,
    tool: String,
    arguments: Value,
    phase: CallPhase,
    started: Timestamp,
    /// The log has its `tool.started`.
    begun: bool,
    /// What is set aside for it.
    held: Option<ReservationId>,
    cancelled: bool,
    /// Found in the log with what should happen next.
    found: resume::Found,
}

/// One run.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "facts of a run that don't exclude each other")]
pub struct Machine {
    run_id: RunId,
    catalog: Arc<Catalog>,
    limits: Limits,
    phase: Phase,
    /// Durable events that go with the next commit.
    pending: Vec<EventData>,
    /// `run.started` is still to be written for this attempt.
    opening: Option<i64>,
    model: String,
    price: Option<Price>,
    metered: bool,
    byok: bool,
    /// What is set aside for the model call that is going on.
    held: Option<pay::Held>,
    /// Set aside and not needed any more.
    unneeded: Vec<ReservationId>,
    /// Why calls wait to be paid.
    unpaid: Option<Blocked>,
    step: u32,
    /// The step at which the run last began or was resumed by a person; limits count from it.
    first_step: u32,
    step_id: Option<StepId>,
    /// A step began and its answer is not in the log.
    unanswered: bool,
    retries: u32,
    was_empty: bool,
    compacted: bool,
    draft: Draft,
    calls: Vec<Call>,
    /// Answers in a row with a malformed call, by tool.
    malformed: BTreeMap<String, u32>,
    withdrawn: BTreeSet<String>,
    /// How often the same call failed in the same way.
    failures: HashMap<(String, String, String), u32>,
    usage: Usage,
    cost: i64,
    /// Microseconds at work before `since`.
    used: i64,
    since: Option<Timestamp>,
    last: Timestamp,
}

impl Machine {
    /// A run that nobody has worked on.
    pub fn new(run_id: RunId, catalog: Arc<Catalog>, limits: Limits) -> Self {
        Self {
            run_id,
            catalog,
            limits,
            phase: Phase::New,
            pending: Vec::new(),
            opening: None,
            model: String::new(),
            price: None,
            metered: false,
            byok: false,
            held: None,
            unneeded: Vec::new(),
            unpaid: None,
            step: 0,
            first_step: 0,
            step_id: None,
            unanswered: false,
            retries: 0,
            was_empty: false,
            compacted: false,
            draft: Draft::default(),
            calls: Vec::new(),
            malformed: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            failures: HashMap::new(),
            usage: Usage::default(),
            cost: 0,
            used: 0,
            since: None,
            last: Timestamp(0),
        }
    }

    /// The step that is going on, for events that belong to one.
    pub const fn step_id(&self) -> Option<StepId> {
        self.step_id
    }

    /// The tools that are withdrawn for the rest of the run.
    pub const fn withdrawn(&self) -> &BTreeSet<String> {
        &self.withdrawn
    }

    /// When the time limit is reached, as things are.
    pub fn time_up_at(&self) -> Option<Timestamp> {
        let left = micros(self.limits.time).saturating_sub(self.used);
        self.since.map(|since| since.plus_micros(left))
    }

    /// Takes in what happened at `at`; says what to do.
    pub fn handle(&mut self, at: Timestamp, event: Event) -> Vec<Effect> {
        let effects = self.happened(at, event);
        let unneeded = std::mem::take(&mut self.unneeded);
        if unneeded.is_empty() {
            return effects;
        }
        unneeded.into_iter().map(Effect::Release).chain(effects).collect()
    }

    fn happened(&mut self, at: Timestamp, event: Event) -> Vec<Effect> {
        self.last = at;
        match (self.phase, event) {
            (Phase::Reserving(purpose), Event::Reserved { id, input_tokens }) => {
                self.reserved(purpose, id, input_tokens)
            }
            (Phase::Acting, Event::CallReserved { call_id, id }) => self.call_reserved(call_id, id),
            (Phase::Acting, Event::CallBlocked { call_id, blocked }) => self.call_blocked(call_id, blocked),
            // It comes too late for what it was asked for.
            (_, Event::Reserved { id, .. } | Event::CallReserved { id, .. }) => {
                self.unneeded.push(id);
                Vec::new()
            }
            (Phase::Reserving(_), Event::Blocked(blocked)) => self.blocked(blocked),
            // An answer that comes while a run is ended must not start the call that it was asked for.
            (Phase::Ended, _)
            | (
                Phase::Halting(_),
                Event::TimeUp | Event::Resolved { .. } | Event::Unanswered { .. } | Event::CancelCall { .. },
            ) => Vec::new(),
            (Phase::New, Event::Begin { attempt }) => self.begin(at, attempt),
            (Phase::Halting(_), Event::Stop) => {
                self.phase = Phase::Halting(Halt::Stop);
                Vec::new()
            }
            (_, Event::Stop) => self.halt(Halt::Stop),
            (_, Event::TimeUp) => self.halt(Halt::Time),
            (Phase::Preparing, Event::Prepared(ready)) => self.prepared(at, ready),
            (Phase::Calling, event) => self.answering(event),
            (Phase::Compacting, Event::Compacted { summary, up_to, usage }) => {
                match usage {
                    Some(usage) => self.record(usage),
                    None => self.let_go(),
                }
                let compacted = self.persist(vec![EventData::ContextCompacted { summary, up_to }]);
                vec![compacted, self.pay_for(Purpose::Answer)]
            }
            // With nothing to leave out, the provider has the last word on whether it fits.
            (Phase::Pausing, Event::PauseOver) | (Phase::Compacting, Event::CompactionFailed) => {
                self.let_go();
                vec![self.pay_for(Purpose::Answer)]
            }
            (Phase::Acting | Phase::Halting(_), event) => self.acting(event),
            (Phase::Completing, Event::QueueWaits) => self.prepare(),
            (Phase::Completing, Event::Completed) => {
                self.phase = Phase::Ended;
                vec![Effect::End]
            }
            // What comes too late for its phase has no meaning any more.
            _ => Vec::new(),
        }
    }

    fn prepare(&mut self) -> Vec<Effect> {
        self.phase = Phase::Preparing;
        vec![Effect::Prepare]
    }

    fn prepared(&mut self, at: Timestamp, ready: Result<Ready, RunError>) -> Vec<Effect> {
        let ready = match ready {
            Ok(ready) => ready,
            Err(error) => return self.fail(error),
        };
        self.model = ready.model;
        self.price = ready.price;
        self.metered = ready.metered;
        self.byok = ready.byok;
        let limit = ready.max_steps.map_or(self.limits.steps, |own| own.min(self.limits.steps)).max(1);
        if !self.unanswered {
            if self.step - self.first_step >= limit {
                return self.fail(words::max_steps(limit));
            }
            if self.time_up_at().is_some_and(|end| at >= end) {
                return self.fail(words::time_limit(self.limits.time));
            }
            self.step += 1;
            self.step_id = Some(ready.step_id);
            self.unanswered = true;
            self.calls.clear();
            self.retries = 0;
            self.was_empty = false;
            self.compacted = false;
            self.pending.push(EventData::StepStarted { number: self.step });
        }
        let persist = self.persist(Vec::new());
        if ready.crowded && !self.compacted {
            self.compacted = true;
            return vec![persist, self.pay_for(Purpose::Summary)];
        }
        vec![persist, self.pay_for(Purpose::Answer)]
    }

    fn call_model(&mut self) -> Effect {
        self.phase = Phase::Calling;
        self.draft = Draft::default();
        Effect::CallModel { message_id: self.message_id(), without: self.withdrawn.clone() }
    }

    /// The message of the step that is going on has the step's id: after a crash, whoever takes over
    /// knows which message the watchers have seen a part of.
    fn message_id(&self) -> MessageId {
        MessageId(self.step_id.map_or(self.run_id.0, |step| step.0))
    }

    /// All that waits to be written, then `events`.
    fn take_pending(&mut self, events: Vec<EventData>) -> Vec<EventData> {
        let mut all = Vec::with_capacity(events.len() + self.pending.len() + 1);
        if let Some(attempt) = self.opening.take() {
            all.push(EventData::RunStarted { attempt, model: self.model.clone() });
        }
        all.append(&mut self.pending);
        all.extend(events);
        all
    }

    fn persist(&mut self, events: Vec<EventData>) -> Effect {
        Effect::Persist(self.take_pending(events))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
