//! Texts and outputs whose deltas are not yet replaced by a durable event.

use alumia_protocol::{
    CallId, MessageId, SessionId,
    events::{Event, EventData},
    sessions::MessagePart,
};

/// For each unfinished text one delta that stands for all of its deltas so far, in the order in which
/// they began.
#[derive(Default)]
pub(super) struct Unfinished(Vec<Event>);

/// Which text a delta adds to.
#[derive(PartialEq, Eq)]
enum Part<'a> {
    Text(MessageId),
    Reasoning(MessageId),
    Arguments(CallId),
    Output(CallId, &'a str),
}

impl Unfinished {
    /// Adds a delta, or drops what a durable event finishes.
    pub(super) fn apply(&mut self, event: &Event) {
        if let Some((part, text)) = delta(&event.data) {
            let known = self.0.iter_mut().rev().find(|it| delta(&it.data).is_some_and(|it| it.0 == part));
            match known {
                Some(known) => {
                    (known.seq, known.at, known.step_id) = (event.seq, event.at, event.step_id);
                    if let Some(so_far) = text_mut(&mut known.data) {
                        so_far.push_str(text);
                    }
                }
                None => self.0.push(event.clone()),
            }
        } else if !self.0.is_empty() {
            self.0.retain(|it| !finishes(event, it));
        }
    }

    /// What may still be added of a delta when each text has at most `max` bytes.
    pub(super) fn fit(&self, mut data: EventData, max: usize) -> Option<EventData> {
        let (part, text) = delta(&data)?;
        let known = self.0.iter().rev().filter_map(|it| delta(&it.data)).find(|it| it.0 == part);
        let room = max.saturating_sub(known.map_or(0, |(_, so_far)| so_far.len()));
        // What a cut leaves free is less than a character can take, so nothing follows a cut.
        if room < char::MAX.len_utf8() {
            return None;
        }
        let end = text.floor_char_boundary(room);
        text_mut(&mut data)?.truncate(end);
        Some(data)
    }

    /// All of it, or one session's.
    pub(super) fn events(&self, session: Option<SessionId>) -> Vec<Event> {
        self.0.iter().filter(|it| session.is_none() || it.session_id == session).cloned().collect()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn delta(data: &EventData) -> Option<(Part<'_>, &str)> {
    Some(match data {
        EventData::TextDelta { message_id, text } => (Part::Text(*message_id), text),
        EventData::ReasoningDelta { message_id, text } => (Part::Reasoning(*message_id), text),
        EventData::ToolArgsDelta { call_id, text, .. } => (Part::Arguments(*call_id), text),
        EventData::ToolOutputDelta { call_id, channel, text } => (Part::Output(*call_id, channel), text),
        _ => return None,
    })
}

const fn text_mut(data: &mut EventData) -> Option<&mut String> {
    match data {
        EventData::TextDelta { text, .. }
        | EventData::ReasoningDelta { text, .. }
        | EventData::ToolArgsDelta { text, .. }
        | EventData::ToolOutputDelta { text, .. } => Some(text),
        _ => None,
    }
}

/// Whether a durable event replaces an unfinished text.
fn finishes(event: &Event, unfinished: &Event) -> bool {
    let Some((part, _)) = delta(&unfinished.data) else { return true };
    match &event.data {
        EventData::MessageCompleted { message } => match part {
            Part::Text(id) | Part::Reasoning(id) => id == message.id,
            Part::Arguments(id) => message
                .parts
                .iter()
                .any(|part| matches!(part, MessagePart::ToolCall { call_id, .. } if *call_id == id)),
            Part::Output(..) => false,
        },
        // The calls of a discarded message never begin, so their arguments go with it.
        EventData::MessageDiscarded { message_id } => match part {
            Part::Text(id) | Part::Reasoning(id) => id == *message_id,
            Part::Arguments(_) => same_run(event, unfinished),
            Part::Output(..) => false,
        },
        // The worker that takes a run over makes its open model call again.
        EventData::RunStarted { attempt, .. } => {
            *attempt > 1 && !matches!(part, Part::Output(..)) && same_run(event, unfinished)
        }
        EventData::ApprovalRequested { call_id, .. } => part == Part::Arguments(*call_id),
        EventData::ToolStarted { call_id, .. }
        | EventData::ToolCompleted { call_id, .. }
        | EventData::ToolFailed { call_id, .. }
        | EventData::ToolRetrying { call_id, .. } => {
            matches!(part, Part::Arguments(id) | Part::Output(id, _) if id == *call_id)
        }
        EventData::SessionDeleted {} => unfinished.session_id == event.session_id,
        data => data.ends_run() && same_run(event, unfinished),
    }
}

fn same_run(event: &Event, unfinished: &Event) -> bool {
    unfinished.session_id == event.session_id && unfinished.run_id == event.run_id
}
