//! What the person has said and the server hasn't confirmed. It survives a reload: each message keeps its
//! id, so sending it once more can't say it twice.

use crate::components::time;
use alumia_protocol::{AgentId, MessageId, ProjectId, SessionId, Timestamp, sessions::Attachment};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Id.
    pub id: MessageId,
    /// Where it is said; `None` begins a conversation.
    pub session: Option<SessionId>,
    /// Which of the conversations that begin here, where it begins one.
    #[serde(skip)]
    pub draft: u32,
    /// Who answers in a conversation that begins.
    pub agent: Option<AgentId>,
    /// Markdown.
    pub content: String,
    /// What goes with it.
    pub attachments: Vec<Attachment>,
    /// When it was said.
    pub at: Timestamp,
    /// How far it is.
    pub state: Sending,
}

impl Outgoing {
    /// The conversation that it is said in, or which of those that begin.
    fn place(&self) -> (Option<SessionId>, u32) {
        (self.session, if self.session.is_none() { self.draft } else { 0 })
    }

    fn is_on_its_way_to(&self, place: (Option<SessionId>, u32)) -> bool {
        self.state == Sending::Sending && self.place() == place
    }
}

/// How far a message is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sending {
    /// On its way.
    Sending,
    /// The server has it; its event is on its way here.
    Accepted,
    /// It didn't get there.
    Failed {
        /// Why and what to do.
        message: String,
        /// Before this there is no point in trying.
        until: Option<Timestamp>,
    },
}

/// The messages on their way, oldest first.
#[derive(Clone, Copy)]
pub(super) struct Outbox {
    messages: RwSignal<Vec<Outgoing>>,
    project: ProjectId,
}

impl Outbox {
    pub fn new(project: ProjectId) -> Self {
        let outbox = Self { messages: RwSignal::new(vec![]), project };
        Effect::new(move |loaded: Option<()>| {
            if loaded.is_none() {
                outbox.load();
            }
        });
        outbox
    }

    /// The messages said in a conversation, or in the one that begins as `draft`. What failed to begin another
    /// is among these, or nobody would see it again.
    pub fn of(self, session: Option<SessionId>, draft: u32) -> Vec<Outgoing> {
        let here = |message: &&Outgoing| {
            message.session == session
                && (session.is_some()
                    || message.draft == draft
                    || matches!(message.state, Sending::Failed { .. }))
        };
        self.messages.with(|all| all.iter().filter(here).cloned().collect())
    }

    /// Puts a message into the box. Returns whether to send it now: those of a conversation go one after the other,
    /// or they could arrive in another order, or begin a conversation each.
    pub fn put(self, message: Outgoing) -> bool {
        let place = message.place();
        let waits = self.messages.with_untracked(|all| all.iter().any(|other| other.is_on_its_way_to(place)));
        self.change(|all| {
            all.retain(|other| other.id != message.id);
            all.push(message);
        });
        !waits
    }

    /// Notes how a message fared: the conversation that it is in now, or why it isn't. Returns the one to send next.
    pub fn settle(self, message: &Outgoing, fared: Result<SessionId, Sending>) -> Option<Outgoing> {
        let mut next = None;
        self.change(|all| {
            let (session, state) = match fared {
                Ok(session) => (Some(session), Sending::Accepted),
                Err(state) => (message.session, state),
            };
            if let Some(this) = all.iter_mut().find(|other| other.id == message.id) {
                (this.session, this.state) = (session, state);
            }
            // What was said after it belongs to the conversation that it began.
            for waiting in all.iter_mut().filter(|other| other.is_on_its_way_to(message.place())) {
                waiting.session = session;
                next.get_or_insert_with(|| waiting.clone());
            }
        });
        next
    }

    pub fn get(self, id: MessageId) -> Option<Outgoing> {
        self.messages.with_untracked(|all| all.iter().find(|message| message.id == id).cloned())
    }

    /// Takes a message out: it arrived, or the person took it back.
    pub fn remove(self, id: MessageId) {
        if self.messages.try_with_untracked(|all| all.iter().any(|message| message.id == id)) == Some(true) {
            self.change(|all| all.retain(|message| message.id != id));
        }
    }

    fn change(self, change: impl FnOnce(&mut Vec<Outgoing>)) {
        if self.messages.try_update(change).is_some() {
            self.save();
        }
    }

    fn key(self) -> String {
        format!("outbox.{}", self.project)
    }

    fn save(self) {
        let Some(storage) = window().local_storage().ok().flatten() else { return };
        let waiting = |message: &&Outgoing| message.state != Sending::Accepted;
        let kept: Vec<Outgoing> =
            self.messages.with_untracked(|all| all.iter().filter(waiting).cloned().collect());
        // A full or refused storage costs the safety of a reload, not the message.
        let _ = if kept.is_empty() {
            storage.remove_item(&self.key())
        } else {
            storage.set_item(&self.key(), &serde_json::to_string(&kept).unwrap_or_default())
        };
    }

    fn load(self) {
        let Some(storage) = window().local_storage().ok().flatten() else { return };
        let text = storage.get_item(&self.key()).ok().flatten().unwrap_or_default();
        let Ok(mut kept) = serde_json::from_str::<Vec<Outgoing>>(&text) else { return };
        let now = time::now();
        for message in &mut kept {
            let until = match message.state {
                Sending::Failed { until, .. } => until.filter(|until| *until > now),
                _ => None,
            };
            message.state =
                Sending::Failed { message: "This was not sent before the page closed.".into(), until };
        }
        if !kept.is_empty() {
            self.messages.set(kept);
        }
    }
}
