//! Which steps a request needs, decided before any is done.
//!
//! A small model that is offered a dozen tools calls one for a greeting. So it is asked by itself first, with examples
//! of its own, what is to be done; then it writes one call after the other, and no other than those of the plan.

use super::{
    Prompt,
    kinds::{self, Kind},
    said, turn,
};
use crate::worker::protocol::Piece;
use alumia_models::{ModelMessage, ModelRequest, Part, Role};
use serde::Deserialize;
use std::{fmt::Write as _, sync::LazyLock};

/// Steps of a plan.
const STEPS: usize = 3;
/// Calls that may fail before the model has to say what is missing.
const FAILURES: usize = 2;
/// Characters of a request that are looked at, half of them from its end.
const LOOKED_AT: usize = 400;
/// Requests before this one that are shown.
const BEFORE: usize = 2;

const NONE: &str = "none";
const UNABLE: &str = "unable";
const NONE_IS: &str = "talking, explaining, translating, writing, or a question about words that are in the request \
                       itself";
const UNABLE_IS: &str = "what no step can do: ordering, paying, sending, phoning, music, things in a house, what only \
                         the person can know";

#[derive(Deserialize)]
struct Requests {
    requests: Vec<(String, String)>,
}

static REQUESTS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    // Compiled in and read by a test.
    toml::from_str::<Requests>(include_str!("requests.toml")).map(|table| table.requests).unwrap_or_default()
});

/// What is to be done for a request.
#[derive(Default)]
pub struct Plan<'a> {
    pub steps: Vec<Kind<'a>>,
    /// No tool can do it.
    pub unable: bool,
}

/// A plan, or how to get it.
pub enum Planning<'a> {
    Known(Plan<'a>),
    /// The model has to be asked; [`read`] makes a plan of its answer.
    Asked(Prompt, Vec<Kind<'a>>),
}

/// Plans for what the person said last.
pub fn plan(request: &ModelRequest) -> Planning<'_> {
    let texts: Vec<(usize, String)> = texts(&request.messages);
    let Some((_, text)) = texts.last() else { return Planning::Known(Plan::default()) };
    let told = kinds::told(&request.tools, text);
    if !told.is_empty() {
        return Planning::Known(Plan { steps: told, unable: false });
    }
    let kinds = kinds::of(&request.tools, text);
    let earlier: Vec<(&str, Vec<&str>)> = texts
        .windows(2)
        .map(|pair| (pair[0].1.as_str(), used(&request.messages[pair[0].0..pair[1].0], &kinds)))
        .collect();
    // What the last request needed may be meant by "and now the other one".
    let meant = earlier.last().map(|(_, used)| used.as_slice()).unwrap_or_default();
    let english = is_english(text);
    let serves = |kind: &Kind<'_>| !english || meant.contains(&kind.word) || kind.may_serve(text);
    let serving: Vec<&Kind<'_>> = kinds.iter().filter(|kind| serves(kind)).collect();
    if serving.is_empty() {
        return Planning::Known(Plan::default());
    }
    let must = kinds.iter().any(|kind| kind.surely_serves(text));
    let grammar = grammar(&serving, must);
    let mut pieces = shown(&kinds);
    let stays = pieces.len();
    for (ask, used) in &earlier[earlier.len().saturating_sub(BEFORE)..] {
        turn(&mut pieces, "user", &ends(ask));
        turn(&mut pieces, "assistant", &if used.is_empty() { NONE.to_owned() } else { used.join(", ") });
    }
    turn(&mut pieces, "user", &ends(text));
    pieces.push(Piece::control("<|im_start|>assistant\n"));
    Planning::Asked(Prompt { pieces, stays, grammar: Some(grammar) }, kinds)
}

/// The plan that the model's answer names.
pub fn read<'a>(answer: &str, kinds: &[Kind<'a>]) -> Plan<'a> {
    let mut steps: Vec<Kind<'a>> = Vec::new();
    for word in answer.split(',').map(str::trim) {
        let kind = kinds.iter().find(|kind| kind.word == word);
        let Some(kind) = kind.filter(|_| !steps.iter().any(|step| step.covers(word))) else { continue };
        steps.retain(|step| !kind.covers(step.word));
        steps.push(kind.clone());
    }
    Plan { steps, unable: answer.trim() == UNABLE }
}

