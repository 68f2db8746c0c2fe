//! What is paid by time costs.

use crate::{Error, Result};
use alumia_protocol::{Microcredits, billing::Operation};

/// $10,000 a second: beyond any price that is meant.
const MOST: i64 = 1_000_000_000_000;

/// What a second of each operation costs; zero for what isn't paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    sandbox_second: Microcredits,
    browser_second: Microcredits,
}

impl Rates {
    /// These prices, in microcredits.
    ///
    /// # Errors
    /// `BadRequest` for one that is negative or absurd.
    pub fn new(sandbox_second: i64, browser_second: i64) -> Result<Self> {
        for (name, price) in [("sandbox", sandbox_second), ("browser", browser_second)] {
            if !(0..=MOST).contains(&price) {
                return Err(Error::BadRequest(format!(
                    "[billing] {name}_second_price is {price}; it must be 0 to {MOST}"
                )));
            }
        }
        Ok(Self {
            sandbox_second: Microcredits(sandbox_second),
            browser_second: Microcredits(browser_second),
        })
    }

    /// The price of a second.
    pub const fn second(self, operation: Operation) -> Microcredits {
        match operation {
            Operation::Model => Microcredits::ZERO,
            Operation::Sandbox => self.sandbox_second,
            Operation::Browser => self.browser_second,
        }
    }
}
