//! The panel: which conversation, its rows, the composer.

use super::{
    Chat,
    call::CallRow,
    composer::Composer,
    message::{MessageRow, NoticeRow, OutgoingRow, day},
    queue::Queue,
    sessions::SessionBar,
};
use crate::{
    components::{icon::Icon, time::duration},
    live::{Entry, SessionSignals},
};
use alumia_protocol::sessions::{MessageRole, SessionStatus};
use leptos::{html, prelude::*};

/// How near the end counts as at the end, in pixels.
const NEAR: i32 = 48;

/// The chat panel.
#[component]
pub fn ChatPanel() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let list = NodeRef::<html::Div>::new();
    let at_end = RwSignal::new(true);
    let last_top = StoredValue::new(0);
    let to_end = move || {
        if let Some(list) = list.get_untracked() {
            list.set_scroll_top(list.scroll_height());
        }
    };
    stay_at_end(chat, list, at_end);
    view! {
        <SessionBar />
        <div
            class="chat-scroll"
            node_ref=list
            tabindex="0"
            role="log"
            aria-live="off"
            aria-label="Conversation"
            on:scroll=move |_| {
                if let Some(list) = list.get_untracked() {
                    let top = list.scroll_top();
                    if list.scroll_height() - top - list.client_height() < NEAR {
                        at_end.set(true);
                    } else if top < last_top.get_value() {
                        // Only a reader scrolls up; what grows below the screen is no reason to stay behind.
                        at_end.set(false);
                    }
                    last_top.set_value(top);
                }
            }
        >
            <div class="chat-rows">
                {move || match chat.session() {
                    Some(session) => view! { <Rows session /> }.into_any(),
                    None => ().into_any(),
                }}
                <For
                    each=move || pending(chat)
                    key=|message| (message.id, message.state.clone())
                    children=move |message| view! { <OutgoingRow message /> }
                />
                <Show when=move || is_empty(chat)>
                    <Welcome />
                </Show>
                <Working />
            </div>
        </div>
        <Show when=move || !at_end.get()>
            <button
                type="button"
                class="chat-latest"
                on:click=move |_| {
                    at_end.set(true);
                    to_end();
                }
            >
                <Icon name="arrow-down" />
                "Jump to latest"
            </button>
        </Show>
        <Announcer />
        <Queue />
        <Composer />
    }
}

/// What was said and has no row of its own yet. What has one leaves the outbox.
fn pending(chat: Chat) -> Vec<super::Outgoing> {
    let mut waiting = chat.outbox.of(chat.current.get(), chat.draft.get());
    if let Some(session) = chat.session() {
        let arrived = |id| {
            session.turns.with(|turns| turns.contains(&Entry::Message(id)))
                || session.queue.with(|queue| queue.iter().any(|queued| queued.id == id))
        };
        waiting.retain(|message| !arrived(message.id));
    }
    waiting
}

fn is_empty(chat: Chat) -> bool {
    pending(chat).is_empty() && chat.session().is_none_or(|session| session.turns.with(Vec::is_empty))
}

