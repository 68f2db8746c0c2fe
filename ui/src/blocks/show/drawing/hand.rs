//! What is being drawn, from the first touch to the last.

use super::shapes::{At, thinned};
use alumia_protocol::show::{Color, Shape};

/// What a hand on the drawing does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tool {
    #[default]
    Pen,
    Line,
    Arrow,
    Rectangle,
    Ellipse,
    Text,
    Eraser,
}

impl Tool {
    pub const ALL: [Self; 7] =
        [Self::Pen, Self::Line, Self::Arrow, Self::Rectangle, Self::Ellipse, Self::Text, Self::Eraser];

    /// Its icon and its name.
    pub const fn face(self) -> (&'static str, &'static str) {
        match self {
            Self::Pen => ("edit", "Pen"),
            Self::Line => ("line", "Line"),
            Self::Arrow => ("arrow-right", "Arrow"),
            Self::Rectangle => ("rectangle", "Rectangle"),
            Self::Ellipse => ("ellipse", "Ellipse"),
            Self::Text => ("text", "Words"),
            Self::Eraser => ("eraser", "Eraser"),
        }
    }
}

/// The most points of a stroke that is stored.
const POINTS: usize = 5_000;

/// A shape that begins; none for what isn't drawn.
pub(super) fn begun(tool: Tool, at: At, width: f64, color: Color) -> Option<Shape> {
    let (size, filled) = ([0.0, 0.0], false);
    Some(match tool {
        Tool::Pen => Shape::Stroke { points: vec![at], width, color },
        Tool::Line | Tool::Arrow => {
            Shape::Line { from: at, to: at, arrow: tool == Tool::Arrow, width, color }
        }
        Tool::Rectangle => Shape::Rectangle { at, size, filled, width, color },
        Tool::Ellipse => Shape::Ellipse { at, size, filled, width, color },
        Tool::Text | Tool::Eraser => return None,
    })
}

/// The shape goes on to another place. `start` is where it began.
pub(super) fn moved(shape: &mut Shape, start: At, to: At) {
    match shape {
        Shape::Stroke { points, .. } => {
            if points.last() != Some(&to) {
                points.push(to);
            }
        }
        Shape::Line { to: end, .. } => *end = to,
        Shape::Rectangle { at, size, .. } | Shape::Ellipse { at, size, .. } => {
            for axis in 0..2 {
                at[axis] = start[axis].min(to[axis]);
                size[axis] = (to[axis] - start[axis]).abs();
            }
        }
        Shape::Text { .. } => {}
    }
}

/// The finished shape; none where nothing was drawn. `unit` is a screen pixel in the drawing's units.
pub(super) fn finished(shape: Shape, unit: f64) -> Option<Shape> {
    let round = |at: At| at.map(|value| (value * 10.0).round() / 10.0);
    let small = |size: At| size[0].max(size[1]) < 3.0 * unit;
    match shape {
        Shape::Stroke { points, width, color } => {
            let mut within = 0.5 * unit;
            let mut kept = thinned(&points, within);
            while kept.len() > POINTS {
                within *= 2.0;
                kept = thinned(&points, within);
            }
            Some(Shape::Stroke { points: kept, width, color })
        }
        Shape::Line { from, to, arrow, width, color } => {
            let long = [(to[0] - from[0]).abs(), (to[1] - from[1]).abs()];
            (!small(long)).then(|| Shape::Line { from: round(from), to: round(to), arrow, width, color })
        }
        Shape::Rectangle { at, size, filled, width, color } => (!small(size)).then(|| Shape::Rectangle {
            at: round(at),
            size: round(size),
            filled,
            width,
            color,
        }),
        Shape::Ellipse { at, size, filled, width, color } => {
            (!small(size)).then(|| Shape::Ellipse { at: round(at), size: round(size), filled, width, color })
        }
        text @ Shape::Text { .. } => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_grow_in_every_direction() {
        let mut shape = begun(Tool::Ellipse, [50.0, 50.0], 3.0, Color::Red).unwrap();
        moved(&mut shape, [50.0, 50.0], [20.0, 90.04]);
        let Shape::Ellipse { at, size, .. } = finished(shape, 1.0).unwrap() else { panic!() };
        assert_eq!((at, size), ([20.0, 50.0], [30.0, 40.0]));
    }

    #[test]
    fn a_slip_draws_nothing_but_a_dot_of_the_pen() {
        for tool in Tool::ALL {
            let shape = begun(tool, [5.0, 5.0], 3.0, Color::Ink).and_then(|shape| finished(shape, 1.0));
            assert_eq!(shape.is_some(), tool == Tool::Pen, "{tool:?}");
        }
    }

    #[test]
    fn a_stroke_without_end_still_fits() {
        let mut shape = begun(Tool::Pen, [0.0, 0.0], 3.0, Color::Ink).unwrap();
        for step in 0..7_000 {
            let step = f64::from(step);
            moved(&mut shape, [0.0, 0.0], [step % 400.0, (step * 7.0) % 300.0]);
        }
        let shape = finished(shape, 0.1).unwrap();
        assert!(shape.check("").is_ok());
    }
}
