//! Line, bar, area and scatter: numbers along two axes.

use super::{
    HEIGHT, Spot, WIDTH, colour, dash,
    scale::{self, Scale},
};
use alumia_protocol::dataspec::{Chart, ChartKind};
use leptos::prelude::*;
use std::fmt::Write as _;

/// Room around the plot for labels.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 40.0;
const PLOT: f64 = WIDTH - LEFT - RIGHT;
const TALL: f64 = HEIGHT - TOP - BOTTOM;
/// Beyond so many points single ones are not drawn: the line says it.
const MARKED: usize = 60;

pub(super) fn draw(spec: &Chart, spot: RwSignal<Option<Spot>>) -> AnyView {
    let plot = Plot::new(spec);
    let marks = match spec.kind {
        ChartKind::Bar => plot.bars(spec),
        ChartKind::Area => plot.areas(spec),
        ChartKind::Scatter => plot.points(spec),
        ChartKind::Line | ChartKind::Pie => plot.lines(spec),
    };
    view! { {plot.frame(spec)} {marks} {plot.spots(spec, spot)} }.into_any()
}

struct Plot {
    y: Scale,
    /// Only scatter has numbers along the horizontal axis.
    x: Option<Scale>,
    count: usize,
    /// What each value stands on, by series and label: what is below it in a stack.
    base: Vec<Vec<f64>>,
}

impl Plot {
    fn new(spec: &Chart) -> Self {
        let stacked = spec.stacked && matches!(spec.kind, ChartKind::Bar | ChartKind::Area);
        let count = spec.labels.len();
        let mut up = vec![0.0; count];
        let mut down = vec![0.0; count];
        let base: Vec<Vec<f64>> = spec
            .series
            .iter()
            .map(|series| {
                let floors = series.values.iter().enumerate().map(|(index, value)| {
                    let value = value.unwrap_or(0.0);
                    let pile = if value < 0.0 { down.get_mut(index) } else { up.get_mut(index) };
                    pile.filter(|_| stacked).map_or(0.0, |pile| {
                        let floor = *pile;
                        *pile += value;
                        floor
                    })
                });
                floors.collect()
            })
            .collect();
        let tops = spec.series.iter().zip(&base).flat_map(|(series, base)| {
            series.values.iter().zip(base).filter_map(|(value, base)| Some((*value)? + base))
        });
        let zero = matches!(spec.kind, ChartKind::Bar | ChartKind::Area);
        let y = Scale::covering(tops, zero, 5);
        let x = (spec.kind == ChartKind::Scatter).then(|| {
            Scale::covering(spec.series.iter().flat_map(|series| series.x.iter().copied()), false, 6)
        });
        Self { y, x, count, base }
    }

    fn y(&self, value: f64) -> f64 {
        TOP + TALL * (1.0 - self.y.share(value))
    }

    /// The middle of a label's place. Lines and areas reach from edge to edge.
    fn x(&self, kind: ChartKind, index: usize) -> f64 {
        match kind {
            ChartKind::Line | ChartKind::Area if self.count > 1 => {
                LEFT + PLOT * index as f64 / (self.count - 1) as f64
            }
            _ => LEFT + PLOT * (index as f64 + 0.5) / self.count.max(1) as f64,
        }
    }

