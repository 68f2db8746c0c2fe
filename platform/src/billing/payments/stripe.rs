//! Stripe as a gateway: PaymentIntents, whose state is what it says when it is asked.

use super::gateway::{Begun, Charge, ChargeState, Gateway, Order, Page, SavedCard, Standing, Told};
use crate::{Error, Result};
use alumia_protocol::{OrgId, Timestamp, billing::SubscriptionState};
use alumia_stripe::{Failure, PaymentMethod, PaymentStatus, Stripe, SubscriptionStatus};
use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use std::{cmp::Reverse, collections::BTreeMap};
use uuid::Uuid;

/// How long to wait when Stripe doesn't answer.
const RETRY_SECONDS: u64 = 30;

/// What an account at Stripe is used with.
#[derive(Clone, Debug)]
pub struct StripeKeys {
    /// `sk_…` or a restricted `rk_…`; a test key takes test money.
    pub secret_key: SecretString,
    /// `pk_…`, for the browser.
    pub publishable_key: String,
    /// `whsec_…`, of the endpoint that tells `/webhooks/stripe`.
    pub webhook_secret: SecretString,
    /// Where a simulator listens.
    pub api_base: Option<String>,
    /// Packages that can be subscribed to, with their monthly price's id, the dearest last.
    pub prices: Vec<(String, String)>,
}

/// See the module.
pub struct StripeGateway {
    stripe: Stripe,
    keys: StripeKeys,
}

impl StripeGateway {
    /// The gateway of an account.
    ///
    /// # Errors
    /// `BadRequest` for keys that can't be any.
    pub fn new(keys: StripeKeys) -> Result<Self> {
        let stripe = Stripe::new(keys.secret_key.expose_secret(), keys.api_base.as_deref());
        let stripe = stripe.map_err(|failure| Error::BadRequest(failure.to_string()))?;
        Ok(Self { stripe, keys })
    }

    /// What is away from a payment whose bank has asked for it back: while that is open, and once it is lost.
    async fn disputed(&self, object_id: &str) -> Result<i64> {
        let disputes = self.stripe.disputes(object_id).await.map_err(error)?;
        Ok(disputes.iter().filter(|dispute| dispute.holds_money()).map(|dispute| dispute.amount).sum())
    }
}

