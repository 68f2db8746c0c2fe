//! When months and periods begin, in UTC.

use crate::{Error, Result};
use alumia_protocol::{Timestamp, billing::BudgetPeriod};
use jiff::{ToSpan as _, civil::DateTime, tz::Offset};

/// The beginning of the period that holds `at`.
pub fn period_start(period: BudgetPeriod, at: Timestamp) -> Result<Timestamp> {
    let date = civil(at)?.date();
    let date = match period {
        BudgetPeriod::Total => return Ok(Timestamp(0)),
        BudgetPeriod::Day => date,
        BudgetPeriod::Week => {
            let days = i64::from(date.weekday().to_monday_zero_offset());
            date.checked_sub(days.days()).map_err(Error::internal)?
        }
        BudgetPeriod::Month => date.first_of_month(),
    };
    micros(date.at(0, 0, 0, 0))
}

/// The month, counted from `anchor`, that holds `at`: its beginning and its end. Months that begin on a day
/// which a month doesn't have begin on its last one.
pub fn month(anchor: Timestamp, at: Timestamp) -> Result<(Timestamp, Timestamp)> {
    let (anchor, at) = (civil(anchor)?, civil(at)?);
    let begin = |months: i32| anchor.checked_add(months.months()).map_err(Error::internal);
    let mut months = (i32::from(at.year()) - i32::from(anchor.year())) * 12 + i32::from(at.month())
        - i32::from(anchor.month());
    if begin(months)? > at {
        months -= 1;
    }
    Ok((micros(begin(months)?)?, micros(begin(months + 1)?)?))
}

fn civil(at: Timestamp) -> Result<DateTime> {
    let at = jiff::Timestamp::from_microsecond(at.0).map_err(Error::internal)?;
    Ok(Offset::UTC.to_datetime(at))
}

fn micros(at: DateTime) -> Result<Timestamp> {
    let at = Offset::UTC.to_timestamp(at).map_err(Error::internal)?;
    Ok(Timestamp(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn periods_begin_where_people_expect() {
        let now = at("2026-11-25T13:14:15.5Z");
        for (period, start) in [
            (BudgetPeriod::Day, "2026-11-25T00:00:00Z"),
            (BudgetPeriod::Week, "2026-11-23T00:00:00Z"),
            (BudgetPeriod::Month, "2026-11-01T00:00:00Z"),
            (BudgetPeriod::Total, "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(period_start(period, now).unwrap(), at(start), "{period:?}");
            assert_eq!(period_start(period, at(start)).unwrap(), at(start), "{period:?}");
        }
    }

    #[test]
    fn months_are_counted_from_their_first() {
        let anchor = at("2026-01-31T10:00:00Z");
        for (now, start, end) in [
            ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2026-02-28T09:59:59Z", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2026-02-28T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"),
            ("2028-03-01T00:00:00Z", "2028-02-29T10:00:00Z", "2028-03-31T10:00:00Z"),
            ("2026-01-30T00:00:00Z", "2025-12-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ] {
            assert_eq!(month(anchor, at(now)).unwrap(), (at(start), at(end)), "{now}");
        }
    }
}
