//! Anthropic messages, <https://docs.anthropic.com/en/api/messages-streaming>.

use super::{Decode, effort, history, json_event, object, tokens};
use crate::{ModelError, ModelEvent, ModelMessage, ModelRequest, Part, Role, StopReason};
use alumia_protocol::{agents::ReasoningEffort, events::Usage, models::Capabilities};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The path below the base URL.
pub const PATH: &str = "messages";
/// The version of the protocol.
pub const VERSION: &str = "2023-06-01";

/// The dialect demands a limit; every present model takes this one.
const MAX_OUTPUT: u32 = 32_000;

/// The request's body.
pub fn body(request: &ModelRequest, can: Capabilities) -> Value {
    let mut messages: Vec<Value> = vec![];
    for message in &history::complete(&request.messages) {
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let content: Vec<Value> = message.parts.iter().filter_map(|part| content(part, message)).collect();
        if !content.is_empty() {
            messages.push(json!({ "role": role, "content": content }));
        }
    }
    // What was sent before is read from the cache at a tenth of the price.
    if let Some(Value::Object(last)) =
        messages.last_mut().and_then(|last| last.get_mut("content")?.as_array_mut()?.last_mut())
    {
        last.insert("cache_control".into(), json!({ "type": "ephemeral" }));
    }
    let mut max_tokens = request.max_output_tokens.unwrap_or(MAX_OUTPUT);
    let mut body = Map::from_iter([
        ("model".into(), json!(request.model)),
        ("messages".into(), Value::Array(messages)),
        ("stream".into(), json!(true)),
    ]);
    if !request.system.is_empty() {
        let system =
            json!([{ "type": "text", "text": request.system, "cache_control": { "type": "ephemeral" } }]);
        body.insert("system".into(), system);
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(
            |tool| json!({ "name": tool.name, "description": tool.description, "input_schema": tool.schema }),
        );
        body.insert("tools".into(), tools.collect());
    }
    if let Some(wanted) = request.reasoning_effort.filter(|_| can.reasoning) {
        if thinks_by_budget(&request.model) {
            let budget = match wanted {
                ReasoningEffort::Low => 2_048,
                ReasoningEffort::Medium => 8_192,
                ReasoningEffort::High => 24_576,
            };
            // The limit counts the thoughts too.
            max_tokens = max_tokens.max(budget + 4_096);
            body.insert("thinking".into(), json!({ "type": "enabled", "budget_tokens": budget }));
        } else {
            body.insert("thinking".into(), json!({ "type": "adaptive" }));
            body.insert("output_config".into(), json!({ "effort": effort(wanted) }));
        }
    }
    body.insert("max_tokens".into(), json!(max_tokens));
    Value::Object(body)
}

/// Models from before effort levels take a number of tokens to think with.
fn thinks_by_budget(model: &str) -> bool {
    const OLDER: [&str; 8] = [
        "claude-3",
        "claude-haiku-4",
        "claude-sonnet-4-2",
        "claude-sonnet-4-0",
        "claude-sonnet-4-5",
        "claude-opus-4-2",
        "claude-opus-4-1",
        "claude-opus-4-5",
    ];
    OLDER.iter().any(|older| model.starts_with(older))
}

fn content(part: &Part, message: &ModelMessage) -> Option<Value> {
    let answer = message.role == Role::Assistant;
    match part {
        // The dialect refuses empty text.
        Part::Text(text) => (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text })),
        Part::Image { media_type, data } if !answer => Some(json!({ "type": "image",
            "source": { "type": "base64", "media_type": media_type, "data": data } })),
        // Thoughts without their proof are refused; leaving them out is allowed.
        Part::Reasoning { text, signature: Some(signature) } if answer => {
            Some(json!({ "type": "thinking", "thinking": text, "signature": signature }))
        }
        Part::ToolCall { id, name, arguments } if answer => {
            Some(json!({ "type": "tool_use", "id": id, "name": name, "input": object(arguments) }))
        }
        Part::ToolResult { id, content, is_error, .. } if message.role == Role::Tool => Some(
            json!({ "type": "tool_result", "tool_use_id": id, "content": content, "is_error": is_error }),
        ),
        _ => None,
    }
}

#[derive(Debug)]
struct Call {
    index: usize,
    id: String,
    name: String,
    /// What the block began with, for servers that send it whole.
    whole: Option<Value>,
    arguments: String,
}

/// Reads the stream.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Calls that aren't finished, by their block's number.
    open: BTreeMap<u64, Call>,
    calls: usize,
    stop: Option<StopReason>,
    input: i64,
    cached: i64,
    written: i64,
    output: i64,
}

