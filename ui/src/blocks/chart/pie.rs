//! Shares of a whole.

use super::{HEIGHT, Spot, colour, scale};
use alumia_protocol::dataspec::Chart;
use leptos::prelude::*;
use std::f64::consts::TAU;

const RADIUS: f64 = HEIGHT / 2.0 - 16.0;
const MIDDLE: (f64, f64) = (RADIUS + 24.0, HEIGHT / 2.0);
/// Names that fit beside the pie.
const NAMED: usize = 11;

pub(super) fn draw(spec: &Chart, spot: RwSignal<Option<Spot>>) -> AnyView {
    let Some(series) = spec.series.first() else { return ().into_any() };
    let slices = slices(spec.labels.iter().map(String::as_str), &series.values);
    let rows = slices.iter().take(NAMED).enumerate().map(|(index, slice)| {
        let y = 30.0 + index as f64 * 25.0;
        view! {
            <rect x=MIDDLE.0 + RADIUS + 32.0 y=y - 9.0 width="11" height="11" rx="2" style=("fill", colour(index)) />
            <text class="chart-name" x=MIDDLE.0 + RADIUS + 52.0 y=y>{slice.words.clone()}</text>
        }
    });
    let left_out = slices.len().saturating_sub(NAMED);
    let more = (left_out > 0).then(|| {
        let y = 30.0 + NAMED as f64 * 25.0;
        view! { <text class="chart-number" x=MIDDLE.0 + RADIUS + 52.0 y=y>{format!("and {left_out} more")}</text> }
    });
    let paths = slices.iter().enumerate().map(|(index, slice)| {
        let (x, y) = slice.middle();
        let words = slice.words.clone();
        view! {
            <path
                class="chart-slice"
                d=slice.path()
                style=("fill", colour(index))
                on:pointerenter=move |_| spot.set(Some(Spot { x, y, words: words.clone() }))
            />
        }
    });
    view! { {paths.collect_view()} <g aria-hidden="true">{rows.collect_view()}{more}</g> }.into_any()
}

#[derive(Debug, PartialEq)]
struct Slice {
    /// Clockwise from the top, in turns.
    from: f64,
    to: f64,
    words: String,
}

fn slices<'a>(labels: impl Iterator<Item = &'a str>, values: &[Option<f64>]) -> Vec<Slice> {
    let total: f64 = values.iter().flatten().sum();
    let mut from = 0.0;
    let slices = labels.zip(values).filter_map(|(label, value)| {
        let value = value.filter(|value| *value > 0.0)?;
        let share = value / total;
        let slice = Slice {
            from,
            to: from + share,
            words: format!("{label}: {} ({} %)", scale::exact(value), scale::grouped(share * 100.0, 1)),
        };
        from = slice.to;
        Some(slice)
    });
    slices.collect()
}

fn at(turn: f64, radius: f64) -> (f64, f64) {
    let angle = turn * TAU;
    (MIDDLE.0 + radius * angle.sin(), MIDDLE.1 - radius * angle.cos())
}

impl Slice {
    fn path(&self) -> String {
        // An arc from a point to itself draws nothing: a whole circle is two halves.
        if self.to - self.from > 0.999_9 {
            let (x, y) = at(0.0, RADIUS);
            return format!("M{x} {y}a{RADIUS} {RADIUS} 0 1 1 -0.01 0z");
        }
        let ((x0, y0), (x1, y1)) = (at(self.from, RADIUS), at(self.to, RADIUS));
        let large = i32::from(self.to - self.from > 0.5);
        format!("M{} {}L{x0:.2} {y0:.2}A{RADIUS} {RADIUS} 0 {large} 1 {x1:.2} {y1:.2}Z", MIDDLE.0, MIDDLE.1)
    }

    fn middle(&self) -> (f64, f64) {
        at(f64::midpoint(self.from, self.to), RADIUS * 0.7)
    }
}

#[cfg(test)]
mod tests {
    use super::slices;

    #[test]
    fn shares_add_up_and_nothing_is_drawn_for_nothing() {
        let slices = slices(["a", "b", "c", "d"].into_iter(), &[Some(1.0), None, Some(0.0), Some(3.0)]);
        assert_eq!(slices.len(), 2);
        assert_eq!((slices[0].to, slices[1].from, slices[1].to), (0.25, 0.25, 1.0));
        assert_eq!(slices[1].words, "d: 3 (75.0 %)");
    }
}
