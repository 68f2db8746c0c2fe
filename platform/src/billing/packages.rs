//! What subscriptions include: data, not code.

use super::{Rates, store};
use crate::{Error, Result};
use alumia_protocol::{
    Microcredits,
    billing::{ModelTier as Tier, Operation, PackageCaps, PackageOffer},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::sync::Arc;

/// No package grants more credits a month.
const MOST_CREDITS: i64 = 100_000_000;
/// $1,000,000 a month.
const MOST_CENTS: i64 = 100_000_000;
/// How much of each there may be; `None` is as much as one likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    pub members: Option<u32>,
    pub projects: Option<u32>,
    pub schedules: Option<u32>,
    pub storage_mb: Option<u32>,
    pub browser_minutes: Option<u32>,
    pub sandbox_minutes: Option<u32>,
    pub concurrent_runs: Option<u32>,
}

/// A subscription plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    pub id: String,
    pub name: String,
    /// For a month.
    pub price_cents: i64,
    /// Granted at the beginning of each month, lost at its end.
    #[serde(deserialize_with = "whole_credits", serialize_with = "as_credits")]
    pub monthly_credits: Microcredits,
    pub tiers: Vec<Tier>,
    /// Whether calls may be paid by keys of the organisation's own.
    #[serde(default = "yes")]
    pub own_keys: bool,
    pub caps: Caps,
}

const fn yes() -> bool {
    true
}

impl Caps {
    /// Minutes a month of an operation that is paid by time.
    pub const fn minutes(&self, operation: Operation) -> Option<u32> {
        match operation {
            Operation::Model => None,
            Operation::Sandbox => self.sandbox_minutes,
            Operation::Browser => self.browser_minutes,
        }
    }
}

impl Package {
    /// As people and programs see it.
    pub fn offer(&self) -> PackageOffer {
        let Caps {
            members,
            projects,
            schedules,
            storage_mb,
            browser_minutes,
            sandbox_minutes,
            concurrent_runs,
        } = self.caps;
        PackageOffer {
            id: self.id.clone(),
            name: self.name.clone(),
            price_cents: self.price_cents,
            monthly_credits: self.monthly_credits,
            tiers: self.tiers.clone(),
            own_keys: self.own_keys,
            caps: PackageCaps {
                members,
                projects,
                schedules,
                storage_mb,
                browser_minutes,
                sandbox_minutes,
                concurrent_runs,
            },
            can_subscribe: false,
        }
    }
}

/// The packages of this server, and what is paid besides. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Packages {
    all: Arc<[Package]>,
    first: usize,
    rates: Rates,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    packages: Vec<Package>,
}

impl Packages {
    /// Those that come with Alumia, with the operator's `own` in the place of those of the same id; `first`
    /// is the one of new organisations.
    ///
    /// # Errors
    /// `BadRequest` with the entry and the field that is wrong.
    pub fn new(own: &[Package], first: &str) -> Result<Self> {
        let rows: Rows = toml::from_str(include_str!("packages.toml")).map_err(Error::internal)?;
        let mut all = rows.packages;
        for (index, package) in own.iter().enumerate() {
            let wrong = |message: String| {
                Error::BadRequest(format!(
                    "billing.packages[{index}] \"{}\": {message}",
                    package.id.escape_debug()
                ))
            };
            check(package).map_err(wrong)?;
            if own[..index].iter().any(|earlier| earlier.id == package.id) {
                return Err(wrong("id is used twice".into()));
            }
            match all.iter_mut().find(|row| row.id == package.id) {
                Some(row) => row.clone_from(package),
                None => all.push(package.clone()),
            }
        }
        let first = all.iter().position(|package| package.id == first).ok_or_else(|| {
            let ids: Vec<&str> = all.iter().map(|package| package.id.as_str()).collect();
            Error::BadRequest(format!(
                "[billing] package = \"{}\" is no package; there are: {}",
                first.escape_debug(),
                ids.join(", ")
            ))
        })?;
        Ok(Self { all: all.into(), first, rates: Rates::default() })
    }

    /// Names of those that include something.
    pub(crate) fn with(&self, includes: impl Fn(&Package) -> bool) -> Vec<String> {
        self.all.iter().filter(|package| includes(package)).map(|package| package.name.clone()).collect()
    }

    /// SQL: how many runs of the account `a` may go on at once.
    pub(crate) fn runs_at_once(&self) -> String {
        store::runs_at_once(self)
    }

    /// The same with these prices of what is paid by time.
    #[must_use]
    pub fn charging(self, rates: Rates) -> Self {
        Self { rates, ..self }
    }

