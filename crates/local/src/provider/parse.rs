//! From what the model writes to events, as it comes.

use crate::prompt::step;
use alumia_models::ModelEvent;

/// Reads one generation.
pub struct Step {
    /// The call's id, if it becomes one.
    id: String,
    text: String,
    kind: Kind,
}

enum Kind {
    /// For nobody's eyes.
    Plan,
    Answer,
    /// A call whose tool isn't named yet.
    Head,
    /// A call, with where its arguments begin in the text.
    Call {
        name: String,
        begin: usize,
    },
}

impl Step {
    /// A plan: no event comes of it.
    pub fn plan() -> Self {
        Self { id: String::new(), text: String::new(), kind: Kind::Plan }
    }

    /// A call, or an answer in free text.
    pub fn new(id: String, call: bool) -> Self {
        Self { id, text: String::new(), kind: if call { Kind::Head } else { Kind::Answer } }
    }

    /// More of the text.
    pub fn push(&mut self, text: &str) -> Option<ModelEvent> {
        self.text.push_str(text);
        match &self.kind {
            Kind::Plan => None,
            Kind::Answer => Some(ModelEvent::Text(text.to_owned())),
            Kind::Head => self.head(),
            Kind::Call { .. } => Some(delta(None, text.to_owned())),
        }
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn head(&mut self) -> Option<ModelEvent> {
        let (line, rest) = self.text.split_once('\n')?;
        let name = line.strip_prefix(step::TOOL).unwrap_or(line).trim().to_owned();
        let event = delta(Some((self.id.clone(), name.clone())), rest.to_owned());
        self.kind = Kind::Call { name, begin: line.len() + 1 };
        Some(event)
    }

    /// At the end: the call, if it was one. A call that was cut off is handed on as far as it got, and read as
    /// malformed by whoever checks it.
    pub fn end(self) -> Option<ModelEvent> {
        match self.kind {
            Kind::Plan | Kind::Head | Kind::Answer => None,
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
    fn read(text: &str, call: bool) -> (Vec<ModelEvent>, Option<ModelEvent>) {
        let mut step = Step::new("c1".into(), call);
        let events = text.chars().filter_map(|c| step.push(&c.to_string())).collect();
        (events, step.end())
    }

    #[test]
    fn an_answer_is_text_and_a_plan_is_nothing() {
        let (events, end) = read("Hi\n!", false);
        assert_eq!(events, ["H", "i", "\n", "!"].map(|text| ModelEvent::Text(text.into())));
        assert_eq!(end, None);
        let mut plan = Step::plan();
        assert_eq!((plan.push("read"), plan.push(", show")), (None, None));
        assert_eq!(plan.text(), "read, show");
        assert_eq!(plan.end(), None);
    }

    #[test]
    fn a_call_streams_its_arguments_and_ends_whole() {
        let text = "tool: file_read\n{\"path\": \"ä\\n\"}";
        let (events, end) = read(text, true);
        assert_eq!(events[0], delta(Some(("c1".into(), "file_read".into())), String::new()));
        let streamed: String = events[1..]
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
