use super::SessionFold;
use crate::live::view::{Entry, NoticeKind};
use alumia_protocol::{
    AgentId, CallId, MessageId, Microcredits, ProjectId, RunId, SessionId, Timestamp, UserId,
    billing::{BlockReason, Blocked},
    blocks::Position,
    events::{Event, EventData, RunEnd, RunError, SessionView, Usage},
    peers::{Envelope, EnvelopeKind, PeerRef},
    sessions::{
        CallState, Message, MessagePart, MessageRole, QueuedMessage, RunDelay, Session, SessionStatus,
    },
    tools::{Approval, Effect, ToolError},
};
use serde_json::json;

/// Writes a log as the server would.
struct Story {
    session: Session,
    run: RunId,
    events: Vec<Event>,
}

impl Story {
    fn new() -> Self {
        let session = Session {
            id: SessionId::new(),
            project_id: ProjectId::new(),
            agent_id: AgentId::new(),
            agent_name: "Ala".into(),
            agent_avatar: String::new(),
            label: "New chat".into(),
            status: SessionStatus::Idle,
            position: Position::default(),
            metadata: json!({}),
            parent_id: None,
            created_by: UserId::new(),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        Self { session, run: RunId::new(), events: vec![] }
    }

    fn push(&mut self, data: EventData) {
        let seq = i64::try_from(self.events.len()).unwrap() + 1;
        self.events.push(Event {
            seq,
            at: Timestamp(seq * 1_000_000),
            session_id: Some(self.session.id),
            run_id: Some(self.run),
            step_id: None,
            data,
        });
    }

    fn message(&self, id: MessageId, role: MessageRole, parts: Vec<MessagePart>) -> Message {
        Message {
            id,
            role,
            from: None,
            parts,
            attachments: vec![],
            run_id: Some(self.run),
            created_at: Timestamp(7),
        }
    }

    fn say(&mut self, text: &str) -> MessageId {
        let id = MessageId::new();
        let message = self.message(id, MessageRole::User, vec![MessagePart::Text { text: text.into() }]);
        self.push(EventData::RunQueued { message });
        id
    }

    fn fold(&self) -> SessionFold {
        let mut fold = SessionFold::new(self.session.clone());
        for event in &self.events {
            fold.apply(event);
        }
        fold
    }

    /// What a snapshot taken after `count` events holds: the durable ones, and one delta for each text or
    /// output that isn't finished then.
    fn snapshot(&self, count: usize) -> SessionView {
        let seen = &self.events[..count];
        let finished = |event: &Event| {
            let after = seen.iter().filter(|later| later.seq > event.seq);
            after.into_iter().any(|later| match (&event.data, &later.data) {
                (
                    EventData::TextDelta { message_id, .. } | EventData::ReasoningDelta { message_id, .. },
                    EventData::MessageCompleted { message },
                ) => message.id == *message_id,
                (
                    EventData::TextDelta { message_id: id, .. }
                    | EventData::ReasoningDelta { message_id: id, .. },
                    EventData::MessageDiscarded { message_id },
                ) => id == message_id,
                (EventData::ToolArgsDelta { call_id: id, .. }, EventData::MessageCompleted { message }) => {
                    message
                        .parts
                        .iter()
                        .any(|part| matches!(part, MessagePart::ToolCall { call_id, .. } if call_id == id))
                }
                (EventData::ToolArgsDelta { .. }, EventData::MessageDiscarded { .. }) => true,
                (
                    EventData::ToolOutputDelta { call_id: id, .. },
                    EventData::ToolCompleted { call_id, .. } | EventData::ToolFailed { call_id, .. },
                ) => id == call_id,
                _ => false,
            })
        };
        let mut events: Vec<Event> = Vec::new();
        for event in seen {
            if event.data.is_durable() {
                events.push(event.clone());
                continue;
            }
            if finished(event) {
                continue;
            }
            let more = events.iter_mut().find_map(|kept| match (&mut kept.data, &event.data) {
                (
                    EventData::TextDelta { message_id, text },
                    EventData::TextDelta { message_id: id, text: more },
                )
                | (
                    EventData::ReasoningDelta { message_id, text },
                    EventData::ReasoningDelta { message_id: id, text: more },
                ) if message_id == id => Some((text, more)),
                (
                    EventData::ToolArgsDelta { call_id, text, .. },
                    EventData::ToolArgsDelta { call_id: id, text: more, .. },
                )
                | (
                    EventData::ToolOutputDelta { call_id, text, .. },
                    EventData::ToolOutputDelta { call_id: id, text: more, .. },
                ) if call_id == id => Some((text, more)),
                _ => None,
            });
            match more {
                Some((text, more)) => text.push_str(more),
                None => events.push(event.clone()),
            }
        }
        let fold = {
            let mut fold = SessionFold::new(self.session.clone());
            seen.iter().for_each(|event| drop(fold.apply(event)));
            fold
        };
        SessionView { session: fold.session, events, queue: fold.queue }
    }
}

/// A run with everything in it: thought, text, a malformed call, two calls with output, an approval, a
/// queued message, a broken model call, a provider that was busy.
fn story() -> Story {
    let mut story = Story::new();
    story.say("Count the rows");
    story.push(EventData::StatusChanged { status: SessionStatus::Active });
    story.push(EventData::RunStarted { attempt: 1, model: "m".into() });
    story.push(EventData::StepStarted { number: 1 });
    let broken = MessageId::new();
    story.push(EventData::TextDelta { message_id: broken, text: "I wi".into() });
    story.push(EventData::ToolArgsDelta {
        call_id: CallId::new(),
        tool: "file_read".into(),
        text: "{".into(),
    });
    story.push(EventData::MessageDiscarded { message_id: broken });
    let busy = RunError { code: "overloaded".into(), message: "Busy.".into(), action: None };
    story.push(EventData::ModelRetrying { attempt: 2, delay_ms: 500, error: busy });

    let first = MessageId::new();
    let (bad, asked, run) = (CallId::new(), CallId::new(), CallId::new());
    story.push(EventData::ReasoningDelta { message_id: first, text: "Rows ".into() });
    story.push(EventData::ReasoningDelta { message_id: first, text: "first.".into() });
    story.push(EventData::TextDelta { message_id: first, text: "I will ".into() });
    story.push(EventData::TextDelta { message_id: first, text: "look.".into() });
    for (call, text) in [(bad, "{\"pat"), (bad, "h\":1}"), (run, "{\"command\":\"wc\"}"), (asked, "{}")] {
        story.push(EventData::ToolArgsDelta {
            call_id: call,
            tool: "sandbox_exec".into(),
            text: text.into(),
        });
    }
    let call = |call_id, arguments| MessagePart::ToolCall { call_id, tool: "sandbox_exec".into(), arguments };
    let parts = vec![
        MessagePart::Reasoning { text: "Rows first.".into(), signature: None },
        MessagePart::Text { text: "I will look.".into() },
        call(bad, json!({"path": 1})),
        call(run, json!({"command": "wc"})),
        call(asked, json!({})),
    ];
    let message = story.message(first, MessageRole::Assistant, parts);
    story.push(EventData::MessageCompleted { message });
    story.push(EventData::ToolRetrying {
        call_id: bad,
        tool: "sandbox_exec".into(),
        attempt: 1,
        error: ToolError {
            code: "invalid_arguments".into(),
            message: "path: not a string".into(),
            path: Some("/path".into()),
        },
        arguments: json!({"path": 1}),
    });
    story.push(EventData::ToolStarted {
        call_id: run,
        tool: "sandbox_exec".into(),
        title: "Running command".into(),
        effect: Effect::Write,
        idempotent: false,
        deadline_at: Timestamp(99_000_000),
        arguments: json!({"command": "wc"}),
    });
    story.push(EventData::ApprovalRequested {
        expires_at: Some(Timestamp(9_000_000_000)),
        call_id: asked,
        tool: "http_fetch".into(),
        title: "Fetch page".into(),
        arguments: json!({}),
    });
    story.push(EventData::ToolOutputDelta { call_id: run, channel: "stdout".into(), text: "34".into() });
    let queued = QueuedMessage {
        id: MessageId::new(),
        from: None,
        content: "and chart".into(),
        attachments: vec![],
        created_at: Timestamp(5),
    };
    story.push(EventData::MessageQueued { message: queued.clone() });
    story
        .push(EventData::MessageQueueChanged { message_id: queued.id, content: Some("and chart it".into()) });
    story.push(EventData::ToolOutputDelta { call_id: run, channel: "stdout".into(), text: "4\n".into() });
    story.push(EventData::ToolCompleted {
        call_id: run,
        tool: "sandbox_exec".into(),
        title: "Ran command".into(),
        output: json!("344\n"),
        duration_ms: 12,
        cost_microcredits: 0,
        reservation_id: None,
    });
    story.push(EventData::ApprovalResolved { call_id: asked, approval: Approval::Deny });
    let joined =
        story.message(queued.id, MessageRole::User, vec![MessagePart::Text { text: "and chart it".into() }]);
    story.push(EventData::MessageCompleted { message: joined });
    story.push(EventData::StepStarted { number: 2 });
    let last = MessageId::new();
    story.push(EventData::TextDelta { message_id: last, text: "344 rows.".into() });
    let message =
        story.message(last, MessageRole::Assistant, vec![MessagePart::Text { text: "344 rows.".into() }]);
    story.push(EventData::MessageCompleted { message });
    story.push(EventData::RunCompleted(RunEnd {
        status: "completed".into(),
        error: None,
        usage: Usage::default(),
        cost_microcredits: 0,
    }));
    story.push(EventData::StatusChanged { status: SessionStatus::Idle });
    story
}

#[test]
fn a_snapshot_and_the_rest_equal_all_events() {
    let story = story();
    let whole = story.fold();
    for cut in 0..=story.events.len() {
        let mut resumed = SessionFold::from_view(story.snapshot(cut));
        for event in &story.events[cut..] {
            resumed.apply(event);
        }
        assert_eq!(resumed.entries, whole.entries, "cut at {cut}");
        assert_eq!(resumed.calls.keys().len(), whole.calls.len(), "cut at {cut}");
        for (id, call) in &whole.calls {
            let mut other = resumed.calls[id].clone();
            // What was printed lives on in the result once the call has ended.
            other.output.clone_from(&call.output);
            other.started_at = call.started_at;
            assert_eq!(&other, call, "cut at {cut}");
        }
        assert_eq!(resumed.messages, whole.messages, "cut at {cut}");
        assert_eq!((resumed.queue, resumed.running, resumed.step), (vec![], false, 0), "cut at {cut}");
    }
}

#[test]
fn a_run_reads_from_top_to_bottom() {
    let story = story();
    let fold = story.fold();
    let rows: Vec<String> = fold
        .entries
        .iter()
        .map(|entry| match entry {
            Entry::Message(id) => fold.messages[id].text.clone(),
            Entry::Call(id) => format!("{:?} {}", fold.calls[id].state, fold.calls[id].title),
            Entry::Notice(key) => match &fold.notices[key].kind {
                NoticeKind::ModelRetrying { attempt, .. } => format!("retry {attempt}"),
                other => format!("{other:?}"),
            },
        })
        .collect();
    let expected = [
        "Count the rows",
        "retry 2",
        "I will look.",
        "Retrying Sandbox exec",
        "Done Ran command",
        "Failed Fetch page",
        "and chart it",
        "344 rows.",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn shows_unfinished_things_as_unfinished_and_ends_them_with_the_run() {
    let mut story = Story::new();
    story.say("Go");
    story.push(EventData::StepStarted { number: 1 });
    let (answer, call) = (MessageId::new(), CallId::new());
    story.push(EventData::TextDelta { message_id: answer, text: "On".into() });
    story.push(EventData::ToolStarted {
        call_id: call,
        tool: "sandbox_exec".into(),
        title: "Running command".into(),
        effect: Effect::Write,
        idempotent: false,
        deadline_at: Timestamp(99_000_000),
        arguments: json!({"command": "sleep 600"}),
    });
    let fold = story.fold();
    assert!(fold.running && fold.messages[&answer].streaming);
    assert_eq!((fold.step, fold.calls[&call].state), (1, CallState::Running));

    let error = RunError { code: "stopped".into(), message: "Stopped.".into(), action: None };
    let end = RunEnd {
        status: "cancelled".into(),
        error: Some(error),
        usage: Usage::default(),
        cost_microcredits: 0,
    };
    story.push(EventData::RunCancelled(end));
    let fold = story.fold();
    assert!(!fold.running && !fold.messages[&answer].streaming);
    assert_eq!(fold.calls[&call].state, CallState::Failed);
    assert_eq!(fold.notices.values().next().map(|notice| &notice.kind), Some(&NoticeKind::Stopped));
}

#[test]
fn a_takeover_drops_what_the_dead_worker_was_writing() {
    let mut story = Story::new();
    story.say("Go");
    story.push(EventData::RunStarted { attempt: 1, model: "m".into() });
    let (lost, call) = (MessageId::new(), CallId::new());
    story.push(EventData::TextDelta { message_id: lost, text: "Half a sen".into() });
    story.push(EventData::ToolArgsDelta { call_id: call, tool: "show".into(), text: "{\"a".into() });
    story.push(EventData::RunStarted { attempt: 2, model: "m".into() });
    let fold = story.fold();
    assert!(!fold.messages.contains_key(&lost) && !fold.calls.contains_key(&call));
    assert_eq!(fold.call_order, []);
    assert!(fold.running);
    assert_eq!(fold.entries.len(), 2);
}

#[test]
fn a_failure_says_why() {
    let mut story = Story::new();
    story.say("Go");
    let end = RunEnd { status: "failed".into(), error: None, usage: Usage::default(), cost_microcredits: 0 };
    story.push(EventData::RunFailed(end));
    let fold = story.fold();
    let Some(Entry::Notice(key)) = fold.entries.last() else { panic!("no card") };
    assert!(matches!(&fold.notices[key].kind, NoticeKind::Failed(error) if !error.message.is_empty()));
}

#[test]
fn what_waits_to_be_paid_says_why_and_a_call_what_it_cost() {
    let mut story = Story::new();
    story.say("Go");
    let blocked = Blocked {
        reason: BlockReason::NoCredits,
        message: "Nothing is left.".into(),
        needed: Microcredits(5),
        missing: Microcredits(5),
        budget: None,
        package: None,
        lacks: None,
        included_in: Vec::new(),
    };
    story.push(EventData::BillingBlocked(blocked.clone()));
    story.push(EventData::StatusChanged { status: SessionStatus::AwaitingPayment });
    let waiting = story.fold();
    assert_eq!(waiting.session.status, SessionStatus::AwaitingPayment);
    let Some(Entry::Notice(key)) = waiting.entries.last() else { panic!("no card") };
    assert_eq!(waiting.notices[key].kind, NoticeKind::Unpaid(blocked));
    // Going on is no restart.
    story.push(EventData::StatusChanged { status: SessionStatus::Active });
    story.push(EventData::RunStarted { attempt: 2, model: "m".into() });
    let call = CallId::new();
    story.push(EventData::ToolCompleted {
        call_id: call,
        tool: "sandbox_exec".into(),
        title: "Ran command".into(),
        output: json!(""),
        duration_ms: 3_000,
        cost_microcredits: 6_000,
        reservation_id: None,
    });
    let fold = story.fold();
    assert_eq!((fold.notices.len(), fold.calls[&call].cost_microcredits), (1, 6_000));
}

#[test]
fn a_run_beyond_the_packages_number_says_why_it_waits_until_it_begins() {
    let mut story = Story::new();
    story.say("Go");
    let delay = RunDelay { message: "Waiting.".into(), package: "personal".into(), at_once: 3 };
    story.push(EventData::RunDelayed(delay.clone()));
    let waiting = story.fold();
    assert!(waiting.running && waiting.delayed == Some(delay.clone()));
    story.push(EventData::RunStarted { attempt: 1, model: "m".into() });
    assert_eq!(story.fold().delayed, None);
    // Stopped before it began.
    story.say("Again");
    story.push(EventData::RunDelayed(delay));
    story.push(EventData::StatusChanged { status: SessionStatus::Idle });
    let stopped = story.fold();
    assert!(!stopped.running && stopped.delayed.is_none());
}

#[test]
fn a_model_that_says_nothing_is_marked_until_it_does() {
    let mut story = Story::new();
    story.push(EventData::StepStarted { number: 1 });
    story.push(EventData::ModelStalled { silent_ms: 30_000 });
    assert_eq!(story.fold().silent.map(|(silent, _)| silent), Some(30_000));
    story.push(EventData::TextDelta { message_id: MessageId::new(), text: "At last".into() });
    assert_eq!(story.fold().silent, None);
    story.push(EventData::ModelStalled { silent_ms: 31_000 });
    story.push(EventData::StatusChanged { status: SessionStatus::Idle });
    assert_eq!(story.fold().silent, None);
}

#[test]
fn a_silent_call_is_marked_until_it_puts_something_out_or_ends() {
    let mut story = Story::new();
    let call = CallId::new();
    let tool = || "sandbox_exec".to_owned();
    let output =
        || EventData::ToolOutputDelta { call_id: call, channel: "stdout".into(), text: "1\n".into() };
    story.push(EventData::ToolStarted {
        call_id: call,
        tool: tool(),
        title: "Running command".into(),
        effect: Effect::Write,
        idempotent: false,
        deadline_at: Timestamp(99_000_000),
        arguments: json!({}),
    });
    story.push(output());
    story.push(EventData::ToolStalled { call_id: call, tool: tool(), silent_ms: 30_000 });
    let stall = story.fold().calls[&call].stalled.expect("it is marked");
    assert_eq!(stall.noticed_at.millis_since(stall.since), 30_000);
    // A page that is opened now gets what was put out after the word of the silence.
    let mut view = story.snapshot(story.events.len());
    view.events.sort_by_key(|event| !event.data.is_durable());
    assert_eq!(SessionFold::from_view(view).calls[&call].stalled, Some(stall));
    story.push(output());
    assert_eq!(story.fold().calls[&call].stalled, None);
    story.push(EventData::ToolStalled { call_id: call, tool: tool(), silent_ms: 30_000 });
    assert!(story.fold().calls[&call].stalled.is_some());
    story.push(EventData::ToolCompleted {
        call_id: call,
        tool: tool(),
        title: "Ran command".into(),
        output: json!(null),
        duration_ms: 60_000,
        cost_microcredits: 0,
        reservation_id: None,
    });
    assert_eq!(story.fold().calls[&call].stalled, None);
}

#[test]
fn letters_are_the_last_of_each_writer_and_a_wait_is_known_while_it_lasts() {
    let mut story = Story::new();
    story.say("go");
    let peer = |name: &str| PeerRef {
        session_id: SessionId::new(),
        agent_id: AgentId::new(),
        agent_name: name.into(),
    };
    let (me, writer, other) = (peer("Ala"), peer("Writer"), peer("Other"));
    for (from, text) in [(&writer, "one"), (&other, "two"), (&writer, "three")] {
        let envelope = Envelope {
            message_id: MessageId::new(),
            kind: EnvelopeKind::Message,
            from: from.clone(),
            to: me.clone(),
            text: text.into(),
            hops: 1,
            sent_at: Timestamp(5),
        };
        story.push(EventData::PeerReceived { envelope: Box::new(envelope) });
    }
    let letters = story.fold().letters;
    let seen: Vec<_> = letters.iter().map(|it| (it.from, it.text.as_str(), it.count)).collect();
    assert_eq!(seen, [(writer.session_id, "three", 2), (other.session_id, "two", 1)]);

    let (call_id, tool) = (CallId::new(), "check_messages".to_owned());
    story.push(EventData::ToolStarted {
        call_id,
        tool: tool.clone(),
        title: "Waiting for messages".into(),
        effect: Effect::Read,
        idempotent: true,
        deadline_at: Timestamp(90_000_000),
        arguments: json!({}),
    });
    story.push(EventData::PeerAwaited { call_id, from: vec![writer.session_id] });
    assert_eq!(story.fold().calls[&call_id].awaits, Some(vec![writer.session_id]));
    let mut stopped = story.fold();
    let run_over = EventData::StatusChanged { status: SessionStatus::Idle };
    stopped.apply(&Event { seq: 99, data: run_over, ..story.events[0].clone() });
    assert_eq!(stopped.calls[&call_id].awaits, None);
    story.push(EventData::ToolCompleted {
        call_id,
        tool,
        title: "Waited for messages".into(),
        output: json!(null),
        duration_ms: 60_000,
        cost_microcredits: 0,
        reservation_id: None,
    });
    assert_eq!(story.fold().calls[&call_id].awaits, None);
}
