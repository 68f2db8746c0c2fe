//! A conversation as providers insist on it: every tool call is followed by its result, and no result
//! stands without its call. A run that was cut off may leave neither.

use crate::{ModelMessage, Part, Role};
use std::collections::HashSet;

/// What stands in for a result that never came.
const NO_RESULT: &str = "No result: the call was interrupted and its outcome is unknown.";

/// The messages with missing results filled in and stray ones left out. Results come right after the
/// answer that asked for them; empty messages are gone.
pub fn complete(messages: &[ModelMessage]) -> Vec<ModelMessage> {
    let mut complete: Vec<ModelMessage> = vec![];
    let mut at = 0;
    while let Some(message) = messages.get(at) {
        at += 1;
        if message.role == Role::Tool {
            // A result whose call isn't in the answer right before it.
            continue;
        }
        if !message.parts.is_empty() {
            complete.push(message.clone());
        }
        let calls = message.parts.iter().filter_map(|part| match part {
            Part::ToolCall { id, name, .. } if message.role == Role::Assistant => Some((id, name)),
            _ => None,
        });
        let calls: Vec<_> = calls.collect();
        if calls.is_empty() {
            continue;
        }
        let mut results = vec![];
        let mut seen = HashSet::new();
        while let Some(ModelMessage { role: Role::Tool, parts }) = messages.get(at) {
            at += 1;
            results.extend(parts.iter().filter(|part| match part {
                Part::ToolResult { id, .. } => calls.iter().any(|call| call.0 == id) && seen.insert(id),
                _ => false,
            }));
        }
        let missing = calls.iter().filter(|(id, _)| !seen.contains(id)).map(|(id, name)| Part::ToolResult {
            id: (*id).clone(),
            name: (*name).clone(),
            content: NO_RESULT.into(),
            is_error: true,
        });
        let parts = results.into_iter().cloned().chain(missing).collect();
        complete.push(ModelMessage { role: Role::Tool, parts });
    }
    complete
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str) -> Part {
        Part::ToolCall { id: id.into(), name: "t".into(), arguments: serde_json::json!({}) }
    }
    fn result(id: &str) -> Part {
        Part::ToolResult { id: id.into(), name: "t".into(), content: "ok".into(), is_error: false }
    }
    fn message(role: Role, parts: Vec<Part>) -> ModelMessage {
        ModelMessage { role, parts }
    }
    fn shape(messages: &[ModelMessage]) -> String {
        let part = |part: &Part| match part {
            Part::ToolCall { id, .. } => format!("call {id}"),
            Part::ToolResult { id, is_error, .. } => {
                format!("{} {id}", if *is_error { "lost" } else { "result" })
            }
            _ => "text".into(),
        };
        let line = |message: &ModelMessage| message.parts.iter().map(part).collect::<Vec<_>>().join(", ");
        complete(messages).iter().map(line).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn results_follow_their_calls_and_nothing_stands_alone() {
        let text = || Part::Text("x".into());
        let whole = [
            message(Role::User, vec![text()]),
            message(Role::Assistant, vec![text(), call("a"), call("b")]),
            message(Role::Tool, vec![result("b")]),
            message(Role::Tool, vec![result("a"), result("a"), result("z")]),
            message(Role::Assistant, vec![]),
            message(Role::Assistant, vec![call("c")]),
            message(Role::User, vec![text()]),
            message(Role::Tool, vec![result("c")]),
        ];
        assert_eq!(
            shape(&whole),
            "text | text, call a, call b | result b, result a | call c | lost c | text"
        );
    }
}
