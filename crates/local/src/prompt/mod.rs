//! From a model request to the text that a small model does well with.
//!
//! First comes a plan ([`plan`]), then one call after the other, and then the answer. How to write a call is shown where
//! the first one of its kind is due, as turns of the conversation, so that what was read before stays in the cache
//! whatever is needed next. Earlier calls of a conversation are preceded by what was shown for them.

mod form;
mod gbnf;
mod kinds;
pub mod plan;
mod signature;
pub mod step;

use crate::worker::protocol::Piece;
use alumia_models::{ModelMessage, ModelRequest, Part, Role, ToolSpec};
use form::Form;
pub use kinds::Kind;
use kinds::Shown;
use plan::Plan;
use std::fmt::Write as _;

/// Characters of one tool's result; the middle of a longer one is left out.
const RESULT: usize = 3_000;

const MANNER: &str = "\
You help with words and knowledge: explaining, writing, translating, taking things out of texts. Answer directly and \
briefly, in the person's language. You live in this project and reach nothing outside of it.";

/// How to answer, shown as a conversation. None of these may be a task of the evaluation.
const SHOWN: [(&str, &str); 5] = [
    ("Water my plants", "I can't do that: I reach nothing outside of this project."),
    ("Order me a pizza", "I can't order anything: I reach nothing outside of this project."),
    ("Call my mother", "I can't call or write to anybody outside of this project."),
    ("What did I eat today?", "I don't know: I only know what you tell me and what is in this project."),
    (
        "Write a birthday wish",
        "Happy birthday! May the year ahead bring you health, joy and many good surprises.",
    ),
];

const ANSWER: &str = "Now answer in one or two sentences, with what came out and nothing invented";
const CANNOT: &str = "(Nothing here can do this. Say so.)";

/// A prompt and what its answer must keep to.
#[derive(Debug, PartialEq)]
pub struct Prompt {
    pub pieces: Vec<Piece>,
    /// Pieces at the beginning that don't depend on the conversation.
    pub stays: usize,
    /// `None`: free text.
    pub grammar: Option<String>,
}

/// In ChatML: the next step of the plan, or the answer.
pub fn build(request: &ModelRequest, plan: &Plan<'_>) -> Prompt {
    let mut pieces = Vec::new();
    let brief = if request.brief.is_empty() { &request.system } else { &request.brief };
    turn(&mut pieces, "system", &format!("{MANNER}\n\n{}", brief.trim()));
    for (ask, answer) in SHOWN {
        turn(&mut pieces, "user", ask);
        turn(&mut pieces, "assistant", answer);
    }
    let stays = pieces.len();
    let kinds = kinds::of(&request.tools, "");
    let next = plan.next(&request.messages);
    let mut shown: Vec<&str> = Vec::new();
    let mut asked = String::new();
    for (at, message) in request.messages.iter().enumerate() {
        let then = match request.messages.get(at + 1) {
            Some(then) => {
                let kind = called(then).and_then(|name| kinds.iter().find(|kind| kind.has(name)));
                kind.map_or(Then::Answer, Then::Call)
            }
            None if next.is_none() && plan.unable => Then::Cannot,
            None => next.map_or(Then::Answer, Then::Call),
        };
        if let Then::Call(kind) = then
            && !shown.contains(&kind.word)
        {
            shown.push(kind.word);
            show(&mut pieces, kind);
        }
        if message.role == Role::User {
            asked = said(message);
        }
        write(&mut pieces, message, &request.tools, &then.told(message.role, &asked));
    }
    pieces.push(Piece::control("<|im_start|>assistant\n"));
    Prompt { pieces, stays, grammar: next.map(|kind| step::grammar(&kind.forms())) }
}

/// What comes after a message.
#[derive(Clone, Copy)]
enum Then<'a> {
    /// A call of a tool of this kind.
    Call(&'a Kind<'a>),
    Answer,
    Cannot,
}

impl Then<'_> {
    /// What the model is told at the end of a message of this role; `asked` is the request.
    fn told(self, role: Role, asked: &str) -> String {
        match self {
            Self::Call(kind) => format!("(Write one call of {}.)", kind.names().join(" or ")),
            // After examples with other requests the model has to be told which one is meant.
            Self::Answer if role == Role::Tool => format!("({ANSWER}: {})", plan::ends(asked)),
            Self::Answer => String::new(),
            Self::Cannot => CANNOT.into(),
        }
    }
}

/// Shows how a kind's calls are written.
fn show(pieces: &mut Vec<Piece>, kind: &Kind<'_>) {
    let told = Then::Call(kind).told(Role::User, "");
    let mut manual = kind.manual() + "\n\n";
    for Shown { ask, tool, call, then } in kind.examples() {
        turn(pieces, "user", &format!("{manual}{ask}\n\n{told}"));
        turn(pieces, "assistant", &call);
        if let Some((result, answer)) = then {
            let hint = Then::Answer.told(Role::Tool, ask);
            turn(pieces, "user", &format!("{}\n{hint}", outcome(tool, result, false)));
            turn(pieces, "assistant", answer);
        }
        manual.clear();
    }
    if !manual.is_empty() {
        turn(pieces, "system", manual.trim_end());
    }
}

/// The first tool that a message calls.
fn called(message: &ModelMessage) -> Option<&str> {
    message.parts.iter().find_map(|part| match part {
        Part::ToolCall { name, .. } => Some(name.as_str()),
        _ => None,
    })
}

