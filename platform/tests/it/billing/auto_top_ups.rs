//! Credits that are bought by themselves: once, whoever tries; within the cap; never when it is off.

use super::{stripe::shop, support::*};
use crate::stripe_account::{DECLINED, PAYS, Simulator};
use alumia_platform::{
    Error, Result,
    billing::payments::{Begun, Charge, Gateway, Order, Page, Payments, SavedCard, TestGateway},
    mail::Links,
};
use alumia_protocol::{
    OrgId,
    billing::{AutoTopUp, AutoTopUpLimits, BucketKind, Invoice, NewTopUp, PaymentState, SetAutoTopUp},
};
use async_trait::async_trait;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

const CREDIT: i64 = 1_000_000;
const DECLINED_LATER: &str = "4000000000000341";
/// Its bank asks each time, also when it is saved.
const ASKS: &str = "4000002760003184";
const LIMITS: AutoTopUpLimits = AutoTopUpLimits { threshold: 100, credits: 500, monthly_cap: 2_000 };

struct Shop {
    world: World,
    payments: Payments,
}

impl Shop {
    async fn open() -> Self {
        let world = World::poor().await;
        let payments = Payments::new(world.billing.clone()).with_test_money();
        Self { world, payments }
    }

    fn gateway(&self) -> TestGateway {
        TestGateway::new(self.world.store.store(), Arc::new(self.world.clock.clone()))
    }

    async fn set(&self, limits: AutoTopUpLimits, card: Option<&str>) -> Result<AutoTopUp> {
        let new = SetAutoTopUp { limits, new_card: false, test_card: card.map(Into::into) };
        self.payments.set_auto_top_up(&self.world.scope, new, &Links::new("https://a.example"), "main").await
    }

    async fn now(&self) -> AutoTopUp {
        self.payments.auto_top_up(&self.world.scope).await.unwrap()
    }

    async fn invoices(&self) -> Vec<Invoice> {
        self.payments.invoices(&self.world.scope, None, 100).await.unwrap().items
    }

    async fn free(&self) -> i64 {
        self.world.sums().await.free / CREDIT
    }

    async fn spend(&self, credits: i64) {
        let held = self.world.reserve(credits * CREDIT).await.unwrap();
        self.world.settle(held.id, credits * CREDIT).await.unwrap();
    }

    async fn top_up(&self) -> usize {
        self.payments.top_up().await.unwrap()
    }
}

