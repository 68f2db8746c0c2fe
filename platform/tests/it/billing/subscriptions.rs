//! Packages that are paid by the month, at the simulator of Stripe.

use super::{
    stripe::{SECRET, shop},
    support::*,
};
use crate::stripe_account::{Signer, Simulator};
use alumia_platform::{
    Error,
    billing::{Packages, payments::Payments},
    clock::Clock as _,
};
use alumia_protocol::{
    Timestamp,
    billing::{BillingOverview, Subscription, SubscriptionState},
};
use serde_json::json;
use std::time::Duration;

const FREE: i64 = 200_000_000;
const PRO: i64 = 2_000_000_000;
const TEAM: i64 = 9_000_000_000;
const BACK: &str = "https://alumia.example/acme/billing?returned";

struct Shop {
    world: World,
    payments: Payments,
    stripe: Simulator,
    signer: Signer,
    events: u32,
}

impl Shop {
    async fn open() -> Self {
        let world = World::with(Packages::new(&[], "personal").unwrap()).await;
        world.billing.open(world.org()).await.unwrap();
        // The free package's month began before.
        world.clock.advance(DAY);
        let stripe = Simulator::start().await;
        let payments = shop(&world, &stripe.url);
        Self { world, payments, stripe, signer: Signer::start(), events: 0 }
    }

    /// Goes to Stripe's page for a package; Stripe's id of the customer.
    async fn go(&self, package: &str) -> String {
        let url = self.payments.subscribe(&self.world.scope, package, BACK).await.unwrap();
        let session = url.rsplit('/').next().unwrap();
        let asked = self.stripe.get(&format!("/v1/checkout/sessions/{session}")).await;
        assert_eq!(asked["asked"]["line_items"][0]["price"], format!("price_{package}"));
        assert_eq!(
            (&asked["asked"]["mode"], &asked["asked"]["success_url"]),
            (&json!("subscription"), &json!(BACK))
        );
        asked["customer"].as_str().unwrap().to_owned()
    }

    /// A subscription whose first period begins now; the customer and the subscription.
    async fn subscribed(&mut self, package: &str) -> (String, String) {
        let customer = self.go(package).await;
        let subscription = self.stripe.subscribe(&customer, &format!("price_{package}")).await;
        self.change(&customer, &subscription, json!({ "start": self.now() })).await;
        (customer, subscription)
    }

    async fn change(&mut self, customer: &str, subscription: &str, changes: serde_json::Value) {
        self.stripe.change(subscription, &changes).await;
        self.tell(customer).await;
    }

    async fn tell(&mut self, customer: &str) {
        self.events += 1;
        let object = json!({ "id": "sub_any", "object": "subscription", "customer": customer });
        let id = format!("evt_{}", self.events);
        let event =
            json!({ "id": id, "type": "customer.subscription.updated", "data": { "object": object } });
        let (body, now) = (event.to_string(), self.now());
        let header = self.signer.sign(&body, SECRET, now).await;
        for _ in 0..2 {
            self.payments.hear_signed("stripe", &header, body.as_bytes()).await.unwrap();
        }
    }

    async fn overview(&self) -> BillingOverview {
        self.world.billing.overview(&self.world.scope).await.unwrap()
    }

    async fn subscription(&self) -> Subscription {
        self.overview().await.subscription.unwrap()
    }

    /// The package and what is free to spend.
    async fn stands(&self) -> (String, i64) {
        self.world.billing.sweep().await.unwrap();
        (self.overview().await.package.id, self.world.sums().await.free)
    }

    fn now(&self) -> i64 {
        self.world.clock.now().0 / 1_000_000
    }

    /// To just behind the end of the present period.
    async fn pass_the_month(&self) {
        let end = self.subscription().await.period_end;
        let left = u64::try_from(end.0 - self.world.clock.now().0).unwrap();
        self.world.clock.advance(Duration::from_micros(left) + Duration::from_secs(1));
    }
}

fn stands(package: &str, free: i64) -> (String, i64) {
    (package.to_owned(), free)
}

