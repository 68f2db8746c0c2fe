//! Limits of spending.

use super::EmptyState;
use crate::{
    components::{
        button::{Button, Kind},
        credits,
        field::{FormError, TextField},
        icon::Icon,
        status::{Badge, Tone},
    },
    live::step_up::SteppedUpClient,
    pages::{
        PageError,
        auth::Before,
        settings::{Confirmed, Section, failure, reload_after},
    },
};
#[cfg(any(feature = "ssr", test))]
use alumia_protocol::TargetId;
use alumia_protocol::billing::{Budget, BudgetPeriod, BudgetScope};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Something that a budget can be set for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    scope: BudgetScope,
    id: String,
    name: String,
}

/// The workspaces, people, projects and agents that the caller sees.
#[cfg(feature = "ssr")]
pub async fn targets(
    platform: &alumia_platform::Platform,
    scope: &alumia_platform::OrgScope,
) -> alumia_platform::Result<Vec<Target>> {
    let target = |scope, id: String, name| Target { scope, id, name };
    let mut all = Vec::new();
    for workspace in platform.workspaces.list(scope).await? {
        all.push(target(BudgetScope::Workspace, workspace.id.to_string(), workspace.name));
    }
    for member in platform.members.list(scope).await? {
        all.push(target(BudgetScope::User, member.user_id.to_string(), member.name));
    }
    for project in platform.projects.list(scope, None, 100).await?.items {
        all.push(target(BudgetScope::Project, project.id.to_string(), project.name));
    }
    for agent in platform.agents.list(scope).await?.items {
        all.push(target(BudgetScope::Agent, agent.id.to_string(), agent.name));
    }
    Ok(all)
}

/// What is to be done with a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    Set,
    Remove,
}

/// Sets or removes one budget; the others stay. `what` is `org` or a scope and an id, `project:0190…`; `limit` is in
/// credits.
#[server(prefix = "/fn", endpoint = "budget", client = SteppedUpClient)]
pub async fn manage_budget(
    org: String,
    act: Act,
    what: String,
    period: BudgetPeriod,
    hard: bool,
    limit: Option<String>,
) -> Result<(), PageError> {
    use alumia_platform::Error;
    use alumia_protocol::{Microcredits, billing::BudgetLimit};
    let page = format!("/{}/billing", crate::live::api::percent_encode(&org));
    let Some(caller) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(caller, &org).await?;
    scope.require_treasurer()?;
    let billing = expect_context::<alumia_platform::Platform>().billing.clone();
    let typed = limit.unwrap_or_default();
    let done = async {
        let (of, target_id) =
            parse_target(&what).ok_or_else(|| Error::invalid("what", "Say what the budget is for."))?;
        let budget = |limit| BudgetLimit { scope: of, target_id, period, limit, hard };
        match act {
            Act::Set => {
                let limit = Microcredits::parse_credits(&typed)
                    .ok_or_else(|| Error::invalid("limit", "Write a number of credits, as 500 or 12.5."))?;
                billing.put_budget(&scope, budget(limit)).await
            }
            Act::Remove => billing.remove_budget(&scope, &budget(Microcredits::ZERO)).await,
        }
    };
    match done.await {
        Ok(_) => Ok(leptos_axum::redirect(&page)),
        Err(error) => crate::server::form_error(error, "budget", &page, &[("limit", &typed)]),
    }
}

#[cfg(any(feature = "ssr", test))]
fn parse_target(what: &str) -> Option<(BudgetScope, Option<TargetId>)> {
    if what == "org" {
        return Some((BudgetScope::Org, None));
    }
    let (scope, id) = what.split_once(':')?;
    Some((serde_json::from_value(scope.into()).ok()?, Some(id.parse().ok()?)))
}

fn what_of(scope: BudgetScope, target: Option<&str>) -> String {
    let word = serde_json::to_value(scope)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default();
    match target {
        Some(id) => format!("{word}:{id}"),
        None => word,
    }
}

const fn scope_word(scope: BudgetScope) -> &'static str {
    match scope {
        BudgetScope::Org => "Everything",
        BudgetScope::Workspace => "Workspace",
        BudgetScope::User => "Person",
        BudgetScope::Project => "Project",
        BudgetScope::Agent => "Agent",
        BudgetScope::Session => "Conversation",
        BudgetScope::Run => "Run",
    }
}

const fn period_word(period: BudgetPeriod) -> &'static str {
    match period {
        BudgetPeriod::Day => "a day",
        BudgetPeriod::Week => "a week",
        BudgetPeriod::Month => "a month",
        BudgetPeriod::Total => "in all",
    }
}

const PERIODS: [(BudgetPeriod, &str, &str); 4] = [
    (BudgetPeriod::Month, "month", "A month"),
    (BudgetPeriod::Week, "week", "A week"),
    (BudgetPeriod::Day, "day", "A day"),
    (BudgetPeriod::Total, "total", "In all"),
];

fn period_id(period: BudgetPeriod) -> &'static str {
    PERIODS.iter().find(|(one, ..)| *one == period).map_or("month", |(_, id, _)| id)
}

