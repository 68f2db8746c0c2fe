//! Limits of spending.

use crate::{BudgetId, Microcredits, TargetId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a budget looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BudgetScope {
    /// All of the organisation.
    Org,
    /// One workspace.
    Workspace,
    /// One person.
    User,
    /// One project.
    Project,
    /// One agent.
    Agent,
    /// One session.
    Session,
    /// One run.
    Run,
}

/// After which time a budget begins anew, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BudgetPeriod {
    /// At midnight.
    Day,
    /// On Monday.
    Week,
    /// On the first of the month.
    Month,
    /// Never.
    Total,
}

/// A limit of spending, as it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BudgetLimit {
    /// What it looks at.
    pub scope: BudgetScope,
    /// Which one; absent for the organisation.
    #[serde(default)]
    pub target_id: Option<TargetId>,
    /// When it begins anew.
    pub period: BudgetPeriod,
    /// Microcredits in one period.
    pub limit: Microcredits,
    /// Stops what would pass it; else it only gives notice at 50, 80 and 100 %.
    pub hard: bool,
}

/// A budget with what is used of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// Id.
    pub id: BudgetId,
    /// What it limits.
    #[serde(flatten)]
    pub limit: BudgetLimit,
    /// Charged in this period.
    pub spent: Microcredits,
    /// Held in this period for calls that are going on.
    pub reserved: Microcredits,
    /// When this period began; the epoch for one that never begins anew.
    pub period_start: Timestamp,
}

/// The body of `PUT /billing/budgets`: all budgets that there shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SetBudgets {
    /// Those that are missing here are removed.
    pub budgets: Vec<BudgetLimit>,
}