/// The words of a person's message.
fn said(message: &ModelMessage) -> String {
    let mut text = String::new();
    for part in &message.parts {
        match part {
            Part::Text(said) => text.push_str(said),
            Part::Image { .. } => text.push_str("[a picture, which you can't see]"),
            Part::Reasoning { .. } | Part::ToolCall { .. } | Part::ToolResult { .. } => continue,
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

fn turn(pieces: &mut Vec<Piece>, role: &str, text: &str) {
    pieces.push(Piece::control(format!("<|im_start|>{role}\n")));
    pieces.push(Piece::plain(text));
    pieces.push(Piece::control("<|im_end|>\n"));
}

/// `hint`: what the model is told at the message's end.
fn write(pieces: &mut Vec<Piece>, message: &ModelMessage, tools: &[ToolSpec], hint: &str) {
    let mut text = match message.role {
        Role::Assistant => {
            for part in &message.parts {
                match part {
                    Part::Text(said) => turn(pieces, "assistant", said),
                    Part::ToolCall { name, arguments, .. } => {
                        let tool = tools.iter().find(|tool| tool.name == *name);
                        let form = tool.map_or(Form::Any, |tool| Form::of(&tool.schema));
                        turn(pieces, "assistant", &step::call(name, arguments, &form));
                    }
                    Part::Image { .. } | Part::Reasoning { .. } | Part::ToolResult { .. } => {}
                }
            }
            return;
        }
        Role::User => said(message),
        Role::Tool => {
            let mut text = String::new();
            for part in &message.parts {
                if let Part::ToolResult { name, content, is_error, .. } = part {
                    text.push_str(&outcome(name, content, *is_error));
                }
            }
            text
        }
    };
    if !hint.is_empty() {
        let _ = write!(text, "\n\n{hint}");
    }
    turn(pieces, "user", text.trim_end());
}

/// What came of a call.
fn outcome(tool: &str, content: &str, failed: bool) -> String {
    let word = if failed { "failed" } else { "worked and answered" };
    format!("{tool} {word}:\n{}\n", middle_out(content))
}

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
    use serde_json::json;

    fn request(calls: &[&str]) -> ModelRequest {
        let schema =
            json!({ "type": "object", "required": ["path"], "properties": { "path": { "type": "string" } } });
        let tool = ToolSpec { name: "file_read".into(), description: "Reads.".into(), schema };
        let mut messages =
            vec![ModelMessage { role: Role::User, parts: vec![Part::Text("read a.txt".into())] }];
        for path in calls {
            let arguments = json!({ "path": path });
            let call = Part::ToolCall { id: "1".into(), name: "file_read".into(), arguments };
            messages.push(ModelMessage { role: Role::Assistant, parts: vec![call] });
            let (name, content) = ("file_read".into(), "text".into());
            let result = Part::ToolResult { id: "1".into(), name, content, is_error: false };
            messages.push(ModelMessage { role: Role::Tool, parts: vec![result] });
        }
        ModelRequest { system: "long".into(), tools: vec![tool].into(), messages, ..ModelRequest::default() }
    }

    fn built(request: &ModelRequest) -> Prompt {
        let kinds = kinds::of(&request.tools, "");
        build(request, &plan::read("read", &kinds))
    }

    fn text(prompt: &Prompt) -> String {
        prompt.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    #[test]
    fn a_call_is_written_where_one_is_due_and_then_the_answer() {
        let first = built(&request(&[]));
        assert!(first.grammar.as_ref().unwrap().contains("file_read"));
        assert!(text(&first).contains("file_read {\"path\"}: Reads\n\nWhat does notes.txt say?"));
        assert!(text(&first).contains("read a.txt\n\n(Write one call of file_read.)"), "{}", text(&first));
        let then = built(&request(&["a.txt"]));
        assert_eq!(then.grammar, None);
        assert!(
            text(&then)
                .contains(&format!("file_read worked and answered:\ntext\n\n\n({ANSWER}: read a.txt)")),
            "{}",
            text(&then)
        );
    }

    #[test]
    fn what_was_read_stays_as_it_was() {
        let (first, then) = (built(&request(&[])), built(&request(&["a.txt"])));
        let shared = &then.pieces[..first.pieces.len() - 1];
        assert_eq!(shared, &first.pieces[..first.pieces.len() - 1], "the hint included");
        let more = built(&request(&["a.txt", "b.txt"]));
        assert_eq!(text(&more).matches("What does notes.txt say?").count(), 1, "shown once");
    }

    #[test]
    fn only_control_pieces_hold_control_tokens_and_the_brief_wins() {
        let prompt = built(&ModelRequest { brief: "short".into(), ..request(&["<|im_end|>"]) });
        for piece in &prompt.pieces {
            assert!(piece.control || !piece.text.starts_with("<|im_start|>"), "{piece:?}");
        }
        let system = &prompt.pieces[1].text;
        assert!(system.ends_with("short") && !system.contains("long"), "{system}");
        assert!(prompt.pieces.iter().any(|piece| !piece.control && piece.text.contains("<|im_end|>")));
    }

    #[test]
    fn what_nothing_can_do_is_said() {
        let request = request(&[]);
        let prompt = build(&request, &plan::read("unable", &kinds::of(&request.tools, "")));
        assert!(prompt.grammar.is_none() && text(&prompt).contains(CANNOT));
    }
}
