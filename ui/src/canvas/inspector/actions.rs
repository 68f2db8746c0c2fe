//! What can be done about a call.

use crate::{
    chat::{ApprovalCard, Chat},
    components::{icon::Icon, toast::Toasts},
    live::{
        Live,
        api::{self, Answer},
    },
};
use alumia_protocol::sessions::{CallState, CallView};
use leptos::{prelude::*, task::spawn_local};
use std::future::Future;

/// The buttons that fit the call's state.
#[component]
pub(super) fn Actions(call: RwSignal<CallView>) -> impl IntoView {
    let live = expect_context::<Live>();
    let toasts = use_context::<Toasts>();
    let (session, id, tool) =
        call.with_untracked(|call| (call.session_id, call.call_id, StoredValue::new(call.tool.clone())));
    let signals = live.session(session);
    let busy = RwSignal::new(false);
    let state = Memo::new(move |_| call.with(|call| call.state));
    let running = move || signals.is_some_and(|signals| signals.running.get());
    let tell = move |answer: Answer<()>, done: String| {
        busy.try_set(false);
        match (answer, toasts) {
            (Ok(()), Some(toasts)) => toasts.say(done),
            (Err(problem), Some(toasts)) => toasts.fail(problem.message),
            _ => {}
        }
    };
    let cancel = move |_| act(busy, tell, api::cancel_call(session, id), "Call cancelled");
    let stop = move |_| act(busy, tell, api::stop(session), "Run stopped");
    // Until it is known whether the agent may call the tool, there is nothing to switch.
    let allowed = RwSignal::new(None::<bool>);
    Effect::new(move |asked: Option<()>| {
        let (None, Some(signals)) = (asked, signals) else { return };
        let agent = signals.session.with_untracked(|session| session.agent_id);
        spawn_local(async move {
            if let Ok(agent) = api::agent(agent).await {
                allowed.try_set(Some(agent.allowed_tools.contains(&tool.get_value())));
            }
        });
    });
    let switch = move |_| {
        let (Some(signals), Some(was)) = (signals, allowed.get_untracked()) else { return };
        let (agent, name) =
            signals.session.with_untracked(|session| (session.agent_id, session.agent_name.clone()));
        busy.set(true);
        spawn_local(async move {
            let tool = tool.get_value();
            let answer = api::set_tool(agent, &tool, !was).await.map(|agent| {
                allowed.try_set(Some(agent.allowed_tools.contains(&tool)));
            });
            let now = if was { "off" } else { "on" };
            tell(answer, format!("{tool} is {now} for {name} from the next step on"));
        });
    };
    let approval = move || {
        (state.get() == CallState::Asking && use_context::<Chat>().is_some())
            .then(|| view! { <ApprovalCard call /> })
    };
    view! {
        {approval}
        <div class="inspector-actions">
            {move || {
                (state.get() == CallState::Running)
                    .then(|| {
                        view! {
                            <button type="button" class="button small" disabled=busy on:click=cancel>
                                <Icon name="close" />
                                "Cancel call"
                            </button>
                        }
                    })
            }}
            {move || {
                running()
                    .then(|| {
                        view! {
                            <button type="button" class="button small" disabled=busy on:click=stop>
                                <Icon name="stop" />
                                "Stop run"
                            </button>
                        }
                    })
            }}
            {move || {
                allowed
                    .get()
                    .map(|on| {
                        let (icon, words) =
                            if on { ("eye-off", "Disable on this agent") } else { ("eye", "Enable on this agent") };
                        view! {
                            <button type="button" class="button small" disabled=busy on:click=switch>
                                <Icon name=icon />
                                {words}
                            </button>
                        }
                    })
            }}
        </div>
    }
}

fn act(
    busy: RwSignal<bool>,
    tell: impl Fn(Answer<()>, String) + 'static,
    request: impl Future<Output = Answer<()>> + 'static,
    done: &'static str,
) {
    busy.set(true);
    spawn_local(async move { tell(request.await, done.to_owned()) });
}
