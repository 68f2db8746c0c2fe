//! Credits as people read them.

use alumia_protocol::Microcredits;

/// "12,480", "42.5", "0.0031": as many digits as matter, never more than there is.
pub fn number(amount: Microcredits) -> String {
    let micros = amount.0.unsigned_abs();
    let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
    let decimals = match micros {
        0 | 100_000_000.. => 0,
        1_000_000.. => 2,
        100.. => 4,
        _ => 6,
    };
    let part = format!("{part:06}");
    let part = part.get(..decimals).unwrap_or_default().trim_end_matches('0');
    let sign = if amount.is_negative() { "−" } else { "" };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{part}", thousands(whole))
}

/// "12,480 credits", "1 credit".
pub fn words(amount: Microcredits) -> String {
    let unit = if amount == Microcredits::CREDIT { "credit" } else { "credits" };
    format!("{} {unit}", number(amount))
}

/// What something has cost so far, and that own keys paid for some of it; nothing where there was nothing to pay.
pub fn spent(cost: Microcredits, own_key_calls: i64) -> Option<String> {
    match (cost.is_positive(), own_key_calls > 0) {
        (true, false) => Some(words(cost)),
        (true, true) => Some(format!("{} and own key", words(cost))),
        (false, true) => Some("Own key".to_owned()),
        (false, false) => None,
    }
}

/// "1,234,567".
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "$12.00" for US dollars, "12.00 EUR" for others.
pub fn money(cents: i64, currency: &str) -> String {
    let amount = format!("{}.{:02}", thousands(cents.unsigned_abs() / 100), cents.unsigned_abs() % 100);
    let sign = if cents < 0 { "−" } else { "" };
    if currency == "usd" {
        format!("{sign}${amount}")
    } else {
        format!("{sign}{amount} {}", currency.to_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::{money, number, words};
    use alumia_protocol::Microcredits;

    #[test]
    fn reads_at_a_glance_and_never_says_more_than_there_is() {
        for (micros, text) in [
            (0, "0"),
            (1, "0.000001"),
            (99, "0.000099"),
            (3_149, "0.0031"),
            (999_999, "0.9999"),
            (1_000_000, "1"),
            (42_509_999, "42.5"),
            (99_999_999, "99.99"),
            (100_999_999, "100"),
            (12_480_000_000, "12,480"),
            (-1_234_567_000_000, "−1,234,567"),
        ] {
            assert_eq!(number(Microcredits(micros)), text);
        }
        assert_eq!(words(Microcredits::CREDIT), "1 credit");
        assert_eq!(money(123_456, "usd"), "$1,234.56");
        assert_eq!(money(-5, "eur"), "−0.05 EUR");
    }
}
