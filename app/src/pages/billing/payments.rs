//! Buying credits, and every payment with its receipt.

use crate::{
    components::{
        button::{Button, Kind},
        card::EmptyState,
        credits,
        dialog::Dialog,
        field::FormError,
        icon::Icon,
        status::{Badge, Tone},
        table::Table,
        time,
    },
    pages::{
        PageError,
        auth::Before,
        billing::{LookAgain, stripe::StripeCard},
        settings::failure,
    },
};
use alumia_protocol::{
    List, PaymentId,
    billing::{Invoice, PaymentState, TopUp, TopUpOffer},
};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use std::time::Duration;

/// How soon a payment that is on its way is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(4);

/// Cards that the test gateway takes: number, what it does.
pub(super) const TEST_CARDS: &[(&str, &str)] = &[
    ("4242 4242 4242 4242", "Pays"),
    ("4000 0000 0000 0002", "Is declined"),
    ("4000 0000 0000 0341", "Can be saved, and is declined"),
    ("4000 0027 6000 3184", "Asks to confirm"),
    ("4000 0000 0000 0077", "Pays; the news comes late"),
    ("4000 0000 0000 0085", "Pays; the news comes twice"),
    ("4000 0000 0000 0093", "Pays; no news ever comes"),
];

/// Begins to buy so many credits. Without script the browser goes on to the page with the card.
#[server(prefix = "/fn", endpoint = "buy_credits")]
pub async fn buy_credits(org: String, credits: String) -> Result<Option<TopUp>, PageError> {
    use alumia_platform::Error;
    use alumia_protocol::billing::NewTopUp;
    let page = format!("/{}/billing", crate::live::api::percent_encode(&org));
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    scope.require_treasurer()?;
    let payments = expect_context::<alumia_platform::Platform>().payments.clone();
    let begun = match credits.trim().replace(',', "").parse() {
        Ok(credits) => payments.begin(&scope, NewTopUp { credits }).await,
        Err(_) => Err(Error::invalid("credits", "Write a whole number of credits.")),
    };
    match begun {
        Ok(top_up) => {
            if crate::server::is_plain_form() {
                leptos_axum::redirect(&format!("{page}?buy&pay={}", top_up.invoice.id));
            }
            Ok(Some(top_up))
        }
        Err(error) => {
            crate::server::form_error(error, "buy", &format!("{page}?buy"), &[("credits", &credits)])
                .map(|()| None)
        }
    }
}

/// Pays with a test card; the answer is the payment as it stands then.
#[server(prefix = "/fn", endpoint = "pay_test_money")]
pub async fn pay_test_money(
    org: String,
    payment: PaymentId,
    card: String,
) -> Result<Option<Invoice>, PageError> {
    let page = format!("/{}/billing", crate::live::api::percent_encode(&org));
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    scope.require_treasurer()?;
    let payments = expect_context::<alumia_platform::Platform>().payments.clone();
    match payments.pay_test_money(&scope, payment, &card).await {
        Ok(invoice) => {
            if crate::server::is_plain_form() {
                leptos_axum::redirect(&format!("{page}#payments"));
            }
            Ok(Some(invoice))
        }
        Err(error) => {
            let page = format!("{page}?buy&pay={payment}");
            crate::server::form_error(error, "pay", &page, &[]).map(|()| None)
        }
    }
}

/// What can be bought; `None` for those who don't look after money, and where nobody takes payments.
#[server(prefix = "/fn", endpoint = "offer")]
pub async fn load_offer(org: String, path: String) -> Result<Option<TopUpOffer>, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    let offer = platform.payments.catalog().top_ups;
    Ok(Some(offer).filter(|offer| offer.gateway.is_some() && scope.require_treasurer().is_ok()))
}

/// The dialog: how many credits, then the card.
#[component]
pub fn Buying(org: Memo<String>, open: RwSignal<bool>) -> impl IntoView {
    let path = use_location().pathname;
    let offer = Resource::new_blocking(move || org.get(), move |org| load_offer(org, path.get_untracked()));
    view! {
        <Transition>
            {move || Suspend::new(async move {
                let offer = offer.await.ok().flatten()?;
                Some(view! { <BuyDialog offer org=org.get_untracked() open /> })
            })}
        </Transition>
    }
}

