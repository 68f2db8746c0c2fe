//! OpenAI chat completions, <https://platform.openai.com/docs/api-reference/chat>. Most other providers
//! and all local servers speak it too, each with its own gaps, so nothing is demanded that isn't needed.

use super::{Decode, data_uri, effort, history, json_event, tokens};
use crate::{ModelError, ModelEvent, ModelMessage, ModelRequest, Part, Role, StopReason, config::Quirks};
use alumia_protocol::{events::Usage, models::Capabilities};
use serde_json::{Map, Value, json};

/// The path below the base URL.
pub const PATH: &str = "chat/completions";

/// The request's body.
pub fn body(request: &ModelRequest, can: Capabilities, quirks: Quirks) -> Value {
    let mut messages = vec![];
    if !request.system.is_empty() {
        messages.push(json!({ "role": "system", "content": request.system }));
    }
    for message in &history::complete(&request.messages) {
        push_message(&mut messages, message, quirks);
    }
    let mut body = Map::from_iter([
        ("model".into(), json!(request.model)),
        ("messages".into(), Value::Array(messages)),
        ("stream".into(), json!(true)),
        ("stream_options".into(), json!({ "include_usage": true })),
    ]);
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            json!({ "type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.schema } })
        });
        body.insert("tools".into(), tools.collect());
    }
    if let Some(max) = request.max_output_tokens {
        let key = if quirks.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        body.insert(key.into(), json!(max));
    }
    if let Some(wanted) = request.reasoning_effort.filter(|_| can.reasoning) {
        body.insert("reasoning_effort".into(), json!(effort(wanted)));
    }
    Value::Object(body)
}

fn push_message(messages: &mut Vec<Value>, message: &ModelMessage, quirks: Quirks) {
    match message.role {
        Role::User => {
            let content = match message.parts.as_slice() {
                [Part::Text(text)] => json!(text),
                parts => parts.iter().filter_map(content_part).collect(),
            };
            messages.push(json!({ "role": "user", "content": content }));
        }
        Role::Assistant => messages.push(answer(message, quirks)),
        Role::Tool => messages.extend(message.parts.iter().filter_map(|part| match part {
            Part::ToolResult { id, content, .. } => {
                Some(json!({ "role": "tool", "tool_call_id": call_id(id, quirks), "content": content }))
            }
            _ => None,
        })),
    }
}

fn content_part(part: &Part) -> Option<Value> {
    match part {
        Part::Text(text) => Some(json!({ "type": "text", "text": text })),
        Part::Image { media_type, data } => {
            Some(json!({ "type": "image_url", "image_url": { "url": data_uri(media_type, data) } }))
        }
        _ => None,
    }
}

fn answer(message: &ModelMessage, quirks: Quirks) -> Value {
    let (mut text, mut reasoning, mut calls) = (String::new(), String::new(), vec![]);
    for part in &message.parts {
        match part {
            Part::Text(piece) => text.push_str(piece),
            Part::Reasoning { text, .. } => reasoning.push_str(text),
            Part::ToolCall { id, name, arguments } => {
                // Arguments that were no JSON are kept as the text that they were.
                let arguments = match arguments {
                    Value::String(raw) => raw.clone(),
                    whole => whole.to_string(),
                };
                calls.push(json!({ "id": call_id(id, quirks), "type": "function",
                    "function": { "name": name, "arguments": arguments } }));
            }
            Part::Image { .. } | Part::ToolResult { .. } => {}
        }
    }
    let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { json!(text) };
    let mut answer = Map::from_iter([("role".into(), json!("assistant")), ("content".into(), content)]);
    if quirks.echo_reasoning && !calls.is_empty() {
        answer.insert("reasoning_content".into(), json!(reasoning));
    }
    if !calls.is_empty() {
        answer.insert("tool_calls".into(), Value::Array(calls));
    }
    Value::Object(answer)
}

/// The id, or its last nine letters and digits: the random end of ours.
fn call_id(id: &str, quirks: Quirks) -> String {
    if !quirks.short_call_ids {
        return id.to_owned();
    }
    let plain: Vec<char> = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let short: String = plain[plain.len().saturating_sub(9)..].iter().collect();
    format!("{short:0>9}")
}

/// A call while it comes in.
#[derive(Debug)]
struct Call {
    /// The stream's own number for it.
    slot: u64,
    id: String,
    name: String,
    arguments: String,
}

/// Reads the stream.
#[derive(Debug, Default)]
pub struct Decoder {
    calls: Vec<Call>,
    stop: Option<StopReason>,
    usage: Option<Usage>,
}

