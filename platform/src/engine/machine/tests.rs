//! What a machine does, as tables: what happens, and after it what the machine asks for.

mod acts;
mod answers;
pub mod chaos;
mod halts;
mod pay;
mod resume;
pub mod world;

use super::*;
use alumia_models::{ModelError, StopReason};
use alumia_protocol::{
    Microcredits,
    events::{Event as Logged, RunEnd},
    tools::{Approval, Effect as Touches},
};
use serde_json::json;
use uuid::Uuid;

/// `look` may run again, `note` may not, `send` asks a person, `dig` costs a microcredit a millisecond, `wait` waits for
/// other agents; nothing else is known.
pub fn catalog() -> Arc<Catalog> {
    Arc::new(|tool: &str, _: &Value| {
        let (effect, idempotent) = match tool {
            "look" | "wait" => (Touches::Read, true),
            "note" | "dig" => (Touches::Write, false),
            "send" => (Touches::External, false),
            _ => return None,
        };
        let (plain, doing, done) = (format!("{tool}!"), format!("{tool} …"), format!("{tool}, done"));
        let second_price = (tool == "dig").then_some(Microcredits(1_000));
        let timeout = Duration::from_mins(1);
        Some(ToolFacts {
            plain,
            doing,
            done,
            effect,
            idempotent,
            timeout,
            second_price,
            awaits_peers: tool == "wait",
        })
    })
}

pub const LIMITS: Limits =
    Limits { steps: 12, time: Duration::from_secs(100), approval: Duration::from_hours(24) };

/// Two microcredits a token in, one for a cached one, ten for one out.
pub const PRICE: Price = Price { input: 2_000_000, output: 10_000_000, cached: 1_000_000 };

pub fn run_id() -> RunId {
    RunId(Uuid::from_u128(1))
}

/// The call that a table names by this number.
pub fn id(call: u128) -> CallId {
    CallId(Uuid::from_u128(call))
}

pub fn error(code: &str) -> ToolError {
    ToolError { code: code.into(), message: "as the test says".into(), path: None }
}

/// A machine, the log that its commits make, and a clock that goes on by a second with every event.
pub struct Rig {
    pub machine: Machine,
    pub log: Vec<Logged>,
    pub at: Timestamp,
}

impl Rig {
    pub fn new() -> Self {
        Self { machine: Machine::new(run_id(), catalog(), LIMITS), log: Vec::new(), at: Timestamp(0) }
    }

    pub fn resumed(log: Vec<Logged>) -> Self {
        let machine = Machine::resume(run_id(), catalog(), LIMITS, &log);
        let at = log.last().map_or(Timestamp(0), |event| event.at);
        Self { machine, log, at }
    }

    /// Lets something happen; the effects in words, joined by `; `.
    pub fn send(&mut self, event: Event) -> String {
        self.at = self.at.plus_micros(1_000_000);
        let effects = self.machine.handle(self.at, event);
        let words: Vec<String> = effects.iter().map(words_of).collect();
        for effect in effects {
            match effect {
                Effect::Persist(events) | Effect::Suspend(events) => self.commit(events),
                Effect::Complete(mut events, end) => {
                    events.push(EventData::RunCompleted(end));
                    self.commit(events);
                }
                _ => {}
            }
        }
        words.join("; ")
    }

    /// Goes through a table.
    #[track_caller]
    pub fn table<const N: usize>(&mut self, rows: [(Event, &str); N]) {
        for (row, (event, expected)) in rows.into_iter().enumerate() {
            let what = format!("{event:?}");
            assert_eq!(self.send(event), expected, "row {row}: {what}");
        }
    }

    pub fn commit(&mut self, events: Vec<EventData>) {
        for data in events {
            assert!(data.is_durable(), "{data:?} is committed");
            let (seq, step_id) = (i64::try_from(self.log.len()).unwrap() + 1, self.machine.step_id());
            let step_id = step_id.filter(|_| !data.ends_run());
            let run_id = Some(run_id());
            self.log.push(Logged { seq, at: self.at, session_id: None, run_id, step_id, data });
        }
    }

    /// The newest event of this kind.
    pub fn last(&self, kind: &str) -> &EventData {
        let mut events = self.log.iter().rev().map(|event| &event.data);
        events.find(|data| data.kind() == kind).unwrap_or_else(|| panic!("no {kind} in the log"))
    }

    /// How the run ended: status and error code.
    pub fn end(&self) -> Option<(String, String)> {
        self.run_end().map(|end| {
            (end.status.clone(), end.error.as_ref().map(|error| error.code.clone()).unwrap_or_default())
        })
    }

