use super::{
    fold::{SessionFold, Touched},
    shared::{self, Shared},
    spending::Spending,
    stream,
    view::{Entry, Letter, MessageView, Notice},
};
use alumia_protocol::{
    BlockId, CallId, MessageId, Microcredits, ProjectId, SessionId, TabId,
    billing::BlockReason,
    blocks::Block,
    events::{Event, EventData, SessionView, Snapshot},
    presence::{Guest, Presence},
    sessions::{CallView, QueuedMessage, RunDelay, Session, SessionStatus},
};
use leptos::prelude::*;
use std::{collections::HashMap, hash::Hash};

/// How the tab and the server stand, apart from any run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The first connection is being made.
    Connecting,
    /// Events arrive.
    Live,
    /// The line broke; it is being made again.
    Reconnecting,
    /// There is no network, or the server said no.
    Offline,
}

/// A project as the page shows it. A copyable handle to signals that live as long as the page's owner.
#[derive(Clone, Copy)]
pub struct Live {
    project_id: ProjectId,
    owner: StoredValue<Owner>,
    seq: StoredValue<i64>,
    connection: RwSignal<Connection>,
    refused: RwSignal<Option<u16>>,
    order: RwSignal<Vec<BlockId>>,
    blocks: Signals<BlockId, Block>,
    session_order: RwSignal<Vec<SessionId>>,
    sessions: StoredValue<HashMap<SessionId, SessionSignals>>,
    spending: Option<Spending>,
    /// By which link it is seen, if it is by one.
    shared: StoredValue<Option<Shared>>,
    /// What this tab calls itself among those who are here.
    tab: StoredValue<TabId>,
    guests: RwSignal<Vec<Guest>>,
}

type Signals<K, V> = StoredValue<HashMap<K, RwSignal<V>>>;

/// One session as the page shows it.
#[derive(Clone, Copy)]
pub struct SessionSignals {
    /// The session itself.
    pub session: RwSignal<Session>,
    /// Rows of the conversation, in order; look their content up by key.
    pub turns: RwSignal<Vec<Entry>>,
    /// Tool calls in order.
    pub calls: RwSignal<Vec<CallId>>,
    /// The present step's number; 0 between runs.
    pub step: RwSignal<u32>,
    /// The model of the last run.
    pub model: RwSignal<String>,
    /// Messages that wait for the next step boundary.
    pub queue: RwSignal<Vec<QueuedMessage>>,
    /// What each other agent wrote here last.
    pub letters: RwSignal<Vec<Letter>>,
    /// Whether a run is going on.
    pub running: RwSignal<bool>,
    /// Why it has yet to begin: its package runs no more at once.
    pub delayed: RwSignal<Option<RunDelay>>,
    /// For how long its model has said nothing, in milliseconds, while that is long.
    pub silent: RwSignal<Option<i64>>,
    /// Why it could not be paid, when that was so last.
    pub unpaid: RwSignal<Option<BlockReason>>,
    /// What its calls have cost so far, and how many the organisation's own keys have paid for.
    pub spent: RwSignal<(Microcredits, u32)>,
    /// The number of the last picture of the page that its browser shows, while a call uses it.
    pub frame: RwSignal<Option<u64>>,
    owner: StoredValue<Owner>,
    fold: StoredValue<SessionFold>,
    messages: Signals<MessageId, MessageView>,
    call_views: Signals<CallId, CallView>,
}

impl Live {
    /// The project as of `first`. Provide it as context; call [`Live::connect`] in the browser.
    pub fn new(project_id: ProjectId, first: Snapshot) -> Self {
        let live = Self {
            project_id,
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            seq: StoredValue::new(first.seq),
            connection: RwSignal::new(Connection::Connecting),
            refused: RwSignal::new(None),
            order: RwSignal::new(vec![]),
            blocks: StoredValue::new(HashMap::new()),
            session_order: RwSignal::new(vec![]),
            sessions: StoredValue::new(HashMap::new()),
            spending: use_context(),
            shared: StoredValue::new(use_context()),
            tab: StoredValue::new(TabId::new()),
            guests: RwSignal::new(vec![]),
        };
        live.reset(first);
        live
    }

    /// Opens the tab's stream and keeps it open until the page's owner goes. In the browser, once.
    pub fn connect(self) {
        stream::connect(self);
    }

