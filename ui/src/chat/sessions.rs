//! Which conversation is shown.

use super::Chat;
use crate::{
    components::{
        button::IconButton,
        credits,
        icon::Icon,
        menu::Menu,
        status::{Badge, Tone},
        time::Ago,
    },
    live::SessionSignals,
};
use alumia_protocol::{SessionId, Timestamp, sessions::SessionStatus};
use leptos::prelude::*;

/// A session's status as people read it.
pub fn status_words(status: SessionStatus) -> (Tone, &'static str) {
    match status {
        SessionStatus::Idle => (Tone::Grey, "Idle"),
        SessionStatus::Active => (Tone::Amber, "Running"),
        SessionStatus::AwaitingPeer => (Tone::Blue, "Waiting for an agent"),
        SessionStatus::AwaitingApproval => (Tone::Blue, "Waiting for you"),
        SessionStatus::AwaitingConnection => (Tone::Blue, "Waiting for a connection"),
        SessionStatus::AwaitingPayment => (Tone::Blue, "Waiting for credits"),
        SessionStatus::Failed => (Tone::Red, "Failed"),
    }
}

/// The same, with what its run waits for; tracks.
fn words_of(signals: SessionSignals) -> (Tone, &'static str) {
    match signals.waits_for() {
        Some(words) => (Tone::Blue, words),
        None => status_words(signals.session.with(|session| session.status)),
    }
}

/// What a session has cost so far.
fn cost_of(signals: SessionSignals) -> Option<String> {
    let (cost, own_key_calls) = signals.spent.get();
    credits::spent(cost, own_key_calls.into())
}

/// The bar above the conversation: its name, the others, a new one, stop.
#[component]
pub(super) fn SessionBar() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let label = move || {
        chat.session().map_or_else(
            || "New chat".to_owned(),
            |session| session.session.with(|session| session.label.clone()),
        )
    };
    let status = move || chat.session().map(|session| session.session.with(|session| session.status));
    let cost = move || chat.session().and_then(cost_of);
    let words = Signal::derive(move || chat.session().map_or((Tone::Grey, ""), words_of));
    let button = view! {
        <span class="truncate">{label}</span>
        <Icon name="chevron-down" />
    };
    view! {
        <div class="session-bar">
            <h2 class="sr-only">"Chat"</h2>
            <Menu label=button.into_any() name="Choose a chat">
                <div class="menu-scroll"><SessionList /></div>
            </Menu>
            <Show when=move || status().is_some_and(|status| status != SessionStatus::Idle)>
                <Badge tone=Signal::derive(move || words.get().0) text=Signal::derive(move || words.get().1.to_owned()) />
            </Show>
            {move || cost().map(|cost| view! { <span class="session-cost num" title="What this chat has cost so far">{cost}</span> })}
            <IconButton icon="edit" label="New chat" on:click=move |_| chat.begin() />
        </div>
    }
}

#[component]
fn SessionList() -> impl IntoView {
    let chat = expect_context::<Chat>();
    let newest = move || {
        let mut rows: Vec<(Timestamp, SessionId)> = chat
            .live
            .sessions()
            .get()
            .into_iter()
            .filter_map(|id| Some((chat.live.session(id)?.session.with(|session| session.updated_at), id)))
            .collect();
        rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        rows
    };
    view! {
        <Show when=move || newest().is_empty()>
            <p class="menu-none">"No chats yet. Your first message begins one."</p>
        </Show>
        <For each=newest key=|row| *row let:row>
            {chat.live.session(row.1).map(|signals| view! { <SessionRow signals /> })}
        </For>
    }
}

#[component]
fn SessionRow(signals: SessionSignals) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let session = signals.session;
    let (id, at) = session.with_untracked(|session| (session.id, session.updated_at));
    let tone = move || words_of(signals);
    view! {
        <button
            type="button"
            class="menu-item session-row"
            aria-current=move || (chat.current.get() == Some(id)).then_some("true")
            on:click=move |_| chat.open(id)
        >
            <span class="badge-dot" data-tone=move || tone().0.name()></span>
            <span class="truncate">{move || session.with(|session| session.label.clone())}</span>
            <span class="sr-only">{move || tone().1}</span>
            {move || cost_of(signals).map(|cost| view! { <span class="muted num">{cost}</span> })}
            <span class="muted"><Ago at /></span>
        </button>
    }
}
