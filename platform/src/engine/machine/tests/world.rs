//! A world around a machine: a model that follows a script, tools, a person, and a driver that may
//! vanish around any of its commits.

use super::*;
use std::collections::VecDeque;

/// How a call goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Fine,
    Fails,
    Malformed,
}

/// What the model does when it is asked.
#[derive(Clone)]
pub enum Move {
    Say(&'static str),
    Calls(Vec<(&'static str, Way)>),
    Fail(ModelError),
    Nothing,
}

/// Where the driver vanishes, by the number of its commit from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Before(usize),
    After(usize),
}

pub struct World {
    pub rig: Rig,
    /// Moves by step and attempt; beyond it, the model says "Done.".
    script: Vec<Vec<Move>>,
    approval: Approval,
    /// Messages that come in during the first last word, and those in the queue.
    coming: usize,
    waiting: usize,
    cut: Option<Cut>,
    attempt: i64,
    inbox: VecDeque<Event>,
    over: bool,
    pub commits: usize,
    /// How often each call ran.
    pub runs: BTreeMap<CallId, usize>,
    /// Calls whose outcome nobody knows after the cut.
    pub unknown: BTreeSet<CallId>,
    /// What is set aside, and what was charged or given free.
    held: BTreeSet<ReservationId>,
    /// Which tools were left out, by step.
    pub without: BTreeMap<u32, BTreeSet<String>>,
}

impl World {
    pub fn new(script: Vec<Vec<Move>>, approval: Approval, coming: usize) -> Self {
        Self::after(Vec::new(), script, approval, coming)
    }

    /// With a run behind it that another driver has left like this.
    pub fn after(log: Vec<Logged>, script: Vec<Vec<Move>>, approval: Approval, coming: usize) -> Self {
        Self {
            over: log.last().is_some_and(|event| event.data.ends_run()),
            rig: Rig::resumed(log),
            script,
            approval,
            coming,
            waiting: 0,
            cut: None,
            attempt: 0,
            inbox: VecDeque::new(),
            commits: 0,
            runs: BTreeMap::new(),
            unknown: BTreeSet::new(),
            held: BTreeSet::new(),
            without: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn cut(self, cut: Cut) -> Self {
        Self { cut: Some(cut), ..self }
    }

    /// Lets it go on until the run is over.
    #[must_use]
    pub fn run(mut self) -> Self {
        self.take_over();
        for _ in 0..10_000 {
            if self.over {
                return self;
            }
            let event = self.inbox.pop_front().expect("a run that isn't over waits for something");
            self.happen(event);
        }
        panic!("a run without end: {:?}", self.rig.log);
    }

    fn take_over(&mut self) {
        self.attempt += 1;
        self.inbox = [Event::Begin { attempt: self.attempt }].into();
    }

    fn happen(&mut self, event: Event) {
        self.rig.at = self.rig.at.plus_micros(100_000);
        for effect in self.rig.machine.handle(self.rig.at, event) {
            match effect {
                Effect::Persist(events) => {
                    if !self.commit(events) {
                        return;
                    }
                }
                Effect::Prepare => self.inbox.push_back(ready_as(|ready| ready.metered = true)),
                Effect::Reserve(_) => {
                    let id = ReservationId::new();
                    assert!(self.held.is_empty(), "two calls at once");
                    self.held.insert(id);
                    self.inbox.push_back(Event::Reserved { id, input_tokens: 1 });
                }
                Effect::Release(id) => assert!(self.held.remove(&id), "given free twice"),
                Effect::ReserveCall { call_id, .. } => {
                    let id = ReservationId::new();
                    self.held.insert(id);
                    self.inbox.push_back(Event::CallReserved { call_id, id });
                }
                Effect::CallModel { without, .. } => self.answer(without),
                Effect::Pause(_) => self.inbox.push_back(Event::PauseOver),
                Effect::Compact => {
                    let (summary, up_to) = ("So far.".into(), MessageId(Uuid::from_u128(7)));
                    self.inbox.push_back(Event::Compacted { summary, up_to, usage: None });
                }
                Effect::Run { call_id, .. } => {
                    *self.runs.entry(call_id).or_default() += 1;
                    let result = match self.way(call_id) {
                        Way::Fails => Err(error("failed")),
                        _ => Ok(json!("fine")),
                    };
                    self.inbox.push_back(Event::CallEnded { call_id, result });
                }
                Effect::Suspend(events) => {
                    if self.commit(events) {
                        self.decide();
                    }
                    return;
                }
                Effect::Complete(mut events, end) => {
                    let waits = self.waiting > 0;
                    if !waits {
                        events.push(EventData::RunCompleted(end));
                    }
                    if !self.commit(events) {
                        return;
                    }
                    self.inbox.push_back(if waits { Event::QueueWaits } else { Event::Completed });
                }
                Effect::End => {
                    self.over = true;
                    assert!(self.held.is_empty(), "something stays set aside");
                }
                Effect::Emit(_) | Effect::DropModel | Effect::CancelCall(_) => {}
            }
        }
    }

    /// Writes, unless the driver vanishes; `false` when it does.
    fn commit(&mut self, events: Vec<EventData>) -> bool {
        self.commits += 1;
        if self.cut == Some(Cut::Before(self.commits)) {
            self.vanish();
            return false;
        }
        if events.iter().any(|data| matches!(data, EventData::StepStarted { .. })) {
            self.waiting = 0;
        }
        for data in &events {
            match data {
                EventData::UsageRecorded { reservation_id, .. } => {
                    assert!(
                        reservation_id.is_some_and(|id| self.held.remove(&id)),
                        "paid twice, or by nobody"
                    );
                }
                EventData::ToolCompleted { reservation_id: Some(id), .. }
                | EventData::ToolFailed { reservation_id: Some(id), .. } => {
                    assert!(self.held.remove(id), "a call was paid twice");
                }
                _ => {}
            }
        }
        self.rig.commit(events);
        if self.cut == Some(Cut::After(self.commits)) {
            self.vanish();
            return false;
        }
        true
    }

    fn vanish(&mut self) {
        self.cut = None;
        let mut open = BTreeSet::new();
        for event in &self.rig.log {
            match &event.data {
                EventData::ToolStarted { call_id, idempotent: false, .. } => drop(open.insert(*call_id)),
                EventData::ToolCompleted { call_id, .. } | EventData::ToolFailed { call_id, .. } => {
                    open.remove(call_id);
                }
                _ => {}
            }
        }
        self.unknown = open;
        // Whoever takes over gives free what its forerunner held.
        self.held.clear();
        self.over = self.rig.log.last().is_some_and(|event| event.data.ends_run());
        self.rig = Rig::resumed(std::mem::take(&mut self.rig.log));
        self.take_over();
    }

    /// The person answers everything that is asked, and a driver takes the run up again.
    fn decide(&mut self) {
        let mut asked = BTreeSet::new();
        for event in &self.rig.log {
            match &event.data {
                EventData::ApprovalRequested { call_id, .. } => drop(asked.insert(*call_id)),
                EventData::ApprovalResolved { call_id, .. } => drop(asked.remove(call_id)),
                _ => {}
            }
        }
        assert!(!asked.is_empty(), "it waits for nobody");
        let answers = asked.iter();
        let answers =
            answers.map(|id| EventData::ApprovalResolved { call_id: *id, approval: self.approval }).collect();
        self.rig.commit(answers);
        self.rig = Rig::resumed(std::mem::take(&mut self.rig.log));
        self.take_over();
    }

    /// The present step, and how often the model was asked in it before.
    fn place(&self) -> (usize, usize) {
        let (mut step, mut attempt) = (0, 0);
        for event in &self.rig.log {
            match &event.data {
                EventData::StepStarted { number } => (step, attempt) = (*number as usize, 0),
                EventData::ModelRetrying { .. } | EventData::ContextCompacted { .. } => attempt += 1,
                _ => {}
            }
        }
        (step, attempt)
    }

    fn answer(&mut self, without: BTreeSet<String>) {
        let (step, attempt) = self.place();
        self.without.insert(u32::try_from(step).unwrap(), without);
        let moves = step.checked_sub(1).and_then(|step| self.script.get(step));
        let answer = moves.and_then(|moves| moves.get(attempt).or(moves.last()));
        let answer = answer.cloned().unwrap_or(Move::Say("Done."));
        if !matches!(answer, Move::Fail(_)) {
            self.inbox.push_back(usage(10, 2, 5));
        }
        match answer {
            Move::Say(words) => {
                // A message comes in while the model says it.
                self.waiting += std::mem::take(&mut self.coming);
                self.inbox.extend([text(words), answered()]);
            }
            Move::Calls(calls) => {
                for (index, (tool, way)) in (1..).zip(calls) {
                    let call = step as u128 * 100 + index;
                    self.inbox.push_back(match way {
                        Way::Malformed => malformed(call, tool),
                        _ => called(call, tool),
                    });
                }
                self.inbox.push_back(Event::Answered(StopReason::ToolCalls));
            }
            Move::Fail(error) => self.inbox.extend([text("I was ab"), failed(error)]),
            Move::Nothing => self.inbox.push_back(answered()),
        }
    }

    fn way(&self, id: CallId) -> Way {
        let number = usize::try_from(id.0.as_u128()).unwrap_or(0);
        let moves = (number / 100).checked_sub(1).and_then(|step| self.script.get(step));
        let mut calls = moves.into_iter().flatten().filter_map(|what| match what {
            Move::Calls(calls) => calls.get((number % 100).checked_sub(1)?),
            _ => None,
        });
        calls.next().map_or(Way::Fine, |call| call.1)
    }

    /// What people and models see of the run: what was said, how each call ended, how the run did.
    pub fn story(&self) -> Vec<String> {
        let mut story: Vec<String> = Vec::new();
        let mut calls = BTreeMap::new();
        for event in &self.rig.log {
            match &event.data {
                EventData::MessageCompleted { message } => {
                    story.push(format!("said {:?} with {} parts", message.text(), message.parts.len()));
                }
                EventData::ToolCompleted { call_id, .. } => {
                    assert!(
                        calls.insert(*call_id, "completed".to_owned()).is_none(),
                        "{call_id} ended twice"
                    );
                }
                EventData::ToolFailed { call_id, attempt, error, .. } => {
                    let how = format!("failed {} {attempt}", error.code);
                    assert!(calls.insert(*call_id, how).is_none(), "{call_id} ended twice");
                }
                EventData::ToolRetrying { call_id, attempt, .. } => {
                    let how = format!("malformed {attempt}");
                    assert!(calls.insert(*call_id, how).is_none(), "{call_id} ended twice");
                }
                EventData::ModelRetrying { attempt, .. } => story.push(format!("retry {attempt}")),
                EventData::ContextCompacted { .. } => story.push("compacted".into()),
                _ => {}
            }
        }
        for id in &self.unknown {
            let how = calls.insert(*id, "unknown".into());
            assert_eq!(how.as_deref(), Some("failed interrupted 1"), "{id}");
        }
        story.extend(calls.iter().map(|(id, how)| format!("{} {how}", id.0.as_u128())));
        let end = self.rig.run_end().expect("the run is over");
        story.push(format!("{:?} {:?} for {}", self.rig.end(), end.usage, end.cost_microcredits));
        story.push(format!("{:?}", self.without));
        story
    }
}
