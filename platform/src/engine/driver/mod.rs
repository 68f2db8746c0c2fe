//! Drives one run: performs what its machine asks for and feeds back what happened.

mod answer;
mod calls;
mod outputs;
mod pay;
mod perform;
mod prepare;

use super::{
    Engine,
    context::{Conversation, Loaded},
    machine::{Event, Fit, Limits, Machine},
    store::{self, Claimed},
};
use crate::{Error, OrgScope, Result, billing::Ask, models::Route, tools::Tool};
use alumia_protocol::{
    CallId, StepId,
    agents::Agent,
    billing::ChargedTo,
    people::Role,
    tools::{Approval, ToolError},
};
use answer::Answer;
use calls::Calls;
use futures::future::BoxFuture;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, time::Sleep};
use tokio_util::sync::CancellationToken;

pub(super) use pay::{run_limit, ticket, worst_case};
pub(super) use perform::joined;
pub(super) use prepare::{allowed, before_talk};

/// What people tell a run that is going on.
#[derive(Clone, Debug)]
pub enum Order {
    Stop,
    Resolved { call_id: CallId, approval: Approval },
    CancelCall(CallId),
}

/// How a driver's work ended.
#[derive(Debug)]
pub enum Left {
    /// The run is over, or waits for a person.
    Done,
    /// Another worker has the run; this one must not touch it.
    Stale,
    /// Something that the driver needs is away; the run goes back to whoever claims it next.
    Broken(Error),
}

impl<E: Into<Error>> From<E> for Left {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// What was read for the present step.
struct Surroundings {
    route: Route,
    agent: Agent,
    system: String,
    brief: String,
    charged_to: ChargedTo,
    grants: HashSet<String>,
    tools: Vec<Arc<dyn Tool>>,
}

/// One run at work.
pub struct Driver {
    engine: Engine,
    run: Claimed,
    scope: OrgScope,
    default_model: String,
    machine: Machine,
    /// The step that is written to: the machine's, once its beginning is among what is written.
    step: Option<StepId>,
    talk: Conversation,
    files: HashMap<String, Loaded>,
    around: Option<Surroundings>,
    orders: mpsc::UnboundedReceiver<Order>,
    shutdown: CancellationToken,
    /// Comes before anything from outside.
    next: VecDeque<Event>,
    answer: Option<Answer>,
    pause: Option<Pin<Box<Sleep>>>,
    compaction: Option<BoxFuture<'static, Event>>,
    time_up: Option<Pin<Box<Sleep>>>,
    calls: Calls,
    /// What the call that can't be paid asked for.
    unpaid: Option<Ask>,
    /// What the agent said last.
    words: Option<String>,
}

impl Driver {
    /// Reads what the run has behind it.
    pub async fn new(
        engine: Engine,
        run: Claimed,
        orders: mpsc::UnboundedReceiver<Order>,
        shutdown: CancellationToken,
    ) -> Result<Self> {
        let parts = &engine.parts;
        let member = store::member(&parts.store, run.org_id, run.user_id).await?;
        let (role, default_model) = member.unwrap_or_else(|| ("viewer".into(), String::new()));
        let role: Role = serde_json::from_value(serde_json::Value::String(role))?;
        let scope = OrgScope::new(run.org_id, run.user_id, role);
        let events = parts.log.session_events(run.org_id, run.session_id).await?;
        let mut talk = Conversation::default();
        for event in &events {
            talk.apply(event);
        }
        if run.attempt > 1 {
            // Whoever had the run before makes no use of it any more.
            let mut tx = parts.store.begin().await?;
            parts.billing.release_run_within(&mut tx, &scope, run.id).await?;
            parts.billing.end_wait_within(&mut tx, run.org_id, run.id).await?;
            tx.commit().await?;
        }
        let limits = Limits {
            steps: parts.limits.max_steps,
            time: parts.limits.max_time,
            approval: parts.limits.approval,
        };
        let calls = Calls::new(parts.limits.silence);
        let machine = Machine::resume(run.id, engine.here.catalog.clone(), limits, &events);
        let mut next = VecDeque::new();
        if run.stop_requested {
            next.push_back(Event::Stop);
        }
        next.push_back(Event::Begin { attempt: run.attempt });
        Ok(Self {
            engine,
            run,
            scope,
            default_model,
            step: machine.step_id(),
            machine,
            talk,
            files: HashMap::new(),
            around: None,
            orders,
            shutdown,
            next,
            answer: None,
            pause: None,
            compaction: None,
            time_up: None,
            calls,
            unpaid: None,
            words: None,
        })
    }

    /// Drives the run until it is over, waits, or belongs to somebody else.
    pub async fn drive(mut self) -> Left {
        let left = self.go_on().await;
        for id in self.machine.held().collect::<Vec<_>>() {
            if let Err(Left::Broken(error)) = self.release(id).await {
                tracing::warn!(%error, "credits stay reserved until their deadline");
            }
        }
        left
    }

    async fn go_on(&mut self) -> Left {
        loop {
            let known = self.next.pop_front();
            let Some(event) = (if known.is_some() { known } else { self.happening().await }) else {
                // Shutting down: what runs ends, and the next process takes over.
                self.calls.end_all().await;
                return Left::Done;
            };
            let begins = matches!(event, Event::Begin { .. });
            let now = self.engine.parts.clock.now();
            let effects = self.machine.handle(now, event);
            if begins && let Some(end) = self.machine.time_up_at() {
                let left = Duration::from_micros(u64::try_from(end.0 - now.0).unwrap_or(0));
                self.time_up = Some(Box::pin(tokio::time::sleep(left)));
            }
            for effect in effects {
                match self.perform(effect).await {
                    Ok(true) => {}
                    Ok(false) => return Left::Done,
                    Err(left) => return left,
                }
            }
        }
    }

    /// The next thing that happens; `None` on shutdown.
    async fn happening(&mut self) -> Option<Event> {
        let Self { orders, shutdown, answer, pause, compaction, time_up, calls, around, engine, .. } = self;
        let around = &*around;
        let check = |tool: &str, arguments: &str| match around {
            Some(around) => around.check(engine, tool, arguments),
            None => Err(prepare::unknown(tool, &[])),
        };
        let event = tokio::select! {
            biased;
            () = shutdown.cancelled() => return None,
            Some(order) = orders.recv() => match order {
                Order::Stop => Event::Stop,
                Order::Resolved { call_id, approval } => Event::Resolved { call_id, approval },
                Order::CancelCall(call_id) => Event::CancelCall { call_id },
            },
            () = sleep(time_up) => {
                *time_up = None;
                Event::TimeUp
            }
            event = answering(answer, check) => {
                if matches!(event, Event::Answered(_) | Event::AnswerFailed { .. }) {
                    *answer = None;
                }
                event
            }
            () = sleep(pause) => {
                *pause = None;
                Event::PauseOver
            }
            event = compacting(compaction) => {
                *compaction = None;
                event
            }
            event = calls.next() => event,
        };
        Some(event)
    }
}

// What isn't going on never happens.

async fn sleep(sleep: &mut Option<Pin<Box<Sleep>>>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}

async fn compacting(compaction: &mut Option<BoxFuture<'static, Event>>) -> Event {
    match compaction {
        Some(compaction) => compaction.await,
        None => std::future::pending().await,
    }
}

async fn answering(
    answer: &mut Option<Answer>,
    check: impl Fn(&str, &str) -> std::result::Result<Fit, ToolError>,
) -> Event {
    match answer {
        Some(answer) => answer.next(check).await,
        None => std::future::pending().await,
    }
}
