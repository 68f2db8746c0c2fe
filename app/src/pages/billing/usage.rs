//! What credits were used for.

use super::Desk;
use crate::{
    components::{
        card::EmptyState,
        credits::{credits, number},
        table::Table,
        time::duration,
    },
    live::billing,
};
use alumia_protocol::billing::{UsageReport, UsageRow};
use leptos::prelude::*;

/// By what it can be summed up: value and words.
const GROUPS: [(&str, &str); 7] = [
    ("model", "model"),
    ("day", "day"),
    ("operation", "kind"),
    ("project", "project"),
    ("agent", "agent"),
    ("user", "person"),
    ("session", "conversation"),
];

/// The last thirty days.
#[component]
pub fn Usage(desk: Desk, report: UsageReport) -> impl IntoView {
    let report = RwSignal::new(report);
    let group = RwSignal::new("model".to_owned());
    let choose = move |event| {
        let chosen = event_target_value(&event);
        group.set(chosen.clone());
        let org = desk.org();
        desk.run(async move { billing::usage(&org, &chosen).await }, move |found| report.set(found));
    };
    let options =
        GROUPS.iter().map(|(value, words)| view! { <option value=*value>{*words}</option> }).collect_view();
    let table = move || format!("/api/v1/billing/usage/calls?org={}&format=csv", desk.org());
    let total = move || report.with(|report| report.total);
    view! {
        <section class="billing-section" aria-labelledby="usage-head">
            <header class="page-head">
                <h2 id="usage-head">"Usage in the last 30 days"</h2>
                <label class="billing-by needs-script">
                    "By "
                    <select on:change=choose prop:value=move || group.get()>{options}</select>
                </label>
            </header>
            {move || {
                if report.with(|report| report.total.calls == 0) {
                    return view! {
                        <EmptyState icon="chart" title="Nothing used yet">
                            <p>"Calls of models that cost something and time in the sandbox show up here."</p>
                        </EmptyState>
                    }
                    .into_any();
                }
                let most = report.with(|report| report.items.iter().map(|row| row.sum.cost.0).max().unwrap_or(0));
                let rows = report.with(|report| report.items.clone());
                view! {
                    <Table caption="Usage" columns=vec!["What", "Calls", "Tokens in", "Tokens out", "Time", "Credits", "Share"]>
                        {rows.into_iter().map(|row| view! { <Row row most /> }).collect_view()}
                    </Table>
                }
                .into_any()
            }}
            <p class="muted">
                {move || {
                    let total = total();
                    let own = if total.byok_calls > 0 { format!(", {} of them paid by your own keys", total.byok_calls) } else { String::new() };
                    format!("{} calls{own}, {} in all. ", total.calls, credits(total.cost))
                }}
                <a href=table>"Every call as a table (CSV)"</a>
            </p>
        </section>
    }
}

#[component]
fn Row(row: UsageRow, most: i64) -> impl IntoView {
    let UsageRow { key, name, sum } = row;
    let what = match name {
        Some(name) => name,
        None if key.is_empty() => "without".to_owned(),
        None => key,
    };
    let time = if sum.millis > 0 { duration(sum.millis) } else { String::new() };
    // Of the dearest line; an attribute, because a policy forbids styles.
    let share = if most > 0 { sum.cost.0.saturating_mul(100) / most } else { 0 };
    view! {
        <tr>
            <th scope="row" class="truncate">{what}</th>
            <td class="num">{sum.calls}</td>
            <td class="num">{sum.input_tokens}</td>
            <td class="num">{sum.output_tokens}</td>
            <td class="num">{time}</td>
            <td class="num">{number(sum.cost)}</td>
            <td><meter min="0" max="100" value=share>{format!("{share} %")}</meter></td>
        </tr>
    }
}