    pub fn run_end(&self) -> Option<&RunEnd> {
        self.log.iter().rev().find_map(|event| match &event.data {
            EventData::RunCompleted(end) | EventData::RunFailed(end) | EventData::RunCancelled(end) => {
                Some(end)
            }
            _ => None,
        })
    }

    /// To where the model has answered with these calls and they were decided on.
    pub fn asked(calls: impl IntoIterator<Item = Event>) -> (Self, String) {
        let mut rig = Self::new();
        rig.send(begin());
        rig.send(ready());
        let effects = rig.answer(calls);
        (rig, effects)
    }

    pub fn answer(&mut self, calls: impl IntoIterator<Item = Event>) -> String {
        for call in calls {
            assert_eq!(self.send(call), "");
        }
        self.send(Event::Answered(StopReason::ToolCalls))
    }
}

fn words_of(effect: &Effect) -> String {
    let kinds = |events: &[EventData]| {
        let kinds: Vec<String> = events.iter().map(|data| format!(" {}", data.kind())).collect();
        kinds.concat()
    };
    let number = |id: &CallId| id.0.as_u128();
    match effect {
        Effect::Persist(events) => format!("persist{}", kinds(events)),
        Effect::Emit(data) => format!("emit {}", data.kind()),
        Effect::Prepare => "prepare".into(),
        Effect::Reserve(purpose) => format!("reserve {purpose:?}"),
        Effect::Release(id) => format!("release {}", id.0.as_u128()),
        Effect::ReserveCall { call_id, .. } => format!("reserve call {}", number(call_id)),
        Effect::CallModel { without, .. } if without.is_empty() => "call".into(),
        Effect::CallModel { without, .. } => {
            format!("call without {}", without.iter().cloned().collect::<Vec<_>>().join(","))
        }
        Effect::DropModel => "drop".into(),
        Effect::Pause(pause) => format!("pause {}", pause.as_millis()),
        Effect::Compact => "compact".into(),
        Effect::Run { call_id, tool, .. } => format!("run {tool} {}", number(call_id)),
        Effect::CancelCall(id) => format!("cancel {}", number(id)),
        Effect::Suspend(events) => format!("suspend{}", kinds(events)),
        Effect::Complete(events, end) => format!("complete{} {}", kinds(events), end.status),
        Effect::End => "end".into(),
    }
}

pub fn begin() -> Event {
    Event::Begin { attempt: 1 }
}

pub fn ready_as(change: impl FnOnce(&mut Ready)) -> Event {
    let mut ready = Ready {
        step_id: StepId::new(),
        model: "m".into(),
        price: Some(PRICE),
        max_steps: None,
        crowded: false,
        metered: false,
        byok: false,
    };
    change(&mut ready);
    Event::Prepared(Ok(ready))
}

pub fn ready() -> Event {
    ready_as(|_| {})
}

pub fn text(text: &str) -> Event {
    Event::Text(text.into())
}

pub fn usage(input_tokens: i64, cached_tokens: i64, output_tokens: i64) -> Event {
    Event::Usage(Usage { input_tokens, cached_tokens, output_tokens })
}

/// A call whose arguments fit.
pub fn called(call: u128, tool: &str) -> Event {
    checked(call, tool, Ok(Fit { arguments: json!({ "n": 1 }), granted: false }))
}

/// A call of a tool that a person has allowed before.
pub fn granted(call: u128, tool: &str) -> Event {
    checked(call, tool, Ok(Fit { arguments: json!({ "n": 1 }), granted: true }))
}

/// A call whose arguments don't fit.
pub fn malformed(call: u128, tool: &str) -> Event {
    checked(call, tool, Err(error("invalid_arguments")))
}

fn checked(call: u128, tool: &str, check: Result<Fit, ToolError>) -> Event {
    Event::Called { call_id: id(call), tool: tool.into(), arguments: "{\"n\": 1}".into(), check }
}

pub fn answered() -> Event {
    Event::Answered(StopReason::End)
}

pub fn failed(error: ModelError) -> Event {
    Event::AnswerFailed { error, luck: 0 }
}

pub fn rate_limited(retry_after: Option<Duration>) -> Event {
    failed(ModelError::RateLimited { retry_after, detail: "slow down".into() })
}

pub fn ended(call: u128) -> Event {
    Event::CallEnded { call_id: id(call), result: Ok(json!({ "ok": call.to_string() })) }
}

pub fn broke(call: u128, code: &str) -> Event {
    Event::CallEnded { call_id: id(call), result: Err(error(code)) }
}

pub fn resolved(call: u128, approval: Approval) -> Event {
    Event::Resolved { call_id: id(call), approval }
}
