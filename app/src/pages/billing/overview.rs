//! The balance, where it comes from, and the packages.

use crate::{
    components::{
        button::Button,
        credits,
        field::FormError,
        status::{Badge, Tone},
        table::Table,
        time,
    },
    pages::{
        PageError,
        auth::Before,
        settings::{Section, failure},
    },
};
use alumia_protocol::billing::{
    BillingOverview, Bucket, BucketKind, PackageCaps, PackageOffer, Subscription, SubscriptionState, size,
};
use leptos::prelude::*;

/// The figures at the top.
#[component]
pub fn Overview(overview: BillingOverview) -> impl IntoView {
    let BillingOverview {
        available,
        reserved,
        spent_this_month,
        burn_per_day,
        lasts_days,
        package,
        month_ends_at,
        waiting_runs,
        subscription: _,
        used: _,
    } = overview;
    let held = reserved
        .is_positive()
        .then(|| format!("{} held for calls that are going on", credits::number(reserved)));
    let lasts = match lasts_days {
        None => "Nothing was used this week".to_owned(),
        Some(0) => "Lasts less than a day".to_owned(),
        Some(1) => "Lasts about 1 day".to_owned(),
        Some(366..) => "Lasts more than a year".to_owned(),
        Some(days) => format!("Lasts about {} days", credits::thousands(days.unsigned_abs())),
    };
    let renewed = month_ends_at.map(|end| format!("New credits on {}", time::day(end)));
    let waiting = (waiting_runs > 0).then(|| {
        let words = if waiting_runs == 1 { "1 run waits".to_owned() } else { format!("{waiting_runs} runs wait") };
        view! {
            <p class="billing-waiting" role="status">
                <Badge tone=Tone::Blue text=words />
                " until it can be paid. Buy credits, raise a budget or add a key of your own, and work goes on by itself."
            </p>
        }
    });
    view! {
        {waiting}
        <dl class="figures">
            <div>
                <dt>"Balance"</dt>
                <dd class="figure" data-figure="balance">{credits::words(available)}</dd>
                <dd class="muted">{held.unwrap_or_else(|| "Free to spend".into())}</dd>
            </div>
            <div>
                <dt>"Burn rate"</dt>
                <dd class="figure">{credits::number(burn_per_day)}" a day"</dd>
                <dd class="muted">{lasts}</dd>
            </div>
            <div>
                <dt>"Used this month"</dt>
                <dd class="figure">{credits::words(spent_this_month)}</dd>
                <dd class="muted">{format!("{} package", package.name)}</dd>
            </div>
            <div>
                <dt>"Package"</dt>
                <dd class="figure">{credits::number(package.monthly_credits)}" a month"</dd>
                <dd class="muted">{renewed.unwrap_or_else(|| "Not begun yet".into())}</dd>
            </div>
        </dl>
    }
}

const fn kind(kind: BucketKind) -> &'static str {
    match kind {
        BucketKind::Promo => "Gift",
        BucketKind::Monthly => "Monthly",
        BucketKind::Adjustment => "Put right by the operator",
        BucketKind::Refund => "Given back",
        BucketKind::TopUp => "Bought",
    }
}

