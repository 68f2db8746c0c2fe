//! Credits that are bought by themselves when few are left. People turn it on, each time themselves; a card that is
//! declined and a payment that is paid back or disputed turn it off.
//!
//! | file | holds |
//! | --- | --- |
//! | here | what is wanted, and the card that pays |
//! | `buy.rs` | buying |
//! | `store.rs` | its SQL |
mod buy;
mod store;

use super::{gateway::SavedCard, offer, service::Payments, subscriptions::way_back};
use crate::{
    Error, OrgScope, Result, audit::Entry, billing::book::time, mail::Links, store::Tx, text::Fields,
};
use alumia_protocol::{
    Microcredits, OrgId,
    billing::{AutoTopUp, AutoTopUpLimits, BudgetPeriod, SetAutoTopUp},
};
use serde_json::{Value, json};
use store::Plan;

/// Whole credits that a month's purchases, or the threshold, can be set to at most.
const MOST: i64 = 1_000_000;

impl Payments {
    /// How the organisation's automatic top-up stands.
    pub async fn auto_top_up(&self, scope: &OrgScope) -> Result<AutoTopUp> {
        let (db, org) = (&self.billing.queue.store, scope.org_id());
        let month = time::period_start(BudgetPeriod::Month, self.billing.queue.clock.now())?;
        let bought = store::bought(db, org, month).await?;
        let plan = self.plan(org).await?;
        Ok(AutoTopUp {
            on: plan.as_ref().is_some_and(|plan| plan.on),
            limits: plan.as_ref().map(|plan| plan.limits),
            card: plan.as_ref().and_then(|plan| plan.card.clone()).map(|card| card.last4),
            bought_this_month: bought.0 / Microcredits::CREDIT.0,
            reason: plan.and_then(|plan| plan.reason),
            card_page: None,
        })
    }

    /// What is wanted at the present gateway.
    async fn plan(&self, org: OrgId) -> Result<Option<Plan>> {
        let plan = store::of_org(&self.billing.queue.store, org).await?;
        Ok(plan.filter(|plan| self.gateway.as_ref().is_some_and(|gateway| gateway.id() == plan.gateway)))
    }

    /// Turns it on with these limits, or changes them. Where a card has yet to be saved the answer names a page for
    /// that, and it is on once that is done.
    ///
    /// # Errors
    /// `Invalid` by field, `Unavailable` where nobody takes money.
    pub async fn set_auto_top_up(
        &self,
        scope: &OrgScope,
        new: SetAutoTopUp,
        links: &Links,
        slug: &str,
    ) -> Result<AutoTopUp> {
        check(&new.limits)?;
        let (gateway, queue, org) = (self.gateway()?, &self.billing.queue, scope.org_id());
        let customer = self.customer(org).await?;
        let kept = self.plan(org).await?.and_then(|plan| plan.card).filter(|_| !new.new_card);
        let test_card = new.test_card.as_deref().map(str::trim).filter(|number| !number.is_empty());
        let (mut given, mut page) = (None, None);
        match (&self.test, test_card) {
            (Some(test), Some(number)) => given = Some(test.save_card(number)?),
            (None, Some(_)) => return Err(Error::invalid("testCard", "No test money is taken here.")),
            (_, None) if kept.is_some() => {}
            (Some(_), None) => return Err(Error::invalid("testCard", "Choose a test card.")),
            (None, None) => page = Some(gateway.card_page(&customer, &way_back(links, slug)).await?),
        }
        let mut tx = queue.store.begin().await?;
        let before = store::lock(&mut tx, org).await?.filter(|plan| plan.gateway == gateway.id());
        let was_on = before.as_ref().is_some_and(|plan| plan.on);
        let card = given.or_else(|| before.as_ref().and_then(|plan| plan.card.clone()));
        let plan = Plan {
            org,
            gateway: gateway.id().into(),
            // A page for a card turns it on when the card is saved.
            on: card.is_some() && (page.is_none() || was_on),
            limits: new.limits,
            card,
            setup: page.as_ref().map(|page| page.id.clone()),
            set_by: scope.user_id(),
            reason: None,
        };
        store::put(&mut tx, &plan, queue.clock.now()).await?;
        let action = if plan.on && !was_on { "auto_top_up.on" } else { "auto_top_up.set" };
        let entry = Entry::by(scope, action).on("organization", org, "").with(details(&plan));
        self.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        queue.spent.notify_one();
        Ok(AutoTopUp { card_page: page.map(|page| page.url), ..self.auto_top_up(scope).await? })
    }

