//! Credits: buckets, the ledger, budgets, what blocks a call, what was used, and how it is paid.

mod budgets;
mod byok;
mod overview;
mod payments;
mod usage;

pub use budgets::{Budget, BudgetLimit, BudgetPeriod, BudgetScope, SetBudgets};
pub use byok::{NewOwnKey, OwnKey};
pub use overview::{
    BillingOverview, Catalog, ModelTier, PackageCaps, PackageOffer, PackageUse, TopUpOffer, size,
};
pub use payments::{
    AutoTopUp, AutoTopUpLimits, HostedPage, Invoice, NewSubscription, NewTopUp, PaymentState, SetAutoTopUp,
    Subscription, SubscriptionState, TestCard, TopUp,
};
pub use usage::{Operation, PaidCall, Spent, UsageGroup, UsageReport, UsageRow, UsageSum};

use crate::{
    AgentId, BucketId, LedgerEntryId, Microcredits, ProjectId, ReservationId, RunId, SessionId, Timestamp,
    UserId, WorkspaceId,
};
use serde::{Deserialize, Serialize};

/// Where credits come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BucketKind {
    /// A gift.
    Promo,
    /// The package's credits of one month.
    Monthly,
    /// Put right by the operator.
    Adjustment,
    /// Given back for a call that was charged.
    Refund,
    /// Bought.
    TopUp,
}

/// Credits that were granted together. What is available is
/// `granted - consumed - reserved - expired - reversed`, never below zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Id.
    pub id: BucketId,
    /// Where they come from.
    pub kind: BucketKind,
    /// All that was granted.
    pub granted: Microcredits,
    /// Used up.
    pub consumed: Microcredits,
    /// Held for calls that are going on.
    pub reserved: Microcredits,
    /// Lost because its time was over.
    pub expired: Microcredits,
    /// Taken back, because the payment was.
    pub reversed: Microcredits,
    /// When what is left is lost; `null` for never.
    pub expires_at: Option<Timestamp>,
    /// When they were granted.
    pub created_at: Timestamp,
}

impl Bucket {
    /// What can be spent of it; zero once its time is over.
    pub fn available(&self, now: Timestamp) -> Microcredits {
        if self.is_over(now) { Microcredits::ZERO } else { self.left() }
    }

    /// What has not gone anywhere.
    pub fn left(&self) -> Microcredits {
        let gone = [self.consumed, self.reserved, self.expired, self.reversed];
        let gone = Microcredits::checked_sum(gone);
        gone.and_then(|gone| self.granted.checked_sub(gone)).unwrap_or_default()
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// Why credits moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// They were granted.
    Grant,
    /// The worst case of a call was set aside.
    Reserve,
    /// A call's real cost was charged.
    Settle,
    /// What a call didn't need was given free.
    Release,
    /// A bucket's time was over.
    Expire,
    /// A charge was given back.
    Refund,
    /// A payment was taken back.
    Reverse,
}

/// Where credits can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Outside: where granted credits come from.
    Issued,
    /// In the bucket, free.
    Available,
    /// In the bucket, set aside for a call.
    Reserved,
    /// Spent on calls.
    Spent,
    /// Lost with their bucket's time.
    Expired,
    /// Gone back to where they were paid from.
    Reversed,
    /// Outside: use that nobody could be charged for.
    WrittenOff,
}

/// One movement of credits. It leaves one place and arrives at the other, so that the books are balanced by
/// its very shape; entries are never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry {
    /// Id.
    pub id: LedgerEntryId,
    /// The same for all movements of one act.
    pub transaction_id: LedgerEntryId,
    /// Why.
    pub kind: EntryKind,
    /// From where.
    pub source: Place,
    /// To where.
    pub target: Place,
    /// Whose credits moved; `null` for use beyond what was there.
    pub bucket_id: Option<BucketId>,
    /// The call that they moved for.
    pub reservation_id: Option<ReservationId>,
    /// Always positive.
    pub amount: Microcredits,
    /// When.
    pub at: Timestamp,
}

/// Why a call can't be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BlockReason {
    /// The credits don't reach.
    NoCredits,
    /// The package doesn't include it.
    PackageBlocked,
    /// A hard budget is used up.
    BudgetExhausted,
}

impl BlockReason {
    /// As on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoCredits => "no_credits",
            Self::PackageBlocked => "package_blocked",
            Self::BudgetExhausted => "budget_exhausted",
        }
    }
}

/// What a package has too little of, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PackageLimit {
    /// Models of this tier.
    Models,
    /// Keys of the organisation's own.
    OwnKeys,
    /// People.
    Members,
    /// Projects.
    Projects,
    /// Bytes of files.
    Storage,
    /// Minutes of commands in the sandbox, a month.
    SandboxMinutes,
    /// Minutes of browsers, a month.
    BrowserMinutes,
}

/// What blocks a call, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Blocked {
    /// Which of the three.
    pub reason: BlockReason,
    /// A sentence: what happened and what to do.
    pub message: String,
    /// What the call may cost at most.
    pub needed: Microcredits,
    /// How much of it is missing.
    pub missing: Microcredits,
    /// The budget that is used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetLimit>,
    /// The package that doesn't include it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// What the package lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<PackageLimit>,
    /// Names of the packages that include it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included_in: Vec<String>,
}

impl Blocked {
    /// A package doesn't include it; others may.
    pub fn by_package(
        lacks: PackageLimit,
        package: String,
        message: String,
        included_in: Vec<String>,
    ) -> Self {
        Self {
            reason: BlockReason::PackageBlocked,
            message,
            needed: Microcredits::ZERO,
            missing: Microcredits::ZERO,
            budget: None,
            package: Some(package),
            lacks: Some(lacks),
            included_in,
        }
    }
}

/// Whose work a charge is for. Ids that don't apply are absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ChargedTo {
    /// The workspace.
    pub workspace_id: Option<WorkspaceId>,
    /// The person.
    pub user_id: Option<UserId>,
    /// The project.
    pub project_id: Option<ProjectId>,
    /// The agent.
    pub agent_id: Option<AgentId>,
    /// The session.
    pub session_id: Option<SessionId>,
    /// The run.
    pub run_id: Option<RunId>,
}
