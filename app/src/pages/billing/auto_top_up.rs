//! Credits that are bought by themselves.

use super::{LookAgain, payments::TEST_CARDS};
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
use alumia_protocol::billing::{AutoTopUp, AutoTopUpLimits, TopUpOffer};
use leptos::prelude::*;
use std::time::Duration;

/// What the form proposes at first.
const PROPOSED: AutoTopUpLimits = AutoTopUpLimits { threshold: 100, credits: 1_000, monthly_cap: 5_000 };

/// After that time what it bought at once is there.
const SOON: Duration = Duration::from_secs(2);

/// Turns it on, or changes it. Where a card is to be saved first, the browser goes on to the gateway's page for that.
#[server(prefix = "/fn", endpoint = "auto_top_up", client = SteppedUpClient)]
pub async fn set_auto_top_up(
    org: String,
    threshold: String,
    buy: String,
    most: String,
    test_card: Option<String>,
    new_card: Option<bool>,
) -> Result<(), PageError> {
    use alumia_platform::Error;
    use alumia_protocol::billing::SetAutoTopUp;
    let page = format!("/{}/billing", crate::live::api::percent_encode(&org));
    let Some(caller) = crate::server::stepped_up(&page)? else { return Ok(()) };
    let scope = crate::server::member(caller, &org).await?;
    scope.require_treasurer()?;
    let platform = expect_context::<alumia_platform::Platform>();
    let whole = |name: &str, typed: &str| {
        let number = typed.trim().replace(',', "").parse::<i64>();
        number.map_err(|_| Error::invalid(name, "Write a whole number of credits."))
    };
    let done = async {
        let limits = AutoTopUpLimits {
            threshold: whole("threshold", &threshold)?,
            credits: whole("credits", &buy)?,
            monthly_cap: whole("monthlyCap", &most)?,
        };
        let new = SetAutoTopUp { limits, new_card: new_card.unwrap_or_default(), test_card };
        platform.payments.set_auto_top_up(&scope, new, platform.outbox.links(), &org).await
    };
    match done.await {
        Ok(now) => {
            let next = now.card_page.unwrap_or_else(|| format!("{page}#auto-top-up"));
            Ok(leptos_axum::redirect(&next))
        }
        Err(error) => {
            let typed = [("threshold", &*threshold), ("buy", &*buy), ("most", &*most)];
            crate::server::form_error(error, "auto-top-up", &format!("{page}#auto-top-up"), &typed)
        }
    }
}

/// Turns it off.
#[server(prefix = "/fn", endpoint = "end_auto_top_up")]
pub async fn end_auto_top_up(org: String) -> Result<(), PageError> {
    let page = format!("/{}/billing", crate::live::api::percent_encode(&org));
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    scope.require_treasurer()?;
    expect_context::<alumia_platform::Platform>().payments.end_auto_top_up(&scope).await?;
    Ok(leptos_axum::redirect(&format!("{page}#auto-top-up")))
}

