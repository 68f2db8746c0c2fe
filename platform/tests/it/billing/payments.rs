//! Credits that are bought, whatever the gateway tells and when.

use super::support::*;
use alumia_platform::{
    Error, Result,
    billing::payments::{Begun, Charge, ChargeState, Gateway, Order, Payments, TestGateway},
};
use alumia_protocol::{
    Microcredits, PaymentId,
    billing::{Invoice, NewTopUp, PaymentState},
};
use async_trait::async_trait;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

const CREDITS: i64 = 500_000_000;
const PAYS: &str = "4242 4242 4242 4242";
const DECLINED: &str = "4000000000000002";
const CHALLENGED: &str = "4000002760003184";
const LATE: &str = "4000000000000077";
const TWICE: &str = "4000000000000085";
const NEVER: &str = "4000000000000093";

struct Shop {
    world: World,
    payments: Payments,
    gateway: TestGateway,
}

impl Shop {
    async fn open() -> Self {
        let world = World::poor().await;
        let payments = Payments::new(world.billing.clone()).with_test_money();
        let gateway = TestGateway::new(world.store.store(), Arc::new(world.clock.clone()));
        Self { world, payments, gateway }
    }

    async fn begin(&self) -> PaymentId {
        self.payments.begin(&self.world.scope, NewTopUp { credits: 500 }).await.unwrap().invoice.id
    }

    async fn pay(&self, id: PaymentId, card: &str) -> Invoice {
        self.payments.pay_test_money(&self.world.scope, id, card).await.unwrap()
    }

    async fn state(&self, id: PaymentId) -> Invoice {
        let all = self.payments.invoices(&self.world.scope, None, 100).await.unwrap().items;
        all.into_iter().find(|invoice| invoice.id == id).unwrap()
    }

    async fn free(&self) -> i64 {
        self.world.sums().await.free
    }
}

fn object(id: PaymentId) -> String {
    format!("tp_{}", id.0.simple())
}

#[tokio::test]
async fn a_card_that_pays_grants_at_once_and_once() {
    let shop = Shop::open().await;
    for card in [PAYS, TWICE] {
        let before = shop.free().await;
        let id = shop.begin().await;
        assert_eq!(shop.state(id).await.state, PaymentState::Processing);
        assert_eq!(shop.pay(id, card).await.state, PaymentState::Done);
        shop.payments.deliver_test_events().await.unwrap();
        shop.payments.reconcile().await.unwrap();
        assert_eq!(shop.free().await, before + CREDITS);
        let again = shop.payments.pay_test_money(&shop.world.scope, id, card).await;
        assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    }
}

#[tokio::test]
async fn a_payment_that_no_event_tells_of_is_found_within_a_minute() {
    let shop = Shop::open().await;
    let id = shop.begin().await;
    assert_eq!(shop.pay(id, NEVER).await.state, PaymentState::Processing);
    assert_eq!((shop.payments.reconcile().await.unwrap(), shop.free().await), (0, 0));
    shop.world.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.payments.reconcile().await.unwrap(), 1);
    assert_eq!((shop.state(id).await.state, shop.free().await), (PaymentState::Done, CREDITS));
    shop.world.clock.advance(Duration::from_hours(2));
    assert_eq!((shop.payments.reconcile().await.unwrap(), shop.free().await), (0, CREDITS));
}

#[tokio::test]
async fn a_late_event_after_reconciliation_grants_nothing_more() {
    let shop = Shop::open().await;
    let id = shop.begin().await;
    assert_eq!(shop.pay(id, LATE).await.state, PaymentState::Processing);
    shop.world.clock.advance(Duration::from_mins(1));
    shop.payments.reconcile().await.unwrap();
    shop.payments.deliver_test_events().await.unwrap();
    assert_eq!((shop.state(id).await.state, shop.free().await), (PaymentState::Done, CREDITS));
}

#[tokio::test]
async fn a_declined_card_says_why_and_another_one_pays() {
    let shop = Shop::open().await;
    let id = shop.begin().await;
    let declined = shop.pay(id, DECLINED).await;
    assert_eq!(declined.state, PaymentState::Processing);
    assert!(declined.reason.is_some_and(|reason| reason.contains("declined")));
    let asked = shop.pay(id, CHALLENGED).await;
    assert!(asked.reason.is_some_and(|reason| reason.contains("confirm")) && shop.free().await == 0);
    let paid = shop.pay(id, CHALLENGED).await;
    assert_eq!((paid.state, paid.reason, shop.free().await), (PaymentState::Done, None, CREDITS));
    // One that nobody pays fails when its time is over.
    let id = shop.begin().await;
    for _ in 0..80 {
        shop.world.clock.advance(Duration::from_hours(1));
        shop.payments.reconcile().await.unwrap();
    }
    let over = shop.state(id).await;
    assert_eq!(
        (over.state, over.reason.as_deref()),
        (PaymentState::Failed, Some("It was not paid in time."))
    );
    // Money that comes all the same is not lost.
    assert_eq!(shop.pay(id, PAYS).await.state, PaymentState::Done);
    assert_eq!(shop.free().await, 2 * CREDITS);
}

