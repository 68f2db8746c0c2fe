use crate::objects::{CardSetup, Dispute, Hosted, PaymentIntent, Subscription};
use miniserde::Deserialize;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError};
use stripe_client_core::{
    RequestBuilder,
    StripeMethod::{Delete, Get, Post},
};

/// For one attempt.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Attempts at what may be tried again.
const ATTEMPTS: u32 = 3;

/// Why Stripe did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no such object.
    #[error("Stripe knows no such object")]
    Missing,
    /// A card was declined or the like: in words for the person who pays.
    #[error("{0}")]
    Card(String),
    /// It can't be reached, or is overloaded. Nobody knows whether it has done it.
    #[error("Stripe doesn't answer: {0}")]
    Away(String),
    /// It refuses: a wrong key, or a request that we made wrong.
    #[error("Stripe refuses: {0}")]
    Refused(String),
}

impl From<StripeError> for Failure {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Stripe(_, 404) => Self::Missing,
            StripeError::Stripe(told, 402) => {
                let message = told.message.clone();
                Self::Card(message.unwrap_or_else(|| "The card was declined. Try another card.".into()))
            }
            StripeError::Stripe(told, status @ (409 | 424 | 429 | 500..)) => {
                Self::Away(format!("status {status}: {}", told.message.as_deref().unwrap_or("no reason")))
            }
            // Its message may quote the key, masked by Stripe.
            StripeError::Stripe(told, status) => {
                Self::Refused(format!("status {status}: {}", told.message.as_deref().unwrap_or("no reason")))
            }
            StripeError::ConfigError(message) => Self::Refused(message),
            other
            @ (StripeError::JSONDeserialize(_) | StripeError::ClientError(_) | StripeError::Timeout) => {
                Self::Away(other.to_string())
            }
        }
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// A Stripe account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stripe {
    client: Client,
}

#[derive(Deserialize)]
struct Created {
    id: String,
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
}

#[derive(Serialize)]
struct Expand {
    expand: [&'static str; 1],
}

impl Stripe {
    /// The account of this secret key. `api_base` is where a simulator listens, as `http://127.0.0.1:8420`.
    ///
    /// # Errors
    /// [`Failure::Refused`] for a key or an address that can't be one.
    pub fn new(secret_key: &str, api_base: Option<&str>) -> Result<Self> {
        let mut builder = ClientBuilder::new(secret_key).timeout(TIMEOUT);
        if let Some(base) = api_base {
            builder = builder.url(format!("{}/", base.trim_end_matches('/')));
        }
        Ok(Self { client: builder.build()? })
    }

    async fn get<T: Deserialize + Send>(&self, path: String, query: &(impl Serialize + Sync)) -> Result<T> {
        let request = RequestBuilder::new(Get, path).query(query).customize::<T>();
        Ok(request.request_strategy(RequestStrategy::ExponentialBackoff(ATTEMPTS)).send(&self.client).await?)
    }

    /// The same `key` again answers what the first time did, and does nothing more.
    async fn post<T: Deserialize + Send>(
        &self,
        key: &str,
        path: &str,
        form: &(impl Serialize + Sync),
    ) -> Result<T> {
        let key = IdempotencyKey::new(key).map_err(|error| Failure::Refused(error.to_string()))?;
        let request = RequestBuilder::new(Post, path).form(form).customize::<T>();
        Ok(request.request_strategy(RequestStrategy::Idempotent(key)).send(&self.client).await?)
    }

    /// A new customer with notes about it; the id.
    pub async fn create_customer(&self, key: &str, metadata: &BTreeMap<&str, String>) -> Result<String> {
        #[derive(Serialize)]
        struct Form<'a> {
            metadata: &'a BTreeMap<&'a str, String>,
        }
        let created: Created = self.post(key, "/customers", &Form { metadata }).await?;
        Ok(created.id)
    }

    /// Begins a payment; of a `customer` that has saved a card, one that [`Self::charge`] takes.
    pub async fn create_payment_intent(
        &self,
        key: &str,
        amount: i64,
        currency: &str,
        metadata: &BTreeMap<&str, String>,
        customer: Option<&str>,
    ) -> Result<PaymentIntent> {
        #[derive(Serialize)]
        struct Form<'a> {
            amount: i64,
            currency: &'a str,
            metadata: &'a BTreeMap<&'a str, String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            customer: Option<&'a str>,
            // Other ways to pay may send the person elsewhere, and nobody is there.
            #[serde(skip_serializing_if = "Option::is_none")]
            payment_method_types: Option<[&'static str; 1]>,
        }
        let payment_method_types = customer.map(|_| ["card"]);
        let form = Form { amount, currency, metadata, customer, payment_method_types };
        self.post(key, "/payment_intents", &form).await
    }