#[tokio::test]
async fn a_package_is_paid_granted_renewed_and_ended() {
    let mut shop = Shop::open().await;
    assert_eq!(shop.stands().await, stands("personal", FREE));
    let (customer, subscription) = shop.subscribed("pro").await;
    assert_eq!(shop.stands().await, stands("pro", FREE + PRO));
    assert_eq!(shop.subscription().await.state, SubscriptionState::Active);
    // Told again, looked at again: nothing more.
    shop.tell(&customer).await;
    shop.payments.look_at_subscription(&shop.world.scope).await.unwrap();
    assert_eq!(shop.stands().await, stands("pro", FREE + PRO));

    // A month later nothing is granted that isn't paid.
    shop.pass_the_month().await;
    assert_eq!(shop.stands().await, stands("pro", 0));
    let next = shop.subscription().await.period_end.0 / 1_000_000;
    shop.change(&customer, &subscription, json!({ "start": next })).await;
    assert_eq!(shop.stands().await, stands("pro", PRO));

    shop.change(&customer, &subscription, json!({ "ends": true })).await;
    assert!(shop.subscription().await.ends && shop.stands().await == stands("pro", PRO));
    // It ends with its period, and nobody tells of it: it is looked at then.
    shop.pass_the_month().await;
    shop.stripe.end(&subscription).await;
    shop.world.clock.advance(Duration::from_mins(2));
    assert_eq!(shop.payments.reconcile().await.unwrap(), 1);
    assert_eq!(shop.subscription().await.state, SubscriptionState::Over);
    assert_eq!(shop.stands().await, stands("personal", FREE));
    assert_eq!(shop.payments.reconcile().await.unwrap(), 0);
    // And can begin anew.
    shop.go("team").await;
    shop.world.audit().await;
}

#[tokio::test]
async fn a_larger_package_within_a_month_grants_the_difference_once() {
    let mut shop = Shop::open().await;
    let (customer, subscription) = shop.subscribed("pro").await;
    for (price, package) in [("price_team", "team"), ("price_pro", "pro"), ("price_team", "team")] {
        shop.change(&customer, &subscription, json!({ "price": price })).await;
        assert_eq!(shop.stands().await, stands(package, FREE + TEAM), "{price}");
    }
    assert!(shop.payments.compare().await.unwrap().is_empty());
    let again = shop.payments.subscribe(&shop.world.scope, "pro", BACK).await;
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    let portal = shop.payments.manage(&shop.world.scope, BACK).await.unwrap();
    assert!(portal.contains("/hosted/bps_"), "{portal}");
}

#[tokio::test]
async fn a_payment_that_fails_keeps_the_package_and_grants_nothing() {
    let mut shop = Shop::open().await;
    let (customer, subscription) = shop.subscribed("pro").await;
    shop.pass_the_month().await;
    let next = shop.subscription().await.period_end.0 / 1_000_000;
    shop.change(&customer, &subscription, json!({ "start": next, "status": "past_due" })).await;
    assert_eq!(shop.stands().await, stands("pro", 0));
    assert_eq!(shop.subscription().await.state, SubscriptionState::PastDue);
    // Paid after all, and nobody tells.
    shop.stripe.change(&subscription, &json!({ "status": "active" })).await;
    shop.world.clock.advance(Duration::from_hours(1) + Duration::from_secs(1));
    assert_eq!(shop.payments.reconcile().await.unwrap(), 1);
    assert_eq!(shop.stands().await, stands("pro", PRO));
    // Or never: Stripe gives up.
    shop.stripe.end(&subscription).await;
    shop.tell(&customer).await;
    assert_eq!(shop.stands().await, stands("personal", PRO));
}

#[tokio::test]
async fn what_was_paid_at_stripe_is_found_though_no_event_comes() {
    let shop = Shop::open().await;
    let customer = shop.go("team").await;
    let subscription = shop.stripe.subscribe(&customer, "price_team").await;
    shop.stripe.change(&subscription, &json!({ "start": shop.now() })).await;
    shop.world.clock.advance(Duration::from_secs(61));
    assert_eq!(shop.payments.reconcile().await.unwrap(), 1);
    assert_eq!(shop.stands().await, stands("team", FREE + TEAM));
    let kept = shop.subscription().await;
    assert!(kept.period_start < kept.period_end && kept.period_start > Timestamp(0));
}

