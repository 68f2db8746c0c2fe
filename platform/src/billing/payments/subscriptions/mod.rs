//! Packages that are paid by the month. How a subscription stands is asked of the gateway whenever it tells of
//! something, when a period is over, and for an hour after somebody went to subscribe; the account follows.
mod store;

pub(super) use store::due;
pub(in crate::billing) use store::of_account;

use super::{
    gateway::Standing,
    reconcile::{HOUR, MINUTE, next_look},
    service::{Payments, TRIES, overtaken},
    store::first_time,
};
use crate::{Error, OrgScope, Result, audit::Entry, billing::Paid, fault::fault, mail::Links, store::Store};
use alumia_protocol::{
    OrgId, Timestamp,
    billing::{Subscription, SubscriptionState},
};
use serde_json::json;
use store::Customer;

/// Compared with the gateway in one night.
const MOST: i64 = 1_000;

/// Where the gateway's pages send people back to: the billing page of the organisation with this slug, which asks
/// the gateway what has changed.
pub fn way_back(links: &Links, slug: &str) -> String {
    links.to(&format!("/{slug}/billing?returned"))
}

/// Whether the organisation's subscription is charged again by itself.
pub(crate) async fn is_charged(store: &Store, org: OrgId) -> Result<bool> {
    let subscription = store::of_account(store, org).await?;
    Ok(subscription.is_some_and(|kept| kept.state != SubscriptionState::Over && !kept.ends))
}

impl Payments {
    /// A page of the gateway's where a person subscribes to a package and is sent `back` from; its address. It closes
    /// the one that was opened before, so that nobody subscribes twice.
    ///
    /// # Errors
    /// `Invalid` for a package that can't be subscribed to, `Conflict` where something is subscribed to already.
    pub async fn subscribe(&self, scope: &OrgScope, package: &str, back: &str) -> Result<String> {
        let gateway = self.gateway()?;
        if !gateway.sells(package) {
            return Err(Error::invalid("packageId", "This package can't be subscribed to."));
        }
        let (db, org, now) = (&self.billing.queue.store, scope.org_id(), self.billing.queue.clock.now());
        let customer = self.customer(org).await?;
        let mut known = store::of_org(db, gateway.id(), org).await?;
        let open = known.as_ref().and_then(|known| known.checkout.clone());
        if let Some(open) = &open {
            gateway.close(open).await?;
            // Somebody may have subscribed there a moment ago.
            self.look_at_customer(None, &customer).await?;
            known = store::of_org(db, gateway.id(), org).await?;
        }
        if known.as_ref().is_some_and(Customer::goes_on) {
            return Err(Error::conflict(
                "There is a subscription already. Change it under \"Manage subscription\".",
            ));
        }
        let page = gateway.checkout(&customer, package, back).await?;
        let mut tx = db.begin().await?;
        let before = store::lock(&mut tx, gateway.id(), &customer).await?;
        store::begin(&mut tx, gateway.id(), &customer, Some(&page.id), now, next_look(now, now)).await?;
        let entry = Entry::by(scope, "subscription.begun").on("organization", org, "");
        self.audit.record(&mut tx, entry.with(json!({ "package": package }))).await?;
        tx.commit().await?;
        // Another was opened at the same time; of all of them the last one stays.
        if let Some(other) =
            before.and_then(|before| before.checkout).filter(|other| Some(other) != open.as_ref())
        {
            gateway.close(&other).await?;
        }
        Ok(page.url)
    }

