//! Events of a session, added up to what the chat and the canvas draw. Pure: the page, the server
//! and the tests fold alike.

use super::view::{Entry, Letter, MessageView, Notice, NoticeKind};
use alumia_protocol::{
    CallId, MessageId, RunId, Timestamp,
    billing::BlockReason,
    events::{Event, EventData, RunEnd, RunError, SessionView},
    sessions::{
        CallState, CallView, Message, MessagePart, MessageRole, QueuedMessage, RunDelay, Session,
        SessionStatus, Stall,
    },
    tools::{Approval, Effect, SCREENSHOT, ToolError},
};
use std::collections::HashMap;

/// What an event changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// The session itself.
    Session,
    /// The order or number of rows.
    Entries,
    /// One message.
    Message(MessageId),
    /// One call.
    Call(CallId),
    /// The line of waiting messages.
    Queue,
    /// What other agents wrote.
    Letters,
    /// The step's number, the model, or whether a run is going on.
    Run,
    /// The picture of the page in its browser.
    Frame,
}

/// A session as of its last event.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionFold {
    /// The session.
    pub session: Session,
    /// Rows in order.
    pub entries: Vec<Entry>,
    /// Messages by id.
    pub messages: HashMap<MessageId, MessageView>,
    /// Calls by id.
    pub calls: HashMap<CallId, CallView>,
    /// Calls in order.
    pub call_order: Vec<CallId>,
    /// Notices by the number of their event.
    pub notices: HashMap<i64, Notice>,
    /// Messages that wait for the next step boundary.
    pub queue: Vec<QueuedMessage>,
    /// What each other agent wrote here last, in the order in which they first did.
    pub letters: Vec<Letter>,
    /// The present step's number; 0 between runs.
    pub step: u32,
    /// The model of the last run.
    pub model: String,
    /// Whether a run is going on.
    pub running: bool,
    /// Why it has yet to begin.
    pub delayed: Option<RunDelay>,
    /// Why it could not be paid, when that was so last.
    pub unpaid: Option<BlockReason>,
    /// What its calls have cost so far, in microcredits.
    pub cost: i64,
    /// Calls that the organisation's own keys have paid for.
    pub own_key_calls: u32,
    /// The number of the last picture of the page that its browser shows, while a call uses it.
    pub frame: Option<u64>,
    /// For how long the model has said nothing, in milliseconds, while that is long, and when that was noticed.
    pub silent: Option<(i64, Timestamp)>,
    /// Whether the run waited for someone since it last started.
    waited: bool,
}

