use super::{
    gateway::{Charge, ChargeState, Gateway, Order},
    offer::{self, CURRENCY, offer},
    reconcile::next_look,
    store::{self, Payment},
    test_gateway::{Card, TestGateway},
};
use crate::{
    Error, OrgScope, Result,
    audit::{Audit, Entry},
    billing::{Billing, Grant, Package},
    fault::fault,
    store::{Cursor, Tx},
};
use alumia_protocol::{
    List, PaymentId,
    billing::{BucketKind, Catalog, Invoice, NewTopUp, Operation, PackageOffer, PaymentState, TopUp},
};
use serde_json::json;
use std::sync::Arc;

/// How often a gateway is asked anew because others were answered meanwhile.
pub(super) const TRIES: u32 = 50;

/// Payments. Cheap to clone.
///
/// What holds whatever a gateway tells, in whichever order and however often: a payment grants its credits once,
/// and only when the gateway itself says that all of it is paid.
#[derive(Clone)]
pub struct Payments {
    pub(in crate::billing) billing: Billing,
    pub(in crate::billing) gateway: Option<Arc<dyn Gateway>>,
    /// The same gateway, where it is the test one.
    pub(super) test: Option<TestGateway>,
    pub(super) audit: Audit,
}

impl Payments {
    /// Nobody takes money yet.
    pub fn new(billing: Billing) -> Self {
        let audit = Audit::new(billing.queue.store.clone(), billing.queue.clock.clone());
        Self { billing, gateway: None, test: None, audit }
    }

    /// The same with the gateway that takes test money. For development only.
    #[must_use]
    pub fn with_test_money(self) -> Self {
        let queue = &self.billing.queue;
        let test = TestGateway::new(queue.store.clone(), queue.clock.clone());
        Self { gateway: Some(Arc::new(test.clone())), test: Some(test), ..self }
    }

    /// The same with another gateway.
    #[must_use]
    pub fn with(self, gateway: Arc<dyn Gateway>) -> Self {
        Self { gateway: Some(gateway), test: None, ..self }
    }

    /// What can be had for money, and what calls cost that are paid by time.
    pub fn catalog(&self) -> Catalog {
        let packages = self.billing.packages();
        let sells = |id: &str| self.gateway.as_ref().is_some_and(|gateway| gateway.sells(id));
        let shown = |package: &Package| PackageOffer { can_subscribe: sells(&package.id), ..package.offer() };
        Catalog {
            packages: packages.all().iter().map(shown).collect(),
            top_ups: offer(self.gateway.as_deref()),
            sandbox_second: packages.rates().second(Operation::Sandbox),
            browser_second: packages.rates().second(Operation::Browser),
        }
    }

    /// Begins to buy credits.
    ///
    /// # Errors
    /// `Invalid` for an amount out of bounds, `Unavailable` where nobody takes money.
    pub async fn begin(&self, scope: &OrgScope, new: NewTopUp) -> Result<TopUp> {
        let (credits, amount_cents) = offer::price(new.credits)?;
        let gateway = self.gateway()?;
        let id = PaymentId::new();
        let description = format!("{credits} for Alumia");
        let order = Order { id, amount_cents, currency: CURRENCY, description, customer: None };
        let begun = gateway.begin(&order).await?;
        let now = self.billing.queue.clock.now();
        let invoice = Invoice {
            id,
            state: PaymentState::Processing,
            reason: None,
            credits,
            amount_cents,
            refunded_cents: 0,
            currency: CURRENCY.into(),
            test_money: gateway.takes_test_money(),
            automatic: false,
            created_at: now,
            updated_at: now,
        };
        let payment = Payment {
            org: scope.org_id(),
            object_id: begun.object_id,
            check_at: next_look(now, now),
            bucket_id: None,
            created_by: scope.user_id(),
            looks: 0,
            invoice: invoice.clone(),
        };
        let mut tx = self.billing.queue.store.begin().await?;
        if !store::insert(&mut tx, gateway.id(), &payment).await? {
            return Err(Error::internal("the gateway gave two payments one name"));
        }
        let entry = Entry::by(scope, "payment.begun").on("payment", id, "");
        let entry =
            entry.with(json!({ "credits": credits, "amountCents": amount_cents, "currency": CURRENCY }));
        self.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(TopUp { invoice, gateway: gateway.id().into(), client_secret: begun.client_secret })
    }

    pub(super) fn gateway(&self) -> Result<&Arc<dyn Gateway>> {
        self.gateway.as_ref().ok_or_else(|| Error::Unavailable {
            message: "Nobody takes payments here yet. Ask the operator to set up a payment gateway.".into(),
            retry_after_seconds: 3_600,
        })
    }

