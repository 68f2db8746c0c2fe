use super::{Package, Tier};
use alumia_protocol::{
    BucketId, Microcredits, ReservationId, Timestamp,
    billing::{Bucket, BucketKind, ChargedTo, Operation},
    events::Usage,
};
use serde::{Deserialize, Serialize};

/// No grant is larger: a thousand million credits. With it no sum of a call comes near the end of its type.
pub const MOST: Microcredits = Microcredits(1_000_000_000_000_000);

/// Asks for credits to be set aside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// Chosen by who asks: the same again is the same reservation.
    pub id: ReservationId,
    pub operation: Operation,
    /// The model's id, or empty.
    pub model: String,
    /// The model's provider, or empty: a key of the organisation's for it would pay instead.
    #[serde(default)]
    pub provider: String,
    /// What the package must include; `None` for what every package does.
    pub tier: Option<Tier>,
    /// The worst case.
    pub amount: Microcredits,
    /// The longest time that it may take, for what is counted by time.
    #[serde(default)]
    pub millis: i64,
    pub charged_to: ChargedTo,
    /// What the whole run may cost.
    pub run_limit: Option<Microcredits>,
    /// Until when it is settled, or else free again.
    pub deadline: Timestamp,
}

/// What was used in the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    pub cost: Microcredits,
    pub usage: Usage,
    /// For what is paid by time.
    pub millis: i64,
}

/// How a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The call goes on.
    Open,
    /// Charged.
    Settled,
    /// Given free without a charge.
    Released,
}

/// Credits set aside for a call, and then what became of them.
#[derive(Clone, Debug)]
pub struct Reservation {
    pub id: ReservationId,
    pub state: State,
    pub operation: Operation,
    pub model: String,
    pub amount: Microcredits,
    /// Which bucket holds how much, in the order in which it is used.
    pub parts: Vec<(BucketId, Microcredits)>,
    /// Charged; see [`super::Billing::settle`] for what is used beyond the amount.
    pub cost: Microcredits,
    pub written_off: Microcredits,
    pub refunded: Microcredits,
    pub used: Used,
    /// The organisation's own key paid.
    pub byok: bool,
    pub charged_to: ChargedTo,
    pub deadline: Timestamp,
    pub created_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

/// Credits for an organisation.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What they are granted for; the same key grants once.
    pub key: String,
    pub kind: BucketKind,
    pub amount: Microcredits,
    pub expires_at: Option<Timestamp>,
}

/// What is done to one organisation's book.
#[derive(Clone, Debug)]
pub enum Act {
    Reserve(Ask),
    /// The same in the place of an earlier reservation, which is given free where it is still open.
    Replace(ReservationId, Ask),
    Settle(ReservationId, Used),
    Release(ReservationId),
    /// A call that an own key has paid for: it stands in the books and costs nothing.
    Note(Ask, Used),
    Grant(Grant),
    Refund(ReservationId, Microcredits),
    /// So much of a bucket is taken back in all, as far as it is free; what was taken beyond that comes back.
    Reverse(BucketId, Microcredits),
    /// Another package, paid for a period; `None` for one that is free.
    Subscribe(Box<Package>, Option<Paid>),
    /// Only what is due anyway: months, expiry.
    Tidy,
}

/// The period that a package is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    pub start: Timestamp,
    pub end: Timestamp,
    /// Whether the period is paid. While its payment is tried again the package stays and nothing is granted.
    pub paid: bool,
}

/// What an act left.
#[derive(Clone, Debug)]
pub enum Done {
    Reservation(Box<Reservation>),
    Bucket(Bucket),
    Tidied,
}

/// An organisation's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub package: String,
    /// Months are counted from here.
    pub anchor: Timestamp,
    /// The month whose credits were granted last ends here.
    pub granted_until: Timestamp,
    /// Until when the package is paid; `None` where it is free. No month begins that isn't paid.
    pub paid_until: Option<Timestamp>,
}
