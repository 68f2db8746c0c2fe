//! Stripe's objects, as far as they are looked at. See <https://docs.stripe.com/api>.

use miniserde::Deserialize;

/// A payment from its beginning to its end.
#[derive(Clone, Debug, Deserialize)]
pub struct PaymentIntent {
    pub id: String,
    /// In the currency's smallest unit.
    pub amount: i64,
    /// Three letters in lower case.
    pub currency: String,
    /// See [`PaymentIntent::status`].
    #[serde(rename = "status")]
    word: String,
    /// What the browser's dialog needs.
    pub client_secret: Option<String>,
    /// Why the last attempt failed.
    pub last_payment_error: Option<PaymentError>,
    /// The last attempt that reached a bank.
    pub latest_charge: Option<Charge>,
    /// `false` for test money.
    pub livemode: Option<bool>,
}

/// How a payment stands, of Stripe's words those that make a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// The person or their bank has yet to act.
    Open,
    Succeeded,
    Canceled,
}

impl PaymentIntent {
    /// How it stands.
    pub fn status(&self) -> PaymentStatus {
        match self.word.as_str() {
            "succeeded" => PaymentStatus::Succeeded,
            "canceled" => PaymentStatus::Canceled,
            _ => PaymentStatus::Open,
        }
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, Deserialize)]
pub struct PaymentError {
    /// In words for the person who pays.
    pub message: Option<String>,
}

/// An attempt to take money.
#[derive(Clone, Debug, Deserialize)]
pub struct Charge {
    pub id: String,
    /// Paid back so far.
    pub amount_refunded: i64,
    /// Its bank has asked for it back.
    pub disputed: Option<bool>,
}

/// A page of Stripe's own.
#[derive(Clone, Debug, Deserialize)]
pub struct Hosted {
    pub id: String,
    pub url: String,
}

/// What came of a page where a card is saved.
#[derive(Clone, Debug, Deserialize)]
pub struct CardSetup {
    setup_intent: Option<SetupIntent>,
}

#[derive(Clone, Debug, Deserialize)]
struct SetupIntent {
    status: String,
    payment_method: Option<PaymentMethod>,
}

/// A way to pay that is kept.
#[derive(Clone, Debug, Deserialize)]
pub struct PaymentMethod {
    pub id: String,
    pub card: Option<Card>,
}

/// What may be shown of a card.
#[derive(Clone, Debug, Deserialize)]
pub struct Card {
    pub last4: String,
}

impl CardSetup {
    /// What was saved, once it is.
    pub fn saved(self) -> Option<PaymentMethod> {
        self.setup_intent.filter(|setup| setup.status == "succeeded")?.payment_method
    }
}

/// A bank asks for a charge back.
#[derive(Clone, Debug, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub amount: i64,
    /// `needs_response`, `won` …
    pub status: String,
}

impl Dispute {
    /// Whether its money is away: while it is disputed and once it is lost. An inquiry (`warning_…`) takes none.
    pub fn holds_money(&self) -> bool {
        matches!(self.status.as_str(), "needs_response" | "under_review" | "lost")
    }
}

/// A subscription to one price.
#[derive(Clone, Debug, Deserialize)]
pub struct Subscription {
    pub id: String,
    #[serde(rename = "status")]
    word: String,
    /// It ends with the period that is paid.
    pub cancel_at_period_end: Option<bool>,
    // Until version 2025-03-31 the period stands here, since then at the items.
    current_period_start: Option<i64>,
    current_period_end: Option<i64>,
    items: Items,
}

#[derive(Clone, Debug, Deserialize)]
struct Items {
    data: Vec<Item>,
}

#[derive(Clone, Debug, Deserialize)]
struct Item {
    price: Option<Named>,
    // What prices were called before.
    plan: Option<Named>,
    current_period_start: Option<i64>,
    current_period_end: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
struct Named {
    id: String,
}

/// How a subscription stands, of Stripe's words those that make a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionStatus {
    /// Its period is paid.
    Active,
    /// The period's payment failed, and Stripe tries on.
    PastDue,
    /// Not begun, or over.
    Over,
}

impl Subscription {
    /// How it stands.
    pub fn status(&self) -> SubscriptionStatus {
        match self.word.as_str() {
            "active" | "trialing" => SubscriptionStatus::Active,
            "past_due" => SubscriptionStatus::PastDue,
            _ => SubscriptionStatus::Over,
        }
    }

    /// The id of its price.
    pub fn price(&self) -> Option<&str> {
        let item = self.items.data.first()?;
        item.price.as_ref().or(item.plan.as_ref()).map(|price| price.id.as_str())
    }

    /// The present period's beginning and end, in seconds since 1970.
    pub fn period(&self) -> Option<(i64, i64)> {
        let item = self.items.data.first()?;
        let start = item.current_period_start.or(self.current_period_start)?;
        Some((start, item.current_period_end.or(self.current_period_end)?))
    }
}
