//! The Vercel AI SDK's UI message stream, version 1 (`x-vercel-ai-ui-message-stream: v1`): `data:` lines of
//! JSON parts, closed by `[DONE]`. One assistant message stands for a run.

use super::Until;
use alumia_protocol::{
    CallId, MessageId, RunId,
    events::{Event, EventData, Snapshot},
    sessions::{Message, MessagePart, MessageRole},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// Translates a run's events.
#[derive(Default)]
pub struct AiSdk {
    started: bool,
    step_open: bool,
    /// The parts that are being written, and how much of each was sent.
    texts: HashMap<MessageId, Written>,
    calls: HashSet<CallId>,
    out: Vec<Value>,
    done: bool,
}

#[derive(Default)]
struct Written {
    text: String,
    text_open: bool,
    reasoning_open: bool,
    reasoning_sent: bool,
}

impl AiSdk {
    /// What has happened of the run that the stream is about.
    pub fn snapshot(&mut self, snapshot: &Snapshot, until: Until) -> impl Iterator<Item = Bytes> + use<> {
        let events = || snapshot.sessions.iter().flat_map(|view| &view.events);
        let run: Option<RunId> = match until {
            Until::Run(run) => Some(run),
            Until::AnyRun | Until::Seq(_) => events().rev().find_map(|event| event.run_id),
        };
        for event in events().filter(|event| event.run_id == run) {
            self.translate(event);
        }
        self.flush()
    }

    /// What an event adds.
    pub fn event(&mut self, event: &Event) -> impl Iterator<Item = Bytes> + use<> {
        self.translate(event);
        self.flush()
    }

    fn flush(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        let parts =
            std::mem::take(&mut self.out).into_iter().map(|part| Bytes::from(format!("data: {part}\n\n")));
        let end = self.done.then(|| Bytes::from_static(b"data: [DONE]\n\n"));
        self.done = false;
        parts.chain(end)
    }

    fn translate(&mut self, event: &Event) {
        let Some(run) = event.run_id else { return };
        if !self.started {
            self.started = true;
            self.out.push(json!({ "type": "start", "messageId": run }));
        }
        match &event.data {
            EventData::StepStarted { .. } => {
                self.close_step();
                self.step_open = true;
                self.out.push(json!({ "type": "start-step" }));
            }
            EventData::TextDelta { message_id, text } => self.text(*message_id, text),
            EventData::ReasoningDelta { message_id, text } => self.reasoning(*message_id, text),
            EventData::MessageCompleted { message } if message.role == MessageRole::Assistant => {
                self.message(message)
            }
            EventData::MessageDiscarded { message_id } => {
                // What was said can't be taken back here; the next attempt is a part of its own.
                self.close(*message_id);
                self.texts.remove(message_id);
            }
            EventData::ToolArgsDelta { call_id, tool, text } => {
                self.call(*call_id, tool);
                self.out.push(
                    json!({ "type": "tool-input-delta", "toolCallId": call_id, "inputTextDelta": text }),
                );
            }
            EventData::ToolStarted { call_id, tool, arguments, .. }
            | EventData::ApprovalRequested { call_id, tool, arguments, .. } => {
                self.call(*call_id, tool);
                self.out.push(json!({
                    "type": "tool-input-available", "toolCallId": call_id, "toolName": tool, "input": arguments,
                    "dynamic": true,
                }));
            }
            EventData::ToolRetrying { call_id, tool, error, arguments, .. } => {
                self.call(*call_id, tool);
                self.out.push(json!({
                    "type": "tool-input-error", "toolCallId": call_id, "toolName": tool, "input": arguments,
                    "errorText": error.message, "dynamic": true,
                }));
            }
            EventData::ToolCompleted { call_id, output, .. } => self.out.push(json!({
                "type": "tool-output-available", "toolCallId": call_id, "output": output, "dynamic": true,
            })),
            EventData::ToolFailed { call_id, tool, error, .. } => {
                if !self.calls.contains(call_id) {
                    self.call(*call_id, tool);
                    self.out.push(json!({
                        "type": "tool-input-available", "toolCallId": call_id, "toolName": tool, "input": {},
                        "dynamic": true,
                    }));
                }
                self.out.push(json!({
                    "type": "tool-output-error", "toolCallId": call_id, "errorText": error.message, "dynamic": true,
                }));
            }
            EventData::RunCompleted(_) => self.finish(json!({ "type": "finish" })),
            EventData::RunFailed(end) => {
                let text = end.error.as_ref().map_or("The run failed.", |error| &error.message);
                self.finish(json!({ "type": "error", "errorText": text }));
            }
            EventData::RunCancelled(_) => self.finish(json!({ "type": "abort" })),
            _ => {}
        }
    }

    fn text(&mut self, id: MessageId, text: &str) {
        self.close_reasoning(id);
        let written = self.texts.entry(id).or_default();
        if !written.text_open {
            written.text_open = true;
            self.out.push(json!({ "type": "text-start", "id": id }));
        }
        written.text.push_str(text);
        self.out.push(json!({ "type": "text-delta", "id": id, "delta": text }));
    }

    fn reasoning(&mut self, id: MessageId, text: &str) {
        let written = self.texts.entry(id).or_default();
        let part = format!("reasoning-{id}");
        if !written.reasoning_open {
            written.reasoning_open = true;
            written.reasoning_sent = true;
            self.out.push(json!({ "type": "reasoning-start", "id": part }));
        }
        self.out.push(json!({ "type": "reasoning-delta", "id": part, "delta": text }));
    }

    /// A finished message: what its deltas left out, then the end of its parts.
    fn message(&mut self, message: &Message) {
        let sent = self.texts.get(&message.id).is_some_and(|written| written.reasoning_sent);
        for part in &message.parts {
            if let MessagePart::Reasoning { text, .. } = part
                && !sent
                && !text.is_empty()
            {
                self.reasoning(message.id, text);
            }
        }
        let whole: String = message
            .parts
            .iter()
            .filter_map(|part| if let MessagePart::Text { text } = part { Some(text.as_str()) } else { None })
            .collect();
        let sent = self.texts.get(&message.id).map_or("", |written| &written.text);
        let rest = whole.strip_prefix(sent).unwrap_or_default().to_owned();
        if !rest.is_empty() {
            self.text(message.id, &rest);
        }
        self.close(message.id);
    }

    fn call(&mut self, id: CallId, tool: &str) {
        if self.calls.insert(id) {
            self.out.push(json!({
                "type": "tool-input-start", "toolCallId": id, "toolName": tool, "dynamic": true,
            }));
        }
    }

    fn close_reasoning(&mut self, id: MessageId) {
        if let Some(written) = self.texts.get_mut(&id)
            && std::mem::take(&mut written.reasoning_open)
        {
            self.out.push(json!({ "type": "reasoning-end", "id": format!("reasoning-{id}") }));
        }
    }

    fn close(&mut self, id: MessageId) {
        self.close_reasoning(id);
        if let Some(written) = self.texts.get_mut(&id)
            && std::mem::take(&mut written.text_open)
        {
            self.out.push(json!({ "type": "text-end", "id": id }));
        }
    }

    fn close_step(&mut self) {
        let open: Vec<_> = self.texts.keys().copied().collect();
        for id in open {
            self.close(id);
        }
        if std::mem::take(&mut self.step_open) {
            self.out.push(json!({ "type": "finish-step" }));
        }
    }

    fn finish(&mut self, last: Value) {
        self.close_step();
        self.out.push(last);
        self.done = true;
    }
}
