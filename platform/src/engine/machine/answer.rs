//! The model's answer: what it says, how it ends, what happens when it doesn't.

use super::{Draft, Effect, Event, Machine, Phase, Purpose, words};
use crate::text::is_too_deep;
use alumia_models::{ModelError, StopReason};
use alumia_protocol::{
    events::{EventData, RunError},
    sessions::{Message, MessagePart, MessageRole},
};
use serde_json::Value;
use std::time::Duration;

/// Times that one step's model call is made again.
pub const MAX_RETRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

impl Machine {
    pub(super) fn answering(&mut self, event: Event) -> Vec<Effect> {
        let message_id = self.message_id();
        match event {
            Event::Text(text) => {
                self.draft.shown = true;
                match self.draft.parts.last_mut() {
                    Some(MessagePart::Text { text: so_far }) => so_far.push_str(&text),
                    _ => self.draft.parts.push(MessagePart::Text { text: text.clone() }),
                }
                vec![Effect::Emit(EventData::TextDelta { message_id, text })]
            }
            Event::Reasoning(text) => {
                self.draft.shown = true;
                if let Some(MessagePart::Reasoning { text: so_far, signature: None }) =
                    self.draft.parts.last_mut()
                {
                    so_far.push_str(&text);
                } else {
                    let part = MessagePart::Reasoning { text: text.clone(), signature: None };
                    self.draft.parts.push(part);
                }
                vec![Effect::Emit(EventData::ReasoningDelta { message_id, text })]
            }
            Event::Signature(proof) => {
                match self.draft.parts.last_mut() {
                    Some(MessagePart::Reasoning { signature: Some(so_far), .. }) => so_far.push_str(&proof),
                    Some(MessagePart::Reasoning { signature, .. }) => *signature = Some(proof),
                    _ => {
                        let part = MessagePart::Reasoning { text: String::new(), signature: Some(proof) };
                        self.draft.parts.push(part);
                    }
                }
                Vec::new()
            }
            Event::ModelSilent { silence } => {
                let silent_ms = i64::try_from(silence.as_millis()).unwrap_or(i64::MAX);
                vec![self.persist(vec![EventData::ModelStalled { silent_ms }])]
            }
            Event::Arguments { call_id, tool, text } => {
                self.draft.shown = true;
                vec![Effect::Emit(EventData::ToolArgsDelta { call_id, tool, text })]
            }
            Event::Called { call_id, tool, arguments, check } => {
                // What is no JSON, or can't be read back from inside an event, stays the text that it is.
                let parsed = serde_json::from_str(&arguments).ok().filter(|parsed| !is_too_deep(parsed));
                let arguments = parsed.unwrap_or(Value::String(arguments));
                let part = MessagePart::ToolCall { call_id, tool: tool.clone(), arguments };
                self.draft.parts.push(part);
                self.draft.calls.push((call_id, tool, check));
                Vec::new()
            }
            Event::Usage(usage) => {
                self.draft.usage = Some(usage);
                Vec::new()
            }
            Event::Answered(reason) => self.answered(reason),
            Event::AnswerFailed { error, luck } => self.answer_failed(&error, luck),
            _ => Vec::new(),
        }
    }

    fn answered(&mut self, reason: StopReason) -> Vec<Effect> {
        let said = self.said_something();
        if reason == StopReason::Refused {
            if said {
                self.keep_partial();
            }
            return self.fail(words::refused(""));
        }
        if !said && self.draft.calls.is_empty() {
            return self.answered_nothing();
        }
        self.unanswered = false;
        let draft = std::mem::take(&mut self.draft);
        let uncounted = self.uncounted(&draft);
        let message = self.message(draft.parts);
        self.pending.push(EventData::MessageCompleted { message });
        self.bill(draft.usage, uncounted);
        if draft.calls.is_empty() {
            return self.complete();
        }
        self.act(draft.calls)
    }

    /// Ends the run well, unless a message waits.
    pub(super) fn complete(&mut self) -> Vec<Effect> {
        self.phase = Phase::Completing;
        let events = self.take_pending(Vec::new());
        vec![Effect::Complete(events, self.end("completed", None))]
    }

    fn said_something(&self) -> bool {
        let mut parts = self.draft.parts.iter();
        parts.any(|part| matches!(part, MessagePart::Text { text } if !text.trim().is_empty()))
    }

    fn message(&self, parts: Vec<MessagePart>) -> Message {
        Message {
            id: self.message_id(),
            role: MessageRole::Assistant,
            from: None,
            parts,
            attachments: Vec::new(),
            run_id: Some(self.run_id),
            created_at: self.last,
        }
    }

    /// Keeps what a cut-off answer said so far; calls that it was about to ask for never began.
    pub(super) fn keep_partial(&mut self) {
        let said = self.said_something();
        let uncounted = self.uncounted(&self.draft);
        let Draft { mut parts, usage, shown, .. } = std::mem::take(&mut self.draft);
        if said {
            parts.retain(|part| !matches!(part, MessagePart::ToolCall { .. }));
            let message = self.message(parts);
            self.pending.push(EventData::MessageCompleted { message });
            self.unanswered = false;
        } else if shown {
            self.pending.push(EventData::MessageDiscarded { message_id: self.message_id() });
        }
        self.bill(usage, uncounted);
    }

    /// Once, an empty answer is a slip; twice, it is the model's last word.
    fn answered_nothing(&mut self) -> Vec<Effect> {
        if self.was_empty {
            return self.fail(words::empty_answer());
        }
        self.was_empty = true;
        self.again(FIRST_PAUSE, words::empty_answer())
    }

    fn answer_failed(&mut self, error: &ModelError, luck: u16) -> Vec<Effect> {
        let retry_after = match error {
            ModelError::RateLimited { retry_after, .. } | ModelError::Overloaded { retry_after, .. } => {
                *retry_after
            }
            ModelError::Timeout { .. } => None,
            ModelError::ContextTooLong { .. } if !self.compacted => {
                self.compacted = true;
                self.drop_draft();
                return vec![self.persist(Vec::new()), self.pay_for(Purpose::Summary)];
            }
            _ => return self.fail(words::model_error(error)),
        };
        if self.retries >= MAX_RETRIES {
            return self.fail(words::model_error(error));
        }
        let pause = retry_after.unwrap_or(FIRST_PAUSE * 2_u32.pow(self.retries)).min(LONGEST_PAUSE);
        // Never sooner than the provider asked for; up to a quarter later.
        let pause = pause + pause * u32::from(luck.min(999)) / 4_000;
        self.again(pause, words::model_error(error))
    }

    fn again(&mut self, pause: Duration, error: RunError) -> Vec<Effect> {
        self.retries += 1;
        self.drop_draft();
        self.phase = Phase::Pausing;
        let retrying = EventData::ModelRetrying {
            attempt: self.retries + 1,
            delay_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            error,
        };
        vec![self.persist(vec![retrying]), Effect::Pause(pause)]
    }

    fn drop_draft(&mut self) {
        let draft = std::mem::take(&mut self.draft);
        if draft.shown {
            self.pending.push(EventData::MessageDiscarded { message_id: self.message_id() });
        }
        // What a call that broke off had said is not charged, unless its provider counted it.
        self.bill(draft.usage, None);
    }
}