impl Decode for Decoder {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<ModelEvent>) -> Result<bool, ModelError> {
        let event = json_event(data)?;
        let kind = event.get("type").and_then(Value::as_str).unwrap_or(name);
        let block = event.get("index").and_then(Value::as_u64).unwrap_or_default();
        match kind {
            "message_start" => self.usage(event.pointer("/message/usage")),
            "content_block_start" => self.begin(block, &event["content_block"], out),
            "content_block_delta" => self.delta(block, &event["delta"], out),
            "content_block_stop" => self.end(block, out),
            "message_delta" => {
                self.usage(event.get("usage"));
                match event.pointer("/delta/stop_reason").and_then(Value::as_str) {
                    None => {}
                    Some("tool_use") => self.stop = Some(StopReason::ToolCalls),
                    Some("max_tokens" | "model_context_window_exceeded") => {
                        self.stop = Some(StopReason::Length);
                    }
                    Some("refusal") => self.stop = Some(StopReason::Refused),
                    Some(_) => self.stop = Some(StopReason::End),
                }
            }
            "message_stop" => {
                self.finish(out);
                return Ok(true);
            }
            // Pings and whatever else comes.
            _ => {}
        }
        Ok(false)
    }
}

impl Decoder {
    fn begin(&mut self, block: u64, content: &Value, out: &mut Vec<ModelEvent>) {
        let text = |key: &str| content.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match content.get("type").and_then(Value::as_str) {
            Some("text") => push(out, text("text"), ModelEvent::Text),
            Some("thinking") => {
                push(out, text("thinking"), ModelEvent::Reasoning);
                push(out, text("signature"), ModelEvent::ReasoningSignature);
            }
            Some("tool_use") => {
                let (index, id, name) = (self.calls, text("id"), text("name"));
                self.calls += 1;
                out.push(ModelEvent::ToolCallDelta {
                    index,
                    id: Some(id.clone()),
                    name: Some(name.clone()),
                    arguments: String::new(),
                });
                let whole =
                    content.get("input").filter(|input| input.as_object().is_some_and(|map| !map.is_empty()));
                let call = Call { index, id, name, whole: whole.cloned(), arguments: String::new() };
                self.open.insert(block, call);
            }
            _ => {}
        }
    }

    fn delta(&mut self, block: u64, delta: &Value, out: &mut Vec<ModelEvent>) {
        let text = |key: &str| delta.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match delta.get("type").and_then(Value::as_str) {
            Some("text_delta") => push(out, text("text"), ModelEvent::Text),
            Some("thinking_delta") => push(out, text("thinking"), ModelEvent::Reasoning),
            Some("signature_delta") => push(out, text("signature"), ModelEvent::ReasoningSignature),
            Some("input_json_delta") => {
                let piece = text("partial_json");
                if let Some(call) = self.open.get_mut(&block).filter(|_| !piece.is_empty()) {
                    call.arguments.push_str(&piece);
                    let index = call.index;
                    out.push(ModelEvent::ToolCallDelta { index, id: None, name: None, arguments: piece });
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, block: u64, out: &mut Vec<ModelEvent>) {
        let Some(call) = self.open.remove(&block) else { return };
        let arguments = match (call.arguments.is_empty(), call.whole) {
            (true, Some(whole)) => whole.to_string(),
            (true, None) => "{}".into(),
            (false, _) => call.arguments,
        };
        out.push(ModelEvent::ToolCall { index: call.index, id: call.id, name: call.name, arguments });
    }

    /// Later reports repeat or complete earlier ones.
    fn usage(&mut self, usage: Option<&Value>) {
        let Some(usage) = usage else { return };
        let count = |key: &str| tokens(usage.get(key));
        self.input = count("input_tokens").unwrap_or(self.input);
        self.cached = count("cache_read_input_tokens").unwrap_or(self.cached);
        self.written = count("cache_creation_input_tokens").unwrap_or(self.written);
        self.output = count("output_tokens").unwrap_or(self.output);
    }

    fn finish(&mut self, out: &mut Vec<ModelEvent>) {
        // A call that the token limit cut has no end of its own.
        while let Some(block) = self.open.keys().next().copied() {
            self.end(block, out);
        }
        out.push(ModelEvent::Usage(Usage {
            // The dialect counts what it read from and wrote to its cache apart.
            input_tokens: self.input.saturating_add(self.cached).saturating_add(self.written),
            cached_tokens: self.cached,
            output_tokens: self.output,
        }));
        let stop = match self.stop {
            Some(StopReason::ToolCalls) if self.calls == 0 => StopReason::End,
            Some(stop) => stop,
            None if self.calls > 0 => StopReason::ToolCalls,
            None => StopReason::End,
        };
        out.push(ModelEvent::End(stop));
    }
}

fn push(out: &mut Vec<ModelEvent>, text: String, event: impl Fn(String) -> ModelEvent) {
    if !text.is_empty() {
        out.push(event(text));
    }
}