    /// Pays with a card of the test gateway, as the gateway's own dialog does with a real one.
    ///
    /// # Errors
    /// `NotFound` where no test money is taken, or for a payment that there isn't; `Invalid` for another card;
    /// `Conflict` when it is paid already.
    pub async fn pay_test_money(&self, scope: &OrgScope, id: PaymentId, card: &str) -> Result<Invoice> {
        let test = self.test.as_ref().ok_or(Error::NotFound("payment"))?;
        let db = &self.billing.queue.store;
        let payment = store::one(db, scope.org_id(), id).await?.ok_or(Error::NotFound("payment"))?;
        test.pay(&payment.object_id, Card::parse(card)?).await?;
        self.deliver_test_events().await?;
        let payment = store::one(db, scope.org_id(), id).await?.ok_or(Error::NotFound("payment"))?;
        Ok(payment.invoice)
    }

    /// One payment.
    pub async fn invoice(&self, scope: &OrgScope, id: PaymentId) -> Result<Invoice> {
        let found = store::one(&self.billing.queue.store, scope.org_id(), id).await?;
        Ok(found.ok_or(Error::NotFound("payment"))?.invoice)
    }

    /// Payments, newest first; `limit` from 1 to 100.
    pub async fn invoices(
        &self,
        scope: &OrgScope,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<Invoice>> {
        let before = Cursor::parse(cursor)?;
        let most = i64::from(limit) + 1;
        let mut items = store::page(&self.billing.queue.store, scope.org_id(), &before, most).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| has_more);
        let next_cursor = last.map(|last| Cursor { at: last.created_at, id: last.id.to_string() }.encode());
        Ok(List { items, next_cursor, has_more })
    }

    /// Hears what a gateway says it has signed. Any number of times, in any order.
    ///
    /// # Errors
    /// `NotFound` where another gateway is in use, `BadRequest` for what it hasn't signed, or not now.
    pub async fn hear_signed(&self, gateway: &str, signature: &str, body: &[u8]) -> Result<()> {
        let ours = self.gateway.as_ref().filter(|ours| ours.id() == gateway);
        let told =
            ours.ok_or(Error::NotFound("webhook"))?.read(signature, body, self.billing.queue.clock.now())?;
        if let Some(customer) = told.customer {
            self.look_at_card_of(&customer).await?;
            self.look_at_customer(Some(&told.event), &customer).await?;
        }
        match told.object_id {
            Some(object_id) => self.hear(&told.event, &object_id).await,
            None => Ok(()),
        }
    }

    /// Asks the gateway how a payment stands, without waiting for its event.
    pub async fn look(&self, scope: &OrgScope, id: PaymentId) -> Result<Invoice> {
        let db = &self.billing.queue.store;
        let payment = store::one(db, scope.org_id(), id).await?.ok_or(Error::NotFound("payment"))?;
        self.look_after(&payment).await?;
        self.invoice(scope, id).await
    }

    /// Brings a payment as far as it comes now.
    pub(super) async fn look_after(&self, payment: &Payment) -> Result<()> {
        if payment.invoice.automatic && payment.invoice.state == PaymentState::Processing {
            self.go_on(payment).await
        } else {
            self.settle(None, &payment.object_id).await
        }
    }

    /// Hears a gateway's event about a payment: the payment is looked at anew. Any number of times, in any order.
    pub async fn hear(&self, event: &str, object_id: &str) -> Result<()> {
        self.settle(Some(event), object_id).await
    }

    /// Does what the gateway says of a payment now.
    pub(super) async fn settle(&self, event: Option<&str>, object_id: &str) -> Result<()> {
        for _ in 0..TRIES {
            if self.try_settle(event, object_id).await? {
                return Ok(());
            }
        }
        Err(overtaken())
    }

    /// The same; `false` when another answer of the gateway was done while it was asked. An earlier answer must
    /// not undo a later one.
    async fn try_settle(&self, event: Option<&str>, object_id: &str) -> Result<bool> {
        let Some(gateway) = &self.gateway else { return Ok(true) };
        let queue = &self.billing.queue;
        let Some(looks) = store::looks(&queue.store, gateway.id(), object_id).await? else {
            tracing::debug!(object_id, "an event tells of a payment that isn't ours");
            return Ok(true);
        };
        // Asked before anything is locked: it may take its time.
        let charge = gateway.look(object_id).await?;
        let now = queue.clock.now();
        let mut tx = queue.store.begin().await?;
        let Some(mut payment) = store::lock(&mut tx, gateway.id(), object_id).await? else {
            return Ok(true);
        };
        if payment.looks != looks {
            return Ok(false);
        }
        if let Some(event) = event
            && !store::first_time(&mut tx, gateway.id(), event, object_id, now).await?
        {
            return Ok(true);
        }
        let granted = self.apply(&mut tx, &mut payment, charge.as_ref()).await?;
        fault!("payment.before");
        tx.commit().await?;
        fault!("payment.after");
        if granted {
            queue.news.notify_one();
        }
        Ok(true)
    }

