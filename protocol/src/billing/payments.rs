//! What is paid with money.

use crate::{Microcredits, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};

/// How a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// The person or their bank has yet to act.
    Processing,
    /// Paid, and its credits are on their way.
    Paid,
    /// Paid, and its credits are there.
    Done,
    /// Not paid.
    Failed,
    /// Paid back.
    Refunded,
}

/// The body of `POST /billing/top-ups/payment-intent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewTopUp {
    /// Whole credits to buy.
    pub credits: i64,
}

/// The body of `POST /billing/top-ups/:id/test-card`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TestCard {
    /// The number of a test card: 4242 4242 4242 4242 pays.
    pub card: String,
}

/// A payment that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TopUp {
    /// The payment as the list of invoices shows it.
    pub invoice: Invoice,
    /// Who takes it: `stripe` or `test`.
    pub gateway: String,
    /// What the gateway's dialog needs to take it, this once.
    pub client_secret: String,
}

/// The body of `POST /billing/subscriptions/checkout`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewSubscription {
    /// A package of the catalog that can be subscribed to.
    pub package_id: String,
}

/// When credits are bought by themselves, in whole credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AutoTopUpLimits {
    /// Buys when fewer are available, or when a run waits for more.
    pub threshold: i64,
    /// Bought at once, within the bounds of the catalog.
    pub credits: i64,
    /// Bought this way in a calendar month (UTC) at most.
    pub monthly_cap: i64,
}

/// The body of `PUT /billing/auto-top-up`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SetAutoTopUp {
    /// When and how much.
    #[serde(flatten)]
    pub limits: AutoTopUpLimits,
    /// Saves another card in the place of the one that is saved.
    #[serde(default)]
    pub new_card: bool,
    /// The number of a test card, where test money is taken.
    #[serde(default)]
    pub test_card: Option<String>,
}

/// `GET /billing/auto-top-up`: credits that are bought by themselves when few are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AutoTopUp {
    /// Whether it buys. People alone turn it on.
    pub on: bool,
    /// As they were set last; `null` where they never were.
    pub limits: Option<AutoTopUpLimits>,
    /// The last four digits of the card that pays; `null` while none is saved.
    pub card: Option<String>,
    /// Whole credits bought this way in this calendar month (UTC).
    pub bought_this_month: i64,
    /// Why it was turned off, unless a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where a person saves the card that it waits for; told once, to whoever asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_page: Option<String>,
}

/// A page of the gateway's that a person goes on at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HostedPage {
    /// Its address; it doesn't last.
    pub url: String,
}

/// How a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionState {
    /// Its period is paid.
    Active,
    /// The period's payment failed, and is tried again.
    PastDue,
    /// It has ended.
    Over,
}

/// A package that is paid by the month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// The package.
    pub package_id: String,
    /// How it stands.
    pub state: SubscriptionState,
    /// When the period began that is paid, or is to be.
    pub period_start: Timestamp,
    /// When it ends.
    pub period_end: Timestamp,
    /// It ends with the period.
    pub ends: bool,
}

/// A payment, with its receipt once it is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Invoice {
    /// Id, and the reference for support.
    pub id: PaymentId,
    /// How it stands.
    pub state: PaymentState,
    /// Why it failed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The credits that it is for.
    pub credits: Microcredits,
    /// What it costs, in hundredths of the currency.
    pub amount_cents: i64,
    /// What of that was paid back.
    pub refunded_cents: i64,
    /// The currency, as `usd`.
    pub currency: String,
    /// It is no real money.
    pub test_money: bool,
    /// It was begun by itself, because few credits were left.
    #[serde(default)]
    pub automatic: bool,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
