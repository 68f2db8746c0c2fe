//! Shapes as SVG elements of ours, and what is under a pointer.

use super::super::paint;
use alumia_protocol::show::Shape;
use leptos::prelude::*;
use std::fmt::Write as _;

/// A place on the drawing.
pub(super) type At = [f64; 2];

fn between(a: At, b: At) -> At {
    [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]
}

/// A stroke's outline: curves through the middles between its points, so that it looks as the hand moved.
pub(super) fn curve(points: &[At]) -> String {
    let mut path = String::new();
    let Some(first) = points.first() else { return path };
    // Writing to a string can't fail.
    let _ = write!(path, "M{:.1} {:.1}", first[0], first[1]);
    match points {
        [_] => path.push_str("h.01"),
        [_, second] => _ = write!(path, "L{:.1} {:.1}", second[0], second[1]),
        _ => {
            for pair in points[1..].windows(2) {
                let to = between(pair[0], pair[1]);
                let _ = write!(path, "Q{:.1} {:.1} {:.1} {:.1}", pair[0][0], pair[0][1], to[0], to[1]);
            }
            let last = points[points.len() - 1];
            let _ = write!(path, "L{:.1} {:.1}", last[0], last[1]);
        }
    }
    path
}

/// A straight line, with its arrow's head.
fn straight(from: At, to: At, head: Option<f64>) -> String {
    let mut path = format!("M{:.1} {:.1}L{:.1} {:.1}", from[0], from[1], to[0], to[1]);
    if let Some(long) = head {
        let angle = (to[1] - from[1]).atan2(to[0] - from[0]);
        let end = |turn: f64| (to[0] - long * (angle + turn).cos(), to[1] - long * (angle + turn).sin());
        let ((ax, ay), (bx, by)) = (end(0.45), end(-0.45));
        let _ = write!(path, "M{ax:.1} {ay:.1}L{:.1} {:.1}L{bx:.1} {by:.1}", to[0], to[1]);
    }
    path
}

/// One shape.
pub(super) fn drawn(shape: &Shape) -> AnyView {
    let line = |path: String, width: f64, color| {
        view! { <path class="draw-line" d=path stroke-width=width.to_string() style=paint(color) /> }
            .into_any()
    };
    match shape {
        Shape::Stroke { points, width, color } => line(curve(points), *width, *color),
        Shape::Line { from, to, arrow, width, color } => {
            line(straight(*from, *to, arrow.then_some(8.0 + width * 2.5)), *width, *color)
        }
        Shape::Rectangle { at, size, filled, width, color } => view! {
            <rect
                class="draw-line"
                data-filled=filled.then_some("")
                x=at[0].to_string()
                y=at[1].to_string()
                width=size[0].to_string()
                height=size[1].to_string()
                rx="2"
                stroke-width=width.to_string()
                style=paint(*color)
            />
        }
        .into_any(),
        Shape::Ellipse { at, size, filled, width, color } => view! {
            <ellipse
                class="draw-line"
                data-filled=filled.then_some("")
                cx=(at[0] + size[0] / 2.0).to_string()
                cy=(at[1] + size[1] / 2.0).to_string()
                rx=(size[0] / 2.0).to_string()
                ry=(size[1] / 2.0).to_string()
                stroke-width=width.to_string()
                style=paint(*color)
            />
        }
        .into_any(),
        Shape::Text { at, text, size, color } => view! {
            <text
                class="draw-words"
                x=at[0].to_string()
                y=at[1].to_string()
                font-size=size.to_string()
                style=paint(*color)
            >
                {text.clone()}
            </text>
        }
        .into_any(),
    }
}

/// How far a place is from a piece of a line.
fn apart(at: At, from: At, to: At) -> f64 {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let long = dx * dx + dy * dy;
    let share = if long == 0.0 { 0.0 } else { ((at[0] - from[0]) * dx + (at[1] - from[1]) * dy) / long };
    let share = share.clamp(0.0, 1.0);
    (at[0] - from[0] - share * dx).hypot(at[1] - from[1] - share * dy)
}