    /// Takes a payment from a saved card while nobody is there. One that was taken isn't taken again.
    pub async fn charge(&self, key: &str, id: &str, payment_method: &str) -> Result<PaymentIntent> {
        #[derive(Serialize)]
        struct Form<'a> {
            payment_method: &'a str,
            off_session: bool,
        }
        let form = Form { payment_method, off_session: true };
        self.post(key, &format!("/payment_intents/{id}/confirm"), &form).await
    }

    /// A payment with its last charge.
    ///
    /// # Errors
    /// [`Failure::Missing`] where there is none.
    pub async fn payment_intent(&self, id: &str) -> Result<PaymentIntent> {
        self.get(format!("/payment_intents/{id}"), &Expand { expand: ["latest_charge"] }).await
    }

    /// A page of Stripe's where a customer subscribes to a price, good for a day. Afterwards the person is sent to
    /// `back`.
    pub async fn create_checkout(
        &self,
        key: &str,
        customer: &str,
        price: &str,
        back: &str,
    ) -> Result<Hosted> {
        #[derive(Serialize)]
        struct Form<'a> {
            mode: &'static str,
            customer: &'a str,
            line_items: [Line<'a>; 1],
            success_url: &'a str,
            cancel_url: &'a str,
        }
        #[derive(Serialize)]
        struct Line<'a> {
            price: &'a str,
            quantity: u8,
        }
        let line_items = [Line { price, quantity: 1 }];
        let form = Form { mode: "subscription", customer, line_items, success_url: back, cancel_url: back };
        self.post(key, "/checkout/sessions", &form).await
    }

    /// Closes such a page, so that nobody subscribes on it any more.
    ///
    /// # Errors
    /// [`Failure::Refused`] where somebody has, or it is closed.
    pub async fn expire_checkout(&self, id: &str) -> Result<()> {
        #[derive(Serialize)]
        struct Nothing {}
        let key = format!("expire:{id}");
        self.post::<Created>(&key, &format!("/checkout/sessions/{id}/expire"), &Nothing {}).await.map(drop)
    }

    /// Ends a subscription at once.
    ///
    /// # Errors
    /// [`Failure::Missing`] where there is none, or it has ended.
    pub async fn cancel_subscription(&self, id: &str) -> Result<()> {
        let request = RequestBuilder::new(Delete, format!("/subscriptions/{id}")).customize::<Created>();
        request.request_strategy(RequestStrategy::ExponentialBackoff(ATTEMPTS)).send(&self.client).await?;
        Ok(())
    }

    /// A page of Stripe's where a customer saves a card to be charged while nobody is there, good for a day.
    /// Afterwards the person is sent to `back`.
    pub async fn create_card_setup(&self, key: &str, customer: &str, back: &str) -> Result<Hosted> {
        #[derive(Serialize)]
        struct Form<'a> {
            mode: &'static str,
            customer: &'a str,
            payment_method_types: [&'static str; 1],
            success_url: &'a str,
            cancel_url: &'a str,
        }
        let payment_method_types = ["card"];
        let form =
            Form { mode: "setup", customer, payment_method_types, success_url: back, cancel_url: back };
        self.post(key, "/checkout/sessions", &form).await
    }

    /// What came of such a page.
    ///
    /// # Errors
    /// [`Failure::Missing`] where there is none.
    pub async fn card_setup(&self, id: &str) -> Result<CardSetup> {
        self.get(format!("/checkout/sessions/{id}"), &Expand { expand: ["setup_intent.payment_method"] })
            .await
    }

    /// A page of Stripe's where a customer changes, pays and ends subscriptions; its address, good for minutes.
    pub async fn create_portal(&self, key: &str, customer: &str, back: &str) -> Result<String> {
        #[derive(Serialize)]
        struct Form<'a> {
            customer: &'a str,
            return_url: &'a str,
        }
        let form = Form { customer, return_url: back };
        Ok(self.post::<Hosted>(key, "/billing_portal/sessions", &form).await?.url)
    }

    /// A customer's subscriptions, but for those that are over.
    pub async fn subscriptions(&self, customer: &str) -> Result<Vec<Subscription>> {
        #[derive(Serialize)]
        struct Query<'a> {
            customer: &'a str,
            limit: u8,
        }
        let page: Page<Subscription> =
            self.get("/subscriptions".into(), &Query { customer, limit: 100 }).await?;
        Ok(page.data)
    }

    /// What banks ask back of a payment.
    pub async fn disputes(&self, payment_intent: &str) -> Result<Vec<Dispute>> {
        #[derive(Serialize)]
        struct Query<'a> {
            payment_intent: &'a str,
            limit: u8,
        }
        let page: Page<Dispute> = self.get("/disputes".into(), &Query { payment_intent, limit: 100 }).await?;
        Ok(page.data)
    }
}