    /// Where its stream goes on after what is here.
    pub fn stream_url(self) -> String {
        let after = self.seq();
        match self.shared.with_value(|shared| shared.as_ref().map(Shared::stream_url)) {
            Some(shared) => format!("{shared}?after={after}"),
            None => format!("/api/v1/projects/{}/stream?after={after}&tab={}", self.project_id, self.tab()),
        }
    }

    /// Takes in what the stream brought.
    ///
    /// # Errors
    /// For what this page is too old for; it is left out.
    pub fn take(self, kind: &str, data: &str) -> Result<(), serde_json::Error> {
        let Some(is_shared) = self.shared.try_with_value(Option::is_some) else { return Ok(()) };
        match (kind, is_shared) {
            ("presence", _) => self.greet(serde_json::from_str(data)?),
            ("snapshot", false) => self.reset(serde_json::from_str(data)?),
            ("snapshot", true) => self.reset(shared::snapshot(serde_json::from_str(data)?)),
            (_, false) => self.apply(serde_json::from_str(data)?),
            (_, true) => self.apply(shared::event(self.project_id, serde_json::from_str(data)?)),
        }
        Ok(())
    }

    /// What this tab calls itself.
    pub fn tab(self) -> TabId {
        self.tab.get_value()
    }

    /// In which other tabs the project is open, and where they are.
    pub fn guests(self) -> RwSignal<Vec<Guest>> {
        self.guests
    }

    fn greet(self, presence: Presence) {
        let tab = self.tab();
        let me = presence.guests.iter().find(|guest| guest.tab == tab).map(|guest| guest.user_id);
        let mut guests = presence.guests;
        guests.retain(|guest| guest.tab != tab);
        for guest in guests.iter_mut().filter(|guest| Some(guest.user_id) == me) {
            guest.name = "You".into();
        }
        set(self.guests, &guests);
    }

    /// How the tab and the server stand.
    pub fn connection(self) -> RwSignal<Connection> {
        self.connection
    }

    /// The HTTP status with which the server refused the stream for good: 401, 403 or 404.
    pub fn refused(self) -> RwSignal<Option<u16>> {
        self.refused
    }

    /// The project.
    pub fn project_id(self) -> ProjectId {
        self.project_id
    }

    /// The number of the last event that was added.
    pub fn seq(self) -> i64 {
        self.seq.get_value()
    }

    /// Blocks, oldest first; changes when one comes or goes.
    pub fn blocks(self) -> RwSignal<Vec<BlockId>> {
        self.order
    }

    /// One block.
    pub fn block(self, id: BlockId) -> Option<RwSignal<Block>> {
        self.blocks.with_value(|blocks| blocks.get(&id).copied())
    }

    /// Sessions, oldest first; changes when one comes or goes.
    pub fn sessions(self) -> RwSignal<Vec<SessionId>> {
        self.session_order
    }

    /// One session.
    pub fn session(self, id: SessionId) -> Option<SessionSignals> {
        self.sessions.with_value(|sessions| sessions.get(&id).copied())
    }

    /// Adds an event. One that was added before (its number isn't above the last one's) changes nothing;
    /// number 0 is for a change shown before the server has confirmed it and is always added.
    pub fn apply(self, event: Event) {
        if self.seq.is_disposed() {
            return;
        }
        if event.seq != 0 {
            if event.seq <= self.seq.get_value() {
                return;
            }
            self.seq.set_value(event.seq);
        }
        if let Some(spending) = self.spending
            && matches!(
                event.data,
                EventData::UsageRecorded { .. }
                    | EventData::ToolCompleted { .. }
                    | EventData::ToolFailed { .. }
            )
        {
            spending.moved();
        }
        match &event.data {
            EventData::BlockCreated { block } | EventData::BlockUpdated { block } => {
                self.put_block((**block).clone());
                return;
            }
            EventData::BlockDeleted { block_id } => {
                self.blocks.update_value(|blocks| {
                    blocks.remove(block_id);
                });
                self.order.update(|order| order.retain(|id| id != block_id));
                return;
            }
            EventData::SessionCreated { session } if self.session(session.id).is_none() => {
                self.put_session(SessionFold::new((**session).clone()));
                return;
            }
            EventData::SessionDeleted {} => {
                if let Some(gone) = event.session_id {
                    self.session_order.update(|order| order.retain(|id| *id != gone));
                    self.sessions.update_value(|sessions| {
                        sessions.remove(&gone);
                    });
                }
                return;
            }
            _ => {}
        }
        if let Some(session) = event.session_id.and_then(|id| self.session(id)) {
            session.apply(&event);
        }
    }

