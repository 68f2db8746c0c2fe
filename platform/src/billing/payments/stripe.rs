//! Stripe as a gateway: PaymentIntents, whose state is what it says when it is asked.

use super::gateway::{Begun, Charge, ChargeState, Gateway, Order, Told};
use crate::{Error, Result};
use alumia_protocol::Timestamp;
use alumia_stripe::{Failure, PaymentStatus, Stripe};
use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;

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
        let intent =
            self.stripe.create_payment_intent(&key, order.amount_cents, order.currency, &notes).await;
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

    fn publishable_key(&self) -> Option<&str> {
        Some(&self.keys.publishable_key)
    }

    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Told> {
        let secret = self.keys.webhook_secret.expose_secret();
        match alumia_stripe::read(signature, body, secret, now.0.div_euclid(1_000_000)) {
            Ok(event) => Ok(Told { event: event.id, object_id: event.payment_intent }),
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
