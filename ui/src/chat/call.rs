//! A tool call as one row: what, how far, how long. A click opens it in the inspector.

use super::{Chat, Inspected, approval::ApprovalCard};
use crate::{
    components::{credits, icon::Icon, time},
    live::api,
};
use alumia_protocol::{
    Microcredits,
    sessions::{CallState, CallView},
};
use leptos::prelude::*;
use std::time::Duration;

/// The row.
#[component]
pub(super) fn CallRow(call: RwSignal<CallView>) -> impl IntoView {
    let inspected = expect_context::<Inspected>();
    let key = call.with_untracked(|call| (call.session_id, call.call_id));
    let state = move || call.with(|call| call.state);
    let asking = Memo::new(move |_| state() == CallState::Asking);
    let icon = Signal::derive(move || match state() {
        CallState::Preparing => "more",
        CallState::Asking => "user",
        CallState::Running => "bolt",
        CallState::Retrying => "refresh",
        CallState::Done => "check",
        CallState::Failed => "alert",
    });
    let name = move || match state() {
        CallState::Preparing => "preparing",
        CallState::Asking => "asking",
        CallState::Running => "running",
        CallState::Retrying => "retrying",
        CallState::Done => "done",
        CallState::Failed => "failed",
    };
    let chat = expect_context::<Chat>();
    let cancel = move |_| chat.change(async move { api::cancel_call(key.0, key.1).await });
    let quiet = Memo::new(move |_| call.with(silence));
    let why = move || {
        call.with(|call| {
            let error = call.error.as_ref()?;
            Some(match call.state {
                // The error is worded for the model.
                CallState::Failed if error.code == "denied" => "You did not allow this call.".into(),
                CallState::Retrying => format!("Malformed call, attempt {}: {}", call.attempt, error.message),
                _ => error.message.clone(),
            })
        })
    };
    view! {
        <div class="call" data-state=name>
            <button
                type="button"
                class="call-row"
                aria-pressed=move || (inspected.selected_call.get() == Some(key)).to_string()
                on:click=move |_| inspected.selected_call.set(Some(key))
            >
                <Icon name=icon />
                <span class="call-title truncate">{move || call.with(|call| call.title.clone())}</span>
                <span class="call-gist truncate">{move || call.with(gist)}</span>
                <span class="sr-only">{name}</span>
                <Elapsed call />
            </button>
            {move || why().map(|why| view! { <p class="call-why">{why}</p> })}
            {move || {
                quiet
                    .get()
                    .map(|(silence, limit)| {
                        view! {
                            <p class="call-quiet" role="status">
                                <span>{silence}". "{limit}</span>
                                <button type="button" class="button small quiet" on:click=cancel>"Cancel call"</button>
                            </p>
                        }
                    })
            }}
            {move || asking.get().then(|| view! { <ApprovalCard call /> })}
        </div>
    }
}

/// What to say of a running call that puts out nothing: for how long, and when that ends by itself.
pub(crate) fn silence(call: &CallView) -> Option<(String, String)> {
    let stall = call.stalled.filter(|_| call.state == CallState::Running)?;
    let silence = time::duration(stall.noticed_at.millis_since(stall.since));
    let limit = time_limit(call);
    Some((
        format!("No output for more than {silence}"),
        limit.map_or_else(String::new, |limit| format!("It is stopped at its limit of {limit}.")),
    ))
}

/// How long it may take.
pub(crate) fn time_limit(call: &CallView) -> Option<String> {
    // Its beginning is written down a moment after its deadline was set.
    let whole = |millis: i64| (millis + 999) / 1_000 * 1_000;
    call.deadline_at.map(|deadline| time::duration(whole(deadline.millis_since(call.started_at))))
}

/// The argument that says most: a command, a path, an address, a title. Nothing when the row's title has it.
fn gist(call: &CallView) -> String {
    let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let telling = ["title", "command", "code", "path", "url", "query", "name", "pattern", "message", "task"];
    let text = telling.iter().find_map(|name| arguments.get(name)?.as_str()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let known = line.chars().take(12).collect::<String>();
    if call.title.contains(known.trim_end()) { String::new() } else { line.chars().take(120).collect() }
}

/// How long it runs and until when it may, or how long it took and what that cost.
#[component]
fn Elapsed(call: RwSignal<CallView>) -> impl IntoView {
    let running = Memo::new(move |_| call.with(|call| call.state == CallState::Running));
    let now = RwSignal::new(alumia_protocol::Timestamp(0));
    Effect::new(move || {
        if !running.get() {
            return;
        }
        now.set(time::now());
        let tick = set_interval_with_handle(
            move || {
                now.try_set(time::now());
            },
            Duration::from_secs(1),
        );
        if let Ok(tick) = tick {
            on_cleanup(move || tick.clear());
        }
    });
    let text = move || {
        call.with(|call| match call.duration_ms {
            Some(took) if call.cost_microcredits > 0 => {
                format!("{} · {}", time::duration(took), credits::words(Microcredits(call.cost_microcredits)))
            }
            Some(took) => time::duration(took),
            None if call.state == CallState::Running && now.get().0 > 0 => {
                let seconds = now.get().millis_since(call.started_at) / 1_000;
                let so_far = time::duration(seconds.max(1) * 1_000).replace(".0 s", " s");
                match time_limit(call).filter(|_| seconds >= 10) {
                    Some(limit) => format!("{so_far} of {limit}"),
                    None => so_far,
                }
            }
            None => String::new(),
        })
    };
    view! { <span class="call-time num">{text}</span> }
}

#[cfg(test)]
mod tests {
    use super::gist;
    use alumia_protocol::{
        CallId, RunId, SessionId, Timestamp,
        sessions::{CallState, CallView},
        tools::Effect,
    };

    #[test]
    fn says_the_telling_argument_on_one_line() {
        let call = |arguments: &str| CallView {
            call_id: CallId::new(),
            session_id: SessionId::new(),
            run_id: RunId::new(),
            tool: "sandbox_exec".into(),
            title: "Ran command".into(),
            effect: Effect::Write,
            state: CallState::Done,
            arguments: arguments.into(),
            output: String::new(),
            result: None,
            error: None,
            attempt: 1,
            started_at: Timestamp(0),
            deadline_at: None,
            stalled: None,
            awaits: None,
            duration_ms: None,
            cost_microcredits: 0,
        };
        assert_eq!(gist(&call(r#"{"command":"ls -l\nrm x","cwd":"/"}"#)), "ls -l");
        let mut titled = call(r#"{"command":"ls -l"}"#);
        titled.title = "Ran command ls -l".into();
        assert_eq!(gist(&titled), "");
        assert_eq!(gist(&call(r#"{"comm"#)), "");
        assert_eq!(gist(&call(r#"{"command":7}"#)), "");
    }
}