    fn frame(&self, spec: &Chart) -> AnyView {
        let rows = self.y.ticks.iter().map(|&tick| {
            let at = self.y(tick);
            let class = if tick == 0.0 { "chart-zero" } else { "chart-grid" };
            view! {
                <path class=class d=format!("M{LEFT} {at:.1}H{}", WIDTH - RIGHT) />
                <text class="chart-number" x=LEFT - 8.0 y=at + 4.0 text-anchor="end">{self.y.label(tick)}</text>
            }
        });
        let columns = match &self.x {
            Some(scale) => scale
                .ticks
                .iter()
                .map(|&tick| (LEFT + PLOT * scale.share(tick), scale.label(tick)))
                .collect::<Vec<_>>(),
            None => {
                let longest =
                    spec.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).min(14);
                let every = scale::every(self.count, longest as f64 * 6.6 + 14.0, PLOT);
                let labels = spec.labels.iter().enumerate().step_by(every);
                labels.map(|(index, label)| (self.x(spec.kind, index), shortened(label))).collect()
            }
        };
        let columns = columns.into_iter().map(|(at, label)| {
            // The outermost labels stay inside the drawing.
            let anchor = if at > WIDTH - 40.0 { "end" } else if at < LEFT + 8.0 { "start" } else { "middle" };
            view! { <text class="chart-number" x=format!("{at:.1}") y=HEIGHT - BOTTOM + 18.0 text-anchor=anchor>{label}</text> }
        });
        view! {
            <g aria-hidden="true">
                {rows.collect_view()}
                {columns.collect_view()}
                <text class="chart-label" x="4" y="12">{spec.y_label.clone()}</text>
                <text class="chart-label" x=WIDTH - RIGHT y=HEIGHT - 6.0 text-anchor="end">{spec.x_label.clone()}</text>
            </g>
        }
        .into_any()
    }

    fn lines(&self, spec: &Chart) -> AnyView {
        let lines = spec.series.iter().enumerate().map(|(index, series)| {
            let mut path = String::new();
            let mut pen_up = true;
            let mut marks = vec![];
            for (at, value) in series.values.iter().enumerate() {
                let Some(value) = value else {
                    pen_up = true;
                    continue;
                };
                let (x, y) = (self.x(spec.kind, at), self.y(*value));
                let _ = write!(path, "{}{x:.1} {y:.1}", if pen_up { 'M' } else { 'L' });
                pen_up = false;
                if self.count <= MARKED {
                    marks.push(marker(index, x, y));
                }
            }
            view! {
                <g style=("color", colour(index))>
                    <path class="chart-line" d=path stroke-dasharray=dash(index) />
                    {marks}
                </g>
            }
        });
        lines.collect_view().into_any()
    }

    fn areas(&self, spec: &Chart) -> AnyView {
        let areas = spec.series.iter().enumerate().map(|(index, series)| {
            let mut top = String::new();
            let mut bottom = String::new();
            for (at, (value, base)) in series.values.iter().zip(&self.base[index]).enumerate() {
                let x = self.x(spec.kind, at);
                let _ = write!(
                    top,
                    "{}{x:.1} {:.1}",
                    if at == 0 { 'M' } else { 'L' },
                    self.y(value.unwrap_or(0.0) + base)
                );
                bottom.insert_str(0, &format!("L{x:.1} {:.1}", self.y(*base)));
            }
            view! {
                <g style=("color", colour(index))>
                    <path class="chart-area" d=format!("{top}{bottom}Z") />
                    <path class="chart-line" d=top stroke-dasharray=dash(index) />
                </g>
            }
        });
        areas.collect_view().into_any()
    }

    fn bars(&self, spec: &Chart) -> AnyView {
        let lanes = if spec.stacked { 1 } else { spec.series.len() };
        let room = PLOT / self.count.max(1) as f64 * 0.72;
        let wide = room / lanes as f64;
        let bars = spec.series.iter().enumerate().map(|(index, series)| {
            let lane = if spec.stacked { 0 } else { index };
            let bars =
                series.values.iter().zip(&self.base[index]).enumerate().filter_map(|(at, (value, base))| {
                    let (from, to) = (self.y(*base), self.y((*value)? + base));
                    let x = self.x(spec.kind, at) - room / 2.0 + wide * lane as f64;
                    Some(view! {
                        <rect
                            class="chart-bar"
                            x=format!("{:.1}", x + 0.5)
                            y=format!("{:.1}", from.min(to))
                            width=format!("{:.1}", (wide - 1.0).max(0.5))
                            height=format!("{:.1}", (from - to).abs().max(0.5))
                        />
                    })
                });
            view! { <g style=("color", colour(index))>{bars.collect_view()}</g> }
        });
        bars.collect_view().into_any()
    }

    fn points(&self, spec: &Chart) -> AnyView {
        let Some(scale) = &self.x else { return ().into_any() };
        let groups = spec.series.iter().enumerate().map(|(index, series)| {
            let points = series
                .x
                .iter()
                .zip(&series.values)
                .filter_map(|(x, y)| Some(marker(index, LEFT + PLOT * scale.share(*x), self.y((*y)?))));
            view! { <g style=("color", colour(index))>{points.collect_view()}</g> }
        });
        groups.collect_view().into_any()
    }

    /// Wide, invisible targets that say a label's values.
    fn spots(&self, spec: &Chart, spot: RwSignal<Option<Spot>>) -> AnyView {
        if self.x.is_some() {
            return ().into_any();
        }
        let wide = PLOT / self.count.max(1) as f64;
        let targets = spec.labels.iter().enumerate().map(|(at, label)| {
            let values = spec.series.iter().filter_map(|series| {
                let value = series.values.get(at).copied().flatten()?;
                Some((value, format!("{}: {}", series.name, scale::exact(value))))
            });
            let (numbers, words): (Vec<f64>, Vec<String>) = values.unzip();
            let x = self.x(spec.kind, at);
            let highest = numbers.into_iter().fold(f64::NEG_INFINITY, f64::max);
            let y = if highest.is_finite() { self.y(highest).max(TOP) } else { TOP };
            let words = format!("{label}\n{}", words.join("\n"));
            view! {
                <rect
                    class="chart-target"
                    x=format!("{:.1}", x - wide / 2.0)
                    y=TOP
                    width=format!("{wide:.1}")
                    height=TALL
                    on:pointerenter=move |_| spot.set(Some(Spot { x, y, words: words.clone() }))
                />
            }
        });
        view! { <g aria-hidden="true">{targets.collect_view()}</g> }.into_any()
    }
}