impl<'a> Plan<'a> {
    /// The step that is due after what was done since the person's words; `None`: the answer.
    pub fn next(&self, messages: &[ModelMessage]) -> Option<&Kind<'a>> {
        let (mut due, mut failed) = (0, 0);
        let since = messages.iter().rposition(|message| message.role == Role::User).unwrap_or(0);
        for part in messages[since..].iter().flat_map(|message| &message.parts) {
            if let Part::ToolResult { name, is_error, content, .. } = part {
                if *is_error || exited_badly(content) {
                    failed += 1;
                } else if self.steps.get(due).is_some_and(|step| step.has(name)) {
                    due += 1;
                }
            }
        }
        self.steps.get(due).filter(|_| failed < FAILURES)
    }

    /// What people are told of it, where there is something to tell.
    pub fn words(&self) -> Option<String> {
        let words: Vec<&str> = self.steps.iter().map(|step| step.word).collect();
        (words.len() > 1).then(|| format!("Plan: {}.\n", words.join(", then ")))
    }
}

/// Whether a command's answer says that it failed.
fn exited_badly(content: &str) -> bool {
    content.split_once("\"exitCode\":").is_some_and(|(_, code)| !code.trim_start().starts_with('0'))
}

/// What people said, with the places of their messages.
fn texts(messages: &[ModelMessage]) -> Vec<(usize, String)> {
    let people = messages.iter().enumerate().filter(|(_, message)| message.role == Role::User);
    people.map(|(at, message)| (at, said(message))).collect()
}

/// The kinds of steps that were done in these messages, each once.
fn used<'a>(messages: &[ModelMessage], kinds: &[Kind<'a>]) -> Vec<&'a str> {
    let mut words: Vec<&str> = Vec::new();
    for part in messages.iter().flat_map(|message| &message.parts) {
        if let Part::ToolCall { name, .. } = part {
            let kind = kinds.iter().find(|kind| kind.has(name)).map(|kind| kind.word);
            words.extend(kind.filter(|word| !words.contains(word)));
        }
    }
    words
}