/// Where the balance comes from.
#[component]
pub fn Buckets(buckets: Vec<Bucket>) -> impl IntoView {
    if buckets.is_empty() {
        return ().into_any();
    }
    let rows = buckets
        .into_iter()
        .map(|bucket| {
            let until = bucket.expires_at.map_or("Never".into(), time::date);
            view! {
                <tr>
                    <td>{kind(bucket.kind)}</td>
                    <td class="numeric">{time::date(bucket.created_at)}</td>
                    <td class="numeric amount">{credits::number(bucket.granted)}</td>
                    <td class="numeric amount">{credits::number(bucket.consumed)}</td>
                    <td class="numeric amount">{credits::number(bucket.reserved)}</td>
                    <td class="numeric amount">{credits::number(bucket.left())}</td>
                    <td class="numeric">{until}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="billing-more">
            <summary>"Where the balance comes from"</summary>
            <Table
                caption="Credits by where they come from"
                columns=vec!["Credits", "Granted on", "Granted", "Used", "Held", "Left", "Lost on"]
                numeric=&[2, 3, 4, 5]
            >
                {rows}
            </Table>
        </details>
    }
    .into_any()
}

fn caps(caps: PackageCaps) -> Vec<String> {
    let cap = |cap: Option<u32>, one: &str, many: &str| match cap {
        None => format!("Any number of {many}"),
        Some(1) => format!("1 {one}"),
        Some(cap) => format!("{} {many}", credits::thousands(cap.into())),
    };
    vec![
        cap(caps.members, "member", "members"),
        cap(caps.projects, "project", "projects"),
        cap(caps.sandbox_minutes, "sandbox minute a month", "sandbox minutes a month"),
        cap(caps.browser_minutes, "browser minute a month", "browser minutes a month"),
        caps.storage_mb.map_or_else(
            || "Files of any size".into(),
            |most| format!("{} of files", size(i64::from(most) << 20)),
        ),
        cap(caps.concurrent_runs, "run at once", "runs at once"),
    ]
}

/// Goes on to the gateway's page where a package is subscribed to.
#[server(prefix = "/fn", endpoint = "subscribe")]
pub async fn subscribe(org: String, package: String) -> Result<(), PageError> {
    use alumia_platform::billing::payments::way_back;
    let page = format!("/{}/billing", crate::live::api::percent_encode(&org));
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    scope.require_treasurer()?;
    let platform = expect_context::<alumia_platform::Platform>();
    let back = way_back(platform.outbox.links(), &org);
    match platform.payments.subscribe(&scope, &package, &back).await {
        Ok(url) => Ok(leptos_axum::redirect(&url)),
        Err(error) => crate::server::form_error(error, "subscribe", &page, &[]),
    }
}

/// Goes on to the gateway's page where the subscription is changed, paid and ended.
#[server(prefix = "/fn", endpoint = "manage_subscription")]
pub async fn manage_subscription(org: String) -> Result<(), PageError> {
    use alumia_platform::billing::payments::way_back;
    let page = format!("/{}/billing", crate::live::api::percent_encode(&org));
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    scope.require_treasurer()?;
    let platform = expect_context::<alumia_platform::Platform>();
    let back = way_back(platform.outbox.links(), &org);
    match platform.payments.manage(&scope, &back).await {
        Ok(url) => Ok(leptos_axum::redirect(&url)),
        Err(error) => crate::server::form_error(error, "subscribe", &page, &[]),
    }
}

fn standing(subscription: &Subscription) -> (Tone, String) {
    let end = time::day(subscription.period_end);
    match subscription.state {
        SubscriptionState::Active if subscription.ends => (Tone::Amber, format!("Ends on {end}")),
        SubscriptionState::Active => (Tone::Green, format!("Paid until {end}, then renewed")),
        SubscriptionState::PastDue => (Tone::Red, "The last payment failed and is tried again".into()),
        SubscriptionState::Over => (Tone::Grey, "Ended".into()),
    }
}

/// What the packages include, which one the organisation has, and the way to another. `manages` says whether the
/// person looks after money.
#[component]
pub fn Packages(
    packages: Vec<PackageOffer>,
    current: String,
    subscription: Option<Subscription>,
    org: String,
    manages: bool,
) -> impl IntoView {
    let begin = ServerAction::<Subscribe>::new();
    let manage = ServerAction::<ManageSubscription>::new();
    let first = StoredValue::new(Before::of("subscribe").message());
    let (of_begin, of_manage) = (failure(begin), failure(manage));
    let message =
        Signal::derive(move || of_begin.get().or_else(|| of_manage.get()).or_else(|| first.get_value()));
    let org = StoredValue::new(org);
    let goes_on = subscription.as_ref().is_some_and(|kept| kept.state != SubscriptionState::Over);
    let offered = packages.iter().any(|package| package.can_subscribe);
    let lead = match (offered, manages) {
        (true, true) => {
            "What each includes. A month is paid in advance; a change or an end is made at the payment service."
        }
        (true, false) => "What each includes. Owners, admins and billing members choose another.",
        (false, _) => "What each includes. Another one can't be chosen here.",
    };
    let state = subscription.map(|subscription| {
        let (tone, words) = standing(&subscription);
        let form = manages.then(|| {
            view! {
                <ActionForm action=manage>
                    <input type="hidden" name="org" value=org.get_value() />
                    <Button submit=true busy=manage.pending()>"Manage subscription"</Button>
                </ActionForm>
            }
        });
        view! { <div class="subscription"><Badge tone text=words />{form}</div> }
    });
    let cards = packages
        .into_iter()
        .map(|package| {
            let here = package.id == current;
            let tiers: Vec<&str> = package.tiers.iter().map(|tier| tier.word()).collect();
            let price = if package.price_cents == 0 {
                "Free".to_owned()
            } else {
                format!("{} a month", credits::money(package.price_cents, "usd"))
            };
            let lines = [
                format!("{} a month", credits::words(package.monthly_credits)),
                format!("Models: {}", tiers.join(", ")),
            ];
            let (id, words) = (package.id.clone(), format!("Subscribe to {}", package.name));
            let choose = (manages && !here && !goes_on && package.can_subscribe).then(|| {
                view! {
                    <ActionForm action=begin>
                        <input type="hidden" name="org" value=org.get_value() />
                        <input type="hidden" name="package" value=id />
                        <Button submit=true busy=begin.pending()>{words}</Button>
                    </ActionForm>
                }
            });
            let own = package.own_keys.then(|| "Own provider keys".to_owned());
            let lines = lines
                .into_iter()
                .chain(caps(package.caps))
                .chain(own)
                .map(|line| view! { <li>{line}</li> })
                .collect_view();
            view! {
                <li class="card package" data-current=here.to_string()>
                    <h3>{package.name}</h3>
                    <p class="figure">{price}</p>
                    {here.then(|| view! { <Badge tone=Tone::Green text="Your package".to_owned() /> })}
                    <ul>{lines}</ul>
                    {choose}
                </li>
            }
        })
        .collect_view();
    view! {
        <Section id="packages" title="Packages" lead>
            <FormError message />
            {state}
            <ul class="packages" role="list">{cards}</ul>
        </Section>
    }
}
