//! Buying credits.

use super::Desk;
use crate::{
    components::{
        button::{Button, Kind},
        credits::{credits, money},
        dialog::Dialog,
        field::{FormError, Select, TextField},
    },
    live::billing,
};
use alumia_protocol::{
    Microcredits,
    billing::{Invoice, PaymentState, TopUpOffer},
};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

/// Test cards: number, what it does.
const CARDS: [(&str, &str); 6] = [
    ("4242424242424242", "4242 4242 4242 4242 · pays"),
    ("4000000000000002", "4000 0000 0000 0002 · is declined"),
    ("4000002760003184", "4000 0027 6000 3184 · asks to confirm"),
    ("4000000000000077", "4000 0000 0000 0077 · pays, and the event comes late"),
    ("4000000000000085", "4000 0000 0000 0085 · pays, and the event comes twice"),
    ("4000000000000093", "4000 0000 0000 0093 · pays, and no event comes"),
];

/// First the amount, then the card.
#[component]
pub fn TopUpDialog(desk: Desk, open: RwSignal<bool>, offer: TopUpOffer) -> impl IntoView {
    let begun = RwSignal::new(None::<Invoice>);
    // Closed, it begins anew, and the page shows what has become of it.
    Effect::new(move |was: Option<bool>| {
        let now = open.get();
        if was == Some(true) && !now && begun.with_untracked(Option::is_some) {
            begun.set(None);
            desk.reload.run(());
        }
        now
    });
    view! {
        <Dialog open title="Buy credits">
            <FormError message=desk.trouble() />
            {move || match begun.get() {
                None => view! { <Amount desk begun offer=offer.clone() /> }.into_any(),
                Some(invoice) => view! { <TestPayment desk open begun invoice /> }.into_any(),
            }}
        </Dialog>
    }
}

#[component]
fn Amount(desk: Desk, begun: RwSignal<Option<Invoice>>, offer: TopUpOffer) -> impl IntoView {
    let begin = move |amount: i64| {
        let org = desk.org();
        desk.run(async move { billing::begin_top_up(&org, amount).await }, move |top_up| {
            begun.set(Some(top_up.invoice));
        });
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        let data = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok());
        let amount = data.and_then(|data| data.get("credits").as_string()?.trim().parse().ok());
        begin(amount.unwrap_or_default());
    };
    let choices = offer
        .credits
        .iter()
        .map(|&amount| {
            let words = Microcredits::credits(amount).map(credits).unwrap_or_default();
            let price = money(amount.saturating_mul(offer.cents_per_credit), &offer.currency);
            view! {
                <Button busy=desk.busy on:click=move |_| begin(amount)>{words}<span class="muted">{price}</span></Button>
            }
        })
        .collect_view();
    let bounds = format!("From {} to {}.", offer.least, offer.most);
    view! {
        <div class="billing-amounts">{choices}</div>
        <form class="form" on:submit=submit>
            <TextField label="Another amount of credits" name="credits" kind="number" required=true />
            <p class="field-note">{bounds}</p>
            <Button kind=Kind::Primary submit=true busy=desk.busy>"Go on"</Button>
        </form>
    }
}

/// What a gateway's own dialog does with a real card.
#[component]
fn TestPayment(
    desk: Desk,
    open: RwSignal<bool>,
    begun: RwSignal<Option<Invoice>>,
    invoice: Invoice,
) -> impl IntoView {
    let id = invoice.id;
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok());
        let data = form.and_then(|form| web_sys::FormData::new_with_form(&form).ok());
        let card = data.and_then(|data| data.get("card").as_string()).unwrap_or_default();
        let org = desk.org();
        desk.run(async move { billing::pay_test_money(&org, id, card).await }, move |paid| {
            if paid.state == PaymentState::Done {
                desk.toasts.say(format!("{} are yours.", credits(paid.credits)));
                open.set(false);
            } else if paid.reason.is_none() {
                desk.toasts.say("Paid. The credits are on their way.");
                open.set(false);
            } else {
                begun.set(Some(paid));
            }
        });
    };
    let price = money(invoice.amount_cents, &invoice.currency);
    view! {
        <form class="form" on:submit=submit>
            <p>{format!("{} for {price}. This is test money: choose what the card does.", credits(invoice.credits))}</p>
            <Select label="Test card" name="card" options=CARDS.to_vec() value="4242424242424242" />
            {invoice.reason.clone().map(|reason| view! { <p class="field-note" role="alert" data-error="true">{reason}</p> })}
            <Button kind=Kind::Primary submit=true busy=desk.busy>{format!("Pay {price}")}</Button>
        </form>
    }
}