    /// Brings a payment to where its gateway has it; whether that granted credits.
    pub(super) async fn apply(
        &self,
        tx: &mut Tx,
        payment: &mut Payment,
        charge: Option<&Charge>,
    ) -> Result<bool> {
        let now = self.billing.queue.clock.now();
        let before = (payment.invoice.state, payment.invoice.refunded_cents);
        let mut granted = false;
        match charge {
            Some(charge) if charge.state == ChargeState::Succeeded => {
                granted = self.paid(tx, payment, charge).await?;
            }
            Some(charge) if payment.bucket_id.is_none() => {
                payment.invoice.reason.clone_from(&charge.reason);
                // Where nobody is there, nobody tries another card.
                let unpaid = payment.invoice.automatic && charge.reason.is_some();
                if charge.state == ChargeState::Failed || unpaid {
                    payment.invoice.state = PaymentState::Failed;
                }
            }
            Some(_) => {}
            None => {
                tracing::error!(payment = %payment.invoice.id, "the gateway doesn't know a payment of ours")
            }
        }
        payment.check_at = match payment.invoice.state {
            PaymentState::Processing | PaymentState::Paid => next_look(payment.invoice.created_at, now),
            PaymentState::Done | PaymentState::Failed | PaymentState::Refunded => None,
        };
        if payment.invoice.state == PaymentState::Processing && payment.check_at.is_none() {
            payment.invoice.state = PaymentState::Failed;
            let reason = payment.invoice.reason.take();
            payment.invoice.reason = reason.or_else(|| Some("It was not paid in time.".into()));
        }
        let invoice = &payment.invoice;
        if before != (invoice.state, invoice.refunded_cents) {
            let action = match invoice.state {
                PaymentState::Done => "payment.done",
                PaymentState::Failed => "payment.failed",
                PaymentState::Refunded => "payment.refunded",
                PaymentState::Processing | PaymentState::Paid => "payment.changed",
            };
            let details =
                json!({ "amountCents": invoice.amount_cents, "refundedCents": invoice.refunded_cents });
            let entry = Entry::by_system(payment.org, action).on("payment", invoice.id, "").with(details);
            self.audit.record(tx, entry).await?;
            payment.invoice.updated_at = now;
            let wrong = match (payment.invoice.state, &payment.invoice.reason) {
                (PaymentState::Failed, Some(reason)) => Some(reason.clone()),
                _ if payment.invoice.refunded_cents > before.1 => {
                    Some("An automatic payment was paid back or is disputed.".into())
                }
                _ => None,
            };
            if let Some(wrong) = wrong.filter(|_| payment.invoice.automatic) {
                self.stop_auto_top_up(tx, payment.org, &wrong).await?;
            }
        }
        store::save(tx, payment).await?;
        Ok(granted)
    }

    /// It is paid: its credits are granted, once; what was paid back or is disputed since takes back what is free
    /// of them, and what a won dispute brought returns.
    async fn paid(&self, tx: &mut Tx, payment: &mut Payment, charge: &Charge) -> Result<bool> {
        let invoice = &mut payment.invoice;
        if charge.amount_cents != invoice.amount_cents || charge.currency != invoice.currency {
            // Money that isn't what was asked for is for a person to look at.
            tracing::error!(payment = %invoice.id, ?charge, "a payment differs from what was asked for");
            invoice.state = PaymentState::Paid;
            invoice.reason =
                Some("What was paid differs from the price. Ask support with this reference.".into());
            return Ok(false);
        }
        let granted = payment.bucket_id.is_none();
        let bucket_id = if let Some(id) = payment.bucket_id {
            id
        } else {
            let key = format!("payment:{}", invoice.id);
            let (kind, amount) = (BucketKind::TopUp, invoice.credits);
            let grant = Grant { key, kind, amount, expires_at: None };
            self.billing.grant_within(tx, payment.org, grant).await?.id
        };
        payment.bucket_id = Some(bucket_id);
        invoice.reason = None;
        if charge.refunded_cents != invoice.refunded_cents {
            let back = offer::share(invoice.credits, charge.refunded_cents, invoice.amount_cents);
            self.billing.reverse_within(tx, payment.org, bucket_id, back).await?;
            invoice.refunded_cents = charge.refunded_cents.clamp(0, invoice.amount_cents);
        }
        invoice.state = if invoice.refunded_cents == invoice.amount_cents {
            PaymentState::Refunded
        } else {
            PaymentState::Done
        };
        Ok(granted)
    }
}

/// Too many were answered at once; whoever told tells again.
pub(super) fn overtaken() -> Error {
    Error::Unavailable {
        message: "This payment is being looked at by many. Try again.".into(),
        retry_after_seconds: 5,
    }
}