#[component]
fn BuyDialog(offer: TopUpOffer, org: String, open: RwSignal<bool>) -> impl IntoView {
    let buy = ServerAction::<BuyCredits>::new();
    let pay = ServerAction::<PayTestMoney>::new();
    // Stripe's fields need a secret that is told once, when the payment begins.
    let by_test_card = offer.gateway.as_deref() == Some("test");
    let begun = use_query_map().with_untracked(|query| query.get("pay")).filter(|_| by_test_card);
    let payment = RwSignal::new(begun);
    let secret = RwSignal::new(String::new());
    let invoice = RwSignal::new(None::<Invoice>);
    let (paying, paid) = (RwSignal::new(false), RwSignal::new(false));
    let LookAgain(look_again) = expect_context();
    Effect::new(move || {
        if let Some(Ok(Some(top_up))) = buy.value().get() {
            payment.set(Some(top_up.invoice.id.to_string()));
            secret.set(top_up.client_secret);
            invoice.set(Some(top_up.invoice));
            look_again.run(());
        }
    });
    Effect::new(move || {
        if let Some(Ok(Some(now))) = pay.value().get() {
            invoice.set(Some(now));
            look_again.run(());
        }
    });
    // Closed, the dialog begins anew.
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if was_open == Some(true) && !is_open {
            payment.set(None);
            invoice.set(None);
            paid.set(false);
            buy.clear();
            pay.clear();
        }
        is_open
    });
    let stage = Memo::new(move |_| {
        let tried = pay.value().with(|tried| matches!(tried, Some(Ok(_)))) || paid.get();
        match (payment.with(Option::is_some), invoice.get()) {
            (false, _) => Stage::Amount,
            (true, Some(invoice)) if invoice.state == PaymentState::Done => Stage::Done,
            (true, Some(invoice)) if tried && invoice.reason.is_none() => Stage::Waiting,
            (true, _) => Stage::Card,
        }
    });
    let test = offer.test_money;
    let offer = StoredValue::new(offer);
    let org = StoredValue::new(org);
    let inside = move || match stage.get() {
        Stage::Amount => {
            view! { <Amount offer=offer.get_value() org=org.get_value() action=buy /> }.into_any()
        }
        Stage::Card if by_test_card => {
            view! { <Card org=org.get_value() payment invoice action=pay /> }.into_any()
        }
        Stage::Card => {
            let publishable_key = offer.with_value(|offer| offer.publishable_key.clone()).unwrap_or_default();
            let client_secret = secret.get_untracked();
            view! { <StripeCard org=org.get_value() publishable_key client_secret invoice paying paid /> }
                .into_any()
        }
        Stage::Waiting => view! {
            <p class="form-note" role="status">
                "Paid. The credits are on their way and arrive by themselves, also when you close this."
            </p>
            <Button kind=Kind::Primary on:click=move |_| open.set(false)>"Close"</Button>
        }
        .into_any(),
        Stage::Done => {
            let credits = invoice.get().map(|invoice| credits::words(invoice.credits)).unwrap_or_default();
            view! {
                <p class="form-note" role="status">{format!("Done: {credits} more.")}</p>
                <Button kind=Kind::Primary on:click=move |_| open.set(false)>"Close"</Button>
            }
            .into_any()
        }
    };
    let label = test.then(|| {
        view! {
            <p class="test-money">
                <Badge tone=Tone::Amber text="Test money".to_owned() />
                " No real card is charged."
            </p>
        }
    });
    view! {
        <Dialog open title="Buy credits" under=paying>
            <div class="form buying">{label}{inside}</div>
        </Dialog>
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Amount,
    Card,
    Waiting,
    Done,
}

#[component]
fn Amount(offer: TopUpOffer, org: String, action: ServerAction<BuyCredits>) -> impl IntoView {
    let before = Before::of("buy");
    let typed = RwSignal::new(before.value("credits"));
    let first = StoredValue::new(before.message());
    let failed = failure(action);
    let message = Signal::derive(move || failed.get().or_else(|| first.get_value()));
    let (cents, currency) = (offer.cents_per_credit, offer.currency.clone());
    let choices = offer
        .credits
        .iter()
        .map(|credits| {
            let (credits, price) = (*credits, credits::money(credits * cents, &currency));
            let number = credits::thousands(credits.unsigned_abs());
            view! {
                <button
                    type="button"
                    class="choice"
                    aria-pressed=move || (typed.get() == credits.to_string()).to_string()
                    on:click=move |_| typed.set(credits.to_string())
                >
                    <strong>{number}</strong>
                    <span class="muted">{price}</span>
                </button>
            }
        })
        .collect_view();
    let bounds = format!(
        "Whole credits, {} to {} at once.",
        credits::thousands(offer.least.unsigned_abs()),
        credits::thousands(offer.most.unsigned_abs())
    );
    let price = move || {
        let amount = typed
            .get()
            .trim()
            .replace(',', "")
            .parse::<i64>()
            .ok()
            .and_then(|credits| credits.checked_mul(cents));
        amount.filter(|cents| *cents > 0).map(|cents| format!(" for {}", credits::money(cents, &currency)))
    };
    view! {
        <FormError message />
        <div class="choices needs-script" role="group" aria-label="Amounts">{choices}</div>
        <ActionForm action=action attr:class="form">
            <input type="hidden" name="org" value=org />
            <div class="field">
                <label for="credits">"Credits"</label>
                <div class="field-control">
                    <input
                        id="credits"
                        name="credits"
                        inputmode="numeric"
                        autocomplete="off"
                        required=true
                        aria-describedby="credits-note"
                        prop:value=move || typed.get()
                        value=typed.get_untracked()
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                </div>
                <p class="field-note" id="credits-note" data-error="false">{bounds}</p>
            </div>
            <Button kind=Kind::Primary submit=true busy=action.pending()>"Go on"{price}</Button>
        </ActionForm>
    }
}