#[tokio::test]
async fn twenty_events_at_once_grant_once() {
    let shop = Shop::open().await;
    let id = shop.begin().await;
    shop.pay(id, NEVER).await;
    let object = object(id);
    let hear = |nth: usize| {
        let (payments, object) = (shop.payments.clone(), object.clone());
        // The same one ten times, and others that tell of the same.
        tokio::spawn(async move { payments.hear(&format!("e{}", nth.min(10)), &object).await })
    };
    for task in (0..20).map(hear).collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!((shop.state(id).await.state, shop.free().await), (PaymentState::Done, CREDITS));
    shop.payments.hear("e", "tp_nobody").await.unwrap();
}

#[tokio::test]
async fn what_is_paid_back_takes_its_credits_back() {
    let shop = Shop::open().await;
    let id = shop.begin().await;
    shop.pay(id, PAYS).await;
    shop.gateway.refund(&object(id), 100).await.unwrap();
    shop.payments.deliver_test_events().await.unwrap();
    let part = shop.state(id).await;
    assert_eq!((part.state, part.refunded_cents, shop.free().await), (PaymentState::Done, 100, 400_000_000));
    // What is spent by then can't be taken back, and nothing goes below zero.
    let held = shop.world.reserve(300_000_000).await.unwrap();
    shop.world.settle(held.id, 300_000_000).await.unwrap();
    shop.gateway.refund(&object(id), 400).await.unwrap();
    shop.payments.deliver_test_events().await.unwrap();
    let all = shop.state(id).await;
    assert_eq!((all.state, all.refunded_cents, shop.free().await), (PaymentState::Refunded, 500, 0));
    assert!(shop.gateway.refund(&object(id), 1).await.is_err());
}

#[tokio::test]
async fn amounts_and_cards_out_of_bounds_are_refused() {
    let shop = Shop::open().await;
    for credits in [i64::MIN, -500, 0, 499, 100_001, i64::MAX] {
        let refused = shop.payments.begin(&shop.world.scope, NewTopUp { credits }).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{credits}");
    }
    let id = shop.begin().await;
    for card in ["", "4111111111111111", "x"] {
        let refused = shop.payments.pay_test_money(&shop.world.scope, id, card).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{card}");
    }
    // Where no gateway is set, nobody takes money, and nobody pretends to.
    let none = Payments::new(shop.world.billing.clone());
    assert!(matches!(
        none.begin(&shop.world.scope, NewTopUp { credits: 500 }).await,
        Err(Error::Unavailable { .. })
    ));
    assert!(matches!(none.pay_test_money(&shop.world.scope, id, PAYS).await, Err(Error::NotFound(_))));
    assert_eq!(none.catalog().top_ups.gateway, None);
}

/// Says of its only payment what a test wants.
struct Liar(Mutex<Charge>);

#[async_trait]
impl Gateway for Liar {
    fn id(&self) -> &'static str {
        "liar"
    }
    fn takes_test_money(&self) -> bool {
        false
    }
    async fn begin(&self, _: &Order) -> Result<Begun> {
        Ok(Begun { object_id: "pi_1".into(), client_secret: "s".into() })
    }
    async fn look(&self, _: &str) -> Result<Option<Charge>> {
        Ok(Some(self.0.lock().unwrap().clone()))
    }
}

#[tokio::test]
async fn another_sum_or_currency_grants_nothing() {
    let world = World::poor().await;
    let charge = Charge {
        state: ChargeState::Succeeded,
        reason: None,
        amount_cents: 5,
        refunded_cents: 0,
        currency: "usd".into(),
    };
    let gateway = Arc::new(Liar(Mutex::new(charge.clone())));
    let payments = Payments::new(world.billing.clone()).with(gateway.clone());
    payments.begin(&world.scope, NewTopUp { credits: 500 }).await.unwrap();
    let state = async || {
        let all = payments.invoices(&world.scope, None, 10).await.unwrap().items;
        (all[0].state, world.sums().await.free)
    };
    payments.hear("1", "pi_1").await.unwrap();
    assert_eq!(state().await, (PaymentState::Paid, 0));
    *gateway.0.lock().unwrap() = Charge { amount_cents: 500, currency: "eur".into(), ..charge.clone() };
    payments.hear("2", "pi_1").await.unwrap();
    assert_eq!(state().await, (PaymentState::Paid, 0));
    // Put right at the gateway, it is found without an event.
    *gateway.0.lock().unwrap() = Charge { amount_cents: 500, ..charge };
    world.clock.advance(Duration::from_mins(1));
    payments.reconcile().await.unwrap();
    assert_eq!(state().await, (PaymentState::Done, CREDITS));
    let overview = world.billing.overview(&world.scope).await.unwrap();
    assert_eq!(overview.available, Microcredits(CREDITS));
}

