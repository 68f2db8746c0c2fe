use alumia_protocol::{events::Usage, models::Price};

/// What a model call costs, in microcredits, rounded up to the next whole one. Cached tokens are part of
/// the input tokens and have their own price. `None` when a count is negative or the sum is beyond i64.
pub fn cost(price: &Price, usage: &Usage) -> Option<i64> {
    let counts = [usage.input_tokens, usage.cached_tokens, usage.output_tokens];
    if counts.iter().any(|count| *count < 0) {
        return None;
    }
    let cached = usage.cached_tokens.min(usage.input_tokens);
    let part = |tokens: i64, price: i64| i128::from(tokens) * i128::from(price);
    let millionths = part(usage.input_tokens - cached, price.input)
        + part(cached, price.cached)
        + part(usage.output_tokens, price.output);
    i64::try_from((millionths + 999_999) / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::cost;
    use alumia_protocol::{events::Usage, models::Price};

    const PRICE: Price = Price { input: 300_000_000, output: 1_500_000_000, cached: 30_000_000 };

    fn usage(input_tokens: i64, cached_tokens: i64, output_tokens: i64) -> Usage {
        Usage { input_tokens, cached_tokens, output_tokens }
    }

    #[test]
    fn a_million_tokens_cost_their_price() {
        assert_eq!(cost(&PRICE, &usage(1_000_000, 0, 0)), Some(300_000_000));
        assert_eq!(cost(&PRICE, &usage(1_000_000, 1_000_000, 1_000_000)), Some(1_530_000_000));
        assert_eq!(cost(&PRICE, &usage(0, 0, 0)), Some(0));
    }

    #[test]
    fn parts_of_a_microcredit_are_rounded_up() {
        let price = Price { input: 1, output: 1, cached: 1 };
        assert_eq!(cost(&price, &usage(1, 0, 0)), Some(1));
        assert_eq!(cost(&price, &usage(1_000_000, 0, 1)), Some(2));
    }

    #[test]
    fn nonsense_has_no_cost() {
        assert_eq!(cost(&PRICE, &usage(-1, 0, 0)), None);
        assert_eq!(cost(&PRICE, &usage(i64::MAX, 0, i64::MAX)), None);
        // More cached than sent counts as all of it cached.
        assert_eq!(cost(&PRICE, &usage(1_000_000, 2_000_000, 0)), Some(30_000_000));
    }
}
