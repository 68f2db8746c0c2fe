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
