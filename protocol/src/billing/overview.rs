//! What there is, and what can be had.

use super::Subscription;
use crate::{Microcredits, Timestamp, models::Price};
use serde::{Deserialize, Serialize};

/// Microcredits per million tokens up to which a model is a standard one: $15.
const STANDARD: i64 = 1_500_000_000;

/// How dear a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModelTier {
    /// Costs nothing.
    Free,
    /// At most 1,500 credits for a million tokens.
    Standard,
    /// More.
    Premium,
}

impl ModelTier {
    /// The tier of a model with this price.
    pub fn of(price: &Price) -> Self {
        let dearest = price.input.max(price.output).max(price.cached);
        match dearest {
            ..=0 => Self::Free,
            1..=STANDARD => Self::Standard,
            _ => Self::Premium,
        }
    }

    /// For people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

/// `GET /billing`: the organisation's credits at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BillingOverview {
    /// What can be spent now.
    pub available: Microcredits,
    /// Held for calls that are going on.
    pub reserved: Microcredits,
    /// Charged since the package's month began.
    pub spent_this_month: Microcredits,
    /// Charged a day, over the last week.
    pub burn_per_day: Microcredits,
    /// How many whole days what is available lasts at that rate; `null` where nothing was charged.
    pub lasts_days: Option<i64>,
    /// The subscription's package.
    pub package: PackageOffer,
    /// What is paid for the package; `null` where nobody subscribed.
    pub subscription: Option<Subscription>,
    /// When the package's month ends; its credits are granted anew then. `null` before the first.
    pub month_ends_at: Option<Timestamp>,
    /// Runs that wait until they can be paid.
    pub waiting_runs: i64,
    /// How much of what the package caps is used.
    pub used: PackageUse,
}

/// How much of what the package caps is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PackageUse {
    /// People.
    pub members: i64,
    /// Projects.
    pub projects: i64,
    /// Bytes of files of all projects, those of sandboxes included.
    pub storage_bytes: i64,
    /// Milliseconds of commands in the sandbox since the package's month began; what goes on counts with all the time
    /// that it may take.
    pub sandbox_millis: i64,
    /// The same of calls that use a browser.
    pub browser_millis: i64,
    /// Runs that go on now.
    pub running_runs: i64,
    /// Runs that wait until one of those ends.
    pub queued_runs: i64,
}

/// How much of each there may be; `null` is as much as one likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PackageCaps {
    /// People.
    pub members: Option<u32>,
    /// Projects.
    pub projects: Option<u32>,
    /// Schedules.
    pub schedules: Option<u32>,
    /// Megabytes of files.
    pub storage_mb: Option<u32>,
    /// Minutes of browsers, a month.
    pub browser_minutes: Option<u32>,
    /// Minutes of commands in the sandbox, a month.
    pub sandbox_minutes: Option<u32>,
    /// Runs at once.
    pub concurrent_runs: Option<u32>,
}

/// A subscription package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PackageOffer {
    /// Id.
    pub id: String,
    /// For people.
    pub name: String,
    /// For a month.
    pub price_cents: i64,
    /// Granted at the beginning of each month, lost at its end.
    pub monthly_credits: Microcredits,
    /// Models that it includes.
    pub tiers: Vec<ModelTier>,
    /// Whether calls may be paid by the organisation's own keys.
    pub own_keys: bool,
    /// Limits.
    pub caps: PackageCaps,
    /// Whether it can be subscribed to here.
    pub can_subscribe: bool,
}

/// What can be bought at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TopUpOffer {
    /// Whole credits that are offered.
    pub credits: Vec<i64>,
    /// The least of a free amount.
    pub least: i64,
    /// The most of a free amount.
    pub most: i64,
    /// What a credit costs, in hundredths of the currency.
    pub cents_per_credit: i64,
    /// The currency, as `usd`.
    pub currency: String,
    /// Who takes the payment: `stripe` or `test`, or `null` where nobody does.
    pub gateway: Option<String>,
    /// What Stripe's dialog in the browser names the account by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publishable_key: Option<String>,
    /// It takes no real money.
    pub test_money: bool,
}

/// `GET /billing/catalog`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Catalog {
    /// In the order in which people see them.
    pub packages: Vec<PackageOffer>,
    /// Credits to buy.
    pub top_ups: TopUpOffer,
    /// Microcredits for a second of a command in the sandbox.
    pub sandbox_second: Microcredits,
    /// Microcredits for a second of a call that uses a browser.
    pub browser_second: Microcredits,
}

/// Bytes as people read them: `900 KB`, `12 MB`, `1.5 GB`. A megabyte is what packages count by: 1,048,576 bytes.
pub fn size(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let (mut tenths, mut unit) = (bytes.max(0).saturating_mul(10), 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths = tenths / 1_024 + i64::from(tenths % 1_024 >= 512);
        unit += 1;
    }
    // A tenth says something of small numbers only.
    match (tenths / 10, tenths % 10) {
        (whole @ 0..10, part @ 1..) if unit > 0 => format!("{whole}.{part} {}", UNITS[unit]),
        (whole, part) => format!("{} {}", whole + i64::from(part >= 5), UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_read_well() {
        for (bytes, words) in [
            (-1, "0 B"),
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KB"),
            (1_536, "1.5 KB"),
            (12 << 20, "12 MB"),
            (1 << 30, "1 GB"),
            (20_480 << 20, "20 GB"),
            (i64::MAX, "838861 TB"),
        ] {
            assert_eq!(size(bytes), words, "{bytes}");
        }
    }
}