    /// Replaces everything with a snapshot; what is the same keeps its signals and isn't drawn again.
    pub fn reset(self, snapshot: Snapshot) {
        if self.seq.is_disposed() {
            return;
        }
        self.seq.set_value(snapshot.seq);
        let blocks: Vec<BlockId> = snapshot.blocks.iter().map(|block| block.id).collect();
        let sessions: Vec<SessionId> = snapshot.sessions.iter().map(|view| view.session.id).collect();
        for block in snapshot.blocks {
            self.put_block(block);
        }
        for view in snapshot.sessions {
            self.put_view(view);
        }
        self.blocks.update_value(|kept| kept.retain(|id, _| blocks.contains(id)));
        self.sessions.update_value(|kept| kept.retain(|id, _| sessions.contains(id)));
        set(self.order, &blocks);
        set(self.session_order, &sessions);
    }

    fn put_view(self, view: SessionView) {
        let fold = SessionFold::from_view(view);
        match self.session(fold.session.id) {
            Some(signals) => signals.replace(fold),
            None => self.put_session(fold),
        }
    }

    fn put_session(self, fold: SessionFold) {
        let id = fold.session.id;
        let signals = self.owner.get_value().with(|| SessionSignals::new(fold));
        self.sessions.update_value(|sessions| {
            sessions.insert(id, signals);
        });
        self.session_order.update(|order| {
            if !order.contains(&id) {
                order.push(id);
            }
        });
    }

    fn put_block(self, block: Block) {
        if let Some(signal) = self.block(block.id) {
            set(signal, &block);
            return;
        }
        let id = block.id;
        let signal = self.owner.get_value().with(|| RwSignal::new(block));
        self.blocks.update_value(|blocks| {
            blocks.insert(id, signal);
        });
        self.order.update(|order| {
            if !order.contains(&id) {
                order.push(id);
            }
        });
    }
}

impl SessionSignals {
    fn new(fold: SessionFold) -> Self {
        let signals = Self {
            session: RwSignal::new(fold.session.clone()),
            turns: RwSignal::new(vec![]),
            calls: RwSignal::new(vec![]),
            step: RwSignal::new(0),
            model: RwSignal::new(String::new()),
            queue: RwSignal::new(vec![]),
            letters: RwSignal::new(vec![]),
            running: RwSignal::new(false),
            delayed: RwSignal::new(None),
            silent: RwSignal::new(None),
            unpaid: RwSignal::new(None),
            spent: RwSignal::new((Microcredits::ZERO, 0)),
            frame: RwSignal::new(None),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            fold: StoredValue::new(SessionFold::new(fold.session.clone())),
            messages: StoredValue::new(HashMap::new()),
            call_views: StoredValue::new(HashMap::new()),
        };
        signals.replace(fold);
        signals
    }

    /// One message of the conversation.
    pub fn message(self, id: MessageId) -> Option<RwSignal<MessageView>> {
        self.messages.with_value(|messages| messages.get(&id).copied())
    }

    /// One tool call.
    pub fn call(self, id: CallId) -> Option<RwSignal<CallView>> {
        self.call_views.with_value(|calls| calls.get(&id).copied())
    }

    /// One notice; it never changes.
    pub fn notice(self, key: i64) -> Option<Notice> {
        self.fold.with_value(|fold| fold.notices.get(&key).cloned())
    }

    fn apply(self, event: &Event) {
        let mut touched = Vec::new();
        self.fold.update_value(|fold| touched = fold.apply(event));
        self.publish(&touched);
    }

    /// Sets one row's signal, made under the page's owner when it is new.
    fn put<K, V>(self, signals: Signals<K, V>, id: K, value: Option<V>)
    where
        K: Copy + Eq + Hash + Send + Sync + 'static,
        V: Clone + PartialEq + Send + Sync + 'static,
    {
        let Some(value) = value else { return };
        if let Some(signal) = signals.with_value(|signals| signals.get(&id).copied()) {
            set(signal, &value);
            return;
        }
        let signal = self.owner.get_value().with(|| RwSignal::new(value));
        signals.update_value(|signals| {
            signals.insert(id, signal);
        });
    }

