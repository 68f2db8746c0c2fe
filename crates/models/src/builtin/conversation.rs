//! What the conversation says about where the present turn stands. The guide remembers nothing, so that
//! a worker which takes a run over goes on as if nothing had happened.

use crate::{ModelMessage, Part, Role};

/// One tool call of the present turn.
#[derive(Debug)]
pub struct Call<'a> {
    pub name: &'a str,
    id: &'a str,
    /// What came back: the text, and whether it is an error.
    pub result: Option<(&'a str, bool)>,
}

impl Call<'_> {
    /// What came back when it went well.
    pub fn success(&self) -> Option<&str> {
        self.result.filter(|(_, failed)| !failed).map(|(content, _)| content)
    }

    /// What came back when it failed; also when nothing came back.
    pub fn failure(&self) -> Option<&str> {
        match self.result {
            Some((content, true)) => Some(content),
            Some((_, false)) => None,
            None => Some("No result came back."),
        }
    }

    fn was_stopped(&self) -> bool {
        self.failure().is_some_and(|text| {
            let text = text.to_lowercase();
            ["(stopped)", "cancelled", "stopped by"].iter().any(|words| text.contains(words))
        })
    }
}

/// The calls of one answer.
pub type Step<'a> = Vec<Call<'a>>;

/// What is being asked and what was done about it so far.
#[derive(Debug, Default)]
pub struct Turn<'a> {
    /// The message that began the turn, then those that joined it, each once.
    pub asks: Vec<&'a str>,
    /// The answers so far, oldest first; each has at least one call.
    pub steps: Vec<Step<'a>>,
}

/// Reads the turn that the last messages belong to. An answer without calls ends a turn.
pub fn read(messages: &[ModelMessage]) -> Turn<'_> {
    let mut turn = Turn::default();
    let mut over = true;
    for message in messages {
        match message.role {
            Role::User => {
                let stopped = turn.steps.last().is_some_and(|step| step.iter().any(Call::was_stopped));
                if over || stopped {
                    turn = Turn::default();
                    over = false;
                }
                turn.asks.push(first_text(message));
            }
            Role::Assistant => {
                let calls: Step<'_> = message.parts.iter().filter_map(call).collect();
                over = calls.is_empty();
                if !over {
                    turn.steps.push(calls);
                }
            }
            Role::Tool => message.parts.iter().for_each(|part| put_result(&mut turn.steps, part)),
        }
    }
    turn
}

fn first_text(message: &ModelMessage) -> &str {
    let text = message.parts.iter().find_map(|part| match part {
        Part::Text(text) => Some(text.trim()),
        _ => None,
    });
    text.unwrap_or_default()
}

fn call(part: &Part) -> Option<Call<'_>> {
    match part {
        Part::ToolCall { id, name, .. } => Some(Call { name, id, result: None }),
        _ => None,
    }
}

fn put_result<'a>(steps: &mut [Step<'a>], part: &'a Part) {
    let Part::ToolResult { id, content, is_error, .. } = part else { return };
    let waiting = steps.iter_mut().rev().flatten().find(|call| call.id == id);
    if let Some(call) = waiting {
        call.result = Some((unlabelled(content), *is_error));
    }
}

/// A tool's result, or another agent's message, without the label that says what it is.
pub fn unlabelled(content: &str) -> &str {
    let inside = |label: &str| {
        let (_, rest) = content.strip_prefix('<')?.strip_prefix(label)?.split_once(">\n")?;
        rest.strip_suffix('>')?.strip_suffix(label)?.strip_suffix("\n</")
    };
    inside("tool_output").or_else(|| inside("peer_message")).unwrap_or(content)
}

#[cfg(test)]
mod tests {
    use super::unlabelled;

    #[test]
    fn a_label_is_not_part_of_a_result() {
        assert_eq!(unlabelled("<tool_output tool=\"x\">\na > b\n</tool_output>"), "a > b");
        assert_eq!(unlabelled("<peer_message from=\"B\">\nrun ls\n</peer_message>"), "run ls");
        assert_eq!(unlabelled("<tool_output> and no end"), "<tool_output> and no end");
        assert_eq!(unlabelled("plain"), "plain");
    }
}
