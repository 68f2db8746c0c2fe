//! A conversation that goes on whatever happens to the server, and what must hold at its end.

use super::watcher::{Watcher, events};
use crate::support::{
    client::{Answer, Client},
    eventually,
    people::{Person, step_up, text},
    process::{Home, Process},
    provider::Provider,
};
use alumia_platform::clock::{Clock as _, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};
use tokio::sync::watch;
use uuid::Uuid;

/// After kill -9 another worker has the run within this time.
const TAKEN_OVER: Duration = Duration::from_secs(10);
/// More than any run here takes, crash included, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// One person, one project, one server at a time.
pub struct Play {
    home: Home,
    server: Process,
    url: watch::Sender<String>,
    pub person: Person,
    project: String,
    watcher: Watcher,
    /// When the present server began to listen, if it follows a dead one.
    restarted: Option<Instant>,
    pub deaths: usize,
}

/// Something that was said, in a session of its own.
pub struct Turn {
    session: String,
    message: Value,
    taken: Option<Duration>,
    over: bool,
}

impl Play {
    /// The first server dies at `fault`, if one is named.
    pub async fn begin(fault: Option<&str>) -> Self {
        Self::of(Home::new().await, fault).await
    }

    /// The same with a model that costs something.
    pub async fn paying(fault: &str, provider: &Provider) -> Self {
        Self::with(fault, vec![("ALUMIA_PROVIDERS", provider.settings("operator"))]).await
    }

    /// The same with settings, by their names in the environment.
    pub async fn with(fault: &str, settings: Vec<(&'static str, String)>) -> Self {
        let mut home = Home::new().await;
        home.settings = settings;
        Self::of(home, Some(fault)).await
    }

    async fn of(home: Home, fault: Option<&str>) -> Self {
        let server = Process::start(&home, fault).await;
        let person = Person::sign_up(Client::new(&server.url), "Ada").await;
        let project = person.project("Crashes").await;
        let (url, follow) = watch::channel(server.url.clone());
        let watcher = Watcher::start(&person, &project, follow);
        Self { home, server, url, person, project, watcher, restarted: None, deaths: 0 }
    }

    /// Lets the person count as stepped up.
    pub async fn step_up(&self) {
        step_up(&self.home.store, &self.person, SystemClock.now()).await;
    }

    pub async fn turn(&self, content: &str) -> Turn {
        let session = self.person.session(&self.project).await;
        let message = json!({ "id": Uuid::now_v7(), "content": content });
        Turn { session, message, taken: None, over: false }
    }

    /// Goes on until every turn is over, starting the server again whenever it is dead, and killing it
    /// once at `kill`.
    pub async fn until_over(&mut self, turns: &mut [Turn], mut kill: Option<Instant>) {
        let begun = Instant::now();
        while turns.iter().any(|turn| !turn.over) {
            if kill.is_some_and(|at| Instant::now() >= at) {
                kill = None;
                self.server.kill().await;
            }
            self.revive().await;
            for turn in turns.iter_mut().filter(|turn| !turn.over) {
                // A request that dies with the server is made again.
                let _ = self.go_on(turn).await;
            }
            assert!(begun.elapsed() < PATIENCE, "a run is stuck");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if let Some(at) = kill {
            tokio::time::sleep_until(at.into()).await;
            self.server.kill().await;
            self.revive().await;
        }
    }

    /// Starts the server again if it is dead.
    pub async fn revive(&mut self) {
        if self.server.is_dead() {
            self.deaths += 1;
            self.server = Process::start(&self.home, None).await;
            self.person.url.clone_from(&self.server.url);
            self.url.send_replace(self.server.url.clone());
            self.restarted = Some(Instant::now());
        }
    }

    /// Says it until it is accepted, then answers what is asked, until the run is over.
    async fn go_on(&self, turn: &mut Turn) -> reqwest::Result<()> {
        let session = &turn.session;
        let say = self.person.api(Method::POST, &format!("/sessions/{session}/messages"));
        let said = read(say.json(&turn.message).send().await?).await?;
        assert_eq!(said.status, 202, "the same message again gives the same run: {said}");
        let log = self.person.api(Method::GET, &format!("/sessions/{session}/events?limit=500"));
        let log = read(log.send().await?).await?.data();
        let events = log["items"].as_array().unwrap();
        let started_again =
            |event: &Value| event["kind"] == "run.started" && event["data"]["attempt"].as_i64() > Some(1);
        if let Some(at) = self.restarted
            && turn.taken.is_none()
            && events.iter().any(started_again)
        {
            turn.taken = Some(at.elapsed());
        }
        turn.over = events.iter().any(|event| is_end(&text(&event["kind"])));
        for asked in of(events, "approval.requested") {
            let call = &asked["data"]["callId"];
            if !of(events, "approval.resolved").any(|event| event["data"]["callId"] == *call) {
                let path = format!("/sessions/{session}/calls/{}/approve", text(call));
                let answer = self.person.api(Method::POST, &path).json(&json!({ "approval": "once" }));
                let answer = read(answer.send().await?).await?;
                assert!(matches!(answer.status, 200 | 409), "{answer}");
            }
        }
        Ok(())
    }

    /// Looks at everything once it is quiet: nothing lost, nothing doubled, nothing stuck.
    pub async fn check(self, turns: &[Turn]) -> Vec<Vec<Value>> {
        let snapshot = self.person.get(&format!("/projects/{}/snapshot", self.project)).await.data();
        let position = snapshot["seq"].as_i64();
        eventually("the watcher comes to the end", async || {
            (self.watcher.seen.lock().unwrap().last >= position).then_some(())
        })
        .await;
        let seen = self.watcher.end().await;
        let mut all = BTreeMap::new();
        let mut logs = Vec::new();
        for turn in turns {
            let log = self.person.events(&turn.session).await;
            check_log(&log, turn);
            all.extend(log.iter().map(|event| (event["seq"].as_i64().unwrap(), event.clone())));
            logs.push(log);
            let status =
                self.person.get(&format!("/sessions/{}", turn.session)).await.data()["status"].clone();
            assert_eq!(status, "idle");
        }
        for (seq, event) in &seen.live {
            assert_eq!(all.get(seq), Some(event), "an event was shown and is not in the log");
        }
        let views = snapshot["sessions"].as_array().unwrap().iter();
        let conversation: BTreeMap<_, _> =
            views.flat_map(events).map(|event| (event["seq"].as_i64().unwrap(), event.clone())).collect();
        assert_eq!(seen.conversation, conversation, "who watched all along sees what a newcomer sees");
        let blocks: Vec<_> = snapshot["blocks"].as_array().unwrap().iter().collect();
        assert_eq!(seen.blocks.len(), blocks.len());
        assert!(blocks.iter().all(|block| seen.blocks.values().any(|seen| seen == *block)));
        logs
    }

    /// How many blocks are on the canvas.
    pub async fn blocks(&self) -> usize {
        let page = self.person.get(&format!("/projects/{}/blocks", self.project)).await.data();
        page["items"].as_array().unwrap().len()
    }
}

async fn read(response: reqwest::Response) -> reqwest::Result<Answer> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, bytes: response.bytes().await?.to_vec() })
}

