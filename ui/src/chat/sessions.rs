//! Which conversation is shown.

use super::Chat;
use crate::{
    components::{
        button::IconButton,
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

/// The same for a session whose run may have yet to begin.
fn words_of(status: SessionStatus, delayed: bool) -> (Tone, &'static str) {
    match status {
        SessionStatus::Active if delayed => (Tone::Blue, "Queued"),
        status => status_words(status),
    }
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
    let delayed = move || chat.session().is_some_and(|session| session.delayed.with(Option::is_some));
    let words = Signal::derive(move || words_of(status().unwrap_or_default(), delayed()));
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
    let tone = move || {
        words_of(session.with(|session| session.status), signals.delayed.with(Option::is_some))
    };
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
            <span class="muted"><Ago at /></span>
        </button>
    }
}
