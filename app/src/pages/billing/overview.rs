//! What there is, and what can be had.

use crate::components::{
    credits::{credits, money, number},
    status::{Badge, Tone},
    table::Table,
    time::date,
};
use alumia_protocol::{
    Microcredits,
    billing::{BillingOverview, Bucket, BucketKind, Catalog},
};
use leptos::prelude::*;

/// The credits at a glance.
#[component]
pub fn Overview(overview: BillingOverview) -> impl IntoView {
    let lasts = match overview.lasts_days {
        None => "nothing was charged in the last week".to_owned(),
        Some(0) => "lasts less than a day".to_owned(),
        Some(1) => "lasts about a day".to_owned(),
        Some(days @ 2..=3_650) => format!("lasts about {days} days"),
        Some(_) => "lasts for years".to_owned(),
    };
    let held = if overview.reserved.is_positive() {
        format!("{} more are held for calls that are going on", credits(overview.reserved))
    } else {
        lasts.clone()
    };
    let month = overview.month_ends_at.map(|end| format!("until {}", date(end))).unwrap_or_default();
    let waiting = overview.waiting_runs;
    view! {
        <dl class="billing-figures">
            <Figure name="Available" value=credits(overview.available) note=held />
            <Figure name="Spent this month" value=credits(overview.spent_this_month) note=month />
            <Figure name="A day, lately" value=credits(overview.burn_per_day) note=lasts />
            <Figure
                name="Package"
                value=overview.package.name.clone()
                note=format!("{} a month", credits(overview.package.monthly_credits))
            />
        </dl>
        {(waiting > 0)
            .then(|| {
                let text = if waiting == 1 { "1 run waits to be paid".to_owned() } else { format!("{waiting} runs wait to be paid") };
                view! { <p><Badge tone=Signal::stored(Tone::Blue) text=Signal::stored(text) /></p> }
            })}
    }
}

#[component]
fn Figure(name: &'static str, value: String, note: String) -> impl IntoView {
    view! {
        <div class="billing-figure">
            <dt>{name}</dt>
            <dd class="num">{value}</dd>
            <dd class="muted">{note}</dd>
        </div>
    }
}

/// What was granted.
#[component]
pub fn Buckets(buckets: Vec<Bucket>) -> impl IntoView {
    if buckets.is_empty() {
        return ().into_any();
    }
    let rows = buckets
        .into_iter()
        .map(|bucket| {
            let kind = match bucket.kind {
                BucketKind::Promo => "Gift",
                BucketKind::Monthly => "Package",
                BucketKind::Adjustment => "Adjustment",
                BucketKind::Refund => "Given back",
                BucketKind::TopUp => "Bought",
            };
            let lost = bucket.expired.checked_add(bucket.reversed).unwrap_or_default();
            view! {
                <tr>
                    <td>{kind}</td>
                    <td>{date(bucket.created_at)}</td>
                    <td class="num">{number(bucket.granted)}</td>
                    <td class="num">{number(bucket.consumed)}</td>
                    <td class="num">{number(lost)}</td>
                    <td class="num">{number(bucket.left())}</td>
                    <td>{bucket.expires_at.map_or_else(|| "never".to_owned(), date)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="billing-section" aria-labelledby="buckets-head">
            <h2 id="buckets-head">"Credits"</h2>
            <Table caption="Granted credits" columns=vec!["From", "Granted on", "Granted", "Used", "Lost", "Left", "Ends"]>
                {rows}
            </Table>
        </section>
    }
    .into_any()
}

/// The packages, with the one that holds.
#[component]
pub fn Packages(catalog: Catalog, present: String) -> impl IntoView {
    let currency = catalog.top_ups.currency.clone();
    let rows = catalog
        .packages
        .into_iter()
        .map(|package| {
            let price = match package.price_cents {
                0 => "free".to_owned(),
                cents => format!("{} a month", money(cents, &currency)),
            };
            let tiers = package.tiers.iter().map(|tier| tier.word()).collect::<Vec<_>>().join(", ");
            let here = package.id == present;
            view! {
                <tr>
                    <th scope="row">{package.name.clone()}{here.then_some(" (yours)")}</th>
                    <td>{price}</td>
                    <td class="num">{number(package.monthly_credits)}</td>
                    <td>{tiers}</td>
                    <td>{if package.own_keys { "yes" } else { "no" }}</td>
                </tr>
            }
        })
        .collect_view();
    let second = catalog.sandbox_second;
    let minute = second.0.checked_mul(60).map(Microcredits).unwrap_or_default();
    view! {
        <section class="billing-section" aria-labelledby="packages-head">
            <h2 id="packages-head">"Packages"</h2>
            <Table caption="Packages to choose from" columns=vec!["Package", "Price", "Credits a month", "Models", "Own keys"]>
                {rows}
            </Table>
            <p class="muted">
                {second.is_positive().then(|| format!("A minute of commands in the sandbox costs {}. ", credits(minute)))}
                "Ask the operator of this server for another package."
            </p>
        </section>
    }
}