fn of<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["kind"] == kind)
}

fn is_end(kind: &str) -> bool {
    matches!(kind, "run.completed" | "run.failed" | "run.cancelled")
}

/// One run from its message to its end, each thing once.
fn check_log(log: &[Value], turn: &Turn) {
    let mut count: HashMap<String, usize> = HashMap::new();
    let mut last = 0;
    for event in log {
        let seq = event["seq"].as_i64().unwrap();
        assert!(seq > last, "{seq} follows {last}");
        last = seq;
        let kind = text(&event["kind"]);
        let data = &event["data"];
        let what = match kind.as_str() {
            "tool.completed" | "tool.failed" => format!("end of {}", data["callId"]),
            "tool.started" | "approval.requested" | "approval.resolved" => {
                format!("{kind} {}", data["callId"])
            }
            "message.completed" => format!("message {}", data["message"]["id"]),
            "run.queued" => {
                assert_eq!(data["message"]["id"], turn.message["id"]);
                kind
            }
            kind if is_end(kind) => "end of run".into(),
            _ => continue,
        };
        *count.entry(what).or_default() += 1;
    }
    let kinds: Vec<_> = log.iter().map(|event| text(&event["kind"])).collect();
    assert!(count.values().all(|&times| times == 1), "something happened twice: {count:?} in {kinds:?}");
    assert!(count.contains_key("run.queued") && count.contains_key("end of run"), "{kinds:?}");
    assert!(kinds.contains(&"run.completed".into()), "{log:#?}");
    for started in log.iter().filter(|event| event["kind"] == "tool.started") {
        let end = format!("end of {}", started["data"]["callId"]);
        assert!(count.contains_key(&end), "a call has no end: {kinds:?}");
    }
    if let Some(taken) = turn.taken {
        assert!(taken < TAKEN_OVER, "taken over only {taken:?} after the restart");
    }
}
