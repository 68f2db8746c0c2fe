//! Credits that are paid for at Stripe: against a simulator that others wrote, with events that Stripe's own library
//! signs.

use super::support::*;
use crate::stripe_account::{CHALLENGED, DECLINED, PAYS, SECRET_KEY, Signer, Simulator};
use alumia_platform::{
    Error,
    billing::payments::{Payments, StripeGateway, StripeKeys},
    clock::Clock as _,
};
use alumia_protocol::{
    PaymentId,
    billing::{Invoice, NewTopUp, PaymentState},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const CREDITS: i64 = 500_000_000;
pub const SECRET: &str = "whsec_Zm9yIHRlc3Rz";

struct Shop {
    world: World,
    payments: Payments,
    stripe: Simulator,
    signer: Signer,
}

impl Shop {
    async fn open() -> Self {
        let (world, stripe) = (World::poor().await, Simulator::start().await);
        let payments = shop(&world, &stripe.url);
        Self { world, payments, stripe, signer: Signer::start() }
    }

    /// A payment of 500 credits; our id and Stripe's.
    async fn begin(&self) -> (PaymentId, String) {
        let begun = self.payments.begin(&self.world.scope, NewTopUp { credits: 500 }).await.unwrap();
        assert!(begun.gateway == "stripe" && begun.invoice.test_money);
        (begun.invoice.id, begun.client_secret.split_once("_secret_").unwrap().0.to_owned())
    }

    async fn paid(&self) -> (PaymentId, String) {
        let (id, intent) = self.begin().await;
        self.stripe.pay(&intent, PAYS).await;
        (id, intent)
    }

    async fn state(&self, id: PaymentId) -> Invoice {
        self.payments.invoice(&self.world.scope, id).await.unwrap()
    }

    async fn free(&self) -> i64 {
        self.world.sums().await.free
    }

    fn now(&self) -> i64 {
        self.world.clock.now().0 / 1_000_000
    }

    async fn send(&mut self, event: &Value) -> Result<(), Error> {
        let (body, now) = (event.to_string(), self.now());
        let header = self.signer.sign(&body, SECRET, now).await;
        self.payments.hear_signed("stripe", &header, body.as_bytes()).await
    }
}

pub fn shop(world: &World, url: &str) -> Payments {
    let keys = StripeKeys {
        secret_key: SECRET_KEY.into(),
        publishable_key: "pk_test_simulated".into(),
        webhook_secret: SECRET.into(),
        api_base: Some(url.to_owned()),
        prices: [("pro", "price_pro"), ("team", "price_team")]
            .map(|(id, price)| (id.into(), price.into()))
            .into(),
    };
    Payments::new(world.billing.clone()).with(Arc::new(StripeGateway::new(keys).unwrap()))
}

/// An event about a payment, by its type; those of charges and disputes name it in another place.
fn event(id: &str, kind: &str, intent: &str) -> Value {
    let object = match kind.split_once('.').unwrap().0 {
        "payment_intent" => {
            json!({ "id": intent, "object": "payment_intent", "status": "canceled", "amount": 1 })
        }
        of => {
            json!({ "id": format!("{of}_1"), "object": of, "payment_intent": intent, "amount_refunded": 9_999 })
        }
    };
    json!({ "id": id, "object": "event", "type": kind, "data": { "object": object } })
}

#[tokio::test]
async fn a_payment_is_begun_paid_and_granted() {
    let mut shop = Shop::open().await;
    let (id, intent) = shop.begin().await;
    let kept = shop.stripe.get(&format!("/v1/payment_intents/{intent}")).await;
    assert_eq!((&kept["amount"], &kept["currency"]), (&json!(500), &json!("usd")));
    assert_eq!(kept["metadata"]["payment"], id.to_string());
    shop.send(&event("evt_0", "payment_intent.created", &intent)).await.unwrap();
    assert_eq!((shop.state(id).await.state, shop.free().await), (PaymentState::Processing, 0));

    shop.stripe.pay(&intent, DECLINED).await;
    shop.send(&event("evt_1", "payment_intent.payment_failed", &intent)).await.unwrap();
    let declined = shop.state(id).await;
    assert_eq!(declined.state, PaymentState::Processing);
    assert_eq!(declined.reason.as_deref(), Some("Your card was declined."));

    // The event's own words (canceled, one cent) are not believed.
    let (id, intent) = shop.paid().await;
    shop.send(&event("evt_2", "payment_intent.succeeded", &intent)).await.unwrap();
    let paid = shop.state(id).await;
    assert_eq!((paid.state, paid.reason, shop.free().await), (PaymentState::Done, None, CREDITS));
    shop.world.audit().await;
}

#[tokio::test]
async fn a_bank_that_asks_is_answered() {
    let shop = Shop::open().await;
    for (yes, state) in [(false, PaymentState::Processing), (true, PaymentState::Done)] {
        let (id, intent) = shop.begin().await;
        let asked = shop.stripe.pay(&intent, CHALLENGED).await;
        assert_eq!(asked["status"], "requires_action");
        assert_eq!(shop.payments.look(&shop.world.scope, id).await.unwrap().state, PaymentState::Processing);
        shop.stripe.answer(&asked, yes).await;
        let now = shop.payments.look(&shop.world.scope, id).await.unwrap();
        assert_eq!((now.state, now.reason.is_some()), (state, !yes));
    }
    assert_eq!(shop.free().await, CREDITS);
}

#[tokio::test]
async fn without_any_event_credits_come_within_a_minute_once() {
    let shop = Shop::open().await;
    let (id, _) = shop.paid().await;
    assert_eq!((shop.payments.reconcile().await.unwrap(), shop.free().await), (0, 0));
    shop.world.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.payments.reconcile().await.unwrap(), 1);
    assert_eq!((shop.state(id).await.state, shop.free().await), (PaymentState::Done, CREDITS));
    shop.world.clock.advance(Duration::from_mins(1));
    assert_eq!((shop.payments.reconcile().await.unwrap(), shop.free().await), (0, CREDITS));
    assert!(shop.payments.compare().await.unwrap().is_empty());
}

