//! What credits were used for: by day, summed up by model, project, agent, person …, down to the single call. A
//! plain form and links, so it works without script.

use super::included::Included;
use crate::components::{
    card::EmptyState,
    credits,
    icon::Icon,
    status::{Badge, Tone},
    table::Table,
    time,
};
use alumia_protocol::{
    List, Microcredits,
    billing::{Operation, PackageOffer, PackageUse, PaidCall, UsageReport, UsageRow, UsageSum},
};
use leptos::prelude::*;
use leptos_router::{components::Form, params::ParamsMap};
use serde::{Deserialize, Serialize};

/// What the address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// By what to sum up.
    by: String,
    /// How many days back.
    days: String,
    /// Only what belongs to one thing of this kind …
    of: String,
    /// … with this id or name.
    key: String,
    /// Where the list of calls goes on.
    cursor: String,
}

impl Wanted {
    /// From the page's query.
    pub fn of(query: &ParamsMap) -> Self {
        let get = |name: &str| query.get(name).unwrap_or_default();
        Self { by: get("by"), days: get("days"), of: get("of"), key: get("key"), cursor: get("cursor") }
    }

    /// For a link or a form: the chosen value of a list, else its first.
    fn chosen(wanted: &str, among: &'static [(&'static str, &'static str)]) -> &'static str {
        let known = among.iter().find(|(value, _)| *value == wanted).or_else(|| among.first());
        known.map_or("", |(value, _)| value)
    }

    fn days(&self) -> &'static str {
        Self::chosen(&self.days, DAYS)
    }
}

const DAYS: &[(&str, &str)] =
    &[("30", "Last 30 days"), ("7", "Last 7 days"), ("90", "Last 90 days"), ("365", "Last 365 days")];

const GROUPS: &[(&str, &str)] = &[
    ("model", "By model"),
    ("operation", "By kind"),
    ("project", "By project"),
    ("agent", "By agent"),
    ("user", "By person"),
    ("workspace", "By workspace"),
    ("session", "By conversation"),
    ("day", "By day"),
];

/// What this part of the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    wanted: Wanted,
    /// Date and cost of every day.
    days: Vec<(String, Microcredits)>,
    report: UsageReport,
    /// What `wanted.key` is called, where only that is shown.
    name: Option<String>,
    /// The calls themselves, where only one thing's are shown.
    calls: Option<List<PaidCall>>,
    /// What the package includes, and how much of it is used.
    package: PackageOffer,
    used: PackageUse,
}

