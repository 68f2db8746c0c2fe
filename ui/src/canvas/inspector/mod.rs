//! The side panel that shows one tool call: what was sent, what came back, what can be done.

mod actions;
mod peers;
pub mod text;

use super::{
    Inspected,
    agent::{spent, state_word},
    ticker::{provide_now, use_now},
};
use crate::{
    chat::{silence, time_limit},
    components::{button::IconButton, icon::Icon},
    live::{Live, api},
};
use actions::Actions;
use alumia_protocol::{
    Timestamp,
    sessions::{CallState, CallView},
};
use leptos::{ev, html, prelude::*};
use peers::Chain;
use send_wrapper::SendWrapper;

/// The side panel that shows the [`Inspected`] call. Once on a page, outside the canvas.
#[component]
pub fn Inspector() -> impl IntoView {
    provide_now();
    let live = expect_context::<Live>();
    let Inspected { selected_call } = expect_context();
    let close = move || {
        selected_call.set(None);
    };
    // A call that isn't there yet may come with the next event.
    let found = move |(session, call)| {
        live.session(session).and_then(|signals| {
            signals.calls.track();
            signals.call(call)
        })
    };
    let shown = Memo::new(move |_| selected_call.get().map(|key| (key, found(key).is_some())));
    // Each call has a panel of its own: one that is made over from another's keeps what that one's buttons do.
    view! {
        <For
            each=move || shown.get()
            key=|shown| *shown
            children=move |(key, _)| match untrack(move || found(key)) {
                Some(call) => view! { <Panel call close=Callback::new(move |()| close()) /> }.into_any(),
                None => view! { <Gone close=Callback::new(move |()| close()) /> }.into_any(),
            }
        />
    }
}

#[component]
fn Gone(close: Callback<()>) -> impl IntoView {
    view! {
        <aside class="inspector" aria-label="Tool call">
            <header class="inspector-head">
                <h2>"Tool call"</h2>
                <IconButton icon="close" label="Close" on:click=move |_| close.run(()) />
            </header>
            <p class="inspector-empty">"This call is no longer part of the conversation."</p>
        </aside>
    }
}

#[component]
fn Panel(call: RwSignal<CallView>, close: Callback<()>) -> impl IntoView {
    let panel = NodeRef::<html::Aside>::new();
    let now = use_now();
    let state = Memo::new(move |_| call.with(|call| call.state));
    let title =
        move || call.with(|call| if call.title.is_empty() { call.tool.clone() } else { call.title.clone() });
    let tool = call.with_untracked(|call| call.tool.clone());
    let arguments = Memo::new(move |_| {
        call.with(|call| {
            // While they arrive they are no JSON yet and are shown as they come.
            serde_json::from_str(&call.arguments).unwrap_or_else(|_| call.arguments.clone().into())
        })
    });
    let result = Memo::new(move |_| call.with(|call| call.result.clone()));
    let error = Memo::new(move |_| call.with(|call| call.error.clone()));
    let quiet = Memo::new(move |_| call.with(silence));
    let facts = move || {
        let now = now.get();
        call.with(|call| facts(call, now))
    };
    // Whoever opened the panel by keyboard goes on in it, and comes back when it closes.
    let opener = StoredValue::new(None::<SendWrapper<web_sys::HtmlElement>>);
    Effect::new(move || {
        use wasm_bindgen::JsCast;
        if let Some(panel) = panel.get() {
            let active = document().active_element().and_then(|active| active.dyn_into().ok());
            opener.set_value(active.map(SendWrapper::new));
            let options = web_sys::FocusOptions::new();
            options.set_prevent_scroll(true);
            drop(panel.focus_with_options(&options));
        }
    });
    let leave = move || {
        let opener = opener.get_value();
        close.run(());
        if let Some(opener) = opener {
            drop(opener.focus());
        }
    };
    view! {
        <aside
            class="inspector"
            node_ref=panel
            tabindex="-1"
            aria-label="Tool call"
            on:keydown=move |event: ev::KeyboardEvent| {
                if event.key() == "Escape" {
                    event.stop_propagation();
                    leave();
                }
            }
        >
            <header class="inspector-head">
                <span class="inspector-icon" data-tone=move || state_word(state.get()).0>
                    <Icon name=Signal::derive(move || state_word(state.get()).1) />
                </span>
                <span class="inspector-title">
                    <h2 class="truncate">{title}</h2>
                    <code>{tool}</code>
                </span>
                <IconButton icon="close" label="Close" on:click=move |_| leave() />
            </header>
            <div class="inspector-body">
                <p class="inspector-state" data-tone=move || state_word(state.get()).0 role="status">
                    {move || state_word(state.get()).2}
                </p>
                <p class="inspector-facts num">{facts}</p>
                {move || error.get().map(|error| view! { <Failure error retrying=state.get() == CallState::Retrying /> })}
                {move || quiet.get().map(|(silence, limit)| view! { <Quiet silence limit /> })}
                <Chain call />
                <Actions call />
                <section>
                    <h3>"Arguments"</h3>
                    {move || {
                        let value = arguments.get();
                        match &value {
                            serde_json::Value::String(text) if text.is_empty() => {
                                view! { <p class="inspector-empty">"None yet."</p> }.into_any()
                            }
                            serde_json::Value::Object(map) if map.is_empty() => {
                                view! { <p class="inspector-empty">"None."</p> }.into_any()
                            }
                            value => view! { <Value value=value.clone() label="Arguments" /> }.into_any(),
                        }
                    }}
                </section>
                <Page call />
                <Output call />
                {move || {
                    result
                        .get()
                        .filter(|value| !text::pretty_value(value).is_empty())
                        .map(|value| {
                            view! {
                                <section>
                                    <h3>"Result"</h3>
                                    <Value value label="Result" />
                                </section>
                            }
                        })
                }}
            </div>
        </aside>
    }
}

