//! The curves between nodes.

use super::{Point, Rect};
use std::fmt::Write;

/// A side of a rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Top.
    North,
    /// Right.
    East,
    /// Bottom.
    South,
    /// Left.
    West,
}

impl Side {
    /// The middle of this side.
    fn anchor(self, rect: Rect) -> Point {
        let center = rect.center();
        match self {
            Self::North => Point::new(center.x, rect.y),
            Self::East => Point::new(rect.right(), center.y),
            Self::South => Point::new(center.x, rect.bottom()),
            Self::West => Point::new(rect.x, center.y),
        }
    }

    const fn outward(self) -> Point {
        match self {
            Self::North => Point::new(0.0, -1.0),
            Self::East => Point::new(1.0, 0.0),
            Self::South => Point::new(0.0, 1.0),
            Self::West => Point::new(-1.0, 0.0),
        }
    }
}

/// The sides that face each other: along the axis on which the rectangles are further apart.
pub fn sides(from: Rect, to: Rect) -> (Side, Side) {
    let apart_x = (to.x - from.right()).max(from.x - to.right());
    let apart_y = (to.y - from.bottom()).max(from.y - to.bottom());
    let (a, b) = (from.center(), to.center());
    if apart_x >= apart_y {
        if b.x >= a.x { (Side::East, Side::West) } else { (Side::West, Side::East) }
    } else if b.y >= a.y {
        (Side::South, Side::North)
    } else {
        (Side::North, Side::South)
    }
}

/// Appends the curve from one rectangle to another to an SVG path. Edges that lead the same way share
/// one path, so that thousands of them are one element.
pub fn push_curve(path: &mut String, from: Rect, to: Rect) {
    let (out, inward) = sides(from, to);
    let (start, end) = (out.anchor(from), inward.anchor(to));
    let reach = (start.distance(end) * 0.45).clamp(24.0, 220.0);
    let bend = |at: Point, side: Side| {
        let way = side.outward();
        Point::new(at.x + way.x * reach, at.y + way.y * reach)
    };
    let (one, two) = (bend(start, out), bend(end, inward));
    // Writing to a String can't fail.
    let _ = write!(
        path,
        "M{:.0} {:.0}C{:.0} {:.0} {:.0} {:.0} {:.0} {:.0}",
        start.x, start.y, one.x, one.y, two.x, two.y, end.x, end.y
    );
}

#[cfg(test)]
mod tests {
    use super::{Side, push_curve, sides};
    use crate::canvas::geometry::Rect;

    const HERE: Rect = Rect::new(0.0, 0.0, 100.0, 100.0);

    #[test]
    fn leaves_by_the_side_that_faces_the_other() {
        assert_eq!(sides(HERE, Rect::new(300.0, 40.0, 50.0, 50.0)), (Side::East, Side::West));
        assert_eq!(sides(HERE, Rect::new(-300.0, 40.0, 50.0, 50.0)), (Side::West, Side::East));
        assert_eq!(sides(HERE, Rect::new(10.0, 400.0, 50.0, 50.0)), (Side::South, Side::North));
        assert_eq!(sides(HERE, Rect::new(10.0, -400.0, 50.0, 50.0)), (Side::North, Side::South));
    }

    #[test]
    fn curves_join_in_one_path() {
        let mut path = String::new();
        push_curve(&mut path, HERE, Rect::new(300.0, 0.0, 100.0, 100.0));
        push_curve(&mut path, HERE, HERE);
        assert!(path.starts_with("M100 50C190 50 210 50 300 50M"), "{path}");
    }
}
