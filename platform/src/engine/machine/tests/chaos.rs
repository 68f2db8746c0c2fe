//! A driver, a model, tools and people without sense, and rules that hold all the same.

use super::*;
use std::collections::VecDeque;

/// What must come next, as the driver gives it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Anything,
    Prepared,
    Reserved,
    Completed,
}

/// A driver, a model, tools and people without sense.
pub struct Chaos {
    pub rig: Rig,
    next: Next,
    suspended: bool,
    over: bool,
    stopped: bool,
    /// Calls that were made known, by number.
    calls: u128,
    running: BTreeSet<CallId>,
    /// Model calls of each step.
    asked: BTreeMap<u32, u32>,
    /// Drivers that were lost.
    lost: u32,
    /// What is set aside.
    held: BTreeSet<ReservationId>,
    /// Calls whose worst case is being set aside: the driver answers before anything else happens.
    owed: VecDeque<CallId>,
}

impl Chaos {
    pub fn new() -> Self {
        let mut chaos = Self {
            rig: Rig::new(),
            next: Next::Anything,
            suspended: false,
            over: false,
            stopped: false,
            calls: 0,
            running: BTreeSet::new(),
            asked: BTreeMap::new(),
            lost: 0,
            held: BTreeSet::new(),
            owed: VecDeque::new(),
        };
        chaos.happen(Event::Begin { attempt: 1 });
        chaos
    }

