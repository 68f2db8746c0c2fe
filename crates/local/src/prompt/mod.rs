//! From a model request to the text that a small model does well with.

mod examples;
mod form;
mod gbnf;
mod select;
mod signature;
pub mod step;

use crate::worker::protocol::Piece;
use alumia_models::{ModelMessage, ModelRequest, Part, Role};
use form::Form;
use std::fmt::Write as _;

/// Characters of one tool's result; the middle of a longer one is left out.
const RESULT: usize = 3_000;

const FORM: &str = "\
You have tools. Write each step in this form: a line `tool: NAME`, then the tool's arguments as one JSON object. You \
get the tool's result, then comes your next step. When no tool is needed, or the results are there, write \
`tool: none` and then your answer to the person in plain text.
- Use a tool whenever the task is about files, calculating, the canvas or web pages. You can't see files, pages or \
results without one, and you can't calculate in your head.
- Where a task has several parts, the first step begins with a line `plan: 1. …, 2. …`. Then do one part after the \
other.
- Don't repeat a call that worked. When all is done, say what came out in one or two sentences. Never invent results.
- If no tool can do what is asked, say so.

Tools:
none: Your own answer: greetings, explanations, writing poems, letters or code, translating, rewording, questions \
about what the person's own message says.
";

/// A prompt and what its answer must keep to.
#[derive(Debug, PartialEq)]
pub struct Prompt {
    pub pieces: Vec<Piece>,
    /// `None`: free text.
    pub grammar: Option<String>,
}

/// In ChatML. What stays the same from turn to turn stands first, so that it is read once.
pub fn build(request: &ModelRequest) -> Prompt {
    let tools = select::select(&request.tools, &request.messages);
    let forms: Vec<_> = tools.iter().map(|tool| (tool.name.as_str(), Form::of(&tool.schema))).collect();
    let mut system = String::new();
    if !tools.is_empty() {
        system.push_str(FORM);
        for (tool, (_, form)) in tools.iter().zip(&forms) {
            system.push_str(&signature::line(tool, form));
            system.push('\n');
        }
        system.push_str(&examples::text(&tools));
        system.push('\n');
    }
    system.push_str(if request.brief.is_empty() { &request.system } else { &request.brief }.trim());
    let mut pieces = Vec::new();
    turn(&mut pieces, "system", &system);
    let mut plan = None;
    for message in &request.messages {
        write(&mut pieces, message, &mut plan);
    }
    pieces.push(Piece::control("<|im_start|>assistant\n"));
    let told: Vec<_> = select::told(&request.messages, &tools);
    let now: Vec<_> = if repeats_itself(&request.messages) {
        vec![]
    } else {
        forms.into_iter().filter(|(name, _)| told.is_empty() || told.contains(name)).collect()
    };
    let plan = needs_plan(&request.messages);
    let grammar = (!tools.is_empty()).then(|| step::grammar(&now, plan, !told.is_empty()));
    Prompt { pieces, grammar }
}

/// Whether what the person just said asks for several things: then the first step says which.
fn needs_plan(messages: &[ModelMessage]) -> bool {
    let Some(ModelMessage { role: Role::User, parts }) = messages.last() else { return false };
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.to_lowercase()),
        _ => None,
    });
    let text = texts.collect::<Vec<_>>().join("\n");
    text.len() > 40 && SEVERAL.iter().any(|word| text.contains(word))
}

/// Whether the last call was made before in this turn. Small models go on like that for ever, so then they answer.
fn repeats_itself(messages: &[ModelMessage]) -> bool {
    let turn = messages.iter().rposition(|message| message.role == Role::User).unwrap_or(0);
    let calls = messages[turn..].iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::ToolCall { name, arguments, .. } => Some((name, arguments)),
        _ => None,
    });
    let calls: Vec<_> = calls.collect();
    calls.split_last().is_some_and(|(last, earlier)| earlier.contains(last))
}

/// What joins things to do.
const SEVERAL: [&str; 6] = [" and ", " then ", " und ", " dann ", " et ", " y "];

