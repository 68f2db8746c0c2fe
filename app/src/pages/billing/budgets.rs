//! Limits of spending.

use super::Desk;
use crate::{
    components::{
        button::{Button, Kind},
        credits::{credits, number},
        field::{FormError, Select, TextField},
        table::Table,
    },
    live::billing,
};
use alumia_protocol::{
    Microcredits, TargetId,
    billing::{Budget, BudgetLimit, BudgetPeriod, BudgetScope},
};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

/// All budgets, and a form for one more.
#[component]
pub fn Budgets(desk: Desk, budgets: Vec<Budget>, projects: Vec<(String, String)>) -> impl IntoView {
    let budgets = RwSignal::new(budgets);
    let names = StoredValue::new(projects.clone());
    // Set as a whole: what another person set meanwhile would be lost, so the server's answer is what shows.
    let set = move |limits: Vec<BudgetLimit>, said: &'static str| {
        let org = desk.org();
        desk.run(async move { billing::set_budgets(&org, limits).await }, move |list| {
            budgets.set(list.items);
            desk.toasts.say(said);
        });
    };
    let limits = move || {
        budgets.with_untracked(|all| all.iter().map(|budget| budget.limit.clone()).collect::<Vec<_>>())
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        let Some(data) = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok()) else { return };
        let text = |name: &str| data.get(name).as_string().unwrap_or_default();
        let credits = text("budget-credits").trim().parse::<i64>().ok().and_then(Microcredits::credits);
        let target: Option<TargetId> = text("budget-for").parse().ok();
        let limit = BudgetLimit {
            scope: if target.is_some() { BudgetScope::Project } else { BudgetScope::Org },
            target_id: target,
            period: match text("budget-period").as_str() {
                "day" => BudgetPeriod::Day,
                "week" => BudgetPeriod::Week,
                "total" => BudgetPeriod::Total,
                _ => BudgetPeriod::Month,
            },
            // The server says what is wrong with a number that is none.
            limit: credits.unwrap_or(Microcredits(-1)),
            hard: text("budget-kind") == "hard",
        };
        let mut all: Vec<BudgetLimit> = limits();
        let same = |other: &BudgetLimit| {
            (other.scope, other.target_id, other.period, other.hard)
                == (limit.scope, limit.target_id, limit.period, limit.hard)
        };
        all.retain(|other| !same(other));
        all.push(limit);
        set(all, "The budget is set.");
    };
    let remove = move |gone: BudgetLimit| {
        let mut all = limits();
        all.retain(|limit| *limit != gone);
        set(all, "The budget is removed.");
    };
    let options = projects
        .into_iter()
        .map(|(id, name)| view! { <option value=id>{format!("Project {name}")}</option> })
        .collect_view();
    view! {
        <section class="billing-section" aria-labelledby="budgets-head">
            <h2 id="budgets-head">"Budgets"</h2>
            <FormError message=desk.trouble() />
            <Show when=move || budgets.with(|all| !all.is_empty())>
                <Table caption="Budgets that are set" columns=vec!["For", "Period", "Limit", "Used", "Held", "Kind", "Actions"]>
                    <For each=move || budgets.get() key=|budget| (budget.id, budget.limit.limit, budget.spent, budget.reserved) let:budget>
                        <BudgetRow budget names on_remove=Callback::new(remove) />
                    </For>
                </Table>
            </Show>
            <Show when=move || budgets.with(Vec::is_empty)>
                <p class="muted">"No limits yet: spending ends where the credits do."</p>
            </Show>
            <form class="billing-form needs-script" on:submit=submit>
                <div class="field">
                    <label for="budget-for">"For"</label>
                    <div class="field-control">
                        <select id="budget-for" name="budget-for"><option value="">"The organization"</option>{options}</select>
                    </div>
                </div>
                <Select
                    label="Each"
                    name="budget-period"
                    options=vec![("day", "Day"), ("week", "Week"), ("month", "Month"), ("total", "In all")]
                    value="month"
                />
                <TextField label="Credits" name="budget-credits" kind="number" required=true />
                <Select
                    label="When it is used up"
                    name="budget-kind"
                    options=vec![("hard", "Stop"), ("soft", "Only tell")]
                    value="hard"
                />
                <Button submit=true busy=desk.busy>"Set budget"</Button>
            </form>
        </section>
    }
}

#[component]
fn BudgetRow(
    budget: Budget,
    names: StoredValue<Vec<(String, String)>>,
    on_remove: Callback<BudgetLimit>,
) -> impl IntoView {
    let limit = budget.limit.clone();
    let kind = match limit.scope {
        BudgetScope::Org => "The organization",
        BudgetScope::Workspace => "A workspace",
        BudgetScope::User => "A person",
        BudgetScope::Project => "A project",
        BudgetScope::Agent => "An agent",
        BudgetScope::Session => "A conversation",
        BudgetScope::Run => "A run",
    };
    let target = limit.target_id.map(|id| id.to_string());
    let name = target.and_then(|id| {
        names.with_value(|names| names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()))
    });
    let name = name.map_or_else(|| kind.to_owned(), |name| format!("Project {name}"));
    let period = match limit.period {
        BudgetPeriod::Day => "a day",
        BudgetPeriod::Week => "a week",
        BudgetPeriod::Month => "a month",
        BudgetPeriod::Total => "in all",
    };
    let of = format!(" the budget of {} for {name}", credits(limit.limit));
    let gone = limit.clone();
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td>{period}</td>
            <td class="num">{number(limit.limit)}</td>
            <td class="num">{number(budget.spent)}</td>
            <td class="num">{number(budget.reserved)}</td>
            <td>{if limit.hard { "stops" } else { "tells" }}</td>
            <td>
                <Button kind=Kind::Danger on:click=move |_| on_remove.run(gone.clone())>
                    "Remove"<span class="sr-only">{of}</span>
                </Button>
            </td>
        </tr>
    }
}
