//! A reader that is cut off anywhere and comes back ends where one that never left ends.

use super::{Feed, Log, LogLimits, tests::drain};
use crate::{canvas::Origin, sessions::testing::*};
use alumia_protocol::{
    BlockId, CallId, MessageId, RunId, SessionId,
    blocks::{Block, CreateBlock, Move, MoveNodes, NodeId, Position, UpdateBlock},
    events::{Event, EventData, Snapshot},
    sessions::{MessageRole, QueuedMessage, Session, SessionStatus},
    tools::ToolError,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a page knows after what it has read: the reference that both readers are compared by.
#[derive(Clone, Debug, Default, PartialEq)]
struct Page {
    sessions: BTreeMap<SessionId, Chat>,
    blocks: BTreeMap<BlockId, Block>,
}

#[derive(Clone, Debug, PartialEq)]
struct Chat {
    session: Session,
    /// Durable events as they go over the wire, so that nothing of them may differ.
    said: Vec<String>,
    queue: Vec<QueuedMessage>,
    texts: BTreeMap<String, Text>,
}

/// An unfinished text, with what it belongs to.
#[derive(Clone, Debug, PartialEq)]
struct Text {
    text: String,
    last: i64,
    run: Option<RunId>,
    message: Option<MessageId>,
    call: Option<CallId>,
    arguments: bool,
}

impl Page {
    fn read(&mut self, feed: &Feed) {
        match feed {
            Feed::Snapshot(snapshot) => *self = Self::from(&**snapshot),
            Feed::Event(event) => self.apply(event),
            Feed::Lagged => panic!("cut off"),
        }
    }

    fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::BlockCreated { block } | EventData::BlockUpdated { block } => {
                self.blocks.insert(block.id, (**block).clone());
                return;
            }
            EventData::BlockDeleted { block_id } => {
                self.blocks.remove(block_id);
                return;
            }
            EventData::SessionCreated { session } => {
                let (session, said, queue, texts) = ((**session).clone(), vec![], vec![], BTreeMap::new());
                self.sessions.insert(session.id, Chat { session, said, queue, texts });
                return;
            }
            EventData::SessionDeleted {} => {
                self.sessions.remove(&event.session_id.unwrap());
                return;
            }
            _ => {}
        }
        self.sessions.get_mut(&event.session_id.unwrap()).unwrap().apply(event);
    }
}

impl From<&Snapshot> for Page {
    fn from(snapshot: &Snapshot) -> Self {
        let mut page = Self::default();
        for view in &snapshot.sessions {
            let mut chat =
                Chat { session: view.session.clone(), said: vec![], queue: vec![], texts: BTreeMap::new() };
            view.events.iter().for_each(|event| chat.apply(event));
            chat.queue.clone_from(&view.queue);
            page.sessions.insert(view.session.id, chat);
        }
        page.blocks.extend(snapshot.blocks.iter().map(|block| (block.id, block.clone())));
        page
    }
}

impl Chat {
    fn apply(&mut self, event: &Event) {
        match &event.data {
            EventData::TextDelta { message_id, text } => {
                return self.add(event, format!("text {message_id}"), text, Some(*message_id), None);
            }
            EventData::ReasoningDelta { message_id, text } => {
                return self.add(event, format!("thought {message_id}"), text, Some(*message_id), None);
            }
            EventData::ToolArgsDelta { call_id, text, .. } => {
                return self.add(event, format!("arguments {call_id}"), text, None, Some(*call_id));
            }
            EventData::ToolOutputDelta { call_id, channel, text } => {
                return self.add(event, format!("{channel} {call_id}"), text, None, Some(*call_id));
            }
            EventData::SessionUpdated { session } => return self.session = (**session).clone(),
            EventData::StatusChanged { status } => return self.session.status = *status,
            EventData::MessageQueued { message } => return self.queue.push(message.clone()),
            EventData::MessageQueueChanged { message_id, content } => {
                match content {
                    None => self.queue.retain(|it| it.id != *message_id),
                    Some(content) => {
                        let known = self.queue.iter_mut().find(|it| it.id == *message_id);
                        known.unwrap().content.clone_from(content);
                    }
                }
                return;
            }
            EventData::MessageCompleted { message } => {
                self.queue.retain(|it| it.id != message.id);
                let calls = serde_json::to_string(&message.parts).unwrap();
                self.texts.retain(|_, it| {
                    it.message != Some(message.id)
                        && !(it.arguments && it.call.is_some_and(|call| calls.contains(&call.to_string())))
                });
            }
            EventData::MessageDiscarded { message_id } => self
                .texts
                .retain(|_, it| it.message != Some(*message_id) && !(it.arguments && it.run == event.run_id)),
            EventData::RunStarted { attempt: 2.., .. } => {
                self.texts.retain(|_, it| it.run != event.run_id || (it.call.is_some() && !it.arguments));
            }
            EventData::ToolStarted { call_id, .. }
            | EventData::ToolCompleted { call_id, .. }
            | EventData::ToolRetrying { call_id, .. } => self.texts.retain(|_, it| it.call != Some(*call_id)),
            data if data.ends_run() => self.texts.retain(|_, it| it.run != event.run_id),
            _ => {}
        }
        self.said.push(wire(event));
    }

