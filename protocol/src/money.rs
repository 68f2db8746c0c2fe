//! Amounts of credits.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Microcredits: 1 credit is 1,000,000 of them and $0.01. On the wire an integer.
///
/// There is no `+` on purpose: whoever computes says what happens when it doesn't fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Microcredits(pub i64);

impl Microcredits {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One credit.
    pub const CREDIT: Self = Self(1_000_000);

    /// Whole credits; `None` beyond what fits.
    pub const fn credits(credits: i64) -> Option<Self> {
        match credits.checked_mul(Self::CREDIT.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// Credits as people write them, `1,000` or `12.5`; `None` for a sign, more than six decimals, anything
    /// else, and beyond what fits.
    pub fn parse_credits(text: &str) -> Option<Self> {
        let text = text.trim().replace([',', ' '], "");
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > 6 || !digits(whole) || !digits(part) {
            return None;
        }
        let part: i64 = format!("{part:0<6}").parse().ok()?;
        Self::credits(whole.parse().ok()?)?.checked_add(Self(part))
    }

    /// The sum; `None` beyond what fits.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference; `None` beyond what fits.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The sum of all; `None` beyond what fits.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl fmt::Display for Microcredits {
    /// In credits, without more decimals than it has: `12.5 credits`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let sign = if self.is_negative() { "-" } else { "" };
        if part == 0 {
            let unit = if whole == 1 { "credit" } else { "credits" };
            return write!(f, "{sign}{whole} {unit}");
        }
        let part = format!("{part:06}");
        write!(f, "{sign}{whole}.{} credits", part.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::Microcredits;

    #[test]
    fn reads_as_credits() {
        for (micros, text) in [
            (0, "0 credits"),
            (1_000_000, "1 credit"),
            (12_500_000, "12.5 credits"),
            (-1, "-0.000001 credits"),
            (i64::MIN, "-9223372036854.775808 credits"),
        ] {
            assert_eq!(Microcredits(micros).to_string(), text);
        }
    }

    #[test]
    fn is_read_as_people_write_it() {
        for (text, micros) in [
            ("500", 500_000_000),
            (" 1,000 ", 1_000_000_000),
            ("12.5", 12_500_000),
            ("0.000001", 1),
            ("0", 0),
        ] {
            assert_eq!(Microcredits::parse_credits(text), Some(Microcredits(micros)), "{text}");
        }
        for wrong in ["", ".", ".5", "-1", "1e3", "1.2.3", "0.0000001", "９", "99999999999999999999"] {
            assert_eq!(Microcredits::parse_credits(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_is_nothing() {
        let most = Microcredits(i64::MAX);
        assert_eq!(most.checked_add(Microcredits(1)), None);
        assert_eq!(Microcredits(i64::MIN).checked_sub(Microcredits(1)), None);
        assert_eq!(Microcredits::credits(i64::MAX), None);
        assert_eq!(Microcredits::checked_sum([most, Microcredits(1), Microcredits(-1)]), None);
        assert_eq!(Microcredits::credits(3), Some(Microcredits(3_000_000)));
    }
}