/// Reads it.
#[cfg(feature = "ssr")]
pub async fn read(
    platform: &alumia_platform::Platform,
    scope: &alumia_platform::OrgScope,
    wanted: Wanted,
) -> alumia_platform::Result<Shown> {
    use alumia_platform::billing::reports::{CallFilter, Span};
    use alumia_protocol::{
        Timestamp,
        billing::{BillingOverview, UsageGroup},
    };
    let group = |text: &str| serde_json::from_value::<UsageGroup>(text.into()).ok();
    let no_such = || alumia_platform::Error::NotFound("usage");
    let now = platform.clock.now();
    let days: i64 = wanted.days().parse().unwrap_or(30);
    let mut since = now.plus_seconds(-days * 86_400);
    let mut until = None;
    let mut filter = CallFilter::default();
    let key = wanted.key.as_str();
    let to = &mut filter.charged_to;
    match group(&wanted.of) {
        None => {}
        Some(UsageGroup::Day) => {
            let day = serde_json::from_value::<Timestamp>(format!("{key}T00:00:00Z").into());
            since = day.map_err(|_| no_such())?;
            until = Some(since.plus_seconds(86_400));
        }
        Some(UsageGroup::Model) => filter.model = Some(key.to_owned()).filter(|key| !key.contains('\0')),
        Some(UsageGroup::Operation) => {
            filter.operation = Some(serde_json::from_value(key.into()).map_err(|_| no_such())?);
        }
        Some(UsageGroup::Workspace) => to.workspace_id = Some(key.parse().map_err(|_| no_such())?),
        Some(UsageGroup::Project) => to.project_id = Some(key.parse().map_err(|_| no_such())?),
        Some(UsageGroup::Agent) => to.agent_id = Some(key.parse().map_err(|_| no_such())?),
        Some(UsageGroup::User) => to.user_id = Some(key.parse().map_err(|_| no_such())?),
        Some(UsageGroup::Session) => to.session_id = Some(key.parse().map_err(|_| no_such())?),
        Some(UsageGroup::Run) => to.run_id = Some(key.parse().map_err(|_| no_such())?),
    }
    let span = Span::new(Some(since), until, now)?;
    let billing = &platform.billing;
    let by = group(Wanted::chosen(&wanted.by, GROUPS)).unwrap_or(UsageGroup::Model);
    let report = billing.usage(scope, by, span, &filter).await?;
    let by_day = billing.usage(scope, UsageGroup::Day, span, &filter).await?;
    let mut days = Vec::new();
    let mut at = span.since;
    let last = time::date(span.until);
    loop {
        let date = time::date(at);
        let cost =
            by_day.items.iter().find(|row| row.key == date).map_or(Microcredits::ZERO, |row| row.sum.cost);
        let done = date >= last;
        days.push((date, cost));
        if done {
            break;
        }
        at = at.plus_seconds(86_400);
    }
    let mut name = None;
    let mut calls = None;
    if let Some(of) = group(&wanted.of) {
        let cursor = Some(wanted.cursor.as_str()).filter(|cursor| !cursor.is_empty());
        calls = Some(billing.calls(scope, span, &filter, cursor, 50).await?);
        let itself = billing.usage(scope, of, span, &filter).await?;
        name = itself.items.into_iter().find(|row| row.key == wanted.key).and_then(|row| row.name);
    }
    let BillingOverview { package, used, .. } = billing.overview(scope).await?;
    Ok(Shown { wanted, days, report, name, calls, package, used })
}