#[async_trait]
impl Gateway for StripeGateway {
    fn id(&self) -> &'static str {
        "stripe"
    }

    fn takes_test_money(&self) -> bool {
        self.keys.secret_key.expose_secret().contains("_test_")
    }

    async fn begin(&self, order: &Order) -> Result<Begun> {
        let key = format!("payment:{}", order.id);
        let notes = BTreeMap::from([("payment", order.id.to_string()), ("what", order.description.clone())]);
        let customer = order.customer.as_deref();
        let intent = self
            .stripe
            .create_payment_intent(&key, order.amount_cents, order.currency, &notes, customer)
            .await;
        let intent = intent.map_err(error)?;
        let client_secret =
            intent.client_secret.ok_or_else(|| Error::internal("Stripe gave no client secret"))?;
        Ok(Begun { object_id: intent.id, client_secret })
    }

    async fn look(&self, object_id: &str) -> Result<Option<Charge>> {
        let intent = match self.stripe.payment_intent(object_id).await {
            Err(Failure::Missing) => return Ok(None),
            answer => answer.map_err(error)?,
        };
        let charge = intent.latest_charge.as_ref();
        let mut refunded_cents = charge.map_or(0, |charge| charge.amount_refunded);
        if charge.is_some_and(|charge| charge.disputed == Some(true)) {
            refunded_cents += self.disputed(object_id).await?;
        }
        Ok(Some(Charge {
            state: match intent.status() {
                PaymentStatus::Open => ChargeState::Open,
                PaymentStatus::Succeeded => ChargeState::Succeeded,
                PaymentStatus::Canceled => ChargeState::Failed,
            },
            reason: intent.last_payment_error.and_then(|error| error.message),
            amount_cents: intent.amount,
            refunded_cents: refunded_cents.min(intent.amount),
            currency: intent.currency,
        }))
    }

    async fn card_page(&self, customer: &str, back: &str) -> Result<Page> {
        let key = format!("card:{}", Uuid::now_v7());
        let page = self.stripe.create_card_setup(&key, customer, back).await.map_err(error)?;
        Ok(Page { id: page.id, url: page.url })
    }

    async fn saved_card(&self, page: &str) -> Result<Option<SavedCard>> {
        let setup = match self.stripe.card_setup(page).await {
            Err(Failure::Missing) => return Ok(None),
            answer => answer.map_err(error)?,
        };
        let card = |method: PaymentMethod| Some(SavedCard { id: method.id, last4: method.card?.last4 });
        Ok(setup.saved().and_then(card))
    }

    async fn charge(&self, object_id: &str, card: &str) -> Result<Option<String>> {
        match self.stripe.charge(&format!("charge:{object_id}:{card}"), object_id, card).await {
            // What the bank said is kept with the payment.
            Ok(_) | Err(Failure::Card(_)) => Ok(None),
            Err(failure @ (Failure::Missing | Failure::Refused(_))) => {
                tracing::error!(
                    error = &failure as &dyn std::error::Error,
                    object_id,
                    "a card can't be charged"
                );
                Ok(Some("The saved card can't be charged any more.".into()))
            }
            Err(away) => Err(error(away)),
        }
    }

    fn sells(&self, package: &str) -> bool {
        self.keys.prices.iter().any(|(id, _)| id == package)
    }

    async fn enrol(&self, org: OrgId) -> Result<String> {
        let notes = BTreeMap::from([("organization", org.to_string())]);
        self.stripe.create_customer(&format!("customer:{org}"), &notes).await.map_err(error)
    }

    async fn checkout(&self, customer: &str, package: &str, back: &str) -> Result<Page> {
        let price = self.keys.prices.iter().find(|(id, _)| id == package).map(|(_, price)| price);
        let price =
            price.ok_or_else(|| Error::invalid("packageId", "This package can't be subscribed to."))?;
        let key = format!("checkout:{}", Uuid::now_v7());
        let page = self.stripe.create_checkout(&key, customer, price, back).await.map_err(error)?;
        Ok(Page { id: page.id, url: page.url })
    }

    async fn close(&self, page: &str) -> Result<()> {
        match self.stripe.expire_checkout(page).await {
            // It refuses for one that is complete, or expired by itself.
            Ok(()) | Err(Failure::Missing | Failure::Refused(_)) => Ok(()),
            Err(failure) => Err(error(failure)),
        }
    }

    async fn end(&self, subscription: &str) -> Result<()> {
        match self.stripe.cancel_subscription(subscription).await {
            Ok(()) | Err(Failure::Missing) => Ok(()),
            Err(failure) => Err(error(failure)),
        }
    }

    async fn portal(&self, customer: &str, back: &str) -> Result<String> {
        let key = format!("portal:{}", Uuid::now_v7());
        self.stripe.create_portal(&key, customer, back).await.map_err(error)
    }

    async fn standing(&self, customer: &str) -> Result<Option<Standing>> {
        let all = self.stripe.subscriptions(customer).await.map_err(error)?;
        let mut ranked: Vec<_> = all
            .iter()
            .filter_map(|subscription| {
                let state = match subscription.status() {
                    SubscriptionStatus::Active => SubscriptionState::Active,
                    SubscriptionStatus::PastDue => SubscriptionState::PastDue,
                    SubscriptionStatus::Over => return None,
                };
                let price = subscription.price()?;
                let Some(rank) = self.keys.prices.iter().position(|(_, id)| id == price) else {
                    tracing::error!(customer, price, "a subscription is to a price that no package has");
                    return None;
                };
                let (start, end) = subscription.period()?;
                let at = |seconds: i64| Timestamp(0).plus_seconds(seconds);
                let ends = subscription.cancel_at_period_end == Some(true);
                let package = self.keys.prices[rank].0.clone();
                let (start, end, lesser) = (at(start), at(end), Vec::new());
                // What is paid goes before what is not, the dearer before the cheaper, the earlier before the later.
                let order = (state != SubscriptionState::Active, Reverse(rank), start, &subscription.id);
                Some((order, Standing { package, state, start, end, ends, lesser }))
            })
            .collect();
        ranked.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut ranked = ranked.into_iter();
        let best = ranked.next().map(|(_, best)| best);
        let lesser = ranked.map(|((.., id), _)| id.clone()).collect();
        Ok(best.map(|best| Standing { lesser, ..best }))
    }

    fn publishable_key(&self) -> Option<&str> {
        Some(&self.keys.publishable_key)
    }

    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Told> {
        let secret = self.keys.webhook_secret.expose_secret();
        match alumia_stripe::read(signature, body, secret, now.0.div_euclid(1_000_000)) {
            Ok(event) => {
                let of_subscription = ["customer.subscription.", "invoice.", "checkout.session."];
                let customer = event
                    .customer
                    .filter(|_| of_subscription.iter().any(|kind| event.kind.starts_with(kind)));
                let object_id = event.payment_intent.filter(|_| customer.is_none());
                Ok(Told { event: event.id, object_id, customer })
            }
            Err(refused) => Err(Error::BadRequest(refused.to_string())),
        }
    }
}

/// What a person is told; the log says the rest.
fn error(failure: Failure) -> Error {
    match failure {
        Failure::Card(message) => Error::conflict(message),
        failure => {
            tracing::error!(error = &failure as &dyn std::error::Error, "Stripe does not do what was asked");
            Error::Unavailable {
                message: "The payment service doesn't answer. Nothing was charged. Try again in a moment."
                    .into(),
                retry_after_seconds: RETRY_SECONDS,
            }
        }
    }
}