#[tokio::test]
async fn a_new_page_closes_the_one_before() {
    let shop = Shop::open().await;
    let subscribe = |package| shop.payments.subscribe(&shop.world.scope, package, BACK);
    let first = subscribe("pro").await.unwrap();
    let (one, other) = tokio::join!(subscribe("pro"), subscribe("team"));
    let mut open = Vec::new();
    for page in [&first, &one.unwrap(), &other.unwrap()] {
        let path = format!("/v1/checkout/sessions/{}", page.rsplit('/').next().unwrap());
        match shop.stripe.get(&path).await["status"].as_str().unwrap() {
            "open" => open.push(page.clone()),
            closed => assert_eq!((closed, shop.stripe.press(page, "do=subscribe").await), ("expired", 410)),
        }
    }
    assert_eq!(open.len(), 1, "of all the last one");
    assert_eq!(shop.stripe.press(&open[0], "do=subscribe").await, 303);
    // Nobody told of it yet, and no second page opens.
    let again = subscribe("team").await;
    assert!(matches!(again, Err(Error::Conflict { .. })), "{again:?}");
    assert_eq!(shop.subscription().await.state, SubscriptionState::Active);
}

#[tokio::test]
async fn of_two_subscriptions_the_lesser_one_is_ended() {
    let mut shop = Shop::open().await;
    let (customer, lesser) = shop.subscribed("pro").await;
    let best = shop.stripe.subscribe(&customer, "price_team").await;
    shop.change(&customer, &best, json!({ "start": shop.now() })).await;
    assert_eq!(shop.stands().await.0, "team");
    let going_on = async || {
        let all = shop.stripe.get(&format!("/v1/subscriptions?customer={customer}")).await["data"].clone();
        let all = all.as_array().unwrap().iter().filter(|own| own["status"] == "active");
        all.map(|own| own["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(going_on().await, [best], "{lesser} is ended");
    let doubled = "SELECT COUNT(*) FROM audit_log WHERE org_id = $1 AND action = 'subscription.doubled'";
    assert_eq!(shop.world.number(doubled).await, 1);
    shop.world.audit().await;
}

#[tokio::test]
async fn a_subscription_that_differs_from_the_gateways_is_told_and_left_as_it_is() {
    let mut shop = Shop::open().await;
    let (customer, subscription) = shop.subscribed("pro").await;
    assert_eq!(shop.payments.compare().await.unwrap(), []);
    let expected = [format!("subscription and gateway: {customer}")];
    let told = async |shop: &Shop| {
        shop.payments.compare().await.unwrap().into_iter().map(|it| it.what).collect::<Vec<_>>()
    };
    for change in [
        json!({ "price": "price_team" }),
        json!({ "status": "past_due" }),
        json!({ "ends": true }),
        json!({ "start": shop.now() + 86_400 }),
    ] {
        shop.stripe.change(&subscription, &change).await;
        assert_eq!(told(&shop).await, expected, "{change}");
        assert_eq!(shop.stands().await, stands("pro", FREE + PRO), "nothing is put right by itself");
        let before = json!({ "price": "price_pro", "status": "active", "ends": false, "start": shop.now() });
        shop.stripe.change(&subscription, &before).await;
        assert!(told(&shop).await.is_empty(), "{change}");
    }
    // One that is known there alone, and one that is known here alone.
    shop.stripe.subscribe(&customer, "price_pro").await;
    assert_eq!(told(&shop).await, expected);
    shop.tell(&customer).await;
    shop.stripe.end(&subscription).await;
    assert_eq!(told(&shop).await, expected);
    shop.tell(&customer).await;
    assert!(told(&shop).await.is_empty());
}

#[tokio::test]
async fn only_what_is_sold_can_be_subscribed_to() {
    let shop = Shop::open().await;
    for package in ["personal", "scale", "", "nothing"] {
        let refused = shop.payments.subscribe(&shop.world.scope, package, BACK).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{package}: {refused:?}");
    }
    let portal = shop.payments.manage(&shop.world.scope, BACK).await;
    assert!(matches!(portal, Err(Error::Conflict { .. })), "{portal:?}");
    let offers = shop.payments.catalog().packages;
    let sold: Vec<&str> =
        offers.iter().filter(|offer| offer.can_subscribe).map(|offer| offer.id.as_str()).collect();
    assert_eq!(sold, ["pro", "team"]);
}