#[tokio::test]
async fn events_in_every_order_and_number_come_to_the_same() {
    let mut shop = Shop::open().await;
    let kinds = [
        "payment_intent.created",
        "payment_intent.succeeded",
        "charge.succeeded",
        "charge.refunded",
        "charge.dispute.created",
    ];
    let orders = permutations(kinds.len());
    assert_eq!(orders.len(), 120);
    for (nth, order) in (1..).zip(orders) {
        let (id, intent) = shop.paid().await;
        shop.stripe.refund(&intent, 200).await;
        for place in order {
            let event = event(&format!("evt_{nth}_{place}"), kinds[place], &intent);
            shop.send(&event).await.unwrap();
            // Now and then an event comes again at once.
            if (nth + place) % 3 == 0 {
                shop.send(&event).await.unwrap();
            }
        }
        let state = shop.state(id).await;
        assert_eq!((state.state, state.refunded_cents), (PaymentState::Done, 200));
        let sums = shop.world.sums().await;
        let times = i64::try_from(nth).unwrap();
        assert_eq!((sums.free, sums.reversed), (300_000_000 * times, 200_000_000 * times), "{nth}");
    }
    shop.world.audit().await;
    assert!(shop.payments.compare().await.unwrap().is_empty());
}

/// All orders of so many things.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for thing in 0..count {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, thing);
                    longer
                })
            })
            .collect();
    }
    orders
}

#[tokio::test]
async fn twenty_events_at_once_and_different_ones_for_one_payment_grant_once() {
    let mut shop = Shop::open().await;
    let (id, intent) = shop.paid().await;
    let now = shop.now();
    let mut signed = Vec::new();
    for nth in 0..20 {
        // One event ten times, and ten others that tell of the same.
        let kind = if nth % 2 == 0 { "payment_intent.succeeded" } else { "charge.succeeded" };
        let body = event(&format!("evt_{}", usize::max(nth, 10)), kind, &intent).to_string();
        signed.push((shop.signer.sign(&body, SECRET, now).await, body));
    }
    let hear = |(header, body): (String, String)| {
        let payments = shop.payments.clone();
        tokio::spawn(async move { payments.hear_signed("stripe", &header, body.as_bytes()).await })
    };
    for task in signed.into_iter().map(hear).collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!((shop.state(id).await.state, shop.free().await), (PaymentState::Done, CREDITS));
    shop.world.audit().await;
}