#[tokio::test]
async fn what_does_not_add_up_is_told_and_left_as_it_is() {
    let shop = Shop::open().await;
    let id = shop.begin().await;
    shop.pay(id, PAYS).await;
    let held = shop.world.reserve(1_000).await.unwrap();
    shop.world.settle(held.id, 700).await.unwrap();
    shop.world.billing.refund(shop.world.org(), held.id, Microcredits(200)).await.unwrap();
    shop.world.reserve(5_000).await.unwrap();
    let late = shop.world.reserve(10).await.unwrap();
    shop.world.settle(late.id, 600_000_000).await.unwrap();
    assert_eq!(shop.payments.compare().await.unwrap(), []);
    // Money that went back at the gateway and that nobody has told of.
    shop.gateway.refund(&object(id), 100).await.unwrap();
    let told = shop.payments.compare().await.unwrap();
    assert_eq!(
        told.iter().map(|it| it.what.clone()).collect::<Vec<_>>(),
        [format!("payment and gateway: {id}")]
    );
    shop.payments.deliver_test_events().await.unwrap();
    assert_eq!(shop.payments.compare().await.unwrap(), []);
    // Somebody who writes in the database.
    for sql in [
        "UPDATE credit_buckets SET granted = granted + 1 WHERE kind = 'top_up'",
        "UPDATE reservations SET millis = 0, cost = cost - 1 WHERE amount = 10",
    ] {
        let mut tx = shop.world.store.begin().await.unwrap();
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
    let told = shop.payments.compare().await.unwrap();
    let starts: Vec<&str> = told.iter().map(|it| it.what.split(':').next().unwrap()).collect();
    let expected = [
        "bucket and ledger",
        "call and ledger",
        "bought credits without their payment",
        "payment without its credits",
    ];
    assert_eq!(starts, expected);
    assert_eq!(shop.payments.compare().await.unwrap(), told, "nothing is put right by itself");
}

/// Tells a payment's state of the moment in which it is asked, the second time with a delay.
struct Slow {
    now: Mutex<Charge>,
    asked: AtomicU32,
    /// The second one has asked.
    reached: Notify,
    /// They may have their answer.
    release: Notify,
}

#[async_trait]
impl Gateway for Slow {
    fn id(&self) -> &'static str {
        "slow"
    }
    fn takes_test_money(&self) -> bool {
        false
    }
    async fn begin(&self, _: &Order) -> Result<Begun> {
        Ok(Begun { object_id: "pi_1".into(), client_secret: "s".into() })
    }
    async fn look(&self, _: &str) -> Result<Option<Charge>> {
        let answer = self.now.lock().unwrap().clone();
        if self.asked.fetch_add(1, Ordering::SeqCst) == 1 {
            self.reached.notify_one();
            self.release.notified().await;
        }
        Ok(Some(answer))
    }
}

#[tokio::test]
async fn an_answer_that_was_overtaken_undoes_nothing() {
    let world = World::poor().await;
    let paid = Charge {
        state: ChargeState::Succeeded,
        reason: None,
        amount_cents: 500,
        refunded_cents: 0,
        currency: "usd".into(),
    };
    let gateway = Arc::new(Slow {
        now: Mutex::new(paid.clone()),
        asked: AtomicU32::new(0),
        reached: Notify::new(),
        release: Notify::new(),
    });
    let payments = Payments::new(world.billing.clone()).with(gateway.clone());
    payments.begin(&world.scope, NewTopUp { credits: 500 }).await.unwrap();
    payments.hear("1", "pi_1").await.unwrap();
    assert_eq!(world.sums().await.free, CREDITS);
    let late = {
        let payments = payments.clone();
        tokio::spawn(async move { payments.hear("2", "pi_1").await })
    };
    gateway.reached.notified().await;
    // Meanwhile it is paid back, and somebody else is told so.
    *gateway.now.lock().unwrap() = Charge { refunded_cents: 500, ..paid };
    payments.hear("3", "pi_1").await.unwrap();
    gateway.release.notify_one();
    late.await.unwrap().unwrap();
    let invoice = payments.invoices(&world.scope, None, 10).await.unwrap().items.remove(0);
    assert_eq!((invoice.state, invoice.refunded_cents), (PaymentState::Refunded, 500));
    assert_eq!(world.sums().await.free, 0);
    // Asked once more than there were events: the late one asked anew.
    assert_eq!(gateway.asked.load(Ordering::SeqCst), 4);
}
