//! A session's conversation as a model reads it: a fold over the session's durable events.

mod attachments;
pub mod compaction;

pub use attachments::{Loaded, load};

use super::{machine::words, prompt};
use alumia_models::{ModelMessage, Part, Role};
use alumia_protocol::{
    CallId, MessageId, RunId,
    events::{Event, EventData},
    sessions::{Message, MessagePart, MessageRole},
    tools::ToolError,
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Bytes of one tool's result that a model reads.
const RESULT: usize = 32 * 1024;

/// One message, and for an agent's the outcomes of its calls.
#[derive(Clone, Debug)]
struct Turn {
    message: Message,
    outcomes: HashMap<CallId, Outcome>,
}

#[derive(Clone, Debug)]
struct Outcome {
    tool: String,
    text: String,
    is_error: bool,
}

/// What a model reads of a session.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    /// Stands for everything before `turns`.
    summary: Option<String>,
    turns: Vec<Turn>,
    /// The first message that a person ever wrote here.
    opening: Option<String>,
}

impl Conversation {
    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::RunQueued { message } | EventData::MessageCompleted { message } => {
                if self.opening.is_none() && message.role == MessageRole::User {
                    self.opening = Some(message.text());
                }
                self.turns.push(Turn { message: message.clone(), outcomes: HashMap::new() });
            }
            EventData::ToolCompleted { call_id, tool, output, .. } => {
                let text = match output {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                self.outcome(*call_id, tool, prompt::cap(&text, RESULT), false);
            }
            EventData::ToolFailed { call_id, tool, attempt, error, .. } => {
                let mut text = failure(error);
                if *attempt >= 2 && error.code != "invalid_arguments" {
                    text = format!("{text}\n{}", words::BROKEN);
                }
                self.outcome(*call_id, tool, text, true);
            }
            EventData::ToolRetrying { call_id, tool, error, .. } => {
                self.outcome(*call_id, tool, failure(error), true);
            }
            EventData::ContextCompacted { summary, up_to } => {
                if let Some(at) = self.turns.iter().position(|turn| turn.message.id == *up_to) {
                    self.turns.drain(..=at);
                    self.summary = Some(summary.clone());
                }
            }
            _ => {}
        }
    }

    fn outcome(&mut self, id: CallId, tool: &str, text: String, is_error: bool) {
        let asked = |turn: &Turn| {
            let mut parts = turn.message.parts.iter();
            parts.any(|part| matches!(part, MessagePart::ToolCall { call_id, .. } if *call_id == id))
        };
        if let Some(turn) = self.turns.iter_mut().rev().find(|turn| asked(turn)) {
            turn.outcomes.insert(id, Outcome { tool: tool.into(), text, is_error });
        }
    }

    /// The person's first message, for the session's title.
    pub fn opening(&self) -> Option<&str> {
        self.opening.as_deref()
    }

    /// What the agent said last in a run.
    pub fn last_words(&self, run: RunId) -> Option<&str> {
        let said = self.turns.iter().rev().map(|turn| &turn.message).find(|message| {
            message.role == MessageRole::Assistant
                && message.run_id == Some(run)
                && !message.text().trim().is_empty()
        });
        said?.parts.iter().rev().find_map(|part| match part {
            MessagePart::Text { text } => Some(text.as_str()),
            _ => None,
        })
    }

    /// Messages with attachments that a model should see.
    pub fn with_attachments(&self) -> impl Iterator<Item = &Message> {
        self.turns.iter().map(|turn| &turn.message).filter(|message| !message.attachments.is_empty())
    }

    /// About how many tokens the conversation takes; on the high side for most languages.
    pub fn tokens(&self, files: &HashMap<String, Loaded>) -> usize {
        let turns: usize = self.turns.iter().map(|turn| turn.tokens(files)).sum();
        turns + self.summary.as_ref().map_or(0, |summary| summary.len() / 3)
    }

    /// The messages of one model call.
    pub fn messages(&self, files: &HashMap<String, Loaded>) -> Vec<ModelMessage> {
        let mut messages = Vec::with_capacity(self.turns.len() * 2 + 1);
        if let Some(summary) = &self.summary {
            let text = format!("What happened in this conversation so far, summed up:\n\n{summary}");
            messages.push(ModelMessage { role: Role::User, parts: vec![Part::Text(text)] });
        }
        for turn in &self.turns {
            turn.write(files, &mut messages);
        }
        messages
    }

    #[cfg(test)]
    pub fn last_id(&self) -> Option<MessageId> {
        self.turns.last().map(|turn| turn.message.id)
    }
}