impl Decode for Decoder {
    fn event(&mut self, _name: &str, data: &str, out: &mut Vec<ModelEvent>) -> Result<bool, ModelError> {
        if data.trim() == "[DONE]" {
            self.finish(out);
            return Ok(true);
        }
        let event = json_event(data)?;
        // Groq puts it elsewhere; some repeat it in every event, and the last one counts.
        let usage = event.get("usage").or_else(|| event.pointer("/x_groq/usage")).and_then(read_usage);
        self.usage = usage.or(self.usage);
        let Some(choice) = event.pointer("/choices/0") else { return Ok(false) };
        if let Some(delta) = choice.get("delta") {
            self.delta(delta, out);
        }
        match choice.get("finish_reason").and_then(Value::as_str) {
            None | Some("") => {}
            Some("length") => self.stop = Some(StopReason::Length),
            Some("content_filter") => self.stop = Some(StopReason::Refused),
            Some("tool_calls" | "function_call") => self.stop = Some(StopReason::ToolCalls),
            Some(_) => self.stop = Some(StopReason::End),
        }
        Ok(false)
    }
}

impl Decoder {
    fn delta(&mut self, delta: &Value, out: &mut Vec<ModelEvent>) {
        let reasoning = ["reasoning_content", "reasoning"].iter().find_map(|key| delta.get(key)?.as_str());
        if let Some(text) = reasoning.filter(|text| !text.is_empty()) {
            out.push(ModelEvent::Reasoning(text.to_owned()));
        }
        match delta.get("content") {
            Some(Value::String(text)) if !text.is_empty() => out.push(ModelEvent::Text(text.clone())),
            // Mistral's reasoning models send lists of parts.
            Some(Value::Array(parts)) => parts.iter().for_each(|part| push_part(part, out)),
            _ => {}
        }
        if let Some(text) = delta.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            self.stop = Some(StopReason::Refused);
            out.push(ModelEvent::Text(text.to_owned()));
        }
        let calls = delta.get("tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            self.call_delta(call, out);
        }
    }

    fn call_delta(&mut self, delta: &Value, out: &mut Vec<ModelEvent>) {
        let text = |path: &str| delta.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (id, name) = (text("/id"), text("/function/name"));
        let arguments = match delta.pointer("/function/arguments") {
            Some(Value::String(text)) => text.clone(),
            // Some local servers send the object itself.
            Some(whole @ Value::Object(_)) => whole.to_string(),
            _ => String::new(),
        };
        let slot = delta.get("index").and_then(Value::as_u64);
        let known = match slot {
            Some(slot) => self.calls.iter().rposition(|call| call.slot == slot),
            None => self.calls.len().checked_sub(1),
        };
        // Some servers give every call the number 0, or none; then a new id tells them apart.
        let another = |at: &usize| !id.is_empty() && !name.is_empty() && self.calls[*at].id != id;
        if let Some(index) = known.filter(|at| !another(at)) {
            self.calls[index].arguments.push_str(&arguments);
            out.push(ModelEvent::ToolCallDelta { index, id: None, name: None, arguments });
            return;
        }
        let index = self.calls.len();
        let id = if id.is_empty() { format!("call_{index}") } else { id.to_owned() };
        let (delta_id, delta_name) = (Some(id.clone()), Some(name.to_owned()));
        let slot = slot.unwrap_or(index as u64);
        self.calls.push(Call { slot, id, name: name.to_owned(), arguments: arguments.clone() });
        out.push(ModelEvent::ToolCallDelta { index, id: delta_id, name: delta_name, arguments });
    }

    fn finish(&mut self, out: &mut Vec<ModelEvent>) {
        let called = !self.calls.is_empty();
        for (index, call) in self.calls.drain(..).enumerate() {
            let arguments = if call.arguments.is_empty() { "{}".into() } else { call.arguments };
            out.push(ModelEvent::ToolCall { index, id: call.id, name: call.name, arguments });
        }
        out.extend(self.usage.take().map(ModelEvent::Usage));
        let stop = match self.stop.unwrap_or(StopReason::End) {
            // Some servers say "stop" after calls.
            StopReason::End | StopReason::ToolCalls if called => StopReason::ToolCalls,
            StopReason::ToolCalls => StopReason::End,
            other => other,
        };
        out.push(ModelEvent::End(stop));
    }
}

fn push_part(part: &Value, out: &mut Vec<ModelEvent>) {
    let text = |part: &Value| part.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    match part.get("type").and_then(Value::as_str) {
        Some("text") => out.push(ModelEvent::Text(text(part))),
        Some("thinking") => {
            let pieces = part.get("thinking").and_then(Value::as_array);
            out.push(ModelEvent::Reasoning(pieces.into_iter().flatten().map(text).collect()));
        }
        _ => {}
    }
}

fn read_usage(usage: &Value) -> Option<Usage> {
    let input_tokens = tokens(usage.get("prompt_tokens"))?;
    let cached = usage
        .pointer("/prompt_tokens_details/cached_tokens")
        .or_else(|| usage.get("prompt_cache_hit_tokens"));
    Some(Usage {
        input_tokens,
        cached_tokens: tokens(cached).unwrap_or(0).min(input_tokens),
        output_tokens: tokens(usage.get("completion_tokens")).unwrap_or(0),
    })
}
