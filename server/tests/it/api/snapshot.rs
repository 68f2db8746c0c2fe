//! Answers as they are kept beside the tests: what differs from run to run has a name instead.

use crate::support::client::Answer;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Numbers and texts that say nothing about the API's shape.
const VAGUE: &[&str] = &[
    "seq",
    "nextCursor",
    "durationMs",
    "inputTokens",
    "outputTokens",
    "cachedTokens",
    "systemPrompt",
    "allowedTools",
    "requestId",
    "clientSecret",
    // What is set aside for a call follows from the length of prompts.
    "amount",
    "reserved",
    "retryAfterMs",
];
const VAGUE_HEADERS: &[&str] = &[
    "date",
    "etag",
    "x-request-id",
    "content-length",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
];

/// A chapter of the API's story: calls and their answers.
#[derive(Default)]
pub struct Chapter {
    answers: Vec<Value>,
    ids: Vec<Uuid>,
}

impl Chapter {
    /// Keeps an answer.
    pub fn note(&mut self, call: &str, answer: &Answer) {
        let body = self.body(answer);
        self.answers.push(json!({ "call": call, "status": answer.status, "body": body }));
    }

    /// Keeps an answer with all its headers.
    pub fn note_whole(&mut self, call: &str, answer: &Answer) {
        let mut headers = Map::new();
        for (name, value) in &answer.headers {
            let value = match name.as_str() {
                name if VAGUE_HEADERS.contains(&name) => format!("[{name}]"),
                "set-cookie" => without_secret(value.to_str().unwrap()),
                _ => self.text(value.to_str().unwrap()),
            };
            headers.insert(name.to_string(), value.into());
        }
        let body = self.body(answer);
        self.answers.push(json!({ "call": call, "status": answer.status, "headers": headers, "body": body }));
    }

    /// Keeps something else.
    pub fn add(&mut self, what: &str, value: Value) {
        let value = self.redacted(value);
        self.answers.push(json!({ "what": what, "value": value }));
    }

    /// Compares all with what is kept.
    pub fn end(self, name: &str) {
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots" }, {
            insta::assert_json_snapshot!(name, self.answers);
        });
    }

    fn body(&mut self, answer: &Answer) -> Value {
        match serde_json::from_slice(&answer.bytes) {
            Ok(json) => self.redacted(json),
            Err(_) => self.text(&String::from_utf8_lossy(&answer.bytes)).into(),
        }
    }

    fn redacted(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.redacted(item)).collect(),
            Value::Object(fields) => {
                let keep = |(name, value): (String, Value)| {
                    let hides = VAGUE.contains(&name.as_str()) && !value.is_null();
                    let value = if hides { format!("[{name}]").into() } else { self.redacted(value) };
                    (name, value)
                };
                Value::Object(fields.into_iter().map(keep).collect())
            }
            other => other,
        }
    }

    /// Ids become numbers in the order in which they come up, times a word.
    fn text(&mut self, text: &str) -> String {
        let is_time = text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
        if is_time {
            return "[time]".into();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(id) = rest.get(..36).and_then(|id| Uuid::try_parse(id).ok()) {
                let known = self.ids.iter().position(|known| *known == id);
                let number = known.unwrap_or_else(|| {
                    self.ids.push(id);
                    self.ids.len() - 1
                });
                out.extend(["[id ", &(number + 1).to_string(), "]"]);
                rest = &rest[36..];
            } else {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        out
    }
}

/// A `Set-Cookie` without the session's id.
fn without_secret(cookie: &str) -> String {
    let (name, rest) = cookie.split_once('=').unwrap();
    let (value, attributes) = rest.split_once(';').unwrap();
    let value = if value.is_empty() { "" } else { "[secret]" };
    format!("{name}={value};{attributes}")
}