fn failure(error: &ToolError) -> String {
    match &error.path {
        Some(path) => format!("Error ({}) at {path}: {}", error.code, error.message),
        None => format!("Error ({}): {}", error.code, error.message),
    }
}

impl Turn {
    fn id(&self) -> MessageId {
        self.message.id
    }

    fn tokens(&self, files: &HashMap<String, Loaded>) -> usize {
        let parts = self.message.parts.iter().map(|part| match part {
            MessagePart::Text { text } | MessagePart::Reasoning { text, .. } => text.len() / 3,
            MessagePart::ToolCall { arguments, .. } => arguments.to_string().len() / 3 + 40,
        });
        let outcomes = self.outcomes.values().map(|outcome| outcome.text.len() / 3 + 40);
        let attachments =
            self.message.attachments.iter().map(|it| files.get(&it.path).map_or(50, Loaded::tokens));
        parts.sum::<usize>() + outcomes.sum::<usize>() + attachments.sum::<usize>() + 10
    }

    fn write(&self, files: &HashMap<String, Loaded>, messages: &mut Vec<ModelMessage>) {
        match self.message.role {
            MessageRole::User | MessageRole::System => {
                let mut parts = Vec::new();
                let text = self.message.text();
                if let Some(from) = &self.message.from {
                    parts.push(Part::Text(prompt::data("peer_message", ("from", &from.agent_name), &text)));
                } else if !text.is_empty() {
                    parts.push(Part::Text(text));
                }
                for attachment in &self.message.attachments {
                    parts.push(attachments::part(attachment, files.get(&attachment.path)));
                }
                messages.push(ModelMessage { role: Role::User, parts });
            }
            MessageRole::Assistant => {
                let parts: Vec<Part> = self.message.parts.iter().filter_map(part).collect();
                if parts.is_empty() {
                    return;
                }
                messages.push(ModelMessage { role: Role::Assistant, parts });
                // In the order of the calls, whichever ended first; providers refuse a call without a result.
                let results: Vec<Part> =
                    self.message.parts.iter().filter_map(|part| self.result(part)).collect();
                if !results.is_empty() {
                    messages.push(ModelMessage { role: Role::Tool, parts: results });
                }
            }
        }
    }

    fn result(&self, part: &MessagePart) -> Option<Part> {
        let MessagePart::ToolCall { call_id, tool, .. } = part else { return None };
        let (name, text, is_error) = match self.outcomes.get(call_id) {
            Some(outcome) => (&outcome.tool, outcome.text.as_str(), outcome.is_error),
            None => (tool, "Error (interrupted): this call never ran.", true),
        };
        Some(Part::ToolResult {
            id: call_id.to_string(),
            name: name.clone(),
            content: prompt::data("tool_output", ("tool", name), text),
            is_error,
        })
    }
}

fn part(part: &MessagePart) -> Option<Part> {
    match part {
        MessagePart::Text { text } if text.trim().is_empty() => None,
        MessagePart::Text { text } => Some(Part::Text(text.clone())),
        // Without its proof no provider takes thoughts back.
        MessagePart::Reasoning { signature: None, .. } => None,
        MessagePart::Reasoning { text, signature } => {
            Some(Part::Reasoning { text: text.clone(), signature: signature.clone() })
        }
        MessagePart::ToolCall { call_id, tool, arguments } => Some(Part::ToolCall {
            id: call_id.to_string(),
            name: tool.clone(),
            // Providers take objects only; what the model wrote wrongly stays readable for it.
            arguments: match arguments {
                Value::Object(_) => arguments.clone(),
                Value::String(text) if text.trim().is_empty() => json!({}),
                other => json!({ "malformed": other }),
            },
        }),
    }
}

#[cfg(test)]
mod tests;