    fn add(
        &mut self,
        event: &Event,
        key: String,
        more: &str,
        message: Option<MessageId>,
        call: Option<CallId>,
    ) {
        let arguments = key.starts_with("arguments");
        let run = event.run_id;
        let text = self.texts.entry(key).or_insert(Text {
            text: String::new(),
            last: 0,
            run,
            message,
            call,
            arguments,
        });
        text.text.push_str(more);
        text.last = event.seq;
    }
}

/// A session in which things happen.
struct Story {
    session: SessionId,
    run: RunId,
    message: MessageId,
    call: CallId,
    queued: Vec<MessageId>,
}

impl Story {
    fn new(session: SessionId) -> Self {
        let (run, message, call) = (RunId::new(), MessageId::new(), CallId::new());
        Self { session, run, message, call, queued: vec![] }
    }

    /// Does one thing of the log's own.
    async fn act(&mut self, house: &House, log: &Log, what: u8) {
        let (message_id, call_id, tool) = (self.message, self.call, "sandbox_exec".to_owned());
        let delta = match what {
            0 | 1 => Some(text(message_id, "word ")),
            2 => Some(EventData::ReasoningDelta { message_id, text: "hm ".into() }),
            3 => Some(EventData::ToolArgsDelta { call_id, tool: tool.clone(), text: "{\"".into() }),
            4 => Some(output(call_id, "stdout", "line\n")),
            5 => Some(output(call_id, "stderr", "oh\n")),
            _ => None,
        };
        if let Some(data) = delta {
            return log.delta(house.project, append(self.session, self.run, data)).await;
        }
        let data = match what {
            6 => {
                self.message = MessageId::new();
                let message = message(message_id, MessageRole::Assistant, "words", Some(call_id));
                vec![EventData::MessageCompleted { message }, EventData::StepStarted { number: 1 }]
            }
            7 => vec![EventData::MessageDiscarded { message_id }],
            8 => vec![tool_started(call_id)],
            9 => {
                self.call = CallId::new();
                vec![tool_completed(call_id)]
            }
            10 => {
                let error = ToolError { code: "invalid_arguments".into(), message: "no".into(), path: None };
                let arguments = serde_json::json!({ "z": [1.5, null], "a": "é" });
                vec![EventData::ToolRetrying { call_id, tool, attempt: 1, error, arguments }]
            }
            11 => {
                let end = run_completed();
                self.run = RunId::new();
                let message = message(MessageId::new(), MessageRole::User, "Hi", None);
                let ended = append(self.session, self.run, EventData::RunQueued { message });
                let mut tx = log.begin(house.org, house.project).await.unwrap();
                tx.push(append(self.session, self.run, end));
                tx.push(ended);
                tx.commit().await.unwrap();
                return;
            }
            12 => vec![EventData::RunStarted { attempt: 2, model: "m".into() }],
            13 => {
                self.queued.push(MessageId::new());
                vec![EventData::MessageQueued { message: queued(*self.queued.last().unwrap()) }]
            }
            14 => match self.queued.last() {
                Some(&message_id) => {
                    vec![EventData::MessageQueueChanged { message_id, content: Some("sooner".into()) }]
                }
                None => vec![],
            },
            _ => match self.queued.pop() {
                Some(message_id) if what == 15 => {
                    vec![EventData::MessageQueueChanged { message_id, content: None }]
                }
                Some(id) => {
                    vec![EventData::MessageCompleted {
                        message: message(id, MessageRole::User, "later", None),
                    }]
                }
                None => vec![],
            },
        };
        let mut tx = log.begin(house.org, house.project).await.unwrap();
        for data in data {
            tx.push(append(self.session, self.run, data));
        }
        tx.commit().await.unwrap();
    }
}

/// Does one thing of a service's that writes to the log and to its own tables.
async fn serve(house: &House, log: &Log, story: &Story, blocks: &mut Vec<BlockId>, what: u8) {
    let (canvas, sessions, owner) = (house.canvas(log), house.sessions(log), &house.owner);
    let origin = Origin { session_id: Some(story.session), run_id: Some(story.run), step_id: None };
    match what {
        // Fewer than the smallest buffer holds: moving them all must not cut anybody off.
        17 | 18 if blocks.len() < 6 => {
            let new = CreateBlock { id: None, title: "B".into(), content: markdown("text"), position: None };
            blocks.push(canvas.create(owner, house.project, new, origin).await.unwrap().id);
        }
        19 => {
            let place = |x: f64| Position { x, y: 7.0, width: 240.0, height: 0.0, ..Position::default() };
            let mut moves = vec![Move { node: NodeId::Session(story.session), position: place(1.5) }];
            moves.extend(blocks.iter().map(|id| Move { node: NodeId::Block(*id), position: place(-3.25) }));
            canvas.place(owner, house.project, MoveNodes { moves }).await.unwrap();
        }
        20 => {
            if let Some(id) = blocks.last() {
                let version = canvas.get(owner, *id).await.unwrap().version;
                let change = UpdateBlock { version, title: Some("T".into()), content: None, position: None };
                canvas.update(owner, *id, change, origin).await.unwrap();
            }
        }
        21 => {
            if let Some(id) = blocks.pop() {
                canvas.delete(owner, id).await.unwrap();
            }
        }
        22 => {
            let mut tx = log.begin(house.org, house.project).await.unwrap();
            let status = SessionStatus::AwaitingApproval;
            sessions.set_status(&mut tx, story.session, Some(story.run), status).await.unwrap();
            sessions.rename(&mut tx, story.session, Some(story.run), "Named").await.unwrap();
            tx.commit().await.unwrap();
        }
        23 => {
            let gone = house.session(log).await;
            log.delta(house.project, append(gone, RunId::new(), text(MessageId::new(), "lost"))).await;
            sessions.delete(owner, gone).await.unwrap();
        }
        _ => {
            // Given up.
            let mut tx = log.begin(house.org, house.project).await.unwrap();
            tx.push(append(story.session, story.run, EventData::StepStarted { number: 9 }));
        }
    }
}

