//! From what the model writes to events, as it comes.

use crate::prompt::{PLAN_MARK, step};
use alumia_models::ModelEvent;

/// Reads one step.
pub struct Step {
    /// The call's id, if it becomes one.
    id: String,
    text: String,
    kind: Kind,
}

enum Kind {
    /// The tool isn't named yet.
    Head,
    Answer,
    /// A call, with where its arguments begin in the text.
    Call {
        name: String,
        begin: usize,
    },
}

impl Step {
    /// `calls`: whether it may be a call. Without tools everything is an answer.
    pub fn new(id: String, calls: bool) -> Self {
        Self { id, text: String::new(), kind: if calls { Kind::Head } else { Kind::Answer } }
    }

    /// More of the text.
    pub fn push(&mut self, text: &str) -> Vec<ModelEvent> {
        self.text.push_str(text);
        match &self.kind {
            Kind::Head => self.head(),
            Kind::Answer => vec![ModelEvent::Text(text.to_owned())],
            Kind::Call { .. } => vec![delta(None, text.to_owned())],
        }
    }

    fn head(&mut self) -> Vec<ModelEvent> {
        let mut begin = 0;
        let mut events = Vec::new();
        for line in self.text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            begin += line.len();
            if let Some(plan) = line.strip_prefix(step::PLAN) {
                events.push(ModelEvent::Reasoning(format!("{PLAN_MARK}{plan}")));
            } else if let Some(name) = line.strip_prefix(step::TOOL) {
                let (name, rest) = (name.trim().to_owned(), self.text[begin..].to_owned());
                if name == step::NONE {
                    self.kind = Kind::Answer;
                    events.push(ModelEvent::Text(rest));
                } else {
                    events.push(delta(Some((self.id.clone(), name.clone())), rest));
                    self.kind = Kind::Call { name, begin };
                }
                events.retain(|event| !matches!(event, ModelEvent::Text(text) if text.is_empty()));
                return events;
            }
        }
        Vec::new()
    }

    /// At the end: the call, if it was one. A call that was cut off is handed on as far as it got, and read as
    /// malformed by whoever checks it.
    pub fn end(self) -> Option<ModelEvent> {
        match self.kind {
            Kind::Head | Kind::Answer => None,
            Kind::Call { name, begin } => Some(ModelEvent::ToolCall {
                index: 0,
                id: self.id,
                name,
                arguments: self.text[begin..].to_owned(),
            }),
        }
    }
}

fn delta(named: Option<(String, String)>, arguments: String) -> ModelEvent {
    let (id, name) = named.unzip();
    ModelEvent::ToolCallDelta { index: 0, id, name, arguments }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All events of a text that comes letter by letter.
    fn read(text: &str, calls: bool) -> (Vec<ModelEvent>, Option<ModelEvent>) {
        let mut step = Step::new("c1".into(), calls);
        let events = text.chars().flat_map(|c| step.push(&c.to_string())).collect();
        (events, step.end())
    }

    #[test]
    fn an_answer_is_text() {
        let (events, end) = read(&step::answer("Hi\n!"), true);
        assert_eq!(events, ["H", "i", "\n", "!"].map(|text| ModelEvent::Text(text.into())));
        assert_eq!(end, None);
        assert_eq!(read("tool: x\n", false).0.len(), 8, "without tools nothing is a call");
    }

    #[test]
    fn an_answer_that_comes_at_once_is_told() {
        let mut step = Step::new("c1".into(), true);
        assert_eq!(step.push("tool: none\nHi"), [ModelEvent::Text("Hi".into())]);
    }

    #[test]
    fn a_call_streams_its_arguments_and_ends_whole() {
        let text = step::call(Some("1. read, 2. é"), "file_read", &serde_json::json!({ "path": "ä\n" }));
        let (events, end) = read(&text, true);
        assert_eq!(events[0], ModelEvent::Reasoning("Plan: 1. read, 2. é\n".into()));
        assert_eq!(events[1], delta(Some(("c1".into(), "file_read".into())), String::new()));
        let streamed: String = events[2..]
            .iter()
            .map(|event| match event {
                ModelEvent::ToolCallDelta { arguments, .. } => arguments.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(streamed, "{\"path\": \"ä\\n\"}");
        let Some(ModelEvent::ToolCall { name, arguments, .. }) = end else { panic!("{end:?}") };
        assert_eq!((name.as_str(), arguments), ("file_read", streamed));
    }

    #[test]
    fn a_call_that_was_cut_off_is_handed_on_as_it_is() {
        let (_, end) = read("tool: t\n{\"a\": 1", true);
        let Some(ModelEvent::ToolCall { arguments, .. }) = end else { panic!("{end:?}") };
        assert_eq!(arguments, "{\"a\": 1");
        assert_eq!(read("tool: t", true).1, None);
    }
}