/// Follows what is added while the reader is at the end, and stays put while the reader isn't.
fn stay_at_end(chat: Chat, list: NodeRef<html::Div>, at_end: RwSignal<bool>) {
    Effect::new(move || {
        let Some(list) = list.get() else { return };
        chat.current.track();
        at_end.set(true);
        list.set_scroll_top(list.scroll_height());
    });
    #[cfg(feature = "hydrate")]
    Effect::new(move |watching: Option<()>| {
        use wasm_bindgen::{JsCast, closure::Closure};
        let (None, Some(list)) = (watching, list.get()) else { return };
        let Some(rows) = list.first_element_child() else { return };
        let grown = Closure::<dyn FnMut()>::new(move || {
            if at_end.try_get_untracked() == Some(true) {
                list.set_scroll_top(list.scroll_height());
            }
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(grown.as_ref().unchecked_ref()) {
            observer.observe(&rows);
            let kept = send_wrapper::SendWrapper::new((observer, grown));
            on_cleanup(move || kept.0.disconnect());
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = at_end;
}

/// A row with what depends on the row before it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Row {
    entry: Entry,
    day: Option<String>,
    /// Whether the agent's name stands above.
    named: bool,
}

fn rows(session: SessionSignals) -> Vec<Row> {
    let turns = session.turns.get();
    let mut last_day = String::new();
    let mut agent_speaks = false;
    let mut rows = Vec::with_capacity(turns.len());
    for entry in turns {
        let (at, by_agent) = match entry {
            Entry::Message(id) => match session.message(id) {
                Some(message) => {
                    message.with_untracked(|message| (message.at, message.role == MessageRole::Assistant))
                }
                None => continue,
            },
            Entry::Call(id) => match session.call(id) {
                Some(call) => (call.with_untracked(|call| call.started_at), true),
                None => continue,
            },
            Entry::Notice(key) => match session.notice(key) {
                Some(notice) => (notice.at, agent_speaks),
                None => continue,
            },
        };
        let today = day(at);
        let new_day = (today != last_day).then(|| today.clone());
        last_day = today;
        rows.push(Row { entry, day: new_day, named: by_agent && !agent_speaks });
        agent_speaks = by_agent;
    }
    rows
}

#[component]
fn Rows(session: SessionSignals) -> impl IntoView {
    view! {
        <For each=move || rows(session) key=Clone::clone let:row>
            {row.day.clone().map(|day| view! { <p class="chat-day"><time>{day}</time></p> })}
            {row
                .named
                .then(|| {
                    view! {
                        <p class="chat-name">
                            <Avatar avatar=session.session.with_untracked(|session| session.agent_avatar.clone()) />
                            {session.session.with_untracked(|session| session.agent_name.clone())}
                        </p>
                    }
                })}
            {match row.entry {
                Entry::Message(id) => session.message(id).map(|message| view! { <MessageRow message /> }.into_any()),
                Entry::Call(id) => session.call(id).map(|call| view! { <CallRow call /> }.into_any()),
                Entry::Notice(key) => session.notice(key).map(|notice| view! { <NoticeRow notice /> }.into_any()),
            }}
        </For>
    }
}

/// An agent's sign: its emoji, or the product's spark.
#[component]
pub fn Avatar(avatar: String) -> impl IntoView {
    let sign = if avatar.is_empty() { "✦".to_owned() } else { avatar };
    view! { <span class="avatar small" aria-hidden="true">{sign}</span> }
}

/// Between a message and the first word of its answer.
#[component]
fn Working() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let words = move || {
        let session = chat.session()?;
        let status = session.session.with(|session| session.status);
        let words = match status {
            SessionStatus::AwaitingPeer => "Waiting for another agent".into(),
            SessionStatus::AwaitingConnection => "Waiting for a connection".into(),
            SessionStatus::AwaitingPayment => session.waits_for().unwrap_or_default().into(),
            SessionStatus::AwaitingApproval => "Waiting for your answer".into(),
            _ if session.delayed.with(Option::is_some) => {
                session.delayed.get().map(|delay| delay.message).unwrap_or_default()
            }
            _ => {
                if let Some(silent) = session.silent.get() {
                    let (model, silent) = (session.model.get(), duration(silent));
                    return Some((
                        format!(
                            "{model} has said nothing for more than {silent}. Wait, or stop it and try another model."
                        ),
                        session.step.get(),
                    ));
                }
                let last = session.turns.with(|turns| turns.last().copied());
                let streaming = matches!(last, Some(Entry::Message(id))
                    if session.message(id).is_some_and(|message| message.with(|message| message.streaming)));
                if streaming || !session.running.get() {
                    return None;
                }
                match session.step.get() {
                    0 => "Starting".to_owned(),
                    _ => "Working".into(),
                }
            }
        };
        let step = session.step.get();
        Some((words, step))
    };
    view! {
        {move || {
            words()
                .map(|(words, step)| {
                    view! {
                        <p class="chat-working">
                            <span class="alive-dot"></span>
                            {words}
                            {(step > 0).then(|| view! { <span class="muted">{format!("step {step}")}</span> })}
                        </p>
                    }
                })
        }}
    }
}

/// Says aloud what a reader would see happen: that work began, the finished answer, that it failed. Not
/// every word as it streams.
#[component]
fn Announcer() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let said = RwSignal::new(String::new());
    Effect::new(move |before: Option<(Option<alumia_protocol::SessionId>, bool)>| {
        let here = chat.current.get();
        let running = chat.is_running();
        let Some((there, ran)) = before.filter(|(there, _)| *there == here) else { return (here, running) };
        let _ = there;
        if running != ran {
            let name = untrack(|| chat.answerer().0);
            let last = untrack(|| chat.session()).and_then(|session| {
                let turns = session.turns.get_untracked();
                turns.iter().rev().find_map(|entry| match entry {
                    Entry::Message(id) => session.message(*id)?.with_untracked(|message| {
                        (message.role == MessageRole::Assistant).then(|| message.text.clone())
                    }),
                    _ => None,
                })
            });
            said.set(match (running, last) {
                (true, _) => format!("{name} is working."),
                (false, Some(text)) => format!("{name}: {}", text.chars().take(400).collect::<String>()),
                (false, None) => format!("{name} has stopped."),
            });
        }
        (here, running)
    });
    view! { <p class="sr-only" role="status" aria-live="polite">{move || said.get()}</p> }
}

/// Who answers in a conversation that begins.
#[component]
fn AgentPicker() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let choices = chat.agents.get_value();
    // Whoever answers in a conversation that is there stays.
    let shown = (choices.len() > 1).then_some(move || chat.current.get().is_none());
    shown.map(|shown| {
        view! {
            <div class="chat-agent" hidden=move || !shown()>
                <label for="chat-agent">"Agent"</label>
                <div class="field-control select">
                    <select
                        id="chat-agent"
                        on:change=move |event| {
                            if let Ok(agent) = event_target_value(&event).parse() {
                                chat.agent.set(Some(agent));
                            }
                        }
                    >
                        {choices
                            .into_iter()
                            .map(|choice| {
                                let id = choice.id;
                                view! {
                                    <option value=id.to_string() selected=move || chat.agent.get() == Some(id)>
                                        {format!("{} {}", choice.avatar, choice.name).trim().to_owned()}
                                    </option>
                                }
                            })
                            .collect_view()}
                    </select>
                    <Icon name="chevron-down" />
                </div>
            </div>
        }
    })
}

/// An empty conversation: who answers and what to begin with.
#[component]
fn Welcome() -> impl IntoView {
    let chat = expect_context::<Chat>();
    // Each of them works with the built-in guide too: a newcomer's first message must not be refused.
    let suggestions = [
        ("Show me around", "A one-minute tour: read a real data file, compute, chart it.", "Show me around"),
        ("List the files", "What is in this project's folder.", "List the files"),
        ("What can you do?", "Tools, commands, and how to connect a language model.", "What can you do?"),
    ];
    let buttons = suggestions
        .into_iter()
        .enumerate()
        .map(|(index, (title, text, message))| {
            view! {
                <li>
                    <button
                        type="button"
                        class="suggestion"
                        data-first=(index == 0).to_string()
                        on:click=move |_| chat.say(message.to_owned(), vec![])
                    >
                        <Icon name=["play", "folder", "spark"][index] />
                        <span><strong>{title}</strong><span>{text}</span></span>
                    </button>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="chat-welcome">
            {move || view! { <Avatar avatar=chat.answerer().1 /> }}
            <h2>{move || format!("What should {} work on?", chat.answerer().0)}</h2>
            <AgentPicker />
            <ul role="list">{buttons}</ul>
        </div>
    }
}
