use crate::{Error, Result};
use alumia_protocol::{OrgId, PaymentId, Timestamp, billing::SubscriptionState};
use async_trait::async_trait;

/// What a gateway is asked to take.
#[derive(Clone, Debug)]
pub struct Order {
    /// Ours; the same again is the same payment.
    pub id: PaymentId,
    pub amount_cents: i64,
    pub currency: &'static str,
    /// For the person's statement.
    pub description: String,
    /// The customer whose saved card is to be charged; `None` where a person pays.
    pub customer: Option<String>,
}

/// A card that may be charged while nobody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCard {
    /// What its gateway calls it.
    pub id: String,
    pub last4: String,
}

/// A page of a gateway's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What the gateway calls it.
    pub id: String,
    pub url: String,
}

/// A payment that a gateway waits for.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What the gateway calls it.
    pub object_id: String,
    /// What its dialog in the browser needs.
    pub client_secret: String,
}

/// How a payment stands at its gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub state: ChargeState,
    /// Why it failed last, for people.
    pub reason: Option<String>,
    pub amount_cents: i64,
    /// Paid back, or taken back by the payer's bank.
    pub refunded_cents: i64,
    pub currency: String,
}

/// See [`Charge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeState {
    /// The person, or their bank, has yet to act; also after an attempt that failed.
    Open,
    Succeeded,
    /// It will not be paid any more.
    Failed,
}

/// What an organisation pays for at a gateway by the month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// A package's id.
    pub package: String,
    pub state: SubscriptionState,
    pub start: Timestamp,
    pub end: Timestamp,
    /// It ends with the period.
    pub ends: bool,
    /// Others that are paid beside it and are worth less, by what the gateway calls them.
    pub lesser: Vec<String>,
}

/// What an event is believed: which one it is, and which payment to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub event: String,
    /// A payment to look at.
    pub object_id: Option<String>,
    /// A customer whose subscription is to be looked at.
    pub customer: Option<String>,
}

/// Takes money.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// `test`, `stripe` …
    fn id(&self) -> &'static str;

    /// Whether its money is none.
    fn takes_test_money(&self) -> bool;

    /// Begins a payment.
    async fn begin(&self, order: &Order) -> Result<Begun>;

    /// How a payment stands now; `None` for one that it doesn't know.
    async fn look(&self, object_id: &str) -> Result<Option<Charge>>;

    /// A page where a customer saves a card and is sent `back` from.
    async fn card_page(&self, customer: &str, back: &str) -> Result<Page> {
        let _ = (customer, back);
        Err(no_cards())
    }

    /// The card that was saved on such a page, once one is.
    async fn saved_card(&self, page: &str) -> Result<Option<SavedCard>> {
        let _ = page;
        Err(no_cards())
    }

    /// Takes a payment that was begun for a customer from a saved card of theirs, at most once, whatever is asked
    /// in parallel. What came of it is for [`Self::look`] to say; a reason means that it was not even tried and
    /// never will be.
    async fn charge(&self, object_id: &str, card: &str) -> Result<Option<String>> {
        let _ = (object_id, card);
        Err(no_cards())
    }

    /// Whether a package can be subscribed to.
    fn sells(&self, package: &str) -> bool {
        let _ = package;
        false
    }

    /// Makes an organisation a customer; the same again is the same one.
    async fn enrol(&self, org: OrgId) -> Result<String> {
        let _ = org;
        Err(no_subscriptions())
    }

    /// A page where a customer subscribes to a package and is sent `back` from.
    async fn checkout(&self, customer: &str, package: &str, back: &str) -> Result<Page> {
        let _ = (customer, package, back);
        Err(no_subscriptions())
    }

    /// Closes such a page, so that nobody subscribes on it any more; one on which somebody has stays as it is.
    async fn close(&self, page: &str) -> Result<()> {
        let _ = page;
        Err(no_subscriptions())
    }

    /// Ends a subscription at once; one that is over stays so.
    async fn end(&self, subscription: &str) -> Result<()> {
        let _ = subscription;
        Err(no_subscriptions())
    }

    /// A page where a customer changes, pays and ends what they subscribed to; its address.
    async fn portal(&self, customer: &str, back: &str) -> Result<String> {
        let _ = (customer, back);
        Err(no_subscriptions())
    }

    /// What a customer subscribed to; of several what is paid and dearest, `None` where nothing goes on.
    async fn standing(&self, customer: &str) -> Result<Option<Standing>> {
        let _ = customer;
        Err(no_subscriptions())
    }

    /// What its dialog in the browser names it by, where it has one of its own.
    fn publishable_key(&self) -> Option<&str> {
        None
    }

    /// Reads an event that it has signed and sent, at `now`.
    ///
    /// # Errors
    /// `BadRequest` for what it hasn't signed, or not now; `NotFound` where it sends none.
    fn read(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Told> {
        let _ = (signature, body, now);
        Err(Error::NotFound("webhook"))
    }
}

fn no_cards() -> Error {
    Error::conflict("No card can be saved here.")
}

fn no_subscriptions() -> Error {
    Error::conflict("Nothing can be subscribed to here.")
}