impl SessionFold {
    /// A session without events.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            entries: vec![],
            messages: HashMap::new(),
            calls: HashMap::new(),
            call_order: vec![],
            notices: HashMap::new(),
            queue: vec![],
            letters: vec![],
            step: 0,
            model: String::new(),
            running: false,
            delayed: None,
            unpaid: None,
            cost: 0,
            own_key_calls: 0,
            frame: None,
            silent: None,
            waited: false,
        }
    }

    /// A session from a snapshot.
    pub fn from_view(view: SessionView) -> Self {
        let mut fold = Self::new(view.session.clone());
        for event in &view.events {
            fold.apply(event);
        }
        // The snapshot's own word is newer than what the events in it say.
        fold.session = view.session;
        fold.queue = view.queue;
        fold
    }

    /// Adds one event of this session. The caller keeps track of numbers: an event is added once.
    pub fn apply(&mut self, event: &Event) -> Vec<Touched> {
        let at = event.at;
        let run = event.run_id;
        let mut touched = Vec::new();
        // Whatever happens next in the run ends the silence. A snapshot gives what was said before it afterwards.
        if event.run_id.is_some() && self.silent.is_some_and(|(_, noticed)| noticed < at) {
            self.silent = None;
            touched.push(Touched::Run);
        }
        match &event.data {
            EventData::ModelStalled { silent_ms } => {
                self.silent = Some((*silent_ms, at));
                touched.push(Touched::Run);
            }
            EventData::RunQueued { message } => {
                self.running = true;
                self.step = 0;
                self.finish_message(message, at, &mut touched);
                touched.push(Touched::Run);
            }
            EventData::RunDelayed(delay) => {
                self.delayed = Some(delay.clone());
                touched.push(Touched::Run);
            }
            EventData::RunStarted { attempt, model } => {
                self.running = true;
                self.delayed = None;
                self.model.clone_from(model);
                touched.push(Touched::Run);
                if *attempt > 1 {
                    self.drop_unfinished(&mut touched);
                    // A run that waited for someone holds no worker: going on is no restart.
                    if !std::mem::take(&mut self.waited) {
                        self.notice(event, NoticeKind::TakenOver, &mut touched);
                    }
                }
            }
            EventData::StepStarted { number } => {
                self.running = true;
                self.step = *number;
                touched.push(Touched::Run);
            }
            EventData::TextDelta { message_id, text } => {
                self.streaming(*message_id, at, run, &mut touched).text.push_str(text);
            }
            EventData::ReasoningDelta { message_id, text } => {
                self.streaming(*message_id, at, run, &mut touched).reasoning.push_str(text);
            }
            EventData::MessageCompleted { message } => {
                self.finish_message(message, at, &mut touched);
                if message.role == MessageRole::User {
                    self.queue.retain(|queued| queued.id != message.id);
                    touched.push(Touched::Queue);
                }
            }
            EventData::MessageDiscarded { .. } => self.drop_unfinished(&mut touched),
            EventData::ModelRetrying { attempt, delay_ms, error } => {
                let kind = NoticeKind::ModelRetrying {
                    attempt: *attempt,
                    delay_ms: *delay_ms,
                    error: error.clone(),
                };
                self.notice(event, kind, &mut touched);
            }
            EventData::ContextCompacted { summary, .. } => {
                self.notice(event, NoticeKind::Compacted { summary: summary.clone() }, &mut touched);
            }
            EventData::MessageQueued { message } => {
                if self.queue.iter().all(|queued| queued.id != message.id) {
                    self.queue.push(message.clone());
                }
                touched.push(Touched::Queue);
            }
            EventData::MessageQueueChanged { message_id, content } => {
                match content {
                    Some(content) => {
                        for queued in self.queue.iter_mut().filter(|queued| queued.id == *message_id) {
                            queued.content.clone_from(content);
                        }
                    }
                    None => self.queue.retain(|queued| queued.id != *message_id),
                }
                touched.push(Touched::Queue);
            }
            EventData::SessionCreated { session } | EventData::SessionUpdated { session } => {
                self.session = (**session).clone();
                touched.push(Touched::Session);
            }
            EventData::StatusChanged { status } => {
                self.session.status = *status;
                self.waited |= !matches!(status, SessionStatus::Active | SessionStatus::Idle);
                touched.push(Touched::Session);
                // A session that rests has no run, whatever became of the run's own last event.
                if matches!(status, SessionStatus::Idle | SessionStatus::Failed) {
                    self.rest(at, &mut touched);
                }
            }
            EventData::RunCompleted(_) => self.rest(at, &mut touched),
            EventData::RunFailed(end) => {
                self.rest(at, &mut touched);
                self.notice(event, NoticeKind::Failed(reason(end)), &mut touched);
            }
            EventData::RunCancelled(_) => {
                self.rest(at, &mut touched);
                self.notice(event, NoticeKind::Stopped, &mut touched);
            }
            EventData::BillingBlocked(blocked) => {
                self.unpaid = Some(blocked.reason);
                touched.push(Touched::Run);
                self.notice(event, NoticeKind::Unpaid(blocked.clone()), &mut touched);
            }
            EventData::UsageRecorded { cost_microcredits, byok, .. } => {
                self.own_key_calls += u32::from(*byok);
                self.spend(*cost_microcredits, &mut touched);
            }
            EventData::PeerReceived { envelope } => {
                let letter = Letter {
                    from: envelope.from.session_id,
                    message: envelope.message_id,
                    text: envelope.text.clone(),
                    at: envelope.sent_at,
                    count: 1,
                };
                match self.letters.iter_mut().find(|known| known.from == letter.from) {
                    Some(known) => *known = Letter { count: known.count + 1, ..letter },
                    None => self.letters.push(letter),
                }
                touched.push(Touched::Letters);
            }
            EventData::BlockCreated { .. }
            | EventData::BlockUpdated { .. }
            | EventData::BlockDeleted { .. }
            | EventData::SessionDeleted {} => {}
            _ => self.apply_call(event, &mut touched),
        }
        touched
    }

    fn apply_call(&mut self, event: &Event, touched: &mut Vec<Touched>) {
        let at = event.at;
        match &event.data {
            EventData::ToolArgsDelta { call_id, tool, text } => {
                let call = self.call(*call_id, tool, at, event.run_id, touched);
                call.arguments.push_str(text);
            }
            EventData::ToolStarted { call_id, tool, title, effect, deadline_at, arguments, .. } => {
                let call = self.call(*call_id, tool, at, event.run_id, touched);
                call.title.clone_from(title);
                call.effect = *effect;
                call.state = CallState::Running;
                call.arguments = pretty(arguments);
                call.output.clear();
                call.error = None;
                call.started_at = at;
                call.deadline_at = Some(*deadline_at);
                call.stalled = None;
            }
            EventData::ToolStalled { call_id, tool, silent_ms } => {
                let call = self.call(*call_id, tool, at, event.run_id, touched);
                let since = at.plus_micros(silent_ms.saturating_mul(-1_000));
                call.stalled = Some(Stall { since, noticed_at: at });
            }
            EventData::PeerAwaited { call_id, from } => {
                // Its start comes before it.
                if let Some(call) = self.calls.get_mut(call_id) {
                    call.awaits = Some(from.clone());
                    touched.push(Touched::Call(*call_id));
                }
            }
            EventData::ToolOutputDelta { call_id, channel, text } if channel == SCREENSHOT => {
                // Numbers, one a line: the last is the newest.
                let number = text.lines().rev().find_map(|line| line.parse().ok());
                if self.calls.get(call_id).is_some_and(|call| call.state == CallState::Running) {
                    self.frame = number.or(self.frame);
                    touched.push(Touched::Frame);
                }
            }
            EventData::ToolOutputDelta { call_id, text, .. } => {
                // Output of an unknown call has nowhere to go: its start comes with every snapshot.
                if let Some(call) = self.calls.get_mut(call_id) {
                    call.output.push_str(text);
                    // A snapshot gives what was put out before after the word of the silence.
                    call.stalled = call.stalled.filter(|stall| at <= stall.noticed_at);
                    touched.push(Touched::Call(*call_id));
                }
            }
            EventData::ToolCompleted {
                call_id, tool, title, output, duration_ms, cost_microcredits, ..
            } => {
                let call = self.call(*call_id, tool, at, event.run_id, touched);
                call.title.clone_from(title);
                call.state = CallState::Done;
                call.error = None;
                call.result = Some(output.clone());
                call.duration_ms = Some(*duration_ms);
                call.cost_microcredits = *cost_microcredits;
                (call.deadline_at, call.stalled, call.awaits) = (None, None, None);
                self.spend(*cost_microcredits, touched);
                self.end_frame(touched);
            }
            EventData::ToolFailed {
                call_id, tool, attempt, error, duration_ms, cost_microcredits, ..
            } => {
                let call = self.call(*call_id, tool, at, event.run_id, touched);
                call.state = CallState::Failed;
                call.attempt = *attempt;
                call.error = Some(error.clone());
                call.duration_ms = Some(*duration_ms);
                call.cost_microcredits = *cost_microcredits;
                (call.deadline_at, call.stalled, call.awaits) = (None, None, None);
                self.spend(*cost_microcredits, touched);
                self.end_frame(touched);
            }
            EventData::ToolRetrying { call_id, tool, attempt, error, arguments } => {
                let call = self.call(*call_id, tool, at, event.run_id, touched);
                call.state = CallState::Retrying;
                call.attempt = *attempt;
                call.error = Some(error.clone());
                call.arguments = pretty(arguments);
            }
            EventData::ApprovalRequested { call_id, tool, title, arguments, expires_at } => {
                let call = self.call(*call_id, tool, at, event.run_id, touched);
                call.title.clone_from(title);
                call.effect = Effect::External;
                call.state = CallState::Asking;
                call.arguments = pretty(arguments);
                (call.started_at, call.deadline_at) = (at, *expires_at);
            }
            EventData::ApprovalResolved { call_id, approval } => {
                self.waited = true;
                if let Some(call) = self.calls.get_mut(call_id) {
                    if *approval == Approval::Deny {
                        call.state = CallState::Failed;
                        call.error = Some(tool_error("denied", "You did not allow this call."));
                    } else {
                        call.state = CallState::Preparing;
                    }
                    touched.push(Touched::Call(*call_id));
                }
            }
            _ => {}
        }
    }

    /// From here on the page's block has the picture.
    fn end_frame(&mut self, touched: &mut Vec<Touched>) {
        if self.frame.take().is_some() {
            touched.push(Touched::Frame);
        }
    }

    fn spend(&mut self, cost: i64, touched: &mut Vec<Touched>) {
        self.cost = self.cost.saturating_add(cost);
        touched.push(Touched::Run);
    }

    /// The call with this id, new if it is the first that we hear of it.
    fn call(
        &mut self,
        id: CallId,
        tool: &str,
        at: Timestamp,
        run_id: Option<RunId>,
        touched: &mut Vec<Touched>,
    ) -> &mut CallView {
        touched.push(Touched::Call(id));
        let session_id = self.session.id;
        if !self.calls.contains_key(&id) {
            self.call_order.push(id);
            self.entries.push(Entry::Call(id));
            touched.push(Touched::Entries);
        }
        self.calls.entry(id).or_insert_with(|| CallView {
            call_id: id,
            session_id,
            // Calls are made in runs; an event without one still must not break the page.
            run_id: run_id.unwrap_or(RunId(id.0)),
            tool: tool.to_owned(),
            title: plain_title(tool),
            effect: Effect::Read,
            state: CallState::Preparing,
            arguments: String::new(),
            output: String::new(),
            result: None,
            error: None,
            attempt: 1,
            started_at: at,
            deadline_at: None,
            stalled: None,
            awaits: None,
            duration_ms: None,
            cost_microcredits: 0,
        })
    }

    fn streaming(
        &mut self,
        id: MessageId,
        at: Timestamp,
        run_id: Option<RunId>,
        touched: &mut Vec<Touched>,
    ) -> &mut MessageView {
        touched.push(Touched::Message(id));
        if !self.messages.contains_key(&id) {
            self.entries.push(Entry::Message(id));
            touched.push(Touched::Entries);
        }
        self.messages.entry(id).or_insert_with(|| MessageView {
            id,
            role: MessageRole::Assistant,
            from: None,
            text: String::new(),
            reasoning: String::new(),
            attachments: vec![],
            streaming: true,
            at,
            run_id,
        })
    }

    /// Puts a finished message and its calls where the first of them stands, in the message's order.
    fn finish_message(&mut self, message: &Message, at: Timestamp, touched: &mut Vec<Touched>) {
        let mut reasoning = String::new();
        let mut rows = Vec::new();
        for part in &message.parts {
            match part {
                MessagePart::Text { .. } => {}
                MessagePart::Reasoning { text, .. } => reasoning.push_str(text),
                MessagePart::ToolCall { call_id, tool, arguments } => {
                    let call = self.call(*call_id, tool, at, message.run_id, touched);
                    if call.state == CallState::Preparing {
                        call.arguments = pretty(arguments);
                    }
                    rows.push(Entry::Call(*call_id));
                }
            }
        }
        let text = message.text();
        if text.is_empty() && reasoning.is_empty() && message.attachments.is_empty() {
            self.messages.remove(&message.id);
            self.entries.retain(|entry| *entry != Entry::Message(message.id));
        } else {
            rows.insert(0, Entry::Message(message.id));
            let view = MessageView {
                id: message.id,
                role: message.role,
                from: message.from.clone(),
                text,
                reasoning,
                attachments: message.attachments.clone(),
                streaming: false,
                at: message.created_at,
                run_id: message.run_id,
            };
            self.messages.insert(message.id, view);
        }
        let place = self.entries.iter().position(|entry| rows.contains(entry)).unwrap_or(self.entries.len());
        let tail = self.entries.split_off(place);
        self.entries.extend(&rows);
        self.entries.extend(tail.into_iter().filter(|entry| !rows.contains(entry)));
        touched.extend([Touched::Message(message.id), Touched::Entries]);
    }

    /// Drops what a broken model call left: its unfinished text and the calls that it was writing.
    fn drop_unfinished(&mut self, touched: &mut Vec<Touched>) {
        let finished = |call: &CallView| call.state != CallState::Preparing || call.deadline_at.is_some();
        self.messages.retain(|_, message| !message.streaming);
        self.calls.retain(|_, call| finished(call));
        let (messages, calls) = (&self.messages, &self.calls);
        self.entries.retain(|entry| match entry {
            Entry::Message(id) => messages.contains_key(id),
            Entry::Call(id) => calls.contains_key(id),
            Entry::Notice(_) => true,
        });
        self.call_order.retain(|id| calls.contains_key(id));
        touched.push(Touched::Entries);
    }

    /// The run is over: nothing streams and nothing runs.
    fn rest(&mut self, at: Timestamp, touched: &mut Vec<Touched>) {
        self.running = false;
        self.delayed = None;
        self.silent = None;
        self.step = 0;
        touched.push(Touched::Run);
        for message in self.messages.values_mut().filter(|message| message.streaming) {
            message.streaming = false;
            touched.push(Touched::Message(message.id));
        }
        for call in self.calls.values_mut() {
            if matches!(call.state, CallState::Preparing | CallState::Asking | CallState::Running) {
                call.state = CallState::Failed;
                call.awaits = None;
                call.error = Some(tool_error("interrupted", "The run ended before this call did."));
                call.duration_ms = call.deadline_at.take().map(|_| at.millis_since(call.started_at));
                touched.push(Touched::Call(call.call_id));
            }
        }
    }

    fn notice(&mut self, event: &Event, kind: NoticeKind, touched: &mut Vec<Touched>) {
        if self.notices.insert(event.seq, Notice { kind, at: event.at }).is_none() {
            self.entries.push(Entry::Notice(event.seq));
        }
        touched.push(Touched::Entries);
    }
}

fn reason(end: &RunEnd) -> RunError {
    end.error.clone().unwrap_or_else(|| RunError {
        code: "internal".into(),
        message: "The run ended without an answer.".into(),
        action: Some("Send the message again.".into()),
    })
}

fn tool_error(code: &str, message: &str) -> ToolError {
    ToolError { code: code.into(), message: message.into(), path: None }
}

fn pretty(arguments: &serde_json::Value) -> String {
    serde_json::to_string_pretty(arguments).unwrap_or_else(|_| arguments.to_string())
}

/// `sandbox_exec` → "Sandbox exec": until the call's start brings the tool's own title.
fn plain_title(tool: &str) -> String {
    let words = tool.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