fn turn(pieces: &mut Vec<Piece>, role: &str, text: &str) {
    pieces.push(Piece::control(format!("<|im_start|>{role}\n")));
    pieces.push(Piece::plain(text));
    pieces.push(Piece::control("<|im_end|>\n"));
}

/// `plan`: what the turn's plan is.
fn write<'a>(pieces: &mut Vec<Piece>, message: &'a ModelMessage, plan: &mut Option<&'a str>) {
    let mut text = String::new();
    match message.role {
        Role::Assistant => {
            let planned = message.parts.iter().find_map(|part| match part {
                Part::Reasoning { text, .. } => text.split(PLAN_MARK).nth(1)?.lines().next(),
                _ => None,
            });
            *plan = planned.or(*plan);
            for part in &message.parts {
                match part {
                    Part::Text(said) => turn(pieces, "assistant", &step::answer(said)),
                    Part::ToolCall { name, arguments, .. } => {
                        turn(pieces, "assistant", &step::call(planned, name, arguments));
                    }
                    Part::Image { .. } | Part::Reasoning { .. } | Part::ToolResult { .. } => {}
                }
            }
            return;
        }
        Role::User => {
            *plan = None;
            for part in &message.parts {
                match part {
                    Part::Text(said) => text.push_str(said),
                    Part::Image { .. } => text.push_str("[a picture, which you can't see]"),
                    Part::Reasoning { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => {}
                }
                text.push('\n');
            }
        }
        Role::Tool => {
            for part in &message.parts {
                if let Part::ToolResult { name, content, is_error, .. } = part {
                    let word = if *is_error { "failed" } else { "answered" };
                    let _ = writeln!(text, "{name} {word}:\n{}", middle_out(content));
                }
            }
            if let Some(plan) = plan {
                let _ = writeln!(text, "(Your plan: {plan}. Do what is still to be done.)");
            }
        }
    }
    turn(pieces, "user", text.trim_end());
}

/// What a plan begins with among an answer's reasoning.
pub const PLAN_MARK: &str = "Plan: ";

fn middle_out(text: &str) -> String {
    if text.len() <= RESULT {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(RESULT / 3 * 2);
    let tail = text.ceil_char_boundary(text.len() - RESULT / 3);
    format!("{}\n[… {} bytes are left out here …]\n{}", &text[..head], tail - head, &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_models::ToolSpec;
    use serde_json::json;

    fn request(calls: &[&str]) -> ModelRequest {
        let schema =
            json!({ "type": "object", "required": ["path"], "properties": { "path": { "type": "string" } } });
        let tool = ToolSpec { name: "file_read".into(), description: "Reads.".into(), schema };
        let mut messages = vec![ModelMessage { role: Role::User, parts: vec![Part::Text("read".into())] }];
        for path in calls {
            let arguments = json!({ "path": path });
            let call = Part::ToolCall { id: "1".into(), name: "file_read".into(), arguments };
            messages.push(ModelMessage { role: Role::Assistant, parts: vec![call] });
        }
        ModelRequest { system: "long".into(), tools: vec![tool].into(), messages, ..ModelRequest::default() }
    }

    #[test]
    fn whoever_calls_the_same_again_has_to_answer() {
        let may_call = |calls: &[&str]| build(&request(calls)).grammar.unwrap().contains("file_read");
        assert!(may_call(&[]) && may_call(&["a"]) && may_call(&["a", "b"]));
        assert!(!may_call(&["a", "a"]) && !may_call(&["a", "b", "a"]));
    }

    #[test]
    fn only_control_pieces_hold_control_tokens_and_the_brief_wins() {
        let prompt = build(&ModelRequest { brief: "short".into(), ..request(&["<|im_end|>"]) });
        for piece in &prompt.pieces {
            assert!(piece.control || !piece.text.starts_with("<|im_start|>"), "{piece:?}");
        }
        let system = &prompt.pieces[1].text;
        assert!(system.ends_with("short") && !system.contains("long"), "{system}");
        assert!(prompt.pieces.iter().any(|piece| !piece.control && piece.text.contains("<|im_end|>")));
    }
}
