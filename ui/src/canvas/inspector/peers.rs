//! Why a call that waits for other agents doesn't end: whom it waits for, what each of them is doing, and whom they
//! wait for.

use super::super::{
    Inspected,
    agent::{avatar, spent, status_word},
    ticker::use_now,
};
use crate::{
    chat::Chat,
    components::{icon::Icon, toast::Toasts},
    live::{Live, SessionSignals, api},
};
use alumia_protocol::{
    CallId, MessageId, SessionId,
    sessions::{CallState, CallView, ChatRequest, NewMessage, SessionStatus},
};
use leptos::{prelude::*, task::spawn_local};

/// The chain, as far as it goes without turning in a circle.
#[component]
pub(super) fn Chain(call: RwSignal<CallView>) -> impl IntoView {
    let live = expect_context::<Live>();
    let me = call.with_untracked(|call| call.session_id);
    let awaits = Memo::new(move |_| call.with(|call| call.awaits.clone()));
    move || {
        let from = awaits.get()?;
        let lead = if from.is_empty() { "Waits for a message of anybody" } else { "Waits for a message of" };
        let links = links(live, &from, &[me]);
        let nobody = links.is_empty().then(|| view! { <p class="muted">"Nobody else is at work here."</p> });
        Some(view! {
            <section class="peer-chain">
                <h3>{lead}</h3>
                {nobody}
                <ul role="list">{links}</ul>
            </section>
        })
    }
}

/// Those that are waited for; for anybody, all who are at work.
fn links(live: Live, from: &[SessionId], chain: &[SessionId]) -> Vec<AnyView> {
    let anybody = from.is_empty();
    let all = if anybody { live.sessions().get() } else { from.to_vec() };
    all.into_iter()
        .filter(|id| !chain.contains(id) || !anybody)
        .filter_map(|id| Some((id, live.session(id)?)))
        .filter(|(_, peer)| !anybody || peer.running.get())
        .map(|(id, peer)| {
            let chain = [chain, &[id]].concat();
            view! { <Link id peer chain /> }.into_any()
        })
        .collect()
}

#[component]
fn Link(id: SessionId, peer: SessionSignals, chain: Vec<SessionId>) -> impl IntoView {
    let live = expect_context::<Live>();
    let now = use_now();
    let chat = use_context::<Chat>();
    let toasts = use_context::<Toasts>();
    let inspected = expect_context::<Inspected>();
    let (name, label, sign) = peer.session.with_untracked(|session| {
        let sign = avatar(&session.agent_avatar, &session.agent_name);
        (session.agent_name.clone(), session.label.clone(), sign)
    });
    let status = Memo::new(move |_| {
        let status = peer.session.with(|session| session.status);
        if status == SessionStatus::Idle && peer.running.get() { SessionStatus::Active } else { status }
    });
    let active = Memo::new(move |_| active(peer));
    let doing = move || {
        let call = peer.call(active.get()?)?;
        Some(call.with(|call| format!("{} {}", call.title, spent(call, now.get())).trim_end().to_owned()))
    };
    let waiter = chain.len().checked_sub(2).and_then(|at| live.session(chain[at]));
    let waiter = waiter.map(|waiter| waiter.session.with_untracked(|session| session.agent_name.clone()));
    let told = name.clone();
    let nudge = move |_| {
        let waiter = waiter.clone().unwrap_or_else(|| "Another agent".into());
        let content = format!("{waiter} waits for you. Say how far you are and what is missing, then go on.");
        let told = told.clone();
        spawn_local(async move {
            let message = NewMessage { id: MessageId::new(), content, attachments: vec![] };
            let request =
                ChatRequest { session_id: Some(id), agent_id: None, project_id: None, message, model: None };
            match (api::chat(&request).await, toasts) {
                (Ok(_), Some(toasts)) => toasts.say(format!("{told} reads that at the next step")),
                (Err(problem), Some(toasts)) => toasts.fail(problem.message),
                _ => {}
            }
        });
    };
    // One that stands further up closes the circle.
    let circle = chain[..chain.len() - 1].contains(&id);
    let chain = StoredValue::new(chain);
    let further = move || {
        let (_, from) = peer.awaits().filter(|_| !circle)?;
        let links = chain.with_value(|chain| links(live, &from, chain));
        Some(view! { <p class="muted">"which waits for"</p> <ul role="list">{links}</ul> })
    };
    view! {
        <li>
            <div class="peer-link">
                <span class="agent-avatar" aria-hidden="true">{sign}</span>
                <span class="agent-who">
                    <strong class="truncate">{name}</strong>
                    <span class="agent-label truncate">{label}</span>
                </span>
                <span class="peer-state" data-tone=move || status_word(status.get()).0>
                    {move || if circle { "Waits for this one" } else { status_word(status.get()).1 }}
                </span>
            </div>
            {move || doing().map(|doing| view! { <p class="peer-doing num">{doing}</p> })}
            <div class="inspector-actions">
                {move || {
                    active
                        .get()
                        .map(|call| {
                            view! {
                                <button type="button" class="button small" on:click=move |_| inspected.selected_call.set(Some((id, call)))>
                                    <Icon name="eye" />
                                    "Look at its call"
                                </button>
                            }
                        })
                }}
                {chat
                    .map(|chat| {
                        view! {
                            <button type="button" class="button small" on:click=move |_| chat.open(id)>
                                <Icon name="chat" />
                                "Open chat"
                            </button>
                            <button type="button" class="button small" on:click=nudge>
                                <Icon name="mail" />
                                "Nudge"
                            </button>
                        }
                    })}
            </div>
            {further}
        </li>
    }
}

/// The call that a session is at, the last one that began.
fn active(peer: SessionSignals) -> Option<CallId> {
    let latest = peer.calls.with(|calls| calls.iter().rev().take(16).copied().collect::<Vec<_>>());
    latest.into_iter().find(|id| {
        peer.call(*id).is_some_and(|call| {
            call.with(|call| {
                matches!(call.state, CallState::Running | CallState::Asking | CallState::Retrying)
            })
        })
    })
}
