//! An agent's node: who it is, what it is doing, its latest tool calls.

use super::{Inspected, scene::kind_name, ticker::use_now};
use crate::{
    chat::silence,
    components::{icon::Icon, time::duration},
    live::{Live, SessionSignals},
    text::gist,
};
use alumia_protocol::{
    BlockId, CallId, Timestamp,
    sessions::{CallState, CallView, SessionStatus},
};
use leptos::prelude::*;

/// How many calls have a chip.
const CHIPS: usize = 6;
/// Characters of its last message.
const WORDS: usize = 80;

/// Colour and word of what a session is doing.
pub(super) const fn status_word(status: SessionStatus) -> (&'static str, &'static str) {
    match status {
        SessionStatus::Idle => ("grey", "Idle"),
        SessionStatus::Active => ("amber", "Working"),
        SessionStatus::AwaitingPeer => ("blue", "Waiting for another agent"),
        SessionStatus::AwaitingApproval => ("blue", "Waiting for you"),
        SessionStatus::AwaitingConnection => ("blue", "Waiting for a connection"),
        SessionStatus::AwaitingPayment => ("blue", "Waiting for credits"),
        SessionStatus::Failed => ("red", "Failed"),
    }
}

/// Colour, icon and word of how far a call is.
pub(super) const fn state_word(state: CallState) -> (&'static str, &'static str, &'static str) {
    match state {
        CallState::Preparing => ("amber", "edit", "Preparing"),
        CallState::Asking => ("blue", "info", "Waiting for your approval"),
        CallState::Running => ("amber", "play", "Running"),
        CallState::Retrying => ("amber", "refresh", "Malformed call, trying again"),
        CallState::Done => ("green", "check", "Done"),
        CallState::Failed => ("red", "alert", "Failed"),
    }
}

/// How long a call has been going on or took; empty while that isn't known.
pub(super) fn spent(call: &CallView, now: Timestamp) -> String {
    match call.duration_ms {
        Some(took) => duration(took),
        None if now.0 == 0 || !matches!(call.state, CallState::Running | CallState::Asking) => String::new(),
        // Whole seconds: the clock ticks once a second.
        None => duration(now.millis_since(call.started_at) / 1_000 * 1_000),
    }
}

/// What the avatar shows: the agent's own sign, or the first letter of its name.
pub(super) fn avatar(sign: &str, name: &str) -> String {
    let usable = !sign.is_empty() && sign.chars().count() <= 4 && !sign.contains(['/', ':']);
    if usable { sign.to_owned() } else { name.chars().take(1).flat_map(char::to_uppercase).collect() }
}

/// "Waiting for Writer, Reviewer".
fn waits_for_peers(live: Live, agent: SessionSignals) -> String {
    let from = agent.awaits().map(|(_, from)| from).unwrap_or_default();
    let names: Vec<String> = from
        .iter()
        .filter_map(|id| Some(live.session(*id)?.session.with(|session| session.agent_name.clone())))
        .collect();
    if names.is_empty() {
        "Waiting for a message".into()
    } else {
        format!("Waiting for {}", names.join(", "))
    }
}

/// The content of an agent's node.
#[component]
pub(super) fn AgentBody(agent: SessionSignals) -> impl IntoView {
    let session = agent.session;
    let name = Memo::new(move |_| session.with(|session| session.agent_name.clone()));
    let sign = Memo::new(move |_| session.with(|session| avatar(&session.agent_avatar, &session.agent_name)));
    let label = Memo::new(move |_| session.with(|session| session.label.clone()));
    let status = Memo::new(move |_| {
        let status = session.with(|session| session.status);
        // The run's own events are quicker than the session's status.
        if status == SessionStatus::Idle && agent.running.get() { SessionStatus::Active } else { status }
    });
    let live = expect_context::<Live>();
    let words = move || match (agent.waits_for(), status.get()) {
        (Some(words), _) => ("blue", words.to_owned()),
        (None, SessionStatus::AwaitingPeer) => ("blue", waits_for_peers(live, agent)),
        (None, status) => (status_word(status).0, status_word(status).1.to_owned()),
    };
    let said = move || agent.last_words().map(|message| message.with(|it| gist(&it.text, WORDS)));
    let said = Memo::new(move |_| said().filter(|words| !words.is_empty()));
    let me = session.with_untracked(|session| session.id);
    // Its newest block; titles of blocks without one say what they are.
    let made = move || {
        let blocks = live.blocks().get();
        let mine = |id: &BlockId| {
            let block = live.block(*id)?;
            block.with(|block| {
                let title = || {
                    if block.title.is_empty() {
                        kind_name(&block.content).into()
                    } else {
                        block.title.clone()
                    }
                };
                (block.session_id == Some(me)).then(title)
            })
        };
        blocks.iter().rev().find_map(mine)
    };
    let made = Memo::new(move |_| made());
    let step = move || {
        let step = agent.step.get();
        (step > 0 && agent.running.get()).then(|| format!("Step {step}"))
    };
    let latest =
        Memo::new(move |_| agent.calls.with(|calls| calls[calls.len().saturating_sub(CHIPS)..].to_vec()));
    let earlier = move || {
        let count = agent.calls.with(Vec::len).saturating_sub(CHIPS);
        (count > 0).then(|| view! { <li class="agent-more">{format!("{count} earlier")}</li> })
    };
    view! {
        <div class="agent" data-grip="">
            <div class="agent-head">
                <span class="agent-avatar" aria-hidden="true">{move || sign.get()}</span>
                <span class="agent-who">
                    <strong class="truncate">{move || name.get()}</strong>
                    <span class="agent-label truncate">{move || label.get()}</span>
                </span>
            </div>
            <p class="agent-state" data-tone=move || words().0>
                <span class="agent-dot"></span>
                <span>{move || words().1}</span>
                <span class="agent-step num">{step}</span>
            </p>
            {move || said.get().map(|said| view! { <p class="agent-last truncate"><Icon name="chat" />{said}</p> })}
            {move || made.get().map(|made| view! { <p class="agent-last truncate"><Icon name="block" />{made}</p> })}
            <ul class="agent-calls" role="list" aria-label="Latest tool calls">
                {earlier}
                <For each=move || latest.get() key=|id| *id let:id>
                    <Chip agent id />
                </For>
            </ul>
        </div>
    }
}