/// A value by its parts: short ones beside their names, long ones below them.
#[component]
fn Value(value: serde_json::Value, label: &'static str) -> impl IntoView {
    let long = |text: &str, label: String| {
        let (shown, cut) = text::tail(text, text::SHOWN);
        view! {
            {cut.then(|| view! { <p class="inspector-empty">"Only its end is shown."</p> })}
            <pre class="inspector-text" tabindex="0" aria-label=label>{text::plain(shown)}</pre>
        }
    };
    let Some(parts) = text::parts(&value) else {
        return long(&text::pretty_value(&value), label.to_owned()).into_any();
    };
    let (short, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.short);
    let short = (!short.is_empty()).then(|| {
        let rows =
            short.into_iter().map(|part| view! { <dt>{part.name}</dt><dd>{part.text}</dd> }).collect_view();
        view! { <dl class="inspector-parts">{rows}</dl> }
    });
    let rest = rest
        .into_iter()
        .map(|part| {
            let text = long(&part.text, format!("{label}: {}", part.name));
            view! { <h4>{part.name}</h4> {text} }
        })
        .collect_view();
    view! { {short} {rest} }.into_any()
}

/// One line: how long, until when, which attempt.
fn facts(call: &CallView, now: Timestamp) -> String {
    let mut facts = Vec::new();
    let time = spent(call, now);
    match call.state {
        CallState::Running if !time.is_empty() => {
            facts.push(match time_limit(call) {
                Some(limit) => format!("Running for {time}, timeout at {limit}"),
                None => format!("Running for {time}"),
            });
        }
        CallState::Asking if !time.is_empty() => facts.push(format!("Waiting for {time}")),
        _ if !time.is_empty() => facts.push(format!("Took {time}")),
        _ => {}
    }
    if call.attempt > 1 || call.state == CallState::Retrying {
        facts.push(format!("attempt {}", call.attempt));
    }
    facts.join(" · ")
}

/// Why a call doesn't end, as far as that can be told from outside.
#[component]
fn Quiet(silence: String, limit: String) -> impl IntoView {
    view! {
        <div class="inspector-error" data-tone="amber" role="status">
            <strong>{silence}</strong>
            <p>
                {limit}
                " If it only takes long, wait. Else cancel the call, and the agent goes on without it; or disable the tool."
            </p>
        </div>
    }
}

#[component]
fn Failure(error: alumia_protocol::tools::ToolError, retrying: bool) -> impl IntoView {
    view! {
        <div class="inspector-error" data-tone=if retrying { "amber" } else { "red" }>
            <strong>{if retrying { "The model sent a call that doesn't fit" } else { "The call failed" }}</strong>
            <p>{error.message}</p>
            {error
                .path
                .filter(|path| !path.is_empty())
                .map(|path| view! { <p>"Argument: " <code>{path}</code></p> })}
            <p class="muted">"Code: " <code>{error.code}</code></p>
        </div>
    }
}

/// What the call's browser shows, while it runs.
#[component]
fn Page(call: RwSignal<CallView>) -> impl IntoView {
    let (id, session) = call.with_untracked(|call| (call.call_id, call.session_id));
    let frame = use_context::<Live>().and_then(|live| live.session(session)).map(|session| session.frame);
    let number = Memo::new(move |_| {
        let uses_it = call.with(|call| call.state == CallState::Running && call.tool.starts_with("browser_"));
        frame.filter(|_| uses_it).and_then(|frame| frame.get())
    });
    move || {
        number.get().map(|number| {
            view! {
                <section data-call=id.to_string()>
                    <h3>"Page " <span class="inspector-live">"live"</span></h3>
                    <img class="inspector-page" src=api::browser_url(session, number) alt="The page in the browser" />
                </section>
            }
        })
    }
}

/// Partial output: follows its end unless the person scrolled up.
#[component]
fn Output(call: RwSignal<CallView>) -> impl IntoView {
    let frame = NodeRef::<html::Pre>::new();
    let follows = StoredValue::new(true);
    let shown = Memo::new(move |_| {
        call.with(|call| {
            let (end, cut) = text::tail(&call.output, text::SHOWN);
            (text::plain(end), cut)
        })
    });
    let running = move || call.with(|call| call.state == CallState::Running);
    Effect::new(move || {
        shown.track();
        if let Some(frame) = frame.get()
            && follows.get_value()
        {
            request_animation_frame(move || frame.set_scroll_top(frame.scroll_height()));
        }
    });
    let has_some = Memo::new(move |_| shown.with(|(text, _)| !text.is_empty()));
    move || {
        has_some.get().then(|| {
            view! {
                <section>
                    <h3>"Output" {move || running().then(|| view! { <span class="inspector-live">"live"</span> })}</h3>
                    {move || shown.with(|(_, cut)| *cut).then(|| view! { <p class="inspector-empty">"Only its end is shown."</p> })}
                    <pre
                        class="inspector-text"
                        node_ref=frame
                        tabindex="0"
                        aria-label="Output"
                        on:scroll=move |_| {
                            if let Some(frame) = frame.get_untracked() {
                                let rest = frame.scroll_height() - frame.scroll_top() - frame.client_height();
                                follows.set_value(rest < 24);
                            }
                        }
                    >
                        {move || shown.with(|(text, _)| text.clone())}
                    </pre>
                </section>
            }
        })
    }
}