/// The section of the page.
#[component]
pub fn Budgets(budgets: Vec<Budget>, targets: Vec<Target>, org: String) -> impl IntoView {
    let action = ServerAction::<ManageBudget>::new();
    reload_after(action);
    let before = Before::of("budget");
    let typed = before.value("limit");
    let first = StoredValue::new(before.message());
    let failed = failure(action);
    let message = Signal::derive(move || failed.get().or_else(|| first.get_value()));
    let list = if budgets.is_empty() {
        view! {
            <EmptyState icon="sliders" title="No limits yet">
                <p>"A hard budget stops what would pass it; a soft one only gives notice at 50, 80 and 100 %."</p>
            </EmptyState>
        }
        .into_any()
    } else {
        let rows = budgets
            .into_iter()
            .map(|budget| view! { <Row budget targets=targets.clone() org=org.clone() action /> })
            .collect_view();
        view! { <ul class="settings-list" role="list">{rows}</ul> }.into_any()
    };
    let options = targets
        .into_iter()
        .map(|target| {
            let value = what_of(target.scope, Some(&target.id));
            view! { <option value=value>{format!("{}: {}", scope_word(target.scope), target.name)}</option> }
        })
        .collect_view();
    let periods =
        PERIODS.into_iter().map(|(_, id, words)| view! { <option value=id>{words}</option> }).collect_view();
    view! {
        <Section id="budgets" title="Budgets" lead="Spending never passes a hard budget, whatever runs at once.">
            <FormError message />
            {list}
            <ActionForm action=action attr:class="form budget-form">
                <input type="hidden" name="org" value=org />
                <input type="hidden" name="act" value="set" />
                <div class="field">
                    <label for="budget-what">"For"</label>
                    <div class="field-control select">
                        <select id="budget-what" name="what"><option value="org">"Everything"</option>{options}</select>
                        <Icon name="chevron-down" />
                    </div>
                </div>
                <TextField label="Credits" name="limit" value=typed required=true />
                <div class="form-row even">
                    <div class="field">
                        <label for="budget-period">"Counted"</label>
                        <div class="field-control select">
                            <select id="budget-period" name="period">{periods}</select>
                            <Icon name="chevron-down" />
                        </div>
                    </div>
                    <div class="field">
                        <label for="budget-hard">"When it is used up"</label>
                        <div class="field-control select">
                            <select id="budget-hard" name="hard">
                                <option value="true">"Stop"</option>
                                <option value="false">"Give notice"</option>
                            </select>
                            <Icon name="chevron-down" />
                        </div>
                    </div>
                </div>
                <div><Button kind=Kind::Primary submit=true busy=action.pending()>"Set budget"</Button></div>
            </ActionForm>
        </Section>
    }
}

#[component]
fn Row(
    budget: Budget,
    targets: Vec<Target>,
    org: String,
    action: ServerAction<ManageBudget>,
) -> impl IntoView {
    let Budget { limit, spent, reserved, .. } = budget;
    let target = limit.target_id.map(|id| id.to_string());
    let known = targets.into_iter().find(|one| one.scope == limit.scope && Some(&one.id) == target.as_ref());
    let name = match (known, &target) {
        (Some(known), _) => format!("{}: {}", scope_word(limit.scope), known.name),
        (None, Some(id)) => format!("{} {id}", scope_word(limit.scope)),
        (None, None) => scope_word(limit.scope).to_owned(),
    };
    let used = spent.checked_add(reserved).unwrap_or(spent);
    let percent = if limit.limit.is_positive() {
        i64::try_from(i128::from(used.0.max(0)) * 100 / i128::from(limit.limit.0)).unwrap_or(i64::MAX)
    } else {
        100
    };
    let (tone, words) = match (percent, limit.hard) {
        (100.., true) => (Tone::Red, "Used up"),
        (100.., false) => (Tone::Red, "Passed"),
        (80.., _) => (Tone::Amber, "Nearly used up"),
        (_, true) => (Tone::Grey, "Stops"),
        (_, false) => (Tone::Grey, "Gives notice"),
    };
    let facts = format!(
        "{} of {} {}, {percent} %",
        credits::number(used),
        credits::words(limit.limit),
        period_word(limit.period)
    );
    let style = format!("width: {}%", percent.clamp(0, 100));
    let label = format!("Remove the budget for {name}");
    let what = what_of(limit.scope, target.as_deref());
    view! {
        <li class="settings-row">
            <div class="settings-what">
                <strong class="truncate">{name}</strong>
                <span class="muted">{facts}</span>
                <span class="meter" data-tone=tone.name() aria-hidden="true"><i style=style></i></span>
            </div>
            <Badge tone=tone text=words.to_owned() />
            <div class="settings-acts">
                <Confirmed words="Remove" label question="What it stopped goes on by itself.">
                    <ActionForm action=action>
                        <input type="hidden" name="org" value=org />
                        <input type="hidden" name="act" value="remove" />
                        <input type="hidden" name="what" value=what />
                        <input type="hidden" name="period" value=period_id(limit.period) />
                        <input type="hidden" name="hard" value=limit.hard.to_string() />
                        <Button kind=Kind::Danger submit=true busy=action.pending()>"Remove now"</Button>
                    </ActionForm>
                </Confirmed>
            </div>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::{BudgetScope, parse_target};

    #[test]
    fn reads_what_a_budget_is_for() {
        assert_eq!(parse_target("org"), Some((BudgetScope::Org, None)));
        let id = "0190a5c2-7b1e-7cc0-9d3c-5e2f6a1b4c8d";
        assert_eq!(parse_target(&format!("project:{id}")), Some((BudgetScope::Project, id.parse().ok())));
        for wrong in ["", "project", "project:", "house:1", &format!("house:{id}")] {
            assert_eq!(parse_target(wrong), None, "{wrong}");
        }
    }
}