#[tokio::test]
async fn what_stripe_has_not_signed_now_changes_nothing() {
    let mut shop = Shop::open().await;
    let (id, intent) = shop.paid().await;
    let body = event("evt_1", "payment_intent.succeeded", &intent).to_string();
    let now = shop.now();
    for (signed, secret, time, sent) in [
        (body.clone(), "whsec_other", now, body.clone()),
        (body.clone(), SECRET, now - 301, body.clone()),
        (body.clone(), SECRET, now + 301, body.clone()),
        (body.clone(), SECRET, now, body.replace("evt_1", "evt_2")),
        ("no event".into(), SECRET, now, "no event".into()),
    ] {
        let header = shop.signer.sign(&signed, secret, time).await;
        let refused = shop.payments.hear_signed("stripe", &header, sent.as_bytes()).await;
        assert!(matches!(refused, Err(Error::BadRequest(_))), "{secret} {time} {sent}: {refused:?}");
    }
    assert_eq!((shop.state(id).await.state, shop.free().await), (PaymentState::Processing, 0));
    // Others' payments, other things, and types that nobody knows are heard and do nothing.
    for (nth, told) in [
        event("evt_3", "payment_intent.succeeded", "pi_of_somebody_else"),
        event("evt_4", "customer.tax_id.created", ""),
        json!({ "id": "evt_5", "type": "v9.new_thing", "data": { "object": { "object": "new", "id": 7.5.to_string() } } }),
    ]
    .iter()
    .enumerate()
    {
        shop.send(told).await.unwrap_or_else(|error| panic!("{nth}: {error:?}"));
    }
    assert_eq!(shop.free().await, 0);
    let elsewhere = shop.payments.hear_signed("test", "", b"{}").await;
    assert!(matches!(elsewhere, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_dispute_takes_credits_and_gives_them_back_when_it_is_won() {
    let mut shop = Shop::open().await;
    for (verdict, state, free) in
        [("won", PaymentState::Done, CREDITS), ("lost", PaymentState::Refunded, CREDITS)]
    {
        let (id, intent) = shop.paid().await;
        shop.send(&event(&format!("evt_{verdict}_1"), "payment_intent.succeeded", &intent)).await.unwrap();
        let dispute = shop.stripe.dispute(&intent).await;
        shop.send(&event(&format!("evt_{verdict}_2"), "charge.dispute.created", &intent)).await.unwrap();
        assert_eq!(shop.state(id).await.state, PaymentState::Refunded);
        shop.stripe.decide(&dispute, verdict).await;
        shop.send(&event(&format!("evt_{verdict}_3"), "charge.dispute.closed", &intent)).await.unwrap();
        assert_eq!((shop.state(id).await.state, shop.free().await), (state, free), "{verdict}");
    }
    shop.world.audit().await;
    assert!(shop.payments.compare().await.unwrap().is_empty());
}

#[tokio::test]
async fn stripe_that_is_away_loses_nothing() {
    let shop = Shop::open().await;
    let (id, _) = shop.paid().await;
    // Nothing listens on the port that nobody can choose.
    let cut_off = shop_at_nowhere(&shop.world);
    let refused = cut_off.begin(&shop.world.scope, NewTopUp { credits: 500 }).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    shop.world.clock.advance(Duration::from_mins(1));
    // It is tried, and tried again the next time.
    assert_eq!(cut_off.reconcile().await.unwrap(), 1);
    assert_eq!((shop.state(id).await.state, shop.free().await), (PaymentState::Processing, 0));
    assert_eq!(shop.payments.reconcile().await.unwrap(), 1);
    assert_eq!(shop.free().await, CREDITS);
}

fn shop_at_nowhere(world: &World) -> Payments {
    shop(world, "http://127.0.0.1:1")
}