/// A dot, square, triangle or diamond, so that series differ without colour.
fn marker(series: usize, x: f64, y: f64) -> AnyView {
    let d = match series % 4 {
        0 => format!("M{:.1} {y:.1}a3 3 0 1 0 6 0a3 3 0 1 0-6 0", x - 3.0),
        1 => format!("M{:.1} {:.1}h5.4v5.4h-5.4z", x - 2.7, y - 2.7),
        2 => format!("M{x:.1} {:.1}l3.4 6h-6.8z", y - 3.6),
        _ => format!("M{x:.1} {:.1}l3.8 3.8l-3.8 3.8l-3.8-3.8z", y - 3.8),
    };
    view! { <path class="chart-marker" d=d /> }.into_any()
}

fn shortened(label: &str) -> String {
    if label.chars().count() <= 14 {
        return label.to_owned();
    }
    label.chars().take(13).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::Plot;
    use alumia_protocol::dataspec::{Chart, ChartKind, Series};

    #[test]
    fn stacked_values_stand_on_what_is_below_them() {
        let series = |values: [f64; 2]| Series {
            name: String::new(),
            values: values.into_iter().map(Some).collect(),
            x: vec![],
        };
        let plot = Plot::new(&Chart {
            kind: ChartKind::Bar,
            labels: vec!["a".into(), "b".into()],
            series: vec![series([1.0, -2.0]), series([3.0, 4.0]), series([5.0, -1.0])],
            x_label: String::new(),
            y_label: String::new(),
            stacked: true,
        });
        assert_eq!(plot.base, [[0.0, 0.0], [1.0, 0.0], [4.0, -2.0]]);
        assert!(plot.y.ticks[0] <= -3.0 && plot.y.ticks.last().is_some_and(|top| *top >= 9.0));
    }
}
