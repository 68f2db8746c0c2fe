//! Anything may happen in any order: rules that hold all the same.

use super::{
    tests::{LIMITS, PRICE, Rig, id, run_id, usage, world::World},
    *,
};
use alumia_protocol::events::Event as Logged;
use proptest::prelude::*;
use serde_json::json;

/// What must come next, as the driver gives it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Anything,
    Prepared,
    Completed,
}

/// A driver, a model, tools and people without sense.
struct Chaos {
    rig: Rig,
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
}

impl Chaos {
    fn new() -> Self {
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
                | Effect::CallModel { .. }
                | Effect::Pause(_)
                | Effect::Compact
                | Effect::Run { .. }
                | Effect::Complete(..)
        );
        assert!(!(begins && self.stopped), "begun after a stop: {effect:?}");
        match effect {
            Effect::Persist(events) => self.rig.commit(events),
            Effect::Emit(data) => assert!(!data.is_durable(), "{data:?} is not committed"),
            Effect::Prepare => self.next = Next::Prepared,
            Effect::CallModel { message_id, without } => {
                assert!(unanswered(&self.rig.log), "the step is not in the log");
                assert_eq!(Some(message_id.0), self.rig.machine.step_id().map(|step| step.0));
                let off: BTreeSet<String> = log().filter_map(worn_out).collect();
                assert_eq!(without, off);
                let asked = self.asked.entry(self.rig.machine.step).or_default();
                *asked += 1;
                // Once, four retries, once more after an empty answer, once after compaction.
                assert!(*asked <= 7 + self.lost, "{asked} calls in one step");
            }
            Effect::Pause(pause) => {
                assert!(matches!(log().last(), Some(EventData::ModelRetrying { .. })));
                assert!(pause <= Duration::from_secs(750));
            }
            Effect::Compact => assert!(unanswered(&self.rig.log), "the step is not in the log"),
            Effect::Run { call_id, tool, .. } => {
                let of = |data: &&EventData| data_call(data) == Some(call_id);
                let last = log().filter(of).last();
                assert!(
                    matches!(last, Some(EventData::ToolStarted { .. })),
                    "{tool} runs before the log has it, or after its end"
                );
                assert!(!log().any(|data| worn_out(data).as_ref() == Some(&tool)), "{tool} is off");
                assert!(self.running.insert(call_id), "{tool} runs twice");
            }
            Effect::Suspend(events) => {
                assert!(self.running.is_empty(), "a waiting run has no driver for its calls");
                self.rig.commit(events);
                self.suspended = true;
            }
            Effect::Complete(events, end) => {
                assert!(self.running.is_empty());
                self.rig.commit(events);
                assert_eq!(end.status, "completed");
                self.next = Next::Completed;
            }
            Effect::End => {
                self.over = true;
                assert!(self.running.is_empty(), "a call outlives its run");
            }
            Effect::DropModel | Effect::CancelCall(_) => {}
        }
    }

    /// Another driver takes over.
    fn take_over(&mut self) {
        self.lost += 1;
        self.rig = Rig::resumed(std::mem::take(&mut self.rig.log));
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
    fn step(&mut self, dice: u32) {
        let (what, how) = (dice % 32, dice / 32);
        let some_call = id(u128::from(how % 7) % (self.calls + 1) + 1);
        match self.next {
            Next::Prepared => return self.happen(prepared(how)),
            Next::Completed => return self.complete(how % 4 > 0),
            Next::Anything if self.over => {}
            Next::Anything if self.suspended && what < 20 => {
                if what < 10 {
                    let asked: Vec<CallId> = (1..=self.calls)
                        .map(id)
                        .filter(|call| self.rig.machine.asks(*call))
                        .take(1 + how as usize % 2)
                        .collect();
                    let resolve =
                        |call_id: CallId| EventData::ApprovalResolved { call_id, approval: approval(how) };
                    self.rig.commit(asked.into_iter().map(resolve).collect());
                }
                return self.take_over();
            }
            Next::Anything => {}
        }
        match what {
            0..=3 => self.happen(Event::Text(if how % 5 == 0 { " " } else { "word" }.into())),
            4 => self.happen(Event::Reasoning("hm".into())),
            5 => self.happen(Event::Signature("proof".into())),
            6..=10 => {
                self.calls += 1;
                self.happen(called(self.calls, how));
            }
            11 => self.happen(usage(i64::from(how % 9) - 1, 0, i64::from(how % 3))),
            12..=15 => self.happen(Event::Answered(match how % 32 {
                0 => StopReason::Refused,
                1 => StopReason::Length,
                _ => StopReason::End,
            })),
            16 | 17 => self.happen(Event::AnswerFailed { error: model_error(how), luck: how as u16 }),
            18..=20 => self.happen(Event::PauseOver),
            21 => self.happen(Event::CompactionFailed),
            22 => {
                let (summary, up_to) = ("so far".into(), MessageId::new());
                self.happen(Event::Compacted { summary, up_to, usage: None });
            }
            23..=26 => {
                // A driver tells of the end of what it runs, and only of that.
                let nth = how as usize % self.running.len().max(1);
                let Some(call_id) = self.running.iter().nth(nth).copied() else { return };
                let error = ToolError { code: "failed".into(), message: "no".into(), path: None };
                let result = if how % 3 == 0 { Err(error) } else { Ok(json!(how)) };
                self.happen(Event::CallEnded { call_id, result });
            }
            27 => {
                let (channel, text) = ("stdout".into(), "line".into());
                self.happen(Event::Output { call_id: some_call, channel, text });
            }
            28 => self.happen(Event::Resolved { call_id: some_call, approval: approval(how) }),
            29 => self.happen(Event::CancelCall { call_id: some_call }),
            30 if !self.over => self.take_over_after_a_crash(),
            _ if how % 32 == 0 => self.happen(Event::Stop),
            _ if how % 32 == 1 => self.happen(Event::TimeUp),
            _ => {}
        }
    }

    fn take_over_after_a_crash(&mut self) {
        if !self.rig.log.last().is_some_and(|event| event.data.ends_run()) {
            self.take_over();
        }
    }

    /// Somebody stops it; running calls end; that must be all.
    fn stop(&mut self) {
        match self.next {
            Next::Prepared => self.happen(prepared(2)),
            Next::Completed => self.complete(false),
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
    fn check(&self) {
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

/// Whether the log's last step has no answer.
fn unanswered(log: &[Logged]) -> bool {
    let last = log.iter().rev().find(|event| {
        matches!(event.data, EventData::StepStarted { .. } | EventData::MessageCompleted { .. })
    });
    last.is_some_and(|event| matches!(event.data, EventData::StepStarted { .. }))
}

/// The tool that is off after this event.
fn worn_out(data: &EventData) -> Option<String> {
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
        price: (how % 3 > 0).then_some(PRICE),
        max_steps: None,
        crowded: how % 8 == 3,
    }))
}

fn called(call: u128, how: u32) -> Event {
    let tool = ["look", "note", "send", "fly", "look"][how as usize % 5];
    let error = ToolError { code: "invalid_arguments".into(), message: "not so".into(), path: None };
    let check = if how % 4 == 0 {
        Err(error)
    } else {
        Ok(Fit { arguments: json!({ "n": how % 2 }), granted: how % 3 == 0 })
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

fn approval(how: u32) -> Approval {
    [Approval::Once, Approval::Session, Approval::Agent, Approval::Deny][how as usize % 4]
}

/// Everything that can happen to a run does happen in some of these, else they prove little.
#[test]
fn chaos_reaches_everything() {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut state = 1_u64;
    for _ in 0..300 {
        let mut chaos = Chaos::new();
        for _ in 0..150 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            chaos.step((state >> 33) as u32);
        }
        chaos.stop();
        chaos.check();
        for event in &chaos.rig.log {
            *seen.entry(event.data.kind()).or_default() += 1;
            if worn_out(&event.data).is_some() {
                *seen.entry("a tool is off").or_default() += 1;
            }
        }
    }
    for kind in [
        "run.started",
        "step.started",
        "message.completed",
        "message.discarded",
        "model.retrying",
        "context.compacted",
        "tool.started",
        "tool.completed",
        "tool.failed",
        "tool.retrying",
        "approval.requested",
        "approval.resolved",
        "usage.recorded",
        "run.completed",
        "run.failed",
        "run.cancelled",
        "a tool is off",
    ] {
        assert!(seen.get(kind).is_some_and(|times| *times >= 10), "{kind} is rare: {seen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_the_rules_hold_whatever_happens(dice in prop::collection::vec(any::<u32>(), 1..200)) {
        let mut chaos = Chaos::new();
        for dice in dice {
            chaos.step(dice);
        }
        chaos.stop();
        chaos.check();
        chaos.step(0);
    }

    #[test]
    fn prop_a_log_cut_anywhere_is_taken_to_an_end(
        dice in prop::collection::vec(any::<u32>(), 1..120),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut chaos = Chaos::new();
        for dice in dice {
            chaos.step(dice);
        }
        let mut log = chaos.rig.log;
        log.truncate(cut.index(log.len() + 1));
        let world = World::after(log, Vec::new(), approval(cut.index(4) as u32), 0).run();
        prop_assert!(world.rig.end().is_some());
        prop_assert!(world.rig.log.iter().all(|event| event.run_id == Some(run_id())));
    }
}