    /// The call with which it waits for other agents, and whose messages those are (empty for anybody's); tracks.
    pub fn awaits(self) -> Option<(CallId, Vec<SessionId>)> {
        let latest = self.calls.with(|calls| calls.iter().rev().take(8).copied().collect::<Vec<_>>());
        latest.into_iter().find_map(|id| {
            let from = self.call(id)?.with(|call| call.awaits.clone())?;
            Some((id, from))
        })
    }

    /// What it said or read last; tracks.
    pub fn last_words(self) -> Option<RwSignal<MessageView>> {
        self.turns.with(|turns| {
            turns.iter().rev().find_map(|entry| match entry {
                Entry::Message(id) => self.message(*id),
                Entry::Call(_) | Entry::Notice(_) => None,
            })
        })
    }

    /// What its run waits for, where a person has not been asked anything; tracks.
    pub fn waits_for(self) -> Option<&'static str> {
        match self.session.with(|session| session.status) {
            SessionStatus::Active if self.delayed.with(Option::is_some) => Some("Queued"),
            SessionStatus::AwaitingPayment => Some(match self.unpaid.get() {
                Some(BlockReason::PackageBlocked) => "Waiting for the package",
                Some(BlockReason::BudgetExhausted) => "Waiting for a budget",
                Some(BlockReason::NoCredits) | None => "Waiting for credits",
            }),
            _ => None,
        }
    }

    fn replace(self, fold: SessionFold) {
        let mut touched = vec![
            Touched::Session,
            Touched::Entries,
            Touched::Queue,
            Touched::Letters,
            Touched::Run,
            Touched::Frame,
        ];
        touched.extend(fold.messages.keys().map(|id| Touched::Message(*id)));
        touched.extend(fold.calls.keys().map(|id| Touched::Call(*id)));
        self.fold.set_value(fold);
        self.publish(&touched);
    }

    /// Brings the touched signals up to the fold. Rows' contents come first: whoever reads the new order
    /// finds every row.
    fn publish(self, touched: &[Touched]) {
        for what in touched {
            match what {
                Touched::Message(id) => {
                    let message = self.fold.with_value(|fold| fold.messages.get(id).cloned());
                    self.put(self.messages, *id, message);
                }
                Touched::Call(id) => {
                    let call = self.fold.with_value(|fold| fold.calls.get(id).cloned());
                    self.put(self.call_views, *id, call);
                }
                Touched::Session
                | Touched::Entries
                | Touched::Queue
                | Touched::Letters
                | Touched::Run
                | Touched::Frame => {}
            }
        }
        if touched.contains(&Touched::Session) {
            set(self.session, &self.fold.with_value(|fold| fold.session.clone()));
        }
        if touched.contains(&Touched::Run) {
            let (step, model, running, delayed) = self
                .fold
                .with_value(|fold| (fold.step, fold.model.clone(), fold.running, fold.delayed.clone()));
            let spent = self.fold.with_value(|fold| (Microcredits(fold.cost), fold.own_key_calls));
            set(self.spent, &spent);
            set(self.unpaid, &self.fold.with_value(|fold| fold.unpaid));
            set(self.step, &step);
            set(self.model, &model);
            set(self.running, &running);
            set(self.delayed, &delayed);
            set(self.silent, &self.fold.with_value(|fold| fold.silent.map(|(silent, _)| silent)));
        }
        if touched.contains(&Touched::Frame) {
            set(self.frame, &self.fold.with_value(|fold| fold.frame));
        }
        if touched.contains(&Touched::Queue) {
            set(self.queue, &self.fold.with_value(|fold| fold.queue.clone()));
        }
        if touched.contains(&Touched::Letters) {
            set(self.letters, &self.fold.with_value(|fold| fold.letters.clone()));
        }
        if touched.contains(&Touched::Entries) {
            let (calls, entries) =
                self.fold.with_value(|fold| (fold.call_order.clone(), fold.entries.clone()));
            set(self.calls, &calls);
            set(self.turns, &entries);
        }
    }
}

/// Sets a signal when its value differs. Nothing may be borrowed: what the signal wakes may read it.
fn set<T: Clone + PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: &T) {
    if signal.try_with_untracked(|now| now != value) == Some(true) {
        signal.set(value.clone());
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
