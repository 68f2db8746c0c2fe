//! Stories: the real engine on a real database, with a scripted model and tools.

mod agents;
mod approvals;
mod broke;
mod crash;
mod paying;
mod peers;
mod places;
mod providers;
mod queue;
mod runs;
mod stop;

use super::{
    Engine, EngineLimits, EngineParts,
    driver::Left,
    testing::{FakeTool, Scripted},
};
use crate::{
    agents::Agents,
    billing::{Billing, Caps, OwnKeys, Packages},
    clock::{Clock as _, ManualClock, SystemClock},
    files::Files,
    models::Models,
    secrets::{MasterKeys, Secrets},
    sessions::{Log, LogLimits, Sessions, testing::House},
    tools::{Tool, Tools},
};
use alumia_protocol::{
    CallId, MessageId, RunId, SessionId,
    events::{Event, EventData, RunEnd},
    sessions::{ChatAccepted, ChatRequest, MessageRole, NewMessage},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must happen; far more than it takes, because machines are busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A house whose agent works with a scripted model. Its clock stands, so no lease runs out by itself.
struct Office {
    house: House,
    clock: ManualClock,
    log: Log,
    model: Arc<Scripted>,
    models: Models,
    packages: Packages,
    secrets: Secrets,
    tools: Tools,
    limits: EngineLimits,
    files: tempfile::TempDir,
}

impl Office {
    async fn new(model: Arc<Scripted>, tools: &[&Arc<FakeTool>]) -> Self {
        let clock = ManualClock::new(SystemClock.now());
        let house = House { clock: Arc::new(clock.clone()), ..House::new().await };
        let log = house.log(LogLimits::default());
        let agents = Agents::new(house.store.store(), house.clock.clone());
        for tool in tools {
            agents.set_tool(&house.owner, house.agent, tool.name(), true).await.unwrap();
        }
        let tools = tools.iter().map(|tool| Arc::clone(tool) as Arc<dyn Tool>).collect();
        let (limits, files) = (EngineLimits::default(), tempfile::tempdir().unwrap());
        let models = Models::new(vec![(model.clone(), vec![Scripted::model()])]);
        // Without the caps of one that people have; what is about them sets its own.
        let mut first = Packages::new(&[], "personal").unwrap().first().clone();
        first.caps = Caps::default();
        let packages = Packages::new(&[first], "personal").unwrap();
        let master = MasterKeys::parse(&"ab".repeat(32)).unwrap();
        let secrets = Secrets::open(house.store.store(), house.clock.clone(), master).await.unwrap();
        Self { house, clock, log, model, models, packages, secrets, tools: Tools::new(tools), limits, files }
    }

    /// An engine as a process of its own has it, beside others that live.
    fn engine(&self) -> Engine {
        self.engine_on(self.log.clone())
    }

    /// An engine as the next process has it after the last one died: it knows only the database.
    fn next_engine(&self) -> Engine {
        self.engine_on(self.house.log(LogLimits::default()))
    }

    fn engine_on(&self, log: Log) -> Engine {
        let house = &self.house;
        let (store, clock) = (house.store.store(), house.clock.clone());
        let billing = Billing::new(store.clone(), clock.clone(), self.packages.clone());
        let sessions = Sessions { log: log.clone(), ..house.sessions(&log) };
        Engine::new(EngineParts {
            agents: Agents::new(store.clone(), clock.clone()).with(self.models.clone(), self.tools.clone()),
            files: Files { root: self.files.path().into(), projects: house.projects() },
            models: self.models.clone(),
            projects: house.projects(),
            tools: self.tools.clone(),
            own_keys: OwnKeys::new(billing.clone(), self.secrets.clone(), self.models.clone()),
            billing,
            limits: self.limits,
            store,
            clock,
            log,
            sessions,
        })
    }

    /// Lets every lease run out.
    fn leases_end(&self) {
        self.clock.advance(self.limits.lease + Duration::from_secs(1));
    }

    /// Says something in a new session.
    async fn open(&self, engine: &Engine, words: &str) -> ChatAccepted {
        engine.chat(&self.house.owner, self.request(None, words)).await.unwrap()
    }

    /// Says something in a session.
    async fn say(&self, engine: &Engine, session: SessionId, words: &str) -> ChatAccepted {
        engine.chat(&self.house.owner, self.request(Some(session), words)).await.unwrap()
    }

    fn request(&self, session_id: Option<SessionId>, words: &str) -> ChatRequest {
        ChatRequest {
            session_id,
            agent_id: Some(self.house.agent),
            project_id: Some(self.house.project),
            message: NewMessage { id: MessageId::new(), content: words.into(), attachments: vec![] },
            model: None,
        }
    }

    /// The durable events of a session.
    async fn events(&self, session: SessionId) -> Vec<Event> {
        self.log.session_events(self.house.org, session).await.unwrap()
    }

    /// Waits until the session's log holds `count` events of a kind; the last of them.
    async fn nth(&self, session: SessionId, kind: &str, count: usize) -> EventData {
        let wait = async {
            loop {
                let events = self.events(session).await;
                let mut found = events.into_iter().filter(|event| event.data.kind() == kind);
                if let Some(event) = found.nth(count - 1) {
                    return event.data;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if let Ok(data) = tokio::time::timeout(PATIENCE, wait).await {
            return data;
        }
        panic!("no {kind} (number {count}) in {:?}", kinds(&self.events(session).await))
    }

    async fn first(&self, session: SessionId, kind: &str) -> EventData {
        self.nth(session, kind, 1).await
    }

    /// Waits until watchers of a session have seen these words.
    async fn heard(&self, session: SessionId, words: &str) {
        self.until(words, || async {
            let snapshot = self.log.snapshot(&self.house.owner, self.house.project).await.unwrap();
            let view = snapshot.sessions.into_iter().find(|view| view.session.id == session);
            view.is_some_and(|view| format!("{:?}", view.events).contains(words))
        })
        .await;
    }

    /// Waits until something holds.
    async fn until<F: Future<Output = bool>>(&self, what: &str, holds: impl Fn() -> F) {
        let wait = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "{what} does not come true");
    }
}

/// A worker at work.
struct Working {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Working {
    fn start(engine: &Engine) -> Self {
        let shutdown = CancellationToken::new();
        let (engine, ending) = (engine.clone(), shutdown.clone());
        Self { task: tokio::spawn(async move { engine.work(ending).await }), shutdown }
    }

    /// As SIGTERM does.
    async fn shut_down(self) {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.expect("it shuts down").unwrap();
    }

    /// As kill -9 does.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.data.kind()).collect()
}

/// What each call came to: `completed` or its error's code. Each has exactly one end.
fn outcomes(events: &[Event]) -> Vec<(String, String)> {
    let mut ended: Vec<CallId> = Vec::new();
    let mut outcomes = Vec::new();
    for event in events {
        let (call, tool, how) = match &event.data {
            EventData::ToolCompleted { call_id, tool, .. } => (*call_id, tool, "completed".to_owned()),
            EventData::ToolFailed { call_id, tool, error, .. } => (*call_id, tool, error.code.clone()),
            _ => continue,
        };
        assert!(!ended.contains(&call), "{tool} ended twice: {:?}", kinds(events));
        ended.push(call);
        outcomes.push((tool.clone(), how));
    }
    outcomes.sort();
    outcomes
}

/// What the agent said, message by message.
fn said(events: &[Event]) -> Vec<String> {
    let said = events.iter().filter_map(|event| match &event.data {
        EventData::MessageCompleted { message } if message.role == MessageRole::Assistant => {
            Some(message.text())
        }
        _ => None,
    });
    said.collect()
}

/// The end of a run.
fn end(data: &EventData) -> &RunEnd {
    match data {
        EventData::RunCompleted(end) | EventData::RunFailed(end) | EventData::RunCancelled(end) => end,
        other => panic!("no end: {other:?}"),
    }
}

/// Makes a driver vanish around one of its commits, as a crash would.
#[derive(Default)]
pub struct Trap(Mutex<Option<(u32, bool)>>);

impl Trap {
    /// The driver vanishes before (or after) its `nth` commit from now, counted from 1.
    pub fn set(&self, nth: u32, after: bool) {
        *self.0.lock().unwrap() = Some((nth, after));
    }

    /// Whether it has gone off.
    pub fn is_over(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }

    pub fn before_commit(&self, _run: RunId) -> Result<(), Left> {
        let mut trap = self.0.lock().unwrap();
        match *trap {
            Some((1, false)) => {
                *trap = None;
                Err(Left::Stale)
            }
            Some((nth, false)) => {
                *trap = Some((nth - 1, false));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub fn after_commit(&self, _run: RunId) -> Result<(), Left> {
        let mut trap = self.0.lock().unwrap();
        match *trap {
            Some((1, true)) => {
                *trap = None;
                Err(Left::Stale)
            }
            Some((nth, true)) => {
                *trap = Some((nth - 1, true));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
