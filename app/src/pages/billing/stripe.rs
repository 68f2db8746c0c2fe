//! Paying with a card at Stripe.

use crate::{
    components::{
        button::{Button, Kind},
        credits,
        field::FormError,
    },
    live::stripe::Fields,
    pages::PageError,
};
use alumia_protocol::{PaymentId, billing::Invoice};
use leptos::{html, prelude::*, task::spawn_local};
use send_wrapper::SendWrapper;
use std::rc::Rc;

/// How a payment stands, asked of the gateway now: credits needn't wait for its event.
#[server(prefix = "/fn", endpoint = "look_at_payment")]
pub async fn look_at_payment(org: String, payment: PaymentId) -> Result<Invoice, PageError> {
    let page = format!("/{}/billing", crate::live::api::percent_encode(&org));
    let scope = crate::server::member(crate::server::signed_in(&page)?, &org).await?;
    scope.require_treasurer()?;
    let payments = expect_context::<alumia_platform::Platform>().payments.clone();
    Ok(payments.look(&scope, payment).await?)
}

/// The card fields and the button that pays. `invoice` follows what the gateway says; `paying` tells that a bank may
/// be asking the person, `paid` that they have done their part.
#[component]
pub fn StripeCard(
    org: String,
    publishable_key: String,
    client_secret: String,
    invoice: RwSignal<Option<Invoice>>,
    paying: RwSignal<bool>,
    paid: RwSignal<bool>,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let fields = StoredValue::new(None::<SendWrapper<Rc<Fields>>>);
    let ready = RwSignal::new(false);
    let message = RwSignal::new(None::<String>);
    let (key, secret) = (StoredValue::new(publishable_key), StoredValue::new(client_secret));
    Effect::new(move || {
        let Some(place) = place.get() else { return };
        spawn_local(async move {
            let (key, secret) = (key.get_value(), secret.get_value());
            match Fields::show(&key, &secret, &place).await {
                // The dialog may be closed by now.
                Ok(shown) => {
                    fields.try_update_value(|fields| *fields = Some(SendWrapper::new(Rc::new(shown))));
                    ready.try_set(true);
                }
                Err(said) => drop(message.try_set(Some(said))),
            }
        });
    });
    let org = StoredValue::new(org);
    let pay = move |_| {
        let Some(fields) = fields.get_value().filter(|_| !paying.get_untracked()) else { return };
        paying.set(true);
        message.set(None);
        spawn_local(async move {
            let origin = window().location().origin().unwrap_or_default();
            let org = org.get_value();
            let result = fields.pay(&format!("{origin}/{org}/billing#payments")).await;
            match (result, invoice.try_get_untracked().flatten()) {
                (Err(said), _) => drop(message.try_set(Some(said))),
                (Ok(()), Some(begun)) => {
                    let now = look_at_payment(org, begun.id).await;
                    // If that fails, the event or the next look brings the credits.
                    drop(invoice.try_set(Some(now.unwrap_or(begun))));
                    paid.try_set(true);
                }
                (Ok(()), None) => {}
            }
            paying.try_set(false);
        });
    };
    let sum = move || {
        invoice.get().map(|invoice| {
            let money = credits::money(invoice.amount_cents, &invoice.currency);
            format!("{} for {money}", credits::words(invoice.credits))
        })
    };
    let loading = move || {
        let waits = !ready.get() && message.with(Option::is_none);
        waits.then(|| view! { <p class="muted" role="status">"Loading the card fields …"</p> })
    };
    view! {
        <FormError message />
        <div class="form">
            <p>{sum}</p>
            <div class="stripe-fields" node_ref=place></div>
            {loading}
            <Button kind=Kind::Primary busy=paying disabled=Signal::derive(move || !ready.get()) on:click=pay>
                "Pay"
            </Button>
            <p class="muted">"Your card goes to Stripe, never to Alumia."</p>
        </div>
    }
}
