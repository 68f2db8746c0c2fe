//! What an agent can do: a switch for each tool.

use super::page::AgentState;
use crate::{
    components::{icon::Icon, switch::Switch, toast::use_toasts},
    live::api,
    pages::PageError,
};
use alumia_protocol::{AgentId, tools::Effect};
use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};

/// One tool of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolChoice {
    pub name: String,
    pub group: String,
    pub title: String,
    pub about: String,
    pub effect: Effect,
}

/// Turns a tool on or off, for browsers without script; the others use the API.
#[server(prefix = "/fn", endpoint = "agent_tool")]
pub async fn set_agent_tool(
    org: String,
    slug: String,
    agent: AgentId,
    tool: String,
    on: bool,
) -> Result<(), PageError> {
    let page = super::page_of(&org, &slug);
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    let platform = expect_context::<alumia_platform::Platform>();
    if platform.tools.get(&tool).is_none() {
        return Err(alumia_platform::Error::NotFound("tool").into());
    }
    platform.agents.set_tool(&scope, agent, &tool, on).await?;
    Ok(leptos_axum::redirect(&page))
}

/// Has a tool ask again, for browsers without script; the others use the API.
#[server(prefix = "/fn", endpoint = "ask_again")]
pub async fn ask_again(org: String, slug: String, agent: AgentId, tool: String) -> Result<(), PageError> {
    let page = super::page_of(&org, &slug);
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    let platform = expect_context::<alumia_platform::Platform>();
    let agent = platform.agents.get(&scope, agent).await?;
    platform.engine.revoke_grant(&scope, &agent, &tool).await?;
    Ok(leptos_axum::redirect(&page))
}

fn group_words(group: &str) -> String {
    match group {
        "canvas" => "Canvas".into(),
        "peers" => "Other agents".into(),
        "self" => "Itself".into(),
        "sandbox" => "Sandbox".into(),
        "browser" => "Browser".into(),
        "web" => "Web".into(),
        "files" => "Files".into(),
        other => other.to_owned(),
    }
}

/// Icon and words.
const fn effect_words(effect: Effect) -> (&'static str, &'static str) {
    match effect {
        Effect::Read => ("eye", "Only reads"),
        Effect::Write => ("edit", "Changes the project"),
        Effect::External => ("external", "Reaches outside, asks first"),
    }
}

/// All tools by group.
#[component]
pub fn ToolSwitches(
    tools: Vec<ToolChoice>,
    /// Those that people always allow.
    granted: Vec<String>,
    state: AgentState,
    org: String,
    writes: bool,
) -> impl IntoView {
    let mut groups: Vec<(String, Vec<ToolChoice>)> = Vec::new();
    for tool in tools {
        match groups.iter_mut().find(|(group, _)| *group == tool.group) {
            Some((_, all)) => all.push(tool),
            None => groups.push((tool.group.clone(), vec![tool])),
        }
    }
    groups
        .into_iter()
        .map(|(group, tools)| {
            let rows = tools
                .into_iter()
                .map(|tool| {
                    let granted = granted.contains(&tool.name);
                    view! { <ToolRow tool granted state org=org.clone() writes /> }
                })
                .collect_view();
            view! {
                <h3>{group_words(&group)}</h3>
                <ul class="settings-list" role="list">{rows}</ul>
            }
        })
        .collect_view()
}

#[component]
fn ToolRow(tool: ToolChoice, granted: bool, state: AgentState, org: String, writes: bool) -> impl IntoView {
    let toasts = use_toasts();
    let (id, slug) = state.base.with_untracked(|agent| (agent.id, agent.slug.clone()));
    let on = RwSignal::new(state.base.with_untracked(|agent| agent.allowed_tools.contains(&tool.name)));
    let busy = RwSignal::new(false);
    let name = StoredValue::new(tool.name.clone());
    let title = StoredValue::new(tool.title.clone());
    let switch = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = !on.get_untracked();
        on.set(wanted);
        busy.set(true);
        spawn_local(async move {
            match api::set_tool(id, &name.get_value(), wanted).await {
                Ok(agent) => {
                    state.switched(agent);
                    let now = if wanted { "on" } else { "off" };
                    toasts.say(format!("{} is {now} from the next step on.", title.get_value()));
                }
                Err(problem) => {
                    on.try_set(!wanted);
                    toasts.fail(problem.message);
                }
            }
            busy.try_set(false);
        });
    };
    let (icon, effect) = effect_words(tool.effect);
    view! {
        <li class="settings-row tool-row">
            <div class="settings-what">
                <span class="tool-title"><strong>{tool.title.clone()}</strong><code>{tool.name.clone()}</code></span>
                <span class="muted">{tool.about}</span>
                <span class="tag"><Icon name=icon />{effect}</span>
                {granted.then(|| view! { <Granted agent=id slug=slug.clone() org=org.clone() tool=tool.name.clone() writes /> })}
            </div>
            <form method="post" action="/fn/agent_tool" on:submit=switch>
                <input type="hidden" name="org" value=org />
                <input type="hidden" name="slug" value=slug />
                <input type="hidden" name="agent" value=id.to_string() />
                <input type="hidden" name="tool" value=tool.name />
                <input type="hidden" name="on" value=move || (!on.get()).to_string() />
                <Switch on label=tool.title disabled=Signal::derive(move || busy.get() || !writes) />
            </form>
        </li>
    }
}

/// A person has allowed the tool for good; that can be taken back.
#[component]
fn Granted(agent: AgentId, slug: String, org: String, tool: String, writes: bool) -> impl IntoView {
    let toasts = use_toasts();
    let granted = RwSignal::new(true);
    let name = StoredValue::new(tool.clone());
    let revoke = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        granted.set(false);
        spawn_local(async move {
            match api::revoke_approval(agent, &name.get_value()).await {
                Ok(()) => toasts.say("It asks again from the next step on."),
                Err(problem) => {
                    granted.try_set(true);
                    toasts.fail(problem.message);
                }
            }
        });
    };
    view! {
        <form class="tool-granted" method="post" action="/fn/ask_again" on:submit=revoke hidden=move || !granted.get()>
            <input type="hidden" name="org" value=org />
            <input type="hidden" name="slug" value=slug />
            <input type="hidden" name="agent" value=agent.to_string() />
            <input type="hidden" name="tool" value=tool />
            <span class="tag"><Icon name="check" />"Allowed without asking"</span>
            {writes.then(|| view! { <button type="submit" class="button small">"Ask again"</button> })}
        </form>
    }
}
