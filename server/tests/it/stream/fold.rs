//! What a watcher knows after some frames: the same, however the frames came.

use crate::support::frames::Frame;
use serde_json::Value;
use std::collections::BTreeMap;

/// A conversation as it stands: finished events by position, and each unfinished text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The last position that was seen.
    pub seq: i64,
    pub events: BTreeMap<i64, Value>,
    /// Message or call, and which of its texts, to the text so far.
    pub unfinished: BTreeMap<String, String>,
}

impl Known {
    pub fn after<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Self {
        let mut known = Self::default();
        frames.into_iter().for_each(|frame| known.apply(frame));
        known
    }

    pub fn apply(&mut self, frame: &Frame) {
        let data = frame.json();
        if frame.event == "snapshot" {
            *self = Self::default();
            for view in data["sessions"].as_array().unwrap() {
                view["events"].as_array().unwrap().iter().for_each(|event| self.event(event));
            }
        } else {
            self.event(&data);
        }
        self.seq = frame.id.unwrap();
    }

    fn event(&mut self, event: &Value) {
        let kind = event["kind"].as_str().unwrap();
        let data = &event["data"];
        let text = |field: &str| data[field].as_str().unwrap_or_default().to_owned();
        let key = match kind {
            "text.delta" => format!("text {}", text("messageId")),
            "reasoning.delta" => format!("reasoning {}", text("messageId")),
            "tool.args.delta" => format!("arguments {}", text("callId")),
            "tool.output.delta" => format!("output {} {}", text("callId"), text("channel")),
            _ => {
                self.finish(kind, data);
                // A snapshot holds the outcome of these elsewhere.
                let elsewhere = ["block.", "session."].iter().any(|prefix| kind.starts_with(prefix));
                if !elsewhere && kind != "status.changed" {
                    self.events.insert(event["seq"].as_i64().unwrap(), event.clone());
                }
                return;
            }
        };
        self.unfinished.entry(key).or_default().push_str(&text("text"));
    }

    /// A durable event replaces the deltas of what it finishes.
    fn finish(&mut self, kind: &str, data: &Value) {
        let mut done: Vec<String> = Vec::new();
        match kind {
            "message.completed" => {
                let message = &data["message"];
                done.push(message["id"].as_str().unwrap().to_owned());
                let parts = message["parts"].as_array().unwrap().iter();
                done.extend(parts.filter_map(|part| Some(part["callId"].as_str()?.to_owned())));
            }
            "message.discarded" => {
                done.push(data["messageId"].as_str().unwrap().to_owned());
                // The calls of a discarded message never begin.
                self.unfinished.retain(|key, _| !key.starts_with("arguments "));
            }
            kind if kind.starts_with("tool.") => done.push(data["callId"].as_str().unwrap().to_owned()),
            "run.completed" | "run.failed" | "run.cancelled" => self.unfinished.clear(),
            _ => {}
        }
        self.unfinished.retain(|key, _| !done.iter().any(|id| key.contains(id.as_str())));
    }
}