#[component]
fn Card(
    org: String,
    payment: RwSignal<Option<String>>,
    invoice: RwSignal<Option<Invoice>>,
    action: ServerAction<PayTestMoney>,
) -> impl IntoView {
    let first = StoredValue::new(Before::of("pay").message());
    let failed = failure(action);
    let message = Signal::derive(move || {
        let said = invoice.get().and_then(|invoice| invoice.reason);
        failed.get().or(said).or_else(|| first.get_value())
    });
    let cards = TEST_CARDS
        .iter()
        .map(|(number, does)| view! { <option value=*number>{format!("{number} · {does}")}</option> })
        .collect_view();
    let sum = move || {
        invoice.get().map(|invoice| {
            let money = credits::money(invoice.amount_cents, &invoice.currency);
            format!("{} for {money}", credits::words(invoice.credits))
        })
    };
    view! {
        <FormError message />
        <ActionForm action=action attr:class="form">
            <p>{sum}</p>
            <input type="hidden" name="org" value=org />
            <input type="hidden" name="payment" value=move || payment.get().unwrap_or_default() />
            <div class="field">
                <label for="card">"Test card"</label>
                <div class="field-control select">
                    <select id="card" name="card">{cards}</select>
                    <Icon name="chevron-down" />
                </div>
            </div>
            <Button kind=Kind::Primary submit=true busy=action.pending()>"Pay"</Button>
        </ActionForm>
    }
}

/// Every payment, newest first.
#[component]
pub fn Payments(invoices: List<Invoice>, org: String) -> impl IntoView {
    let LookAgain(look_again) = expect_context();
    let pending = |invoice: &Invoice| matches!(invoice.state, PaymentState::Processing | PaymentState::Paid);
    if invoices.items.iter().any(pending) {
        Effect::new(move || {
            let timer = set_timeout_with_handle(move || look_again.run(()), LOOK_AGAIN).ok();
            on_cleanup(move || {
                if let Some(timer) = timer {
                    timer.clear();
                }
            });
        });
    }
    let list = if invoices.items.is_empty() {
        view! {
            <EmptyState icon="document" title="No payments yet">
                <p>"Each one shows here with its receipt, from the moment it is begun."</p>
            </EmptyState>
        }
        .into_any()
    } else {
        let rows = invoices
            .items
            .into_iter()
            .map(|invoice| view! { <Payment invoice org=org.clone() /> })
            .collect_view();
        view! {
            <Table
                caption="Payments"
                columns=vec!["Begun", "Credits", "Price", "State", "Reference for support", "Receipt"]
                numeric=&[1, 2]
            >
                {rows}
            </Table>
        }
        .into_any()
    };
    view! {
        <section class="billing-part" id="payments" aria-label="Invoices and receipts">
            <h2>"Invoices and receipts"</h2>
            {list}
        </section>
    }
}

pub(super) const fn state(state: PaymentState) -> (Tone, &'static str) {
    match state {
        PaymentState::Processing => (Tone::Blue, "Processing"),
        PaymentState::Paid => (Tone::Amber, "Paid, credits pending"),
        PaymentState::Done => (Tone::Green, "Done"),
        PaymentState::Failed => (Tone::Red, "Failed"),
        PaymentState::Refunded => (Tone::Grey, "Refunded"),
    }
}

#[component]
fn Payment(invoice: Invoice, org: String) -> impl IntoView {
    let (tone, words) = state(invoice.state);
    let reference = invoice.id.to_string();
    let copied = reference.clone();
    let toasts = crate::components::toast::use_toasts();
    let receipt = matches!(invoice.state, PaymentState::Done | PaymentState::Refunded).then(|| {
        let href = format!("/{org}/billing/receipts/{}", invoice.id);
        view! { <a href=href>"Receipt"</a> }
    });
    let test =
        invoice.test_money.then(|| view! { " "<Badge tone=Tone::Amber text="Test money".to_owned() /> });
    let automatic =
        invoice.automatic.then(|| view! { " "<Badge tone=Tone::Grey text="Automatic".to_owned() /> });
    let back = (invoice.refunded_cents > 0).then(|| {
        let money = credits::money(invoice.refunded_cents, &invoice.currency);
        view! { <span class="muted">{format!(" ({money} paid back)")}</span> }
    });
    let why = invoice.reason.map(|why| view! { <span class="audit-facts muted">{why}</span> });
    view! {
        <tr>
            <td class="numeric"><time::Ago at=invoice.created_at /></td>
            <td class="numeric amount">{credits::number(invoice.credits)}</td>
            <td class="numeric amount">{credits::money(invoice.amount_cents, &invoice.currency)}{back}</td>
            <td><Badge tone=tone text=words.to_owned() />{automatic}{test}{why}</td>
            <td>
                <code class="reference">{reference}</code>
                <button
                    type="button"
                    class="button quiet small needs-script"
                    aria-label="Copy the reference"
                    on:click=move |_| {
                        drop(window().navigator().clipboard().write_text(&copied));
                        toasts.say("Copied.");
                    }
                >
                    <Icon name="copy" />
                </button>
            </td>
            <td>{receipt}</td>
        </tr>
    }
}
