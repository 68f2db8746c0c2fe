//! The chat beside the canvas: conversations with agents, what they do, and what the person says.

mod approval;
mod billing;
mod call;
mod composer;
mod message;
mod outbox;
mod panel;
mod queue;
mod sessions;
mod upload;

pub(crate) use approval::ApprovalCard;
pub(crate) use call::{silence, time_limit};
pub use outbox::{Outgoing, Sending};
pub use panel::ChatPanel;

use crate::{
    components::{
        time,
        toast::{Toasts, use_toasts},
    },
    live::{Live, SessionSignals, api},
};
use alumia_protocol::{
    AgentId, CallId, MessageId, ProjectId, SessionId,
    sessions::{Attachment, ChatRequest, NewMessage, SessionStatus},
    tools::Approval,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use outbox::Outbox;
use serde::{Deserialize, Serialize};

/// An agent that a person can talk to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentChoice {
    /// Id.
    pub id: AgentId,
    /// Name.
    pub name: String,
    /// Slug.
    pub slug: String,
    /// Emoji or picture.
    pub avatar: String,
}

/// The call that is open in the inspector.
#[derive(Clone, Copy)]
pub struct Inspected {
    /// Session and call.
    pub selected_call: RwSignal<Option<(SessionId, CallId)>>,
}

/// The chat of a project's page; a copyable handle, provided as context.
#[derive(Clone, Copy)]
pub struct Chat {
    live: Live,
    /// The conversation that is shown; `None` is one that begins with the next message.
    current: RwSignal<Option<SessionId>>,
    /// Counts the conversations that began here: one that is on its way isn't the next one.
    draft: RwSignal<u32>,
    /// Who answers in a conversation that begins.
    agent: RwSignal<Option<AgentId>>,
    agents: StoredValue<Vec<AgentChoice>>,
    outbox: Outbox,
    toasts: Toasts,
    /// Counts up when the composer should take the focus.
    focus: RwSignal<u32>,
}

impl Chat {
    /// The chat of `live`'s project: the conversation that the address names, or the last one.
    pub fn new(live: Live, agents: Vec<AgentChoice>) -> Self {
        let query = use_query_map();
        let asked = query.with_untracked(|query| query.get("session")).and_then(|id| id.parse().ok());
        let wanted = query.with_untracked(|query| query.get("agent"));
        let agent = agents
            .iter()
            .find(|agent| Some(&agent.slug) == wanted.as_ref())
            .or_else(|| agents.iter().find(|agent| agent.slug == "ala"))
            .or(agents.first())
            .map(|agent| agent.id);
        let latest = || {
            let sessions = live.sessions().get_untracked();
            sessions.into_iter().max_by_key(|id| {
                live.session(*id).map(|session| session.session.with_untracked(|session| session.updated_at))
            })
        };
        let asked: Option<SessionId> = asked.filter(|id| live.session(*id).is_some());
        let current = if wanted.is_some() { None } else { asked.or_else(latest) };
        Self {
            live,
            current: RwSignal::new(current),
            draft: RwSignal::new(0),
            agent: RwSignal::new(agent),
            agents: StoredValue::new(agents),
            outbox: Outbox::new(live.project_id()),
            toasts: use_toasts(),
            focus: RwSignal::new(0),
        }
    }

    /// The project.
    pub fn project(self) -> ProjectId {
        self.live.project_id()
    }

    /// The shown conversation, once it is known here.
    fn session(self) -> Option<SessionSignals> {
        self.live.sessions().track();
        self.live.session(self.current.get()?)
    }

    /// Whether the shown conversation has a run going on.
    pub fn is_running(self) -> bool {
        self.session().is_some_and(|session| session.running.get())
    }

    /// How the shown conversation stands.
    fn status(self) -> Option<SessionStatus> {
        self.session().map(|session| session.session.with(|session| session.status))
    }

    /// Name and avatar of who answers.
    fn answerer(self) -> (String, String) {
        if let Some(session) = self.session() {
            return session
                .session
                .with(|session| (session.agent_name.clone(), session.agent_avatar.clone()));
        }
        let agent = self.agent.get();
        self.agents.with_value(|agents| {
            let agent = agents.iter().find(|choice| Some(choice.id) == agent);
            agent.map(|agent| (agent.name.clone(), agent.avatar.clone())).unwrap_or_default()
        })
    }

