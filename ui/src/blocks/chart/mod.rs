//! Charts as SVG, drawn on the server too. The same numbers stand in a table behind a switch, and colour is
//! never alone: series differ in dash and marker as well.

mod axes;
mod pie;
mod scale;

use alumia_protocol::dataspec::{Chart, ChartKind};
use leptos::prelude::*;

/// The drawing's own units; it scales with the block.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;

/// A point that can be pointed at.
#[derive(Clone, Debug, PartialEq)]
struct Spot {
    x: f64,
    y: f64,
    words: String,
}

pub(super) fn view(spec: Chart) -> AnyView {
    let shown = RwSignal::new(false);
    let spot = RwSignal::new(None::<Spot>);
    let drawing = match spec.kind {
        ChartKind::Pie => pie::draw(&spec, spot),
        _ => axes::draw(&spec, spot),
    };
    let summary = summary(&spec);
    let legend = (spec.series.len() > 1 && spec.kind != ChartKind::Pie).then(|| {
        let keys = spec.series.iter().enumerate().map(|(index, series)| {
            view! { <li><Key index line=spec.kind == ChartKind::Line />{series.name.clone()}</li> }
        });
        view! { <ul class="chart-legend" role="list">{keys.collect_view()}</ul> }
    });
    let tip = move || {
        spot.get().map(|spot| {
            let left = format!("{}%", spot.x / WIDTH * 100.0);
            let top = format!("{}%", spot.y / HEIGHT * 100.0);
            let side = if spot.x > WIDTH * 0.6 { "left" } else { "right" };
            view! { <p class="chart-tip" data-side=side style=("left", left) style=("top", top) aria-hidden="true">{spot.words}</p> }
        })
    };
    let numbers = StoredValue::new(spec);
    view! {
        <figure class="block-chart">
            {legend}
            <div class="chart-drawing" on:pointerleave=move |_| spot.set(None)>
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") role="img" aria-label=summary>{drawing}</svg>
                {tip}
            </div>
            <button
                type="button"
                class="chart-switch"
                aria-expanded=move || shown.get().to_string()
                on:click=move |_| shown.update(|shown| *shown = !*shown)
            >
                {move || if shown.get() { "Hide the numbers" } else { "Show the numbers" }}
            </button>
            {move || shown.get().then(|| numbers.with_value(table))}
        </figure>
    }
    .into_any()
}

/// Colour and dash of a series in the legend.
#[component]
fn Key(index: usize, line: bool) -> impl IntoView {
    let colour = colour(index);
    if line {
        view! {
            <svg class="chart-key" viewBox="0 0 20 10" aria-hidden="true">
                <path d="M1 5h18" style=("stroke", colour) stroke-width="2.5" stroke-dasharray=dash(index) />
            </svg>
        }
        .into_any()
    } else {
        view! { <span class="chart-key square" style=("background", colour) aria-hidden="true"></span> }
            .into_any()
    }
}

fn colour(index: usize) -> String {
    format!("var(--chart-{})", index % 8 + 1)
}

const fn dash(index: usize) -> &'static str {
    ["", "7 4", "2 3", "10 3 2 3", "4 2", "12 4", "1 4", "6 2 1 2"][index % 8]
}

/// What the drawing shows, in words.
fn summary(spec: &Chart) -> String {
    let kind = match spec.kind {
        ChartKind::Line => "Line chart",
        ChartKind::Bar => "Bar chart",
        ChartKind::Area => "Area chart",
        ChartKind::Pie => "Pie chart",
        ChartKind::Scatter => "Scatter chart",
    };
    let series = spec.series.iter().map(|series| {
        let values = || series.values.iter().flatten().copied();
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            format!("{}: no values", series.name)
        } else {
            format!("{}: {} to {}", series.name, scale::exact(low), scale::exact(high))
        }
    });
    let axes = match (spec.x_label.as_str(), spec.y_label.as_str()) {
        ("", "") => String::new(),
        (x, "") => format!(" by {x}"),
        ("", y) => format!(" of {y}"),
        (x, y) => format!(" of {y} by {x}"),
    };
    format!("{kind}{axes}. {}", series.collect::<Vec<_>>().join("; "))
}

fn table(spec: &Chart) -> AnyView {
    let cell =
        |value: Option<f64>| view! { <td class="num">{value.map(scale::exact).unwrap_or_default()}</td> };
    let scatter = spec.kind == ChartKind::Scatter;
    let head =
        spec.series.iter().map(|series| view! { <th scope="col">{series.name.clone()}</th> }).collect_view();
    let rows = if scatter {
        let points = spec.series.iter().flat_map(|series| {
            series.x.iter().zip(&series.values).map(move |(x, y)| {
                view! { <tr><th scope="row">{series.name.clone()}</th>{cell(Some(*x))}{cell(*y)}</tr> }
            })
        });
        points.collect_view().into_any()
    } else {
        let rows = spec.labels.iter().enumerate().map(|(row, label)| {
            let cells = spec
                .series
                .iter()
                .map(|series| cell(series.values.get(row).copied().flatten()))
                .collect_view();
            view! { <tr><th scope="row">{label.clone()}</th>{cells}</tr> }
        });
        rows.collect_view().into_any()
    };
    let named = |label: &str, or: &str| if label.is_empty() { or.to_owned() } else { label.to_owned() };
    let head = if scatter {
        view! {
            <th scope="col">"Series"</th>
            <th scope="col">{named(&spec.x_label, "x")}</th>
            <th scope="col">{named(&spec.y_label, "y")}</th>
        }
        .into_any()
    } else {
        view! { <th scope="col">{named(&spec.x_label, "Label")}</th>{head} }.into_any()
    };
    view! {
        <div class="chart-table" tabindex="0" role="region" aria-label="The chart's numbers">
            <table>
                <thead><tr>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::summary;
    use alumia_protocol::dataspec::DataSpec;

    #[test]
    fn a_chart_says_what_it_shows() {
        let spec = DataSpec::examples().into_iter().find_map(|spec| match spec {
            DataSpec::Chart(spec) => Some(spec),
            _ => None,
        });
        assert_eq!(
            summary(&spec.unwrap()),
            "Line chart of Yield (t/ha) by Year. North: 3.1 to 3.9; South: 2.2 to 2.9"
        );
    }
}