    fn happen(&mut self, event: Event) {
        self.next = Next::Anything;
        match &event {
            Event::Stop => self.stopped = true,
            Event::CallEnded { call_id, .. } => drop(self.running.remove(call_id)),
            _ => {}
        }
        self.rig.at = self.rig.at.plus_micros(200_000);
        let effects = self.rig.machine.handle(self.rig.at, event);
        assert!(!self.over || effects.is_empty(), "after its end: {effects:?}");
        for effect in effects {
            assert!(!self.over, "after End: {effect:?}");
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        let log = || self.rig.log.iter().map(|event| &event.data);
        let begins = matches!(
            effect,
            Effect::Prepare
                | Effect::Reserve(_)
                | Effect::ReserveCall { .. }
                | Effect::CallModel { .. }
                | Effect::Pause(_)
                | Effect::Compact
                | Effect::Run { .. }
                | Effect::Complete(..)
        );
        assert!(!(begins && self.stopped), "begun after a stop: {effect:?}");
        match effect {
            Effect::Persist(events) => self.commit(events),
            Effect::Reserve(_) => {
                assert!(unanswered(&self.rig.log), "the step is not in the log");
                self.next = Next::Reserved;
            }
            Effect::Release(id) => assert!(self.held.remove(&id), "given free twice, or after its bill"),
            Effect::ReserveCall { call_id, .. } => {
                let ended = |data| data_call(data) == Some(call_id);
                assert!(
                    !log().any(|data| ended(data) && data.kind() != "tool.started"),
                    "paid after its end"
                );
                self.owed.push_back(call_id);
            }
            Effect::Emit(data) => assert!(!data.is_durable(), "{data:?} is not committed"),
            Effect::Prepare => self.next = Next::Prepared,
            Effect::CallModel { message_id, without } => {
                assert!(unanswered(&self.rig.log), "the step is not in the log");
                self.check_paid();
                assert_eq!(Some(message_id.0), self.rig.machine.step_id().map(|step| step.0));
                let off: BTreeSet<String> = log().filter_map(worn_out).collect();
                assert_eq!(without, off);
                let asked = self.asked.entry(self.rig.machine.step).or_default();
                *asked += 1;
                // Once, four retries, once more after an empty answer, once after compaction.
                assert!(*asked <= 7 + self.lost, "{asked} calls in one step");
            }
            Effect::Pause(pause) => {
                assert!(matches!(log().next_back(), Some(EventData::ModelRetrying { .. })));
                assert!(pause <= Duration::from_secs(750));
            }
            Effect::Compact => {
                assert!(unanswered(&self.rig.log), "the step is not in the log");
                self.check_paid();
            }
            Effect::Run { call_id, tool, .. } => {
                let of = |data: &&EventData| data_call(data) == Some(call_id);
                let last = log().rfind(of);
                assert!(
                    matches!(last, Some(EventData::ToolStarted { .. })),
                    "{tool} runs before the log has it, or after its end"
                );
                assert!(!log().any(|data| worn_out(data).as_ref() == Some(&tool)), "{tool} is off");
                assert!(self.running.insert(call_id), "{tool} runs twice");
            }
            Effect::Suspend(events) => {
                assert!(self.running.is_empty(), "a waiting run has no driver for its calls");
                self.commit(events);
                assert!(self.held.is_empty(), "a waiting run holds nothing");
                self.suspended = true;
            }
            Effect::Complete(events, end) => {
                assert!(self.running.is_empty());
                self.commit(events);
                assert_eq!(end.status, "completed");
                self.next = Next::Completed;
            }
            Effect::End => {
                self.over = true;
                assert!(self.running.is_empty(), "a call outlives its run");
                assert!(self.held.is_empty(), "something stays set aside");
            }
            Effect::DropModel | Effect::CancelCall(_) => {}
        }
    }

    fn commit(&mut self, events: Vec<EventData>) {
        for data in &events {
            if let EventData::UsageRecorded { reservation_id: Some(id), .. }
            | EventData::ToolCompleted { reservation_id: Some(id), .. }
            | EventData::ToolFailed { reservation_id: Some(id), .. } = data
            {
                assert!(self.held.remove(id), "charged twice, or after it was given free");
            }
        }
        self.rig.commit(events);
    }

    /// A call is made with exactly what was set aside for it, where it is paid.
    fn check_paid(&self) {
        assert_eq!(self.rig.machine.held().collect::<BTreeSet<_>>(), self.held);
        assert_eq!(self.held.len(), usize::from(self.rig.machine.metered));
    }

    /// The answer to a reservation.
    fn reserve(&mut self, how: u32) {
        if how % 16 == 5 {
            return self.happen(super::pay::blocked());
        }
        let id = ReservationId::new();
        self.held.insert(id);
        self.happen(Event::Reserved { id, input_tokens: 7 });
    }

    /// The answer to a reservation for a call of a tool.
    fn pay_call(&mut self, call_id: CallId, how: u32) {
        if how % 8 == 5 {
            let Event::Blocked(blocked) = super::pay::blocked() else { return };
            return self.happen(Event::CallBlocked { call_id, blocked });
        }
        let id = ReservationId::new();
        self.held.insert(id);
        self.happen(Event::CallReserved { call_id, id });
    }

    /// Another driver takes over.
    fn take_over(&mut self) {
        self.held.clear();
        self.owed.clear();
        self.lost += 1;
        let lost = std::mem::replace(&mut self.rig, Rig::new());
        self.rig = Rig::resumed(lost.log);
        // With all that it decided in the log, the next one knows what the last one knew.
        if lost.machine.pending.is_empty() {
            assert_eq!(known(&self.rig.machine), known(&lost.machine));
        }
        self.running.clear();
        self.suspended = false;
        // What the person said stands with the run.
        if self.stopped {
            self.happen(Event::Stop);
        }
        self.happen(Event::Begin { attempt: i64::from(self.lost) + 1 });
    }

    /// The run's completion, as the driver commits it.
    fn complete(&mut self, waits: bool) {
        if waits {
            return self.happen(Event::QueueWaits);
        }
        let end = EventData::RunCompleted(self.rig.machine.end("completed", None));
        self.rig.commit(vec![end]);
        self.happen(Event::Completed);
    }

    /// One thing happens; `dice` says which.
    pub fn step(&mut self, dice: u32) {
        let (what, how) = (dice % 32, dice / 32);
        if let Some(call_id) = self.owed.pop_front() {
            return self.pay_call(call_id, how);
        }
        match self.next {
            Next::Prepared => self.happen(prepared(how)),
            Next::Reserved if what == 30 => self.happen(Event::Stop),
            Next::Reserved => self.reserve(how),
            Next::Completed => self.complete(how % 4 > 0),
            Next::Anything if self.over => self.stray(what, how),
            Next::Anything if self.suspended && what < 20 => self.decide(what < 16, how),
            Next::Anything if what < 20 => self.expected(what, how),
            Next::Anything => self.stray(what, how),
        }
    }

    /// A person answers some of what is asked, or only another driver comes.
    fn decide(&mut self, answers: bool, how: u32) {
        if answers {
            let asks = |call: &CallId| self.rig.machine.asks(*call);
            let asked = (1..=self.calls).map(id).filter(asks).take(1 + how as usize % 2);
            let resolve = |call_id| EventData::ApprovalResolved { call_id, approval: approval(how) };
            let resolved = asked.map(resolve).collect();
            self.rig.commit(resolved);
        }
        self.take_over();
    }

    /// What the machine waits for.
    fn expected(&mut self, what: u32, how: u32) {
        match self.rig.machine.phase {
            Phase::Calling if what < 8 => {
                self.calls += 1;
                self.happen(called(self.calls, how));
            }
            Phase::Calling if what < 10 => self.happen(usage(i64::from(how % 9) - 1, 0, i64::from(how % 3))),
            Phase::Calling if what < 13 => self.happen(Event::Text("word".into())),
            Phase::Calling if what < 18 => self.happen(Event::Answered(StopReason::End)),
            Phase::Calling => {
                let luck = u16::try_from(how % 2_000).unwrap();
                self.happen(Event::AnswerFailed { error: model_error(how), luck });
            }
            Phase::Pausing => self.happen(Event::PauseOver),
            Phase::Compacting if what < 4 => self.happen(Event::CompactionFailed),
            Phase::Compacting => {
                let (summary, up_to) = ("so far".into(), MessageId::new());
                let usage = Some(Usage { input_tokens: 9, ..Usage::default() });
                self.happen(Event::Compacted { summary, up_to, usage });
            }
            _ => self.call_ends(how),
        }
    }

    /// A driver tells of the end of what it runs, and only of that.
    fn call_ends(&mut self, how: u32) {
        let nth = how as usize % self.running.len().max(1);
        let Some(call_id) = self.running.iter().nth(nth).copied() else { return };
        let result = if how.is_multiple_of(3) { Err(error("failed")) } else { Ok(json!(how)) };
        self.happen(Event::CallEnded { call_id, result });
    }

    /// Whatever comes to anybody's mind.
    fn stray(&mut self, what: u32, how: u32) {
        let some_call = id(u128::from(how % 7) % (self.calls + 1) + 1);
        match what {
            0..=19 => self.expected(what, how),
            20 => self.happen(Event::Text(if how.is_multiple_of(2) { " " } else { "word" }.into())),
            21 => self.happen(Event::Reasoning("hm".into())),
            22 => self.happen(Event::Signature("proof".into())),
            23 => self.happen(Event::Answered(match how % 8 {
                0 => StopReason::Refused,
                1 => StopReason::Length,
                _ => StopReason::End,
            })),
            24 => self.happen(Event::PauseOver),
            25 => self.happen(Event::CompactionFailed),
            26 => {
                let (channel, text) = ("stdout".into(), "line".into());
                self.happen(Event::Output { call_id: some_call, channel, text });
            }
            27 => self.happen(Event::Resolved { call_id: some_call, approval: approval(how) }),
            28 => self.happen(Event::CancelCall { call_id: some_call }),
            29 if !self.over => self.take_over(),
            30 if how.is_multiple_of(16) => self.happen(Event::Stop),
            31 if how.is_multiple_of(32) => self.happen(Event::TimeUp),
            _ => self.call_ends(how),
        }
    }

    /// Somebody stops it; running calls end; that must be all.
    pub fn stop(&mut self) {
        while let Some(call_id) = self.owed.pop_front() {
            self.pay_call(call_id, 0);
        }
        match self.next {
            Next::Prepared => self.happen(prepared(2)),
            Next::Completed => self.complete(false),
            Next::Reserved => self.reserve(0),
            Next::Anything => {}
        }
        if self.suspended && !self.over {
            self.stopped = true;
            self.take_over();
        }
        self.happen(Event::Stop);
        for call_id in self.running.clone() {
            assert!(!self.over);
            self.happen(Event::CallEnded { call_id, result: Ok(json!("late")) });
        }
        assert!(self.over, "a stopped run goes on");
    }

    /// What holds for a log of a whole run.
    pub fn check(&self) {
        let (mut begun, mut ended, mut wanted) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut ends = 0;
        let mut retries = 0;
        for event in &self.rig.log {
            assert_eq!(ends, 0, "after the end: {event:?}");
            match &event.data {
                EventData::StepStarted { number } => {
                    assert!(*number <= LIMITS.steps);
                    retries = 0;
                }
                EventData::ModelRetrying { .. } => {
                    retries += 1;
                    assert!(retries <= 5, "four retries, and one after an empty answer");
                }
                EventData::MessageCompleted { message } => {
                    wanted.extend(message.parts.iter().filter_map(|part| match part {
                        MessagePart::ToolCall { call_id, .. } => Some(*call_id),
                        _ => None,
                    }));
                }
                EventData::ToolStarted { call_id, .. } => {
                    assert!(begun.insert(*call_id), "begun twice");
                    assert!(!ended.contains(call_id), "begun after its end");
                }
                EventData::ToolCompleted { call_id, .. } => {
                    assert!(begun.contains(call_id), "it ended well without a beginning");
                    assert!(ended.insert(*call_id), "ended twice");
                }
                EventData::ToolFailed { call_id, .. } => assert!(ended.insert(*call_id), "ended twice"),
                EventData::ToolRetrying { call_id, attempt, .. } => {
                    assert!((1..=3).contains(attempt));
                    assert!(ended.insert(*call_id), "ended twice");
                }
                data if data.ends_run() => ends += 1,
                _ => {}
            }
        }
        assert_eq!(ends, 1);
        assert_eq!(ended, wanted, "each call that the model was told of has one end");
        assert!(begun.is_subset(&ended));
    }
}

/// What a machine must still know after a take-over.
fn known(machine: &Machine) -> impl PartialEq + std::fmt::Debug {
    let mut malformed = machine.malformed.clone();
    malformed.retain(|tool, _| !machine.withdrawn.contains(tool));
    let retries = machine.unanswered.then_some((machine.retries, machine.was_empty));
    (machine.step, machine.withdrawn.clone(), malformed, machine.usage, machine.cost, retries)
}

/// Whether the log's last step has no answer.
fn unanswered(log: &[Logged]) -> bool {
    let last = log.iter().rev().find(|event| {
        matches!(event.data, EventData::StepStarted { .. } | EventData::MessageCompleted { .. })
    });
    last.is_some_and(|event| matches!(event.data, EventData::StepStarted { .. }))
}

/// The tool that is off after this event.
pub fn worn_out(data: &EventData) -> Option<String> {
    match data {
        EventData::ToolFailed { tool, attempt: 4.., error, .. } if error.code == "invalid_arguments" => {
            Some(tool.clone())
        }
        _ => None,
    }
}

fn data_call(data: &EventData) -> Option<CallId> {
    match data {
        EventData::ToolStarted { call_id, .. }
        | EventData::ToolCompleted { call_id, .. }
        | EventData::ToolFailed { call_id, .. } => Some(*call_id),
        _ => None,
    }
}

fn prepared(how: u32) -> Event {
    if how % 64 == 1 {
        return Event::Prepared(Err(words::model_unavailable("It is away.")));
    }
    Event::Prepared(Ok(Ready {
        step_id: StepId::new(),
        model: "m".into(),
        price: (!how.is_multiple_of(3)).then_some(PRICE),
        max_steps: None,
        crowded: how % 8 == 3,
        metered: how % 4 > 1,
        byok: false,
    }))
}

fn called(call: u128, how: u32) -> Event {
    let tool = ["look", "note", "send", "fly", "clumsy", "dig"][how as usize % 6];
    let check = if how.is_multiple_of(4) || tool == "clumsy" {
        Err(error("invalid_arguments"))
    } else {
        Ok(Fit { arguments: json!({ "n": how % 2 }), granted: how.is_multiple_of(3) })
    };
    Event::Called { call_id: id(call), tool: tool.into(), arguments: "{".into(), check }
}

fn model_error(how: u32) -> ModelError {
    let detail = String::new();
    match how % 32 {
        0 => ModelError::BadKey { detail },
        1..=4 => ModelError::ContextTooLong { detail },
        5..=8 => ModelError::Timeout { detail },
        9..=12 => ModelError::Overloaded { retry_after: None, detail },
        _ => ModelError::RateLimited { retry_after: Some(Duration::from_secs(how.into())), detail },
    }
}

pub fn approval(how: u32) -> Approval {
    [Approval::Once, Approval::Session, Approval::Agent, Approval::Deny][how as usize % 4]
}