/// Whether a shape is at a place, within `reach`.
pub(super) fn is_at(shape: &Shape, at: At, reach: f64) -> bool {
    match shape {
        Shape::Stroke { points, width, .. } => match points.as_slice() {
            [one] => apart(at, *one, *one) <= reach + width / 2.0,
            points => points.windows(2).any(|pair| apart(at, pair[0], pair[1]) <= reach + width / 2.0),
        },
        Shape::Line { from, to, width, .. } => apart(at, *from, *to) <= reach + width / 2.0,
        Shape::Rectangle { at: corner, size, .. } | Shape::Ellipse { at: corner, size, .. } => (0..2)
            .all(|axis| at[axis] >= corner[axis] - reach && at[axis] <= corner[axis] + size[axis] + reach),
        Shape::Text { at: start, text, size, .. } => {
            let long = text.chars().count() as f64 * size * 0.6;
            at[0] >= start[0] - reach
                && at[0] <= start[0] + long + reach
                && at[1] <= start[1] + size * 0.3 + reach
                && at[1] >= start[1] - size - reach
        }
    }
}

/// A stroke with the points alone that matter for how it looks (Ramer, Douglas, Peucker), to a tenth of a unit.
pub(super) fn thinned(points: &[At], within: f64) -> Vec<At> {
    let round = |at: &At| at.map(|value| (value * 10.0).round() / 10.0);
    if points.len() < 3 {
        return points.iter().map(round).collect();
    }
    let mut kept = vec![false; points.len()];
    (kept[0], kept[points.len() - 1]) = (true, true);
    let mut open = vec![(0, points.len() - 1)];
    while let Some((first, last)) = open.pop() {
        let farthest = (first + 1..last)
            .map(|index| (index, apart(points[index], points[first], points[last])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((index, _)) = farthest.filter(|(_, away)| *away > within) {
            kept[index] = true;
            open.extend([(first, index), (index, last)]);
        }
    }
    points.iter().zip(kept).filter(|(_, kept)| *kept).map(|(at, _)| round(at)).collect()
}

/// What is on a drawing, for those who can't see it and for whom nobody wrote it down.
pub(super) fn summary(shapes: &[Shape]) -> String {
    let words: Vec<&str> = shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let others = shapes.len() - words.len();
    let counted = match others {
        0 => String::new(),
        1 => "1 shape".to_owned(),
        many => format!("{many} shapes"),
    };
    match (counted.is_empty(), words.is_empty()) {
        (true, true) => "Drawing: empty".into(),
        (false, true) => format!("Drawing: {counted}"),
        (true, false) => format!("Drawing with the words {}", words.join(", ")),
        (false, false) => format!("Drawing: {counted}, and the words {}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::show::Color;

    #[test]
    fn a_straight_stroke_keeps_its_ends_and_a_bent_one_its_bend() {
        let straight: Vec<At> = (0..100).map(|x| [f64::from(x), 0.04 * f64::from(x % 2)]).collect();
        assert_eq!(thinned(&straight, 0.5), [[0.0, 0.0], [99.0, 0.0]]);
        let bent = [[0.0, 0.0], [50.0, 0.0], [50.0, 50.0]];
        assert_eq!(thinned(&bent, 0.5), bent);
        assert_eq!(thinned(&[[1.26, 2.0]], 0.5), [[1.3, 2.0]]);
        assert_eq!(curve(&[[1.0, 2.0]]), "M1.0 2.0h.01");
        assert_eq!(curve(&bent), "M0.0 0.0Q50.0 0.0 50.0 25.0L50.0 50.0");
    }

    #[test]
    fn the_eraser_finds_what_it_touches() {
        let (width, color) = (4.0, Color::Ink);
        let line = Shape::Line { from: [0.0, 0.0], to: [100.0, 0.0], arrow: false, width, color };
        assert!(
            is_at(&line, [50.0, 6.0], 5.0)
                && !is_at(&line, [50.0, 9.0], 5.0)
                && !is_at(&line, [120.0, 0.0], 5.0)
        );
        let dot = Shape::Stroke { points: vec![[5.0, 5.0]], width, color };
        assert!(is_at(&dot, [6.0, 6.0], 1.0) && !is_at(&dot, [15.0, 5.0], 1.0));
        let text = Shape::Text { at: [10.0, 30.0], text: "Well".into(), size: 20.0, color };
        assert!(is_at(&text, [30.0, 24.0], 0.0) && !is_at(&text, [30.0, 60.0], 0.0));
        assert_eq!(summary(&[line, text]), "Drawing: 1 shape, and the words Well");
    }
}