#[tokio::test]
async fn it_is_off_until_somebody_turns_it_on_and_buys_below_its_threshold() {
    let shop = Shop::open().await;
    let off = shop.now().await;
    assert!(!off.on && off.limits.is_none() && off.card.is_none());
    assert_eq!(shop.top_up().await, 0);
    shop.world.grant("a", BucketKind::Promo, 150 * CREDIT, None).await;
    let on = shop.set(LIMITS, Some(PAYS)).await.unwrap();
    assert_eq!((on.on, on.limits, on.card.as_deref()), (true, Some(LIMITS), Some("4242")));
    assert_eq!(shop.top_up().await, 0, "150 are more than 100");
    shop.spend(50).await;
    assert_eq!(shop.top_up().await, 0, "100 are not fewer than 100");
    shop.spend(1).await;
    assert_eq!((shop.top_up().await, shop.free().await), (1, 599));
    assert_eq!(shop.top_up().await, 0);
    let invoices = shop.invoices().await;
    let [invoice] = &*invoices else { panic!("{invoices:?}") };
    assert_eq!((invoice.state, invoice.automatic, invoice.amount_cents), (PaymentState::Done, true, 500));
    assert_eq!(shop.now().await.bought_this_month, 500);
    // Its event and the reconciliation bring nothing more.
    shop.payments.deliver_test_events().await.unwrap();
    shop.world.clock.advance(Duration::from_hours(2));
    shop.payments.reconcile().await.unwrap();
    assert_eq!(shop.free().await, 599);
    assert_eq!(shop.payments.compare().await.unwrap(), []);
    // Off, it buys nothing; the limits and the card are kept.
    let off = shop.payments.end_auto_top_up(&shop.world.scope).await.unwrap();
    assert_eq!((off.on, off.card.as_deref(), off.reason), (false, Some("4242"), None));
    shop.spend(599).await;
    assert_eq!((shop.top_up().await, shop.free().await), (0, 0));
    // And on again with the card that is kept.
    assert!(shop.set(LIMITS, None).await.unwrap().on);
    assert_eq!((shop.top_up().await, shop.free().await), (1, 500));
    shop.world.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_triggers_at_once_buy_once() {
    let shop = Shop::open().await;
    shop.set(LIMITS, Some(PAYS)).await.unwrap();
    let other = Payments::new(shop.world.billing.clone()).with_test_money();
    let tasks: Vec<_> = (0..100)
        .map(|nth| {
            let payments = if nth % 2 == 0 { shop.payments.clone() } else { other.clone() };
            tokio::spawn(async move { payments.top_up().await })
        })
        .collect();
    let mut begun = 0;
    for task in tasks {
        begun += task.await.unwrap().unwrap();
    }
    assert_eq!((begun, shop.invoices().await.len(), shop.free().await), (1, 1, 500));
    shop.world.audit().await;
}

#[tokio::test]
async fn the_database_alone_lets_no_second_one_begin() {
    let shop = Shop::open().await;
    let gateway = Arc::new(Silent::default());
    let payments = Payments::new(shop.world.billing.clone()).with(gateway.clone());
    turn_on(&shop.world, "silent", 1).await;
    assert_eq!(payments.top_up().await.unwrap(), 1);
    // A copy of the payment that is in flight.
    let mut tx = shop.world.store.begin().await.unwrap();
    let again = sqlx::query(
        "INSERT INTO payments (org_id, id, gateway, object_id, credits, amount_cents, currency, state, created_by, \
         created_at, updated_at, automatic) SELECT org_id, 'x', gateway, 'x', credits, amount_cents, currency, \
         state, created_by, created_at, updated_at, 1 FROM payments",
    )
    .execute(&mut *tx)
    .await;
    assert!(again.is_err());
}

/// Writes into the database what the service would.
async fn turn_on(world: &World, gateway: &str, threshold: i64) {
    let mut tx = world.store.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO auto_top_ups (org_id, gateway, is_on, threshold, credits, monthly_cap, card_id, card_last4, \
         set_by, updated_at) VALUES ($1, $2, 1, $3, 500, 2000, 'card', '4242', $4, 0)",
    )
    .bind(world.org().to_string())
    .bind(gateway.to_owned())
    .bind(threshold)
    .bind(world.scope.user_id().to_string())
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// Whatever is spent when, and however often it is tried in parallel: no month's purchases pass the cap.
#[tokio::test]
async fn the_cap_is_never_passed() {
    for seed in 0..4 {
        let shop = Shop::open().await;
        let mut luck = StdRng::seed_from_u64(seed);
        let cap = luck.random_range(500..4_000);
        let credits = luck.random_range(500..=cap.min(1_500));
        let threshold = luck.random_range(1..2_000);
        shop.set(AutoTopUpLimits { threshold, credits, monthly_cap: cap }, Some(PAYS)).await.unwrap();
        for _ in 0..25 {
            let tries = (0..luck.random_range(1..5)).map(|_| shop.payments.top_up());
            for tried in futures::future::join_all(tries).await {
                tried.unwrap();
            }
            let free = shop.free().await;
            if free > 0 {
                shop.spend(luck.random_range(1..=free)).await;
            }
            // From the 21st of September on, into October and November.
            shop.world.clock.advance(Duration::from_hours(luck.random_range(0..72)));
        }
        let mut months = std::collections::BTreeMap::<String, i64>::new();
        for invoice in shop.invoices().await {
            assert_eq!(invoice.credits.0, credits * CREDIT);
            *months.entry(invoice.created_at.to_string()[..7].to_owned()).or_default() += credits;
        }
        assert!(
            !months.is_empty() && months.values().all(|bought| *bought <= cap),
            "{seed}: {months:?} of {cap}"
        );
        shop.world.audit().await;
    }
}

#[tokio::test]
async fn the_cap_is_the_calendar_months() {
    let shop = Shop::open().await;
    shop.set(AutoTopUpLimits { monthly_cap: 1_000, ..LIMITS }, Some(PAYS)).await.unwrap();
    for bought in [1, 1, 0] {
        assert_eq!(shop.top_up().await, bought);
        let free = shop.free().await;
        if free > 0 {
            shop.spend(free).await;
        }
    }
    // It began on the 21st of September at 14:13:20.
    shop.world.clock.advance(Duration::from_hours(9 * 24 + 9));
    assert_eq!(shop.top_up().await, 0, "the last evening of September");
    shop.world.clock.advance(Duration::from_hours(1));
    assert_eq!((shop.top_up().await, shop.now().await.bought_this_month), (1, 500));
}

#[tokio::test]
async fn a_card_that_is_declined_turns_it_off_for_good() {
    for (card, said) in [(DECLINED_LATER, "declined"), (ASKS, "nobody was there")] {
        let shop = Shop::open().await;
        shop.set(LIMITS, Some(card)).await.unwrap();
        assert_eq!(shop.top_up().await, 1);
        let off = shop.now().await;
        assert!(!off.on && off.reason.as_deref().is_some_and(|reason| reason.contains(said)), "{off:?}");
        let invoices = shop.invoices().await;
        let [failed] = &*invoices else { panic!("{invoices:?}") };
        assert_eq!((failed.state, shop.free().await), (PaymentState::Failed, 0));
        assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains(said)));
        // Nothing turns it on again: no time, no credits, no other payment.
        for _ in 0..40 {
            shop.world.clock.advance(Duration::from_hours(24));
            shop.payments.deliver_test_events().await.unwrap();
            shop.payments.reconcile().await.unwrap();
            assert_eq!(shop.top_up().await, 0);
        }
        let begun = shop.payments.begin(&shop.world.scope, NewTopUp { credits: 500 }).await.unwrap();
        shop.payments.pay_test_money(&shop.world.scope, begun.invoice.id, PAYS).await.unwrap();
        shop.spend(500).await;
        assert_eq!((shop.top_up().await, shop.now().await.on), (0, false));
        // A person does.
        let on = shop.set(LIMITS, Some(PAYS)).await.unwrap();
        assert!(on.on && on.reason.is_none());
        assert_eq!((shop.top_up().await, shop.free().await), (1, 500));
    }
}