    /// Shows a conversation.
    pub fn open(self, session: SessionId) {
        self.current.set(Some(session));
        remember(Some(session));
    }

    /// Shows an empty conversation, ready for its first message.
    pub fn begin(self) {
        self.draft.update(|draft| *draft += 1);
        self.current.set(None);
        remember(None);
        self.focus.update(|focus| *focus += 1);
    }

    /// The same with the agent of this slug; tells when there is none to talk to.
    pub fn begin_with(self, slug: &str) {
        let found = self
            .agents
            .with_value(|agents| agents.iter().find(|agent| agent.slug == slug).map(|agent| agent.id));
        match found {
            Some(agent) => {
                self.agent.set(Some(agent));
                self.begin();
            }
            None => self.toasts.fail(
                "This agent can't be talked to here: it is off, deleted, or works in another workspace.",
            ),
        }
    }

    /// Says something in the shown conversation. It stands there at once and stays until the server has it.
    pub fn say(self, content: String, attachments: Vec<Attachment>) {
        let message = Outgoing {
            id: MessageId::new(),
            session: self.current.get_untracked(),
            draft: self.draft.get_untracked(),
            agent: self.agent.get_untracked(),
            content,
            attachments,
            at: time::now(),
            state: Sending::Sending,
        };
        if self.outbox.put(message.clone()) {
            self.send(message);
        }
    }

    /// Sends a message that didn't go through, with the same id: it can't be said twice.
    pub fn retry(self, id: MessageId) {
        let Some(message) = self.outbox.get(id) else { return };
        let draft = self.draft.get_untracked();
        let message = Outgoing { state: Sending::Sending, draft, ..message };
        if self.outbox.put(message.clone()) {
            self.send(message);
        }
    }

    fn send(self, message: Outgoing) {
        let request = ChatRequest {
            session_id: message.session,
            agent_id: message.session.is_none().then_some(message.agent).flatten(),
            project_id: message.session.is_none().then(|| self.project()),
            message: NewMessage {
                id: message.id,
                content: message.content.clone(),
                attachments: message.attachments.clone(),
            },
            model: None,
        };
        spawn_local(async move {
            let fared = match api::chat(&request).await {
                Ok(accepted) => Ok(accepted.session_id),
                Err(problem) => {
                    let until = problem
                        .retry_after_ms
                        .map(|wait| time::now().plus_micros(wait.cast_signed() * 1_000));
                    Err(Sending::Failed { message: problem.message, until })
                }
            };
            let began = fared.as_ref().ok().copied().filter(|_| message.session.is_none());
            let next = self.outbox.settle(&message, fared);
            // The person may look at another conversation by now, or have left the page.
            let here = (self.current.try_get_untracked(), self.draft.try_get_untracked());
            if let Some(began) = began
                && here == (Some(None), Some(message.draft))
            {
                self.open(began);
            }
            if let Some(next) = next {
                self.send(next);
            }
        });
    }

    /// Stops the shown conversation's run.
    pub fn stop(self) {
        let Some(session) = self.current.get_untracked() else { return };
        self.change(async move { api::stop(session).await });
    }

    /// Goes on after a failure.
    fn resume(self) {
        let Some(session) = self.current.get_untracked() else { return };
        self.change(async move { api::resume(session).await });
    }

    fn answer(self, session: SessionId, call: CallId, approval: Approval) {
        self.change(async move { api::approve(session, call, approval).await });
    }

    fn edit_queued(self, session: SessionId, message: MessageId, content: Option<String>) {
        self.change(async move { api::edit_queued(session, message, content.as_deref()).await });
    }

    /// Makes a change whose result comes with the stream; a failure is told.
    fn change(self, change: impl Future<Output = api::Answer<()>> + 'static) {
        spawn_local(async move {
            if let Err(problem) = change.await {
                self.toasts.fail(problem.message);
            }
        });
    }
}

/// Keeps the shown conversation in the address, so that a reload shows it again.
fn remember(session: Option<SessionId>) {
    let Ok(history) = window().history() else { return };
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let search = location.search().unwrap_or_default();
    let kept = search
        .trim_start_matches('?')
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("session=") && !pair.starts_with("agent="));
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.extend(session.map(|session| format!("session={session}")));
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    drop(history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&format!("{path}{query}"))));
}
