//! Axes: round numbers, and where a value stands.

/// A linear axis with round ticks that cover all its values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) ticks: Vec<f64>,
    step: f64,
}

impl Scale {
    /// About `count` ticks over the values; with `zero` the axis starts or ends there.
    pub(super) fn covering(values: impl Iterator<Item = f64>, zero: bool, count: usize) -> Self {
        let (mut low, mut high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if low == high {
            let pad = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = (low - if zero && low == 0.0 { 0.0 } else { pad }, high + pad);
        }
        let step = round_step((high - low) / count.max(1) as f64);
        let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
        Self { ticks: (first..=last).map(|index| index as f64 * step).collect(), step }
    }

    /// 0 at the first tick, 1 at the last.
    pub(super) fn share(&self, value: f64) -> f64 {
        let (first, last) = (self.ticks[0], self.ticks[self.ticks.len() - 1]);
        (value - first) / (last - first)
    }

    /// A tick as it should be read.
    pub(super) fn label(&self, tick: f64) -> String {
        let decimals = if self.step >= 1.0 { 0 } else { (-self.step.log10()).ceil() as usize };
        grouped(tick, decimals)
    }
}

/// 1, 2 or 5 times a power of ten, not below `raw`.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= raw * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// A number with thousands apart.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
        out.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    out
}

/// A value as it was given, with thousands apart.
pub(super) fn exact(value: f64) -> String {
    let text = format!("{value}");
    let decimals = text.split_once('.').map_or(0, |(_, rest)| rest.len().min(6));
    grouped(value, decimals)
}

/// Every how many of `count` labels fit, when each needs `wide` and there are `room` units.
pub(super) fn every(count: usize, wide: f64, room: f64) -> usize {
    ((count as f64 * wide) / room).ceil().max(1.0) as usize
}

#[cfg(test)]
mod tests {
    use super::{Scale, every, exact, grouped};

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        let scale = Scale::covering([3.0, 97.0].into_iter(), true, 5);
        assert_eq!(scale.ticks, [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        let scale = Scale::covering([315.7, 426.9].into_iter(), false, 5);
        assert_eq!(scale.ticks, [300.0, 350.0, 400.0, 450.0]);
        let scale = Scale::covering([-0.3, 0.4].into_iter(), true, 4);
        assert_eq!(scale.label(scale.ticks[0]), "−0.4");
    }

    #[test]
    fn one_value_or_none_still_makes_an_axis() {
        for values in [vec![], vec![0.0], vec![7.0], vec![-2.0], vec![f64::NAN]] {
            let scale = Scale::covering(values.iter().copied(), false, 5);
            assert!(scale.ticks.len() >= 2, "{values:?}: {:?}", scale.ticks);
            for value in values.into_iter().filter(|value| value.is_finite()) {
                assert!((0.0..=1.0).contains(&scale.share(value)));
            }
        }
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(1_234_567.0, 0), "1,234,567");
        assert_eq!(grouped(-0.04, 1), "0.0");
        assert_eq!(exact(-1234.5), "−1,234.5");
        assert_eq!(exact(3.0), "3");
    }

    #[test]
    fn labels_that_do_not_fit_are_thinned_out() {
        assert_eq!(every(12, 30.0, 600.0), 1);
        assert_eq!(every(480, 30.0, 600.0), 24);
    }
}