#[tokio::test]
async fn money_that_goes_back_turns_it_off() {
    let shop = Shop::open().await;
    shop.set(LIMITS, Some(PAYS)).await.unwrap();
    shop.top_up().await;
    let id = shop.invoices().await[0].id;
    shop.gateway().refund(&format!("tp_{}", id.0.simple()), 100).await.unwrap();
    shop.payments.deliver_test_events().await.unwrap();
    let off = shop.now().await;
    assert!(!off.on && off.reason.is_some_and(|reason| reason.contains("paid back")));
    shop.spend(400).await;
    assert_eq!((shop.top_up().await, shop.free().await), (0, 0));
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_by_field() {
    let shop = Shop::open().await;
    for (threshold, credits, monthly_cap, field) in [
        (0, 500, 500, "threshold"),
        (i64::MAX, 500, 500, "threshold"),
        (1, 499, 500, "credits"),
        (1, i64::MAX, i64::MAX, "credits"),
        (1, 500, 499, "monthlyCap"),
        (1, 500, 1_000_001, "monthlyCap"),
    ] {
        let refused = shop.set(AutoTopUpLimits { threshold, credits, monthly_cap }, Some(PAYS)).await;
        assert!(matches!(&refused, Err(Error::Invalid(fields)) if fields.contains_key(field)), "{refused:?}");
    }
    for card in [None, Some(""), Some("1234"), Some("4000 0000 0000 0002")] {
        assert!(matches!(shop.set(LIMITS, card).await, Err(Error::Invalid(_))), "{card:?}");
    }
    assert!(!shop.now().await.on);
    let nobody = Payments::new(shop.world.billing.clone());
    let new = SetAutoTopUp { limits: LIMITS, new_card: false, test_card: None };
    let refused = nobody.set_auto_top_up(&shop.world.scope, new, &Links::default(), "main").await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })));
    assert!(!nobody.auto_top_up(&shop.world.scope).await.unwrap().on);
}