async fn cut_everywhere(actions: Vec<(u8, bool)>, limits: LogLimits) {
    let house = House::new().await;
    let log = house.log(limits);
    let mut stories = [Story::new(house.session(&log).await), Story::new(house.session(&log).await)];
    let mut blocks = Vec::new();
    let mut uncut = log.subscribe(&house.owner, house.project, None).await.unwrap();
    // The page after each position, and what followed it there.
    let mut page = Page::default();
    let mut history: Vec<(i64, Page)> = Vec::new();
    let mut followed: Vec<String> = Vec::new();
    let mut returned = Vec::new();
    for (at, (what, second)) in actions.iter().enumerate() {
        let story = &mut stories[usize::from(*second)];
        match *what {
            0..=16 => story.act(&house, &log, *what).await,
            _ => serve(&house, &log, story, &mut blocks, *what).await,
        }
        for feed in drain(&mut uncut) {
            page.read(&feed);
            let seq = match &feed {
                Feed::Snapshot(snapshot) => snapshot.seq,
                Feed::Event(event) => {
                    followed.push(wire(event));
                    event.seq
                }
                Feed::Lagged => unreachable!(),
            };
            history.push((seq, page.clone()));
        }
        // Some come back while it goes on, and stay.
        let cut = at * 7 % history.len();
        let feed = log.subscribe(&house.owner, house.project, Some(history[cut].0)).await.unwrap();
        returned.push((cut, history[cut].1.clone(), feed));
        for (_, page, feed) in &mut returned {
            drain(feed).iter().for_each(|it| page.read(it));
        }
    }
    for (cut, known, _) in &returned {
        assert_eq!(*known, page, "came back from {cut} while it went on");
    }
    // All come back at the end, from every position.
    for (cut, (seq, known)) in history.iter().enumerate() {
        let mut known = known.clone();
        let mut feed = log.subscribe(&house.owner, house.project, Some(*seq)).await.unwrap();
        let rest = drain(&mut feed);
        rest.iter().for_each(|it| known.read(it));
        assert_eq!(known, page, "came back from {cut} at the end");
        if !matches!(rest.first(), Some(Feed::Snapshot(_))) {
            let rest: Vec<_> = rest
                .iter()
                .filter_map(|it| if let Feed::Event(it) = it { Some(wire(it)) } else { None })
                .collect();
            assert_eq!(rest, followed[cut..], "replayed from {cut}");
        }
    }
    // A newcomer sees the same.
    let snapshot = log.snapshot(&house.owner, house.project).await.unwrap();
    assert_eq!(Page::from(&snapshot), page);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn prop_cut_and_resumed_is_uncut(
        actions in prop::collection::vec((0u8..25, any::<bool>()), 1..60),
        events in 8usize..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let limits = LogLimits { events, block: 16, ..LogLimits::default() };
        runtime.block_on(cut_everywhere(actions, limits));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_taken_beside_writers_is_exact() {
    let house = std::sync::Arc::new(House::new().await);
    let log = house.log(LogLimits::default());
    let mut writers = Vec::new();
    for number in 0..6u16 {
        let mut story = Story::new(house.session(&log).await);
        let (house, log) = (house.clone(), log.clone());
        writers.push(tokio::spawn(async move {
            let mut blocks = Vec::new();
            for round in 0..60u16 {
                let what = u8::try_from((round * 7 + number * 5) % 25).unwrap();
                match what {
                    0..=16 => story.act(&house, &log, what).await,
                    _ => serve(&house, &log, &story, &mut blocks, what).await,
                }
            }
        }));
    }
    let mut readers = Vec::new();
    for _ in 0..25 {
        readers.push(log.subscribe(&house.owner, house.project, None).await.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let whole = Page::from(&log.snapshot(&house.owner, house.project).await.unwrap());
    for (number, feed) in readers.iter_mut().enumerate() {
        let mut page = Page::default();
        drain(feed).iter().for_each(|it| page.read(it));
        assert_eq!(page, whole, "reader {number}");
    }
}