    /// Turns it off. What is on its way by then arrives.
    pub async fn end_auto_top_up(&self, scope: &OrgScope) -> Result<AutoTopUp> {
        let (queue, org) = (&self.billing.queue, scope.org_id());
        let mut tx = queue.store.begin().await?;
        if let Some(plan) = store::lock(&mut tx, org).await?
            && (plan.on || plan.setup.is_some())
        {
            let off = Plan { on: false, setup: None, reason: None, ..plan };
            store::put(&mut tx, &off, queue.clock.now()).await?;
            let entry = Entry::by(scope, "auto_top_up.off").on("organization", org, "");
            self.audit.record(&mut tx, entry).await?;
        }
        tx.commit().await?;
        self.auto_top_up(scope).await
    }

    /// Turns it off because something went wrong, in the transaction that writes down what.
    pub(super) async fn stop_auto_top_up(&self, tx: &mut Tx, org: OrgId, reason: &str) -> Result<()> {
        if let Some(plan) = store::lock(tx, org).await?
            && plan.on
        {
            let off = Plan { on: false, setup: None, reason: Some(reason.into()), ..plan };
            store::put(tx, &off, self.billing.queue.clock.now()).await?;
            let entry = Entry::by_system(org, "auto_top_up.stopped").on("organization", org, "");
            self.audit.record(tx, entry.with(json!({ "reason": reason }))).await?;
        }
        Ok(())
    }

    /// Asks the gateway whether the card was saved that somebody went to save; with that it is on.
    pub async fn look_at_card(&self, scope: &OrgScope) -> Result<()> {
        self.card_saved(scope.org_id()).await
    }

    /// The same, where it is known by a customer's name.
    pub(super) async fn look_at_card_of(&self, customer: &str) -> Result<()> {
        let Some(gateway) = &self.gateway else { return Ok(()) };
        match store::saving(&self.billing.queue.store, gateway.id(), customer).await? {
            Some(org) => self.card_saved(org).await,
            None => Ok(()),
        }
    }

    async fn card_saved(&self, org: OrgId) -> Result<()> {
        let (Some(gateway), Some(plan)) = (&self.gateway, self.plan(org).await?) else { return Ok(()) };
        let Some(page) = plan.setup else { return Ok(()) };
        let Some(card) = gateway.saved_card(&page).await? else { return Ok(()) };
        let queue = &self.billing.queue;
        let mut tx = queue.store.begin().await?;
        // Turned off meanwhile, it stays off.
        let waiting = store::lock(&mut tx, org).await?.filter(|plan| plan.setup.as_ref() == Some(&page));
        let Some(plan) = waiting else { return Ok(()) };
        let on = Plan { on: true, card: Some(card), setup: None, reason: None, ..plan };
        store::put(&mut tx, &on, queue.clock.now()).await?;
        let entry = Entry::by_system(org, "auto_top_up.on").on("organization", org, "").with(details(&on));
        self.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        queue.spent.notify_one();
        Ok(())
    }
}

fn check(limits: &AutoTopUpLimits) -> Result<()> {
    let mut fields = Fields::default();
    if !(1..=MOST).contains(&limits.threshold) {
        fields.refuse("threshold", format!("Say from 1 to {MOST} credits below which it buys."));
    }
    if offer::price(limits.credits).is_err() {
        fields.refuse("credits", offer::bounds());
    } else if !(limits.credits..=MOST).contains(&limits.monthly_cap) {
        let least = limits.credits;
        fields.refuse("monthlyCap", format!("Allow from {least} (one purchase) to {MOST} credits a month."));
    }
    fields.done()
}

fn details(plan: &Plan) -> Value {
    let AutoTopUpLimits { threshold, credits, monthly_cap } = plan.limits;
    let card = plan.card.as_ref().map(|SavedCard { last4, .. }| last4);
    json!({ "threshold": threshold, "credits": credits, "monthlyCap": monthly_cap, "card": card })
}