/// The section of the page.
#[component]
pub fn AutoTopUps(now: AutoTopUp, offer: TopUpOffer, org: String) -> impl IntoView {
    let set = ServerAction::<SetAutoTopUp>::new();
    let end = ServerAction::<EndAutoTopUp>::new();
    reload_after(set);
    reload_after(end);
    // It may buy at once.
    let LookAgain(look_again) = expect_context();
    Effect::new(move || {
        if let Some(Ok(())) = set.value().get() {
            set_timeout(move || look_again.run(()), SOON);
        }
    });
    let before = Before::of("auto-top-up");
    let limits = now.limits.unwrap_or(PROPOSED);
    let value = |name: &str, kept: i64| {
        let typed = before.value(name);
        if typed.is_empty() { credits::thousands(kept.unsigned_abs()) } else { typed }
    };
    let values = [
        value("threshold", limits.threshold),
        value("buy", limits.credits),
        value("most", limits.monthly_cap),
    ];
    let [threshold, buy, most] = values;
    let first = StoredValue::new(before.message());
    let (of_set, of_end) = (failure(set), failure(end));
    let message = Signal::derive(move || of_set.get().or_else(|| of_end.get()).or_else(|| first.get_value()));
    let reason = now.reason.clone().map(|reason| {
        view! { <p class="form-error" role="status">{format!("It was turned off: {reason}")}</p> }
    });
    let state = state(&now);
    let of_off = org.clone();
    let off = now.on.then(move || {
        view! {
            <Confirmed words="Turn off" label="Turn automatic top-up off" question="Nothing is bought by itself any more.">
                <ActionForm action=end>
                    <input type="hidden" name="org" value=of_off />
                    <Button kind=Kind::Danger submit=true busy=end.pending()>"Turn off now"</Button>
                </ActionForm>
            </Confirmed>
        }
    });
    let card = card(&now, &offer);
    let words = if now.on { "Save" } else { "Turn on" };
    let price = credits::money(limits.credits * offer.cents_per_credit, &offer.currency);
    let note = (!now.on && now.card.is_none() && offer.gateway.as_deref() != Some("test")).then(|| {
        view! { <p class="muted">"Your card is saved on a page of Stripe's, and it is on when you come back from there."</p> }
    });
    view! {
        <Section
            id="auto-top-up"
            title="Automatic top-up"
            lead="Buys credits when few are left, so that work goes on. Off until somebody turns it on, and never more in a month than you allow."
        >
            <FormError message />
            {reason}
            <div class="subscription">{state}{off}</div>
            <ActionForm action=set attr:class="form budget-form">
                <input type="hidden" name="org" value=org />
                <TextField label="When fewer credits are left than" name="threshold" value=threshold required=true />
                <div class="form-row even">
                    <TextField label="Buy credits" name="buy" value=buy required=true />
                    <TextField label="At most in a month" name="most" value=most required=true />
                </div>
                {card}
                {note}
                <div><Button kind=Kind::Primary submit=true busy=set.pending()>{words}</Button></div>
                <p class="muted">{format!("{} credits cost {price}. Months are counted from their first day, in UTC.", credits::thousands(limits.credits.unsigned_abs()))}</p>
            </ActionForm>
        </Section>
    }
}

fn state(now: &AutoTopUp) -> impl IntoView + use<> {
    let limits = now.limits.unwrap_or(PROPOSED);
    let full = now.bought_this_month.saturating_add(limits.credits) > limits.monthly_cap;
    let (tone, words) = match (now.on, full) {
        (true, true) => (Tone::Amber, "On; this month's cap is reached"),
        (true, false) => (Tone::Green, "On"),
        (false, _) => (Tone::Grey, "Off"),
    };
    let bought = credits::thousands(now.bought_this_month.unsigned_abs());
    let facts = now.limits.map(|limits| {
        let cap = credits::thousands(limits.monthly_cap.unsigned_abs());
        view! { <span class="muted">{format!("{bought} of {cap} credits bought this month")}</span> }
    });
    let card =
        now.card.clone().map(|card| view! { <span class="muted">{format!("Card •••• {card}")}</span> });
    view! { <Badge tone text=words.to_owned() />{facts}{card} }
}

/// Which card pays.
fn card(now: &AutoTopUp, offer: &TopUpOffer) -> AnyView {
    if offer.gateway.as_deref() != Some("test") {
        let again = now.card.is_some().then(|| {
            view! {
                <label class="check">
                    <input type="checkbox" name="new_card" value="true" />
                    "Save another card"
                </label>
            }
        });
        return again.into_any();
    }
    let kept = now
        .card
        .clone()
        .map(|card| view! { <option value="">{format!("The saved one, •••• {card}")}</option> });
    let cards = TEST_CARDS
        .iter()
        .map(|(number, does)| view! { <option value=*number>{format!("{number} · {does}")}</option> })
        .collect_view();
    view! {
        <div class="field">
            <label for="test_card">"Test card"</label>
            <div class="field-control select">
                <select id="test_card" name="test_card">{kept}{cards}</select>
                <Icon name="chevron-down" />
            </div>
            <p class="field-note" data-error="false">"Test money: no real card is charged."</p>
        </div>
    }
    .into_any()
}