/// The section of the page.
#[component]
pub fn Usage(shown: Shown, org: String) -> impl IntoView {
    let Shown { wanted, days, report, name, calls, package, used } = shown;
    let here = format!("/{org}/billing");
    let (by, back) = (Wanted::chosen(&wanted.by, GROUPS), wanted.days());
    let options = |among: &'static [(&'static str, &'static str)], chosen: &str| {
        among
            .iter()
            .map(
                |(value, words)| view! { <option value=*value selected={*value == chosen}>{*words}</option> },
            )
            .collect_view()
    };
    let csv = {
        let mut csv = format!(
            "/api/v1/billing/usage?format=csv&org={org}&groupBy={by}&since={}&until={}",
            report.since, report.until
        );
        if let Some((of, key)) = api_filter(&wanted) {
            csv += &format!("&{of}={}", crate::live::api::percent_encode(&key));
        }
        csv
    };
    let only = calls.is_some().then(|| {
        let what = name.unwrap_or_else(|| wanted.key.clone());
        let all = format!("{here}?by={by}&days={back}#usage");
        view! {
            <p class="billing-only">
                "Only " <strong>{what}</strong> ". " <a href=all>"Show all"</a>
            </p>
        }
    });
    let hidden = calls.is_some().then(|| {
        view! {
            <input type="hidden" name="of" value=wanted.of.clone() />
            <input type="hidden" name="key" value=wanted.key.clone() />
        }
    });
    let table = if report.total.calls == 0 {
        view! {
            <EmptyState icon="chart" title="Nothing was used in this time">
                <p>"Every call of a model and every second in the sandbox is counted here, with what it cost."</p>
            </EmptyState>
        }
        .into_any()
    } else {
        let of = by;
        let rows = report
            .items
            .into_iter()
            .map(|row| view! { <Row row of days=back here=here.clone() total=report.total.cost /> })
            .collect_view();
        let UsageSum { calls, input_tokens, output_tokens, cost, millis, .. } = report.total;
        view! {
            <Bars days />
            <Table
                caption="Usage, summed up"
                columns=vec![group_head(by), "Calls", "Tokens in", "Tokens out", "Time", "Credits", "Share"]
                numeric=&[1, 2, 3, 4, 5, 6]
            >
                {rows}
                <tr class="total">
                    <th scope="row">"All"</th>
                    <td class="numeric amount">{count(calls)}</td>
                    <td class="numeric amount">{count(input_tokens)}</td>
                    <td class="numeric amount">{count(output_tokens)}</td>
                    <td class="numeric amount">{span_of(millis)}</td>
                    <td class="numeric amount">{credits::number(cost)}</td>
                    <td></td>
                </tr>
            </Table>
        }
        .into_any()
    };
    let older = calls.as_ref().and_then(|calls| calls.next_cursor.as_ref()).map(|cursor| {
        let encode = crate::live::api::percent_encode;
        let href = format!(
            "{here}?by={by}&days={back}&of={}&key={}&cursor={}#calls",
            encode(&wanted.of),
            encode(&wanted.key),
            encode(cursor)
        );
        view! { <a class="button" href=href>"Older"</a> }
    });
    let calls = calls.filter(|calls| !calls.items.is_empty()).map(|calls| {
        let rows = calls.items.into_iter().map(|call| view! { <Call call /> }).collect_view();
        view! {
            <h3 id="calls">"Calls"</h3>
            <Table
                caption="Calls"
                columns=vec!["Time (UTC)", "What", "Tokens in", "Tokens out", "Time", "Set aside", "Credits", "State"]
                numeric=&[2, 3, 4, 5, 6]
            >
                {rows}
            </Table>
            <div class="audit-foot">{older}</div>
        }
    });
    view! {
        <Included package used />
        <section class="billing-part" id="usage" aria-label="Usage">
            <h2>"Usage"</h2>
            <Form method="GET" action=here attr:class="audit-filter">
                {hidden}
                <div class="field-control select">
                    <select name="by" aria-label="Summed up by">{options(GROUPS, by)}</select>
                    <Icon name="chevron-down" />
                </div>
                <div class="field-control select">
                    <select name="days" aria-label="Time">{options(DAYS, back)}</select>
                    <Icon name="chevron-down" />
                </div>
                <button class="button" type="submit"><Icon name="filter" />"Show"</button>
                <a class="button" href=csv rel="external" download="usage.csv"><Icon name="download" />"CSV"</a>
            </Form>
            {only}
            {table}
            {calls}
        </section>
    }
}

/// The filter's name in the API; a day is its time span.
fn api_filter(wanted: &Wanted) -> Option<(&'static str, String)> {
    let name = match wanted.of.as_str() {
        "model" => "model",
        "operation" => "operation",
        "workspace" => "workspaceId",
        "user" => "userId",
        "project" => "projectId",
        "agent" => "agentId",
        "session" => "sessionId",
        "run" => "runId",
        _ => return None,
    };
    Some((name, wanted.key.clone()))
}

fn group_head(by: &str) -> &'static str {
    match by {
        "operation" => "Kind",
        "project" => "Project",
        "agent" => "Agent",
        "user" => "Person",
        "workspace" => "Workspace",
        "session" => "Conversation",
        "day" => "Day",
        _ => "Model",
    }
}

const fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Model => "Model call",
        Operation::Sandbox => "Sandbox",
        Operation::Browser => "Browser",
    }
}

fn count(number: i64) -> String {
    if number == 0 { "–".into() } else { credits::thousands(number.unsigned_abs()) }
}

fn span_of(millis: i64) -> String {
    if millis == 0 { "–".into() } else { time::duration(millis) }
}

