//! What is paid by time costs.

use crate::{Error, Result};
use alumia_protocol::{Microcredits, billing::Operation};

/// $10,000 a second: beyond any price that is meant.
const MOST: i64 = 1_000_000_000_000;

/// What a second of each operation costs; zero for what isn't paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    sandbox_second: Microcredits,
}

impl Rates {
    /// These prices, in microcredits.
    ///
    /// # Errors
    /// `BadRequest` for one that is negative or absurd.
    pub fn new(sandbox_second: i64) -> Result<Self> {
        if !(0..=MOST).contains(&sandbox_second) {
            return Err(Error::BadRequest(format!(
                "[billing] sandbox_second_price is {sandbox_second}; it must be 0 to {MOST}"
            )));
        }
        Ok(Self { sandbox_second: Microcredits(sandbox_second) })
    }

    /// The price of a second.
    pub const fn second(self, operation: Operation) -> Microcredits {
        match operation {
            Operation::Model => Microcredits::ZERO,
            Operation::Sandbox => self.sandbox_second,
        }
    }
}
