//! Gemini generateContent, <https://ai.google.dev/api/generate-content>. It sends whole calls, numbers
//! none of them, and its end is the event that says why it finished.

use super::{Decode, effort, history, json_event, object, tokens};
use crate::{ModelError, ModelEvent, ModelMessage, ModelRequest, Part, Role, StopReason};
use alumia_protocol::{agents::ReasoningEffort, events::Usage, models::Capabilities};
use serde_json::{Map, Value, json};

/// The path below the base URL.
pub fn path(model: &str) -> String {
    format!("models/{model}:streamGenerateContent?alt=sse")
}

/// Stands in for the proof that a call of another model's doesn't have (documented by the provider).
const NO_PROOF: &str = "skip_thought_signature_validator";

/// The request's body.
pub fn body(request: &ModelRequest, can: Capabilities) -> Value {
    let contents = history::complete(&request.messages);
    let contents = contents.iter().filter_map(|message| {
        let role = if message.role == Role::Assistant { "model" } else { "user" };
        let parts = parts(message, demands_proof(&request.model));
        (!parts.is_empty()).then(|| json!({ "role": role, "parts": parts }))
    });
    let mut body = Map::from_iter([("contents".into(), contents.collect())]);
    if !request.system.is_empty() {
        body.insert("systemInstruction".into(), json!({ "parts": [{ "text": request.system }] }));
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            json!({ "name": tool.name, "description": tool.description, "parametersJsonSchema": tool.schema })
        });
        body.insert("tools".into(), json!([{ "functionDeclarations": tools.collect::<Vec<_>>() }]));
    }
    let mut options = Map::new();
    if let Some(max) = request.max_output_tokens {
        options.insert("maxOutputTokens".into(), json!(max));
    }
    if let Some(wanted) = request.reasoning_effort.filter(|_| can.reasoning) {
        let mut thinking = json!({ "includeThoughts": true });
        if demands_proof(&request.model) {
            thinking["thinkingLevel"] = json!(effort(wanted));
        } else {
            thinking["thinkingBudget"] = json!(match wanted {
                ReasoningEffort::Low => 2_048,
                ReasoningEffort::Medium => 8_192,
                ReasoningEffort::High => 24_576,
            });
        }
        options.insert("thinkingConfig".into(), thinking);
    }
    if !options.is_empty() {
        body.insert("generationConfig".into(), Value::Object(options));
    }
    Value::Object(body)
}

/// From the third generation on, calls come back with the provider's proof, and thinking has levels.
fn demands_proof(model: &str) -> bool {
    !["gemini-1", "gemini-2", "gemma"].iter().any(|older| model.starts_with(older))
}

fn parts(message: &ModelMessage, demands_proof: bool) -> Vec<Value> {
    let mut parts = vec![];
    // The proof stands before what it proves: the first call of the answer.
    let mut proof: Option<&str> = None;
    let mut first_call = true;
    for part in &message.parts {
        match part {
            Part::Text(text) if !text.is_empty() => parts.push(json!({ "text": text })),
            Part::Image { media_type, data } => {
                parts.push(json!({ "inlineData": { "mimeType": media_type, "data": data } }));
            }
            Part::Reasoning { signature, .. } => proof = signature.as_deref().or(proof),
            Part::ToolCall { name, arguments, .. } => {
                let mut call = json!({ "functionCall": { "name": name, "args": object(arguments) } });
                let needed = (first_call && demands_proof).then_some(NO_PROOF);
                if let Some(proof) = proof.take().or(needed) {
                    call["thoughtSignature"] = json!(proof);
                }
                first_call = false;
                parts.push(call);
            }
            Part::ToolResult { name, content, is_error, .. } => {
                let key = if *is_error { "error" } else { "result" };
                parts.push(json!({ "functionResponse": { "name": name, "response": { key: content } } }));
            }
            Part::Text(_) => {}
        }
    }
    parts
}

/// Reads the stream.
#[derive(Debug, Default)]
pub struct Decoder {
    calls: usize,
    stop: Option<StopReason>,
    usage: Option<Usage>,
}

impl Decode for Decoder {
    fn event(&mut self, _name: &str, data: &str, out: &mut Vec<ModelEvent>) -> Result<bool, ModelError> {
        let event = json_event(data)?;
        if let Some(reason) = event.pointer("/promptFeedback/blockReason").and_then(Value::as_str) {
            return Err(ModelError::Refused { detail: format!("the prompt was blocked: {reason}") });
        }
        self.usage = event.get("usageMetadata").and_then(read_usage).or(self.usage);
        let Some(candidate) = event.pointer("/candidates/0") else { return Ok(false) };
        let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            self.part(part, out);
        }
        match candidate.get("finishReason").and_then(Value::as_str) {
            None | Some("" | "FINISH_REASON_UNSPECIFIED") => {}
            Some("MAX_TOKENS") => self.stop = Some(StopReason::Length),
            Some(
                "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE"
                | "IMAGE_SAFETY",
            ) => {
                self.stop = Some(StopReason::Refused);
            }
            Some(reason @ ("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL")) => {
                return Err(ModelError::Malformed {
                    detail: format!("the model wrote a broken call: {reason}"),
                });
            }
            Some(_) => self.stop = Some(StopReason::End),
        }
        Ok(false)
    }

    fn end_of_stream(&mut self, out: &mut Vec<ModelEvent>) -> bool {
        let Some(stop) = self.stop else { return false };
        out.extend(self.usage.take().map(ModelEvent::Usage));
        let called = stop == StopReason::End && self.calls > 0;
        out.push(ModelEvent::End(if called { StopReason::ToolCalls } else { stop }));
        true
    }
}

impl Decoder {
    fn part(&mut self, part: &Value, out: &mut Vec<ModelEvent>) {
        let call = part.get("functionCall");
        if let Some(text) = part.get("text").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            let thought = part.get("thought").and_then(Value::as_bool) == Some(true);
            out.push(if thought {
                ModelEvent::Reasoning(text.into())
            } else {
                ModelEvent::Text(text.into())
            });
        }
        // Only a call's proof has to come back.
        if let Some(proof) = part.get("thoughtSignature").and_then(Value::as_str).filter(|_| call.is_some()) {
            out.push(ModelEvent::ReasoningSignature(proof.to_owned()));
        }
        let Some(call) = call else { return };
        let index = self.calls;
        self.calls += 1;
        let text = |key: &str| call.get(key).and_then(Value::as_str).map(str::to_owned);
        let id = text("id").unwrap_or_else(|| format!("call_{index}"));
        let name = text("name").unwrap_or_default();
        let arguments = call.get("args").map_or_else(|| "{}".into(), Value::to_string);
        out.push(ModelEvent::ToolCallDelta {
            index,
            id: Some(id.clone()),
            name: Some(name.clone()),
            arguments: arguments.clone(),
        });
        out.push(ModelEvent::ToolCall { index, id, name, arguments });
    }
}

fn read_usage(usage: &Value) -> Option<Usage> {
    let input_tokens = tokens(usage.get("promptTokenCount"))?;
    // Thoughts are paid like the answer and counted apart.
    let output = tokens(usage.get("candidatesTokenCount")).unwrap_or(0);
    let thoughts = tokens(usage.get("thoughtsTokenCount")).unwrap_or(0);
    Some(Usage {
        input_tokens,
        cached_tokens: tokens(usage.get("cachedContentTokenCount")).unwrap_or(0).min(input_tokens),
        output_tokens: output.saturating_add(thoughts),
    })
}