#[component]
fn Row(
    row: UsageRow,
    of: &'static str,
    days: &'static str,
    here: String,
    total: Microcredits,
) -> impl IntoView {
    let UsageRow { key, name, sum } = row;
    let href =
        format!("{here}?by={of}&days={days}&of={of}&key={}#calls", crate::live::api::percent_encode(&key));
    let words = match (&name, of, key.as_str()) {
        (Some(name), ..) => name.clone(),
        (None, "operation", "model") => operation(Operation::Model).into(),
        (None, "operation", "sandbox") => operation(Operation::Sandbox).into(),
        (None, "operation", "browser") => operation(Operation::Browser).into(),
        (None, _, "") => "None".into(),
        (None, "model" | "day", key) => key.to_owned(),
        (None, ..) => "Removed".into(),
    };
    let what = if key.is_empty() {
        view! { <span class="muted">{words}</span> }.into_any()
    } else {
        view! { <a href=href>{words}</a> }.into_any()
    };
    let own = (sum.byok_calls > 0).then(|| {
        let words = format!("{} by own key", credits::thousands(sum.byok_calls.unsigned_abs()));
        view! { " "<span class="muted">{words}</span> }
    });
    let share = if total.is_positive() { sum.cost.0.max(0) / (total.0 / 100).max(1) } else { 0 };
    view! {
        <tr>
            <th scope="row">{what}{own}</th>
            <td class="numeric amount">{count(sum.calls)}</td>
            <td class="numeric amount">{count(sum.input_tokens)}</td>
            <td class="numeric amount">{count(sum.output_tokens)}</td>
            <td class="numeric amount">{span_of(sum.millis)}</td>
            <td class="numeric amount">{credits::number(sum.cost)}</td>
            <td class="numeric amount">{format!("{} %", share.min(100))}</td>
        </tr>
    }
}

#[component]
fn Call(call: PaidCall) -> impl IntoView {
    let at: String = call.at.to_string().chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect();
    let what = if call.model.is_empty() { operation(call.operation).to_owned() } else { call.model };
    let (tone, words) = match (call.state.as_str(), call.byok) {
        ("open", _) => (Tone::Amber, "Going on"),
        (_, true) => (Tone::Green, "Paid by own key"),
        ("released", _) => (Tone::Grey, "Cost nothing"),
        _ => (Tone::Green, "Charged"),
    };
    let back = call.refunded.is_positive().then(|| {
        view! { <span class="muted">{format!(" ({} given back)", credits::number(call.refunded))}</span> }
    });
    view! {
        <tr>
            <td class="numeric" title=call.id.to_string()>{at}</td>
            <td>{what}</td>
            <td class="numeric amount">{count(call.usage.input_tokens)}</td>
            <td class="numeric amount">{count(call.usage.output_tokens)}</td>
            <td class="numeric amount">{span_of(call.millis)}</td>
            <td class="numeric amount">{credits::number(call.reserved)}</td>
            <td class="numeric amount">{credits::number(call.cost)}{back}</td>
            <td><Badge tone=tone text=words.to_owned() /></td>
        </tr>
    }
}

/// A bar for each day; the table says the same in figures.
#[component]
fn Bars(days: Vec<(String, Microcredits)>) -> impl IntoView {
    let most = days.iter().map(|(_, cost)| cost.0).max().unwrap_or(0);
    if most <= 0 || days.len() < 2 {
        return ().into_any();
    }
    let (first, last) = (
        days.first().map(|(date, _)| date.clone()).unwrap_or_default(),
        days.last().map(|(date, _)| date.clone()).unwrap_or_default(),
    );
    let label = format!("Credits by day, at most {} on one day", credits::number(Microcredits(most)));
    let bars = days
        .into_iter()
        .map(|(date, cost)| {
            // What was used shows, however little.
            let height =
                if cost.is_positive() { (cost.0 / (most / 1_000).max(1)).clamp(15, 1_000) } else { 0 };
            let title = format!("{date}: {}", credits::words(cost));
            let style = format!("height: {}.{}%", height / 10, height % 10);
            view! { <span title=title><i style=style></i></span> }
        })
        .collect_view();
    view! {
        <figure class="day-bars">
            <div role="img" aria-label=label.clone()>{bars}</div>
            <figcaption class="muted"><span>{first}</span><span>{label}</span><span>{last}</span></figcaption>
        </figure>
    }
    .into_any()
}