/// Takes orders and answers nothing else, until it is told to.
#[derive(Default)]
struct Silent {
    begun: AtomicU32,
}

#[async_trait]
impl Gateway for Silent {
    fn id(&self) -> &'static str {
        "silent"
    }
    fn takes_test_money(&self) -> bool {
        true
    }
    async fn begin(&self, _: &Order) -> Result<Begun> {
        let nth = self.begun.fetch_add(1, Ordering::SeqCst);
        Ok(Begun { object_id: format!("pi_{nth}"), client_secret: String::new() })
    }
    async fn enrol(&self, _: OrgId) -> Result<String> {
        Ok("cus".into())
    }
    async fn look(&self, _: &str) -> Result<Option<Charge>> {
        Err(Error::Unavailable { message: "Away.".into(), retry_after_seconds: 1 })
    }
    async fn card_page(&self, _: &str, _: &str) -> Result<Page> {
        Ok(Page { id: "page".into(), url: "https://gateway.example".into() })
    }
    async fn saved_card(&self, _: &str) -> Result<Option<SavedCard>> {
        Ok(Some(SavedCard { id: "card".into(), last4: "4242".into() }))
    }
}

#[tokio::test]
async fn a_gateway_that_is_away_is_asked_again_about_the_same_payment() {
    let world = World::poor().await;
    let gateway = Arc::new(Silent::default());
    let payments = Payments::new(world.billing.clone()).with(gateway.clone());
    turn_on(&world, "silent", 100).await;
    for _ in 0..5 {
        payments.top_up().await.unwrap();
        payments.reconcile().await.unwrap();
        world.clock.advance(Duration::from_mins(1));
    }
    // Begun once here and there, though it was gone on with five times.
    assert_eq!(gateway.begun.load(Ordering::SeqCst), 1);
    let all = payments.invoices(&world.scope, None, 10).await.unwrap().items;
    assert_eq!((all.len(), all[0].state), (1, PaymentState::Processing));
}

#[tokio::test]
async fn a_page_that_saves_the_card_late_turns_nothing_on_that_was_turned_off() {
    let world = World::poor().await;
    let payments = Payments::new(world.billing.clone()).with(Arc::new(Silent::default()));
    let set = async || {
        let new = SetAutoTopUp { limits: LIMITS, new_card: false, test_card: None };
        payments.set_auto_top_up(&world.scope, new, &Links::default(), "main").await.unwrap()
    };
    let waits = set().await;
    assert_eq!((waits.on, waits.card_page.as_deref()), (false, Some("https://gateway.example")));
    payments.end_auto_top_up(&world.scope).await.unwrap();
    payments.look_at_card(&world.scope).await.unwrap();
    assert!(!payments.auto_top_up(&world.scope).await.unwrap().on);
    set().await;
    payments.look_at_card(&world.scope).await.unwrap();
    assert!(payments.auto_top_up(&world.scope).await.unwrap().on);
}

struct AtStripe {
    world: World,
    payments: Payments,
    stripe: Simulator,
}

impl AtStripe {
    /// An organisation that has saved this card at Stripe.
    async fn with(card: &str) -> Self {
        let (world, stripe) = (World::poor().await, Simulator::start().await);
        let payments = shop(&world, &stripe.url);
        let at = Self { world, payments, stripe };
        let page = at.set().await.card_page.unwrap();
        assert!(!at.now().await.on, "not before the card is saved");
        at.stripe.save_card(&page, card).await;
        at.payments.look_at_card(&at.world.scope).await.unwrap();
        at
    }

    async fn set(&self) -> AutoTopUp {
        let new = SetAutoTopUp { limits: LIMITS, new_card: false, test_card: None };
        let links = Links::new("https://a.example");
        self.payments.set_auto_top_up(&self.world.scope, new, &links, "main").await.unwrap()
    }