    /// The prices of what is paid by time.
    pub const fn rates(&self) -> Rates {
        self.rates
    }

    /// In the order in which people see them.
    pub fn all(&self) -> &[Package] {
        &self.all
    }

    /// The one of new organisations.
    pub fn first(&self) -> &Package {
        &self.all[self.first]
    }

    /// By id; the one of new organisations in the place of one that the operator has removed.
    pub fn get(&self, id: &str) -> &Package {
        self.all.iter().find(|package| package.id == id).unwrap_or_else(|| self.first())
    }
}

fn check(package: &Package) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if package.id.is_empty() || package.id.len() > 40 || !package.id.chars().all(plain) {
        return Err("id must be 1 to 40 lower-case letters, digits or dashes".into());
    }
    if package.name.trim().is_empty() || package.name.len() > 100 {
        return Err("name must be 1 to 100 characters".into());
    }
    if !(0..=MOST_CENTS).contains(&package.price_cents) {
        return Err(format!("price_cents is {}; it must be 0 to {MOST_CENTS}", package.price_cents));
    }
    let credits = package.monthly_credits.0 / Microcredits::CREDIT.0;
    if !(0..=MOST_CREDITS).contains(&credits) {
        return Err(format!("monthly_credits is {credits}; it must be 0 to {MOST_CREDITS}"));
    }
    Ok(())
}

fn whole_credits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Microcredits, D::Error> {
    let credits = i64::deserialize(deserializer)?;
    Microcredits::credits(credits)
        .ok_or_else(|| D::Error::custom(format!("monthly_credits is {credits}, beyond what can be counted")))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn as_credits<S: serde::Serializer>(credits: &Microcredits, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(credits.0 / Microcredits::CREDIT.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own(text: &str) -> Result<Packages, String> {
        let rows: Rows = toml::from_str(text).map_err(|error| error.to_string())?;
        Packages::new(&rows.packages, "personal").map_err(|error| error.to_string())
    }

    fn row(id: &str, price: &str, credits: &str) -> String {
        format!(
            "[[packages]]\nid = \"pro\"\nname = \"Pro\"\nprice_cents = 1\nmonthly_credits = 1\ntiers = []\n\
             caps = {{}}\n[[packages]]\nid = \"{id}\"\nname = \"Own\"\nprice_cents = {price}\n\
             monthly_credits = {credits}\ntiers = [\"free\"]\ncaps = {{ members = 2 }}\n"
        )
    }

    #[test]
    fn an_operators_package_takes_the_place_of_ours() {
        let packages = own(&row("own", "5", "7")).unwrap();
        let ids: Vec<_> = packages.all().iter().map(|package| package.id.as_str()).collect();
        assert_eq!(ids, ["personal", "pro", "team", "scale", "own"]);
        assert_eq!(packages.get("pro").price_cents, 1);
        assert_eq!(packages.get("own").monthly_credits, Microcredits(7_000_000));
        assert_eq!(packages.get("gone").id, "personal");
        let unknown = Packages::new(&[], "gold").unwrap_err().to_string();
        assert!(unknown.contains("gold") && unknown.contains("personal, pro, team, scale"), "{unknown}");
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_entry() {
        for (id, price, credits, wanted) in [
            ("own", "-1", "0", "billing.packages[1] \"own\": price_cents is -1"),
            ("own", "0", "-1", "billing.packages[1] \"own\": monthly_credits is -1"),
            ("own", "0", "100000001", "billing.packages[1] \"own\": monthly_credits is 100000001"),
            ("own", "0", "9223372036854775807", "beyond what can be counted"),
            ("own", "0", "99999999999999999999", "monthly_credits"),
            ("own", "0", "0.5", "monthly_credits"),
            ("Own", "0", "0", "lower-case"),
            ("pro", "0", "0", "used twice"),
        ] {
            let message = own(&row(id, price, credits)).unwrap_err();
            assert!(message.contains(wanted), "{id} {price} {credits}: {message}");
        }
    }

    proptest! {
        #[test]
        fn prop_packages_are_taken_whole_or_refused(price: i64, credits: i64) {
            match own(&row("own", &price.to_string(), &credits.to_string())) {
                Ok(packages) => {
                    prop_assert!((0..=MOST_CENTS).contains(&price) && (0..=MOST_CREDITS).contains(&credits));
                    prop_assert_eq!(packages.get("own").monthly_credits.0, credits * 1_000_000);
                }
                Err(message) => {
                    prop_assert!(!(0..=MOST_CENTS).contains(&price) || !(0..=MOST_CREDITS).contains(&credits));
                    prop_assert!(message.contains("price_cents") || message.contains("monthly_credits"));
                }
            }
        }
    }
}
