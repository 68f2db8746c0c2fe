//! `/<org>/settings/audit`: who did what. A plain form filters it, so it works without script.

use super::SettingsHead;
use crate::{
    components::{
        card::EmptyState,
        icon::Icon,
        status::{Badge, Tone},
        table::Table,
    },
    pages::{PageError, Problem},
};
use alumia_protocol::{
    List, UserId,
    audit::{ActorKind, AuditEntry, Outcome},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    components::Form,
    hooks::{use_location, use_params_map, use_query_map},
};
use serde::{Deserialize, Serialize};

/// What the address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    actor: String,
    action: String,
    outcome: String,
    since: String,
    cursor: String,
}

impl Wanted {
    /// For the query of a link; without the place in the list.
    fn query(&self) -> String {
        let encode = crate::live::api::percent_encode;
        [("actor", &self.actor), ("action", &self.action), ("outcome", &self.outcome), ("since", &self.since)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("&{name}={}", encode(value)))
            .collect()
    }
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditData {
    /// First part of the organisation's paths.
    pub org: String,
    /// The lines.
    pub lines: List<AuditEntry>,
    /// People to filter by.
    pub people: Vec<(UserId, String)>,
    /// Actions to filter by.
    pub actions: Vec<String>,
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "audit")]
pub async fn load_audit(org: String, wanted: Wanted, path: String) -> Result<AuditData, PageError> {
    use alumia_protocol::audit::AuditFilter;
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let filter = AuditFilter {
        actor: given(wanted.actor),
        action: given(wanted.action),
        outcome: match wanted.outcome.as_str() {
            "done" => Some(Outcome::Done),
            "denied" => Some(Outcome::Denied),
            "failed" => Some(Outcome::Failed),
            _ => None,
        },
        // A date that isn't one filters nothing.
        since: serde_json::from_value(format!("{}T00:00:00Z", wanted.since).into()).ok(),
        until: None,
    };
    let cursor = given(wanted.cursor);
    let lines = platform.audit.list(&scope, &filter, cursor.as_deref(), 50).await?;
    let members = platform.members.list(&scope).await?;
    Ok(AuditData {
        org,
        lines,
        people: members.into_iter().map(|member| (member.user_id, member.name)).collect(),
        actions: platform.audit.actions(&scope).await?,
    })
}

/// `/<org>/settings/audit`
#[component]
pub fn AuditPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let query = use_query_map();
    let wanted = Memo::new(move |_| {
        query.with(|query| {
            let get = |name: &str| query.get(name).unwrap_or_default();
            Wanted {
                actor: get("actor"),
                action: get("action"),
                outcome: get("outcome"),
                since: get("since"),
                cursor: get("cursor"),
            }
        })
    });
    let data = Resource::new_blocking(
        move || (params.with(|params| params.get("org").unwrap_or_default()), wanted.get()),
        move |(org, wanted)| load_audit(org, wanted, path.get_untracked()),
    );
    view! {
        <Title text="Audit log" />
        <main id="main" class="page settings" tabindex="-1">
            <SettingsHead />
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Log data wanted=wanted.get_untracked() /> }.into_any(),
                        Err(error) if error.status == 403 => {
                            view! {
                                <EmptyState icon="lock" title="For owners and admins">
                                    <p>{error.message}</p>
                                </EmptyState>
                            }
                            .into_any()
                        }
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Log(data: AuditData, wanted: Wanted) -> impl IntoView {
    let AuditData { org, lines, people, actions } = data;
    let csv = format!("/api/v1/audit?format=csv&org={org}{}", wanted.query());
    let here = format!("/{org}/settings/audit");
    let older = lines.next_cursor.as_ref().map(|cursor| {
        let href = format!("{here}?cursor={}{}", crate::live::api::percent_encode(cursor), wanted.query());
        view! { <a class="button" href=href>"Older"</a> }
    });
    let people = people
        .into_iter()
        .map(|(id, name)| (id.to_string(), name))
        .map(|(id, name)| {
            let selected = id == wanted.actor;
            view! { <option value=id selected=selected>{name}</option> }
        })
        .collect_view();
    let actions = actions
        .into_iter()
        .map(|action| {
            let selected = action == wanted.action;
            view! { <option value=action.clone() selected=selected>{action.clone()}</option> }
        })
        .collect_view();
    let outcomes = [("", "Any outcome"), ("done", "Done"), ("denied", "Denied"), ("failed", "Failed")]
        .into_iter()
        .map(|(value, words)| view! { <option value=value selected={value == wanted.outcome}>{words}</option> })
        .collect_view();
    let nothing = lines.items.is_empty();
    let rows = lines.items.into_iter().map(|line| view! { <Line line /> }).collect_view();
    let table = if nothing {
        view! {
            <EmptyState icon="search" title="Nothing like that">
                <p>"No line of the log fits. Take a filter away."</p>
            </EmptyState>
        }
        .into_any()
    } else {
        view! {
            <Table caption="Audit log" columns=vec!["Time (UTC)", "Who", "What", "On", "Outcome", "From"]>{rows}</Table>
        }
        .into_any()
    };
    view! {
        <Form method="GET" action=here attr:class="audit-filter">
            <div class="field-control select">
                <select name="actor" aria-label="Who"><option value="">"Anybody"</option>{people}</select>
                <Icon name="chevron-down" />
            </div>
            <div class="field-control select">
                <select name="action" aria-label="What"><option value="">"Any action"</option>{actions}</select>
                <Icon name="chevron-down" />
            </div>
            <div class="field-control select">
                <select name="outcome" aria-label="Outcome">{outcomes}</select>
                <Icon name="chevron-down" />
            </div>
            <div class="field-control"><input type="date" name="since" aria-label="From this day on" value=wanted.since /></div>
            <button class="button" type="submit"><Icon name="filter" />"Filter"</button>
            <a class="button" href=csv rel="external" download="audit.csv"><Icon name="download" />"CSV"</a>
        </Form>
        {table}
        <div class="audit-foot">{older}</div>
    }
}

#[component]
fn Line(line: AuditEntry) -> impl IntoView {
    let AuditEntry { at, actor, action, target, outcome, reason, address, user_agent, details, .. } = line;
    let time: String = at.to_string().chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect();
    let person = actor.name.unwrap_or_else(|| "Somebody unknown".into());
    let who = match actor.kind {
        ActorKind::Person | ActorKind::Unknown => person,
        ActorKind::Key => format!("{person}, by API key"),
        ActorKind::Agent => format!("An agent for {person}"),
        ActorKind::System => "Alumia".into(),
    };
    let on =
        target.map(|target| if target.name.is_empty() { target.id } else { target.name }).unwrap_or_default();
    let (tone, words) = match outcome {
        Outcome::Done => (Tone::Green, "Done".to_owned()),
        Outcome::Denied => (Tone::Red, reason.map_or("Denied".into(), |reason| format!("Denied: {reason}"))),
        Outcome::Failed => (Tone::Red, reason.map_or("Failed".into(), |reason| format!("Failed: {reason}"))),
    };
    let facts = details.as_object().filter(|facts| !facts.is_empty()).map(|_| details.to_string());
    view! {
        <tr>
            <td class="numeric">{time}</td>
            <td>{who}</td>
            <td><code>{action}</code>{facts.map(|facts| view! { <span class="audit-facts muted">{facts}</span> })}</td>
            <td>{on}</td>
            <td><Badge tone=tone text=words /></td>
            <td title=user_agent>{address}</td>
        </tr>
    }
}
