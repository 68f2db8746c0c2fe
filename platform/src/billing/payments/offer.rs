//! What can be bought at once.

use super::gateway::Gateway;
use crate::{Error, Result};
use alumia_protocol::{Microcredits, billing::TopUpOffer};

/// Whole credits that are offered.
const CREDITS: [i64; 5] = [500, 1_000, 2_500, 5_000, 10_000];
const LEAST: i64 = 500;
const MOST: i64 = 100_000;
/// A credit is $0.01.
const CENTS_PER_CREDIT: i64 = 1;
pub const CURRENCY: &str = "usd";

/// The offer, as people see it.
pub fn offer(gateway: Option<&dyn Gateway>) -> TopUpOffer {
    TopUpOffer {
        credits: CREDITS.to_vec(),
        least: LEAST,
        most: MOST,
        cents_per_credit: CENTS_PER_CREDIT,
        currency: CURRENCY.into(),
        gateway: gateway.map(|gateway| gateway.id().into()),
        publishable_key: gateway.and_then(Gateway::publishable_key).map(Into::into),
        test_money: gateway.is_some_and(Gateway::takes_test_money),
    }
}

/// What is told to who asks for another amount.
pub fn bounds() -> String {
    format!("Buy from {LEAST} to {MOST} credits at once.")
}

/// The credits and what they cost, in cents.
///
/// # Errors
/// `Invalid` out of the bounds.
pub fn price(credits: i64) -> Result<(Microcredits, i64)> {
    let micros = Microcredits::credits(credits).filter(|_| (LEAST..=MOST).contains(&credits));
    let micros = micros.ok_or_else(|| Error::invalid("credits", bounds()))?;
    Ok((micros, credits * CENTS_PER_CREDIT))
}

/// The credits that so much of a payment's money stands for, rounded up: what is paid back takes at least what
/// it bought.
pub fn share(credits: Microcredits, part_cents: i64, all_cents: i64) -> Microcredits {
    let all = i128::from(all_cents.max(1));
    let part = (i128::from(credits.0) * i128::from(part_cents.max(0)) + all - 1) / all;
    Microcredits(i64::try_from(part).unwrap_or(credits.0)).min(credits)
}

#[cfg(test)]
mod tests {
    use super::{price, share};
    use alumia_protocol::Microcredits;

    #[test]
    fn amounts_have_bounds() {
        assert_eq!(price(500).unwrap(), (Microcredits(500_000_000), 500));
        for wrong in [i64::MIN, -500, 0, 499, 100_001, i64::MAX] {
            assert!(price(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_part_of_the_money_is_a_part_of_the_credits() {
        let credits = Microcredits(1_000_000);
        for (part, expected) in [(0, 0), (1, 333_334), (2, 666_667), (3, 1_000_000), (9, 1_000_000), (-1, 0)]
        {
            assert_eq!(share(credits, part, 3), Microcredits(expected), "{part}");
        }
    }
}