    async fn now(&self) -> AutoTopUp {
        self.payments.auto_top_up(&self.world.scope).await.unwrap()
    }

    /// What Stripe has of this customer's payments.
    async fn intents(&self) -> Vec<serde_json::Value> {
        let all = self.stripe.get("/v1/payment_intents").await["data"].as_array().cloned().unwrap();
        all.into_iter().filter(|intent| !intent["customer"].is_null()).collect()
    }
}

#[tokio::test]
async fn a_card_that_was_saved_at_stripe_is_charged_while_nobody_is_there() {
    let at = AtStripe::with(PAYS).await;
    let on = at.now().await;
    assert_eq!((on.on, on.card.as_deref()), (true, Some("4242")));
    assert_eq!(at.payments.top_up().await.unwrap(), 1);
    assert_eq!(at.world.sums().await.free, 500 * CREDIT);
    let intents = at.intents().await;
    let [intent] = &*intents else { panic!("{intents:?}") };
    let invoice = at.payments.invoices(&at.world.scope, None, 10).await.unwrap().items.remove(0);
    assert_eq!((&intent["amount"], &intent["status"]), (&json!(500), &json!("succeeded")));
    assert_eq!(intent["metadata"]["payment"], invoice.id.to_string());
    assert!(invoice.automatic && invoice.state == PaymentState::Done);
    assert_eq!(at.payments.top_up().await.unwrap(), 0);
    assert_eq!(at.payments.compare().await.unwrap(), []);
    // A dispute turns it off.
    at.stripe.dispute(intent["id"].as_str().unwrap()).await;
    at.payments.look(&at.world.scope, invoice.id).await.unwrap();
    assert!(!at.now().await.on);
    at.world.audit().await;
}

#[tokio::test]
async fn stripes_word_for_a_declined_card_is_the_reason() {
    for (card, said) in [(DECLINED, "Your card was declined."), (ASKS, "requires authentication")] {
        let at = AtStripe::with(card).await;
        assert_eq!(at.payments.top_up().await.unwrap(), 1);
        let off = at.now().await;
        assert!(!off.on && off.reason.as_deref().is_some_and(|reason| reason.contains(said)), "{off:?}");
        assert_eq!(at.payments.top_up().await.unwrap(), 0);
        assert_eq!((at.intents().await.len(), at.world.sums().await.free), (1, 0));
    }
}

#[tokio::test]
async fn what_was_begun_before_a_crash_is_charged_once() {
    let at = AtStripe::with(PAYS).await;
    // Nothing listens there: written down here, and not known to Stripe.
    let cut_off = shop(&at.world, "http://127.0.0.1:1");
    cut_off.top_up().await.unwrap();
    assert_eq!((at.intents().await.len(), at.world.sums().await.free), (0, 0));
    assert_eq!(at.payments.top_up().await.unwrap(), 0, "one is in flight");
    at.world.clock.advance(Duration::from_secs(16));
    let two = tokio::join!(at.payments.reconcile(), at.payments.reconcile());
    assert_eq!((two.0.unwrap(), two.1.is_ok()), (1, true));
    assert_eq!((at.intents().await.len(), at.world.sums().await.free), (1, 500 * CREDIT));
    // Turned off between the beginning and the charge, it is not charged.
    let held = at.world.reserve(500 * CREDIT).await.unwrap();
    at.world.settle(held.id, 500 * CREDIT).await.unwrap();
    cut_off.top_up().await.unwrap();
    at.payments.end_auto_top_up(&at.world.scope).await.unwrap();
    at.world.clock.advance(Duration::from_secs(16));
    at.payments.reconcile().await.unwrap();
    let newest = at.payments.invoices(&at.world.scope, None, 10).await.unwrap().items.remove(0);
    assert_eq!((newest.state, at.world.sums().await.free), (PaymentState::Failed, 0));
    assert!(at.intents().await.iter().filter(|intent| intent["status"] == "succeeded").count() == 1);
}
