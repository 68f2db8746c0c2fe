//! Buying. A payment is written down before the gateway hears of it, under a name of ours; so of all who try at once
//! one does, and whoever finds it unfinished goes on with it. At the gateway it is a payment of its own before it is
//! charged, and a payment is charged once.

use super::{
    super::{
        gateway::{Charge, ChargeState, Order},
        offer::{self, CURRENCY},
        reconcile::next_look,
        service::Payments,
        store::{self as payments, Payment},
    },
    store::{self, Due},
};
use crate::{Result, audit::Entry, billing::book::time, fault::fault};
use alumia_protocol::{
    PaymentId,
    billing::{BudgetPeriod, Invoice, PaymentState},
};
use serde_json::json;
use std::collections::BTreeSet;

/// Looked at in one go.
const MOST: i64 = 500;
/// Whoever began a payment is given so long before another goes on with it.
const HEAD_START_SECONDS: i64 = 15;

impl Payments {
    /// Buys for organisations that have less than they want to keep, or whose runs wait for credits; how many
    /// payments were begun. Any number of servers may, at any time.
    pub async fn top_up(&self) -> Result<usize> {
        let Some(gateway) = &self.gateway else { return Ok(0) };
        let (queue, now) = (&self.billing.queue, self.billing.queue.clock.now());
        let month = time::period_start(BudgetPeriod::Month, now)?;
        let mut tx = queue.store.moment().await?;
        let all = store::due(&mut tx, gateway.id(), now, month, None, MOST).await?;
        drop(tx);
        let waits = all.iter().any(|due| !due.below);
        let short = if waits { self.billing.short().await? } else { BTreeSet::new() };
        let wanting = all.into_iter().filter(|due| due.below || short.contains(&due.org));
        let bought = futures::future::join_all(wanting.map(|due| self.buy(due))).await;
        let count = |bought: &Result<bool>| match bought {
            Ok(bought) => *bought,
            Err(error) => {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "an automatic payment is not finished"
                );
                true
            }
        };
        Ok(bought.iter().filter(|bought| count(bought)).count())
    }

    async fn buy(&self, due: Due) -> Result<bool> {
        match self.claim(due).await? {
            Some(payment) => self.go_on(&payment).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Writes the payment down, if what it follows from is still so.
    async fn claim(&self, due: Due) -> Result<Option<Payment>> {
        let (gateway, queue, now) = (self.gateway()?, &self.billing.queue, self.billing.queue.clock.now());
        let month = time::period_start(BudgetPeriod::Month, now)?;
        let mut tx = queue.store.begin().await?;
        let Some(plan) = store::lock(&mut tx, due.org).await? else { return Ok(None) };
        let found = store::due(&mut tx, gateway.id(), now, month, Some(due.org), 1).await?;
        // Another was done since: what a run waits for may be there by now.
        if !found.contains(&due) {
            return Ok(None);
        }
        let (credits, amount_cents) = offer::price(plan.limits.credits)?;
        let id = PaymentId::new();
        let invoice = Invoice {
            id,
            state: PaymentState::Processing,
            reason: None,
            credits,
            amount_cents,
            refunded_cents: 0,
            currency: CURRENCY.into(),
            test_money: gateway.takes_test_money(),
            automatic: true,
            created_at: now,
            updated_at: now,
        };
        let payment = Payment {
            org: due.org,
            object_id: unnamed(id),
            check_at: Some(now.plus_seconds(HEAD_START_SECONDS)),
            bucket_id: None,
            created_by: plan.set_by,
            looks: 0,
            invoice,
        };
        if !payments::insert(&mut tx, gateway.id(), &payment).await? {
            return Ok(None);
        }
        let facts = json!({ "credits": credits, "amountCents": amount_cents, "currency": CURRENCY, "automatic": true });
        let entry = Entry::by_system(due.org, "payment.begun").on("payment", id, "").with(facts);
        self.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        fault!("top_up.begun");
        Ok(Some(payment))
    }

    /// Brings an automatic payment to its end, from wherever it is.
    pub(in crate::billing::payments) async fn go_on(&self, payment: &Payment) -> Result<()> {
        let (gateway, queue) = (self.gateway()?, &self.billing.queue);
        let (org, invoice) = (payment.org, &payment.invoice);
        let mut object_id = payment.object_id.clone();
        if object_id == unnamed(invoice.id) {
            if next_look(invoice.created_at, queue.clock.now()).is_none() {
                return self.give_up(&object_id, "The payment service didn't answer in time.").await;
            }
            let order = Order {
                id: invoice.id,
                amount_cents: invoice.amount_cents,
                currency: CURRENCY,
                description: format!("{} for Alumia", invoice.credits),
                customer: Some(self.customer(org).await?),
            };
            let begun = gateway.begin(&order).await?;
            let mut tx = queue.store.begin().await?;
            // The first one's name stays; what another begun at the gateway for the same is never charged.
            object_id = payments::name(&mut tx, org, invoice.id, &object_id, &begun.object_id).await?;
            tx.commit().await?;
        }
        let charge = gateway.look(&object_id).await?;
        let untried = |charge: &Charge| charge.state == ChargeState::Open && charge.reason.is_none();
        let mut refused = None;
        if charge.as_ref().is_some_and(untried) {
            let plan = self.plan(org).await?.filter(|plan| plan.on);
            refused = match plan.and_then(|plan| plan.card) {
                Some(card) => gateway.charge(&object_id, &card.id).await?,
                None => Some("Automatic top-up was turned off before it was charged.".into()),
            };
            fault!("top_up.charged");
        }
        self.settle(None, &object_id).await?;
        match refused {
            Some(reason) => self.give_up(&object_id, &reason).await,
            None => Ok(()),
        }
    }

    /// It will not be paid.
    async fn give_up(&self, object_id: &str, reason: &str) -> Result<()> {
        let (gateway, queue) = (self.gateway()?, &self.billing.queue);
        let mut tx = queue.store.begin().await?;
        let Some(mut payment) = payments::lock(&mut tx, gateway.id(), object_id).await? else {
            return Ok(());
        };
        if payment.invoice.state == PaymentState::Processing {
            let failed = Charge {
                state: ChargeState::Failed,
                reason: Some(reason.into()),
                amount_cents: payment.invoice.amount_cents,
                refunded_cents: 0,
                currency: CURRENCY.into(),
            };
            self.apply(&mut tx, &mut payment, Some(&failed)).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// What stands for a payment that the gateway has given no name yet.
fn unnamed(id: PaymentId) -> String {
    format!("begun:{id}")
}
