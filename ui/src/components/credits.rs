//! Amounts of credits for people.

use alumia_protocol::Microcredits;

/// Credits with as many decimals as say something: `1,234.5 credits`, `0.006 credits`.
pub fn credits(amount: Microcredits) -> String {
    let text = number(amount);
    let unit = if text == "1" { "credit" } else { "credits" };
    format!("{text} {unit}")
}

/// The number alone. From ten credits on two decimals say enough; below, three digits that aren't zero do.
pub fn number(amount: Microcredits) -> String {
    let (whole, part) = (amount.0.unsigned_abs() / 1_000_000, amount.0.unsigned_abs() % 1_000_000);
    let sign = if amount.is_negative() { "-" } else { "" };
    let digits = format!("{part:06}");
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let keep = if whole >= 10 { 2 } else { (zeros + 3).min(6) };
    let decimals = digits[..keep].trim_end_matches('0');
    let whole = grouped(whole);
    if decimals.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{decimals}") }
}

/// An amount of money: `$12.50`.
pub fn money(cents: i64, currency: &str) -> String {
    let (whole, part) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let sign = if cents < 0 { "-" } else { "" };
    if currency == "usd" {
        return format!("{sign}${}.{part:02}", grouped(whole));
    }
    format!("{sign}{}.{part:02} {}", grouped(whole), currency.to_uppercase())
}

/// With a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{credits, money};
    use alumia_protocol::Microcredits;

    #[test]
    fn as_many_decimals_as_say_something() {
        for (micros, text) in [
            (0, "0 credits"),
            (1_000_000, "1 credit"),
            (6_000, "0.006 credits"),
            (1, "0.000001 credits"),
            (123_456, "0.123 credits"),
            (1_234_567, "1.234 credits"),
            (199_994_000, "199.99 credits"),
            (1_234_500_000, "1,234.5 credits"),
            (-2_500_000, "-2.5 credits"),
        ] {
            assert_eq!(credits(Microcredits(micros)), text);
        }
        assert_eq!((money(1_250, "usd"), money(100_000, "eur")), ("$12.50".into(), "1,000.00 EUR".into()));
    }
}
