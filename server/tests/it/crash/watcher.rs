//! Somebody who watches a project's stream across crashes, as a browser's tab does.

use crate::support::{client::Client, frames::Frames, people::Person};
use reqwest::Method;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

/// What was seen so far.
#[derive(Default)]
pub struct Seen {
    /// The position to come back with.
    pub last: Option<i64>,
    /// The durable events of conversations: the last snapshot's, and what came after it.
    pub conversation: BTreeMap<i64, Value>,
    /// Blocks on the canvas.
    pub blocks: BTreeMap<String, Value>,
    /// Every durable event that ever came by itself.
    pub live: BTreeMap<i64, Value>,
    /// Snapshots that replaced what was known.
    pub snapshots: usize,
}

impl Seen {
    fn apply(&mut self, kind: &str, seq: i64, data: &Value) {
        let forward = self.last.is_none_or(|last| if kind == "snapshot" { seq >= last } else { seq > last });
        assert!(forward, "{kind} {seq} after {:?}: a number came twice or too late", self.last);
        self.last = Some(seq);
        match kind {
            "snapshot" => {
                self.snapshots += 1;
                self.conversation.clear();
                for event in data["sessions"].as_array().unwrap().iter().flat_map(events) {
                    self.conversation.insert(event["seq"].as_i64().unwrap(), event.clone());
                }
                let blocks = data["blocks"].as_array().unwrap().iter();
                self.blocks = blocks.map(|block| (id(block), block.clone())).collect();
            }
            "block.created" | "block.updated" => {
                let block = &data["data"]["block"];
                self.blocks.insert(id(block), block.clone());
                self.live.insert(seq, data.clone());
            }
            _ if is_delta(kind) => {}
            _ => {
                self.live.insert(seq, data.clone());
                if !kind.starts_with("session.") && kind != "status.changed" {
                    self.conversation.insert(seq, data.clone());
                }
            }
        }
    }
}

/// The durable events of a session's view.
pub fn events(view: &Value) -> impl Iterator<Item = &Value> {
    let events = view["events"].as_array().unwrap().iter();
    events.filter(|event| !is_delta(event["kind"].as_str().unwrap()))
}

fn is_delta(kind: &str) -> bool {
    matches!(kind, "text.delta" | "reasoning.delta" | "tool.args.delta" | "tool.output.delta")
}

fn id(block: &Value) -> String {
    block["id"].as_str().unwrap().to_owned()
}

/// Watches until it is dropped; comes back with `Last-Event-ID` wherever the server is now.
pub struct Watcher {
    pub seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Watcher {
    pub fn start(person: &Person, project: &str, url: watch::Receiver<String>) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let (client, path) = (person.client.clone(), format!("/projects/{project}/stream"));
        let task = tokio::spawn(watch_on(client, path, url, seen.clone()));
        Self { seen, task }
    }

    /// Ends the watching; a failed assertion of the watcher's fails the test here.
    pub async fn end(self) -> Seen {
        self.task.abort();
        if let Err(error) = self.task.await
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn watch_on(client: Client, path: String, url: watch::Receiver<String>, seen: Arc<Mutex<Seen>>) {
    loop {
        let client = client.at(&url.borrow());
        let mut request = client.api(Method::GET, &path);
        if let Some(last) = seen.lock().unwrap().last {
            request = request.header("last-event-id", last);
        }
        if let Ok(response) = request.send().await
            && response.status() == 200
        {
            let mut frames = Frames::of(response);
            while let Some(frame) = frames.next().await {
                if frame.event != "lagged" {
                    seen.lock().unwrap().apply(&frame.event, frame.id.unwrap(), &frame.json());
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