/// What is asked, and examples of it.
fn shown(kinds: &[Kind<'_>]) -> Vec<Piece> {
    let mut system =
        String::from("You plan. You get a request and say which of these steps it needs, in order:\n");
    for Kind { word, about, .. } in kinds {
        let _ = writeln!(system, "{word} - {about}");
    }
    let _ = write!(system, "{NONE} - {NONE_IS}\n{UNABLE} - {UNABLE_IS}");
    let mut pieces = Vec::new();
    turn(&mut pieces, "system", &system);
    let can = |steps: &String| {
        let mut words = steps.split(", ");
        words.all(|word| [NONE, UNABLE].contains(&word) || kinds.iter().any(|kind| kind.word == word))
    };
    for (ask, steps) in REQUESTS.iter().filter(|(_, steps)| can(steps)) {
        turn(&mut pieces, "user", ask);
        turn(&mut pieces, "assistant", steps);
    }
    pieces
}

/// `must`: there is some step.
fn grammar(kinds: &[&Kind<'_>], must: bool) -> String {
    let words: Vec<String> = kinds.iter().map(|kind| format!("\"{}\"", kind.word)).collect();
    let more = "(\", \" step)? ".repeat(STEPS - 1);
    let less = if must { String::new() } else { format!("\"{NONE}\" | \"{UNABLE}\" | ") };
    format!("root ::= {less}step {more}\nstep ::= {}\n", words.join(" | "))
}

/// A text's beginning and end.
pub fn ends(text: &str) -> String {
    if text.len() <= LOOKED_AT {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(LOOKED_AT / 2);
    let tail = text.ceil_char_boundary(text.len() - LOOKED_AT / 2);
    format!("{} … {}", &text[..head], &text[tail..])
}

/// Words that English requests hold and those in other languages don't. Signs of what a request may need are English;
/// without one of these words every kind of step may be meant.
const ENGLISH: [&str; 34] = [
    "the",
    "is",
    "are",
    "was",
    "what",
    "which",
    "who",
    "how",
    "of",
    "to",
    "and",
    "my",
    "it",
    "this",
    "that",
    "please",
    "with",
    "you",
    "your",
    "hello",
    "hi",
    "hey",
    "thanks",
    "thank",
    "good",
    "ok",
    "yes",
    "explain",
    "write",
    "translate",
    "name",
    "give",
    "me",
    "does",
];

fn is_english(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphabetic());
    words.map(str::to_lowercase).any(|word| ENGLISH.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_models::ToolSpec;
    use serde_json::json;

    fn request(messages: Vec<ModelMessage>) -> ModelRequest {
        let tool =
            |name: &str| ToolSpec { name: name.into(), description: "Does it.".into(), schema: json!({}) };
        let tools = ["file_read", "sandbox_exec", "data_block", "file_write"].map(tool);
        ModelRequest { tools: tools.to_vec().into(), messages, ..ModelRequest::default() }
    }

    fn user(text: &str) -> ModelMessage {
        ModelMessage { role: Role::User, parts: vec![Part::Text(text.into())] }
    }

    fn call(name: &str, is_error: bool) -> [ModelMessage; 2] {
        let call = Part::ToolCall { id: "1".into(), name: name.into(), arguments: json!({}) };
        let content = String::from("done");
        let result = Part::ToolResult { id: "1".into(), name: name.into(), content, is_error };
        [(Role::Assistant, call), (Role::Tool, result)]
            .map(|(role, part)| ModelMessage { role, parts: vec![part] })
    }

    fn words(plan: &Plan<'_>) -> Vec<String> {
        plan.steps.iter().map(|step| step.word.to_owned()).collect()
    }

    #[test]
    fn every_example_names_steps_that_there_are() {
        let table: Requests = toml::from_str(include_str!("requests.toml")).unwrap();
        let all = ["file_read", "sandbox_exec", "file_write", "data_block", "list_blocks", "update_block"];
        let tool = |name: &str| ToolSpec { name: name.into(), description: String::new(), schema: json!({}) };
        let tools: Vec<_> = all.into_iter().chain(["http_fetch"]).map(tool).collect();
        let kinds = kinds::of(&tools, "");
        for (ask, steps) in table.requests {
            let plan = read(&steps, &kinds);
            let named = if [NONE, UNABLE].contains(&steps.as_str()) { 0 } else { steps.split(", ").count() };
            assert_eq!(plan.steps.len(), named, "{ask}");
            let needed = plan.steps.iter().all(|step| step.may_serve(&ask));
            assert!(needed || steps.contains(", "), "{ask} has no sign of {steps}");
        }
    }

    #[test]
    fn a_greeting_needs_no_plan_and_a_file_does() {
        let asked = |text: &str| matches!(plan(&request(vec![user(text)])), Planning::Asked(..));
        assert!(!asked("Hello, how are you?") && !asked("Explain what a glacier is."));
        assert!(asked("What is in the file?") && asked("What is 12 * 7?"));
        let named = request(vec![user("What is in notes.md?")]);
        let Planning::Asked(prompt, _) = plan(&named) else { panic!("it may need several steps") };
        assert!(!prompt.grammar.unwrap().contains("none"), "a file has to be looked at");
        assert!(asked("Fasse notes zusammen"), "another language's signs aren't known");
        let ordered = request(vec![user("Please use file_write now")]);
        let Planning::Known(told) = plan(&ordered) else { panic!("it was told") };
        assert_eq!(words(&told), ["file_write"]);
    }

    #[test]
    fn what_was_needed_before_may_be_meant_again() {
        let mut messages = vec![user("What is the mean of a.csv?")];
        messages.extend(call("sandbox_exec", false));
        messages.push(user("thank you, and now the other one?"));
        let request = request(messages);
        let Planning::Asked(prompt, _) = plan(&request) else { panic!("it may be meant") };
        let grammar = prompt.grammar.unwrap();
        assert!(grammar.contains("\"compute\"") && !grammar.contains("\"show\""), "{grammar}");
        assert!(grammar.contains("\"none\""), "{grammar}");
        let said: Vec<_> = prompt.pieces.iter().map(|piece| piece.text.as_str()).collect();
        let before = said.iter().position(|text| *text == "What is the mean of a.csv?").unwrap();
        assert_eq!(said[before + 3], "compute");
    }

    #[test]
    fn steps_are_done_in_order_and_not_for_ever() {
        let request = request(vec![]);
        let kinds = kinds::of(&request.tools, "");
        let plan = read("compute, read, show, compute", &kinds);
        assert_eq!(words(&plan), ["compute", "show"]);
        assert_eq!(plan.words().unwrap(), "Plan: compute, then show.\n");
        let mut messages = vec![user("do")];
        let next = |messages: &[ModelMessage]| plan.next(messages).map(|kind| kind.word);
        assert_eq!(next(&messages), Some("compute"));
        messages.extend(call("sandbox_exec", true));
        assert_eq!(next(&messages), Some("compute"), "it is tried again");
        messages.extend(call("sandbox_exec", false));
        assert_eq!(next(&messages), Some("show"));
        let mut whole = messages.clone();
        whole.extend(call("data_block", false));
        assert_eq!(next(&whole), None);
        messages.extend(call("data_block", true));
        assert_eq!(next(&messages), None, "after two failures it has to say so");
        assert_eq!(words(&read("read, compute", &kinds)), ["compute"]);
        assert!(exited_badly("{\"exitCode\":1}") && !exited_badly("{\"exitCode\": 0}") && !exited_badly("2"));
        assert!(read("unable", &kinds).unable && !read("none", &kinds).unable);
    }
}