    /// What the gateway calls the organisation, which becomes its customer the first time.
    pub(super) async fn customer(&self, org: OrgId) -> Result<String> {
        let (gateway, queue) = (self.gateway()?, &self.billing.queue);
        if let Some(known) = store::of_org(&queue.store, gateway.id(), org).await? {
            return Ok(known.id);
        }
        let id = gateway.enrol(org).await?;
        let mut tx = queue.store.begin().await?;
        let id = store::enrol(&mut tx, gateway.id(), org, &id, queue.clock.now()).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A page of the gateway's where a person changes, pays and ends the subscription; its address.
    ///
    /// # Errors
    /// `Conflict` where nothing was ever subscribed to.
    pub async fn manage(&self, scope: &OrgScope, back: &str) -> Result<String> {
        let gateway = self.gateway()?;
        let (db, org, now) = (&self.billing.queue.store, scope.org_id(), self.billing.queue.clock.now());
        let customer = store::of_org(db, gateway.id(), org).await?;
        let customer = customer.ok_or_else(|| Error::conflict("There is no subscription to manage yet."))?;
        let url = gateway.portal(&customer.id, back).await?;
        // Something may change there.
        let mut tx = db.begin().await?;
        store::begin(&mut tx, gateway.id(), &customer.id, None, now, next_look(now, now)).await?;
        tx.commit().await?;
        Ok(url)
    }

    /// Asks the gateway how the organisation's subscription stands, without waiting for its event.
    pub async fn look_at_subscription(&self, scope: &OrgScope) -> Result<()> {
        let Some(gateway) = &self.gateway else { return Ok(()) };
        match store::of_org(&self.billing.queue.store, gateway.id(), scope.org_id()).await? {
            Some(customer) => self.look_at_customer(None, &customer.id).await,
            None => Ok(()),
        }
    }

    /// Customers whose subscription is another at the gateway than here.
    pub(in crate::billing) async fn differing_subscriptions(&self) -> Result<Vec<(OrgId, String)>> {
        let Some(gateway) = &self.gateway else { return Ok(Vec::new()) };
        let mut differing = Vec::new();
        for customer in store::all(&self.billing.queue.store, gateway.id(), MOST).await? {
            let here = customer.subscription.filter(|kept| kept.state != SubscriptionState::Over);
            let there = gateway.standing(&customer.id).await?;
            let doubled = there.as_ref().is_some_and(|standing| !standing.lesser.is_empty());
            if doubled || there.map(Subscription::from) != here {
                differing.push((customer.org, customer.id));
            }
        }
        Ok(differing)
    }

    /// Does what the gateway says of a customer's subscription now.
    pub(super) async fn look_at_customer(&self, event: Option<&str>, id: &str) -> Result<()> {
        for _ in 0..TRIES {
            if self.try_customer(event, id).await? {
                return Ok(());
            }
        }
        Err(overtaken())
    }

    /// The same; `false` when another answer of the gateway was done while it was asked.
    async fn try_customer(&self, event: Option<&str>, id: &str) -> Result<bool> {
        let Some(gateway) = &self.gateway else { return Ok(true) };
        let queue = &self.billing.queue;
        let Some(looks) = store::looks(&queue.store, gateway.id(), id).await? else { return Ok(true) };
        // Asked before anything is locked: it may take its time.
        let standing = gateway.standing(id).await?;
        let lesser = standing.as_ref().map(|standing| standing.lesser.clone()).unwrap_or_default();
        for lesser in &lesser {
            tracing::error!(
                customer = id,
                lesser,
                "somebody paid for two subscriptions; the lesser one is ended"
            );
            gateway.end(lesser).await?;
        }
        let now = queue.clock.now();
        let mut tx = queue.store.begin().await?;
        let Some(mut customer) = store::lock(&mut tx, gateway.id(), id).await? else { return Ok(true) };
        if customer.looks != looks {
            return Ok(false);
        }
        if let Some(event) = event
            && !first_time(&mut tx, gateway.id(), event, id, now).await?
        {
            return Ok(true);
        }
        if !lesser.is_empty() {
            let entry = Entry::by_system(customer.org, "subscription.doubled");
            let entry = entry.on("organization", customer.org, "").with(json!({ "ended": lesser }));
            self.audit.record(&mut tx, entry).await?;
        }
        let before = customer.subscription.clone();
        customer.subscription = match standing {
            Some(standing) => Some(standing.into()),
            // It was there and is no more.
            None => before.clone().map(|over| Subscription { state: SubscriptionState::Over, ..over }),
        };
        customer.check_at = customer.next_look(now);
        if customer.subscription != before
            && let Some(subscription) = &customer.subscription
        {
            let packages = self.billing.packages();
            let period = Paid {
                start: subscription.period_start,
                end: subscription.period_end,
                paid: subscription.state == SubscriptionState::Active,
            };
            let (package, paid) = match subscription.state {
                SubscriptionState::Over => (packages.first(), None),
                _ => (packages.get(&subscription.package_id), Some(period)),
            };
            self.billing.subscribe_within(&mut tx, customer.org, package, paid).await?;
            let action = match subscription.state {
                SubscriptionState::Over => "subscription.ended",
                SubscriptionState::PastDue => "subscription.unpaid",
                SubscriptionState::Active => "subscription.paid",
            };
            let details = json!({ "package": subscription.package_id, "ends": subscription.ends });
            let entry = Entry::by_system(customer.org, action).on("organization", customer.org, "");
            self.audit.record(&mut tx, entry.with(details)).await?;
        }
        store::save(&mut tx, gateway.id(), &customer, now).await?;
        fault!("payment.before");
        tx.commit().await?;
        fault!("payment.after");
        queue.news.notify_one();
        Ok(true)
    }
}

impl Customer {
    /// Whether something is subscribed to now.
    fn goes_on(&self) -> bool {
        self.subscription.as_ref().is_some_and(|subscription| subscription.state != SubscriptionState::Over)
    }

    /// When it is looked at next: soon after somebody was sent to the gateway, when the period is over, and each
    /// hour while a payment is tried again.
    fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        let soon = next_look(self.begun_at, now).filter(|at| at.0 - self.begun_at.0 <= HOUR * 1_000_000);
        let later = self.subscription.as_ref().and_then(|subscription| match subscription.state {
            SubscriptionState::Over => None,
            SubscriptionState::Active if subscription.period_end > now => {
                Some(subscription.period_end.plus_seconds(MINUTE))
            }
            SubscriptionState::Active | SubscriptionState::PastDue => Some(now.plus_seconds(HOUR)),
        });
        soon.into_iter().chain(later).min()
    }
}

impl From<Standing> for Subscription {
    fn from(standing: Standing) -> Self {
        let Standing { package, state, start, end, ends, lesser: _ } = standing;
        Self { package_id: package, state, period_start: start, period_end: end, ends }
    }
}