/// One call's chip.
#[component]
fn Chip(agent: SessionSignals, id: CallId) -> impl IntoView {
    let now = use_now();
    let inspected = use_context::<Inspected>();
    agent.call(id).map(|call| {
        let state = Memo::new(move |_| call.with(|call| call.state));
        let title = Memo::new(move |_| {
            call.with(|call| if call.title.is_empty() { call.tool.clone() } else { call.title.clone() })
        });
        // Only a call that is going on follows the clock.
        let time = move || {
            let now = if call.with(|call| call.duration_ms.is_some()) { Timestamp(0) } else { now.get() };
            call.with(|call| spent(call, now))
        };
        let attempt = move || {
            let attempt = call.with(|call| call.attempt);
            (attempt > 1).then(|| format!("attempt {attempt}"))
        };
        let quiet = move || call.with(silence).map(|_| "no output");
        let open = move |_| {
            if let Some(Inspected { selected_call: inspected }) = inspected {
                inspected.set(Some((call.with_untracked(|call| call.session_id), id)));
            }
        };
        let is_open = move || {
            inspected
                .is_some_and(|Inspected { selected_call: open }| {
                    open.get().is_some_and(|(_, open)| open == id)
                })
                .to_string()
        };
        view! {
            <li>
                <button
                    type="button"
                    class="chip"
                    data-tone=move || state_word(state.get()).0
                    data-state=move || format!("{:?}", state.get()).to_lowercase()
                    aria-pressed=is_open
                    on:click=open
                >
                    <Icon name=Signal::derive(move || state_word(state.get()).1) />
                    <span class="chip-title truncate">{move || title.get()}</span>
                    <span class="sr-only">{move || format!(", {}", state_word(state.get()).2)}</span>
                    <span class="chip-note num">{attempt}</span>
                    <span class="chip-note chip-quiet">{quiet}</span>
                    <span class="chip-time num">{time}</span>
                </button>
            </li>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{avatar, spent};
    use alumia_protocol::{
        CallId, RunId, SessionId, Timestamp,
        sessions::{CallState, CallView},
        tools::Effect,
    };

    #[test]
    fn an_avatar_is_a_sign_or_a_letter() {
        assert_eq!(avatar("🦉", "Ala"), "🦉");
        assert_eq!(avatar("", "ala"), "A");
        assert_eq!(avatar("https://example.com/x.png", "Bo"), "B");
    }

    #[test]
    fn time_is_counted_only_while_something_goes_on() {
        let mut call = CallView {
            call_id: CallId::new(),
            session_id: SessionId::new(),
            run_id: RunId::new(),
            tool: "sandbox_exec".into(),
            title: String::new(),
            effect: Effect::Write,
            state: CallState::Running,
            arguments: String::new(),
            output: String::new(),
            result: None,
            error: None,
            attempt: 1,
            started_at: Timestamp(1_000_000),
            deadline_at: None,
            stalled: None,
            awaits: None,
            duration_ms: None,
            cost_microcredits: 0,
        };
        assert_eq!(spent(&call, Timestamp(13_900_000)), "12 s");
        assert_eq!(spent(&call, Timestamp(0)), "");
        call.state = CallState::Preparing;
        assert_eq!(spent(&call, Timestamp(13_900_000)), "");
        call.duration_ms = Some(640);
        assert_eq!(spent(&call, Timestamp(0)), "640 ms");
    }
}
