//! Lining things up: guides along neighbours' edges and centres, the distances to them, the grid.

use super::{Point, Rect, resize::Edges};

/// Distance of the snap grid's lines.
pub const GRID: f64 = 24.0;

/// A line that what is being moved stands on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guide {
    /// One end.
    pub from: Point,
    /// The other end; straight below or right of `from`.
    pub to: Point,
}

/// How far a neighbour on a guide is away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// One end.
    pub from: Point,
    /// The other end.
    pub to: Point,
}

impl Gap {
    /// Its length in whole pixels.
    pub fn length(self) -> f64 {
        self.from.distance(self.to).round()
    }
}

/// What lining up found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aligned {
    /// How far to move to stand on the guides.
    pub shift: Point,
    /// The lines.
    pub guides: Vec<Guide>,
    /// The distances to the nearest neighbours on them.
    pub gaps: Vec<Gap>,
}

#[derive(Clone, Copy)]
enum Axis {
    /// Positions along x; its guides are vertical.
    X,
    /// Positions along y; its guides are horizontal.
    Y,
}

impl Axis {
    /// Start and extent along this axis.
    const fn along(self, rect: Rect) -> (f64, f64) {
        match self {
            Self::X => (rect.x, rect.w),
            Self::Y => (rect.y, rect.h),
        }
    }

    const fn across(self) -> Self {
        match self {
            Self::X => Self::Y,
            Self::Y => Self::X,
        }
    }

    /// The point at `at` on this axis and `across` on the other.
    const fn point(self, at: f64, across: f64) -> Point {
        match self {
            Self::X => Point::new(at, across),
            Self::Y => Point::new(across, at),
        }
    }

    /// Start, middle and end of a rectangle.
    fn stops(self, rect: Rect) -> [f64; 3] {
        let (start, extent) = self.along(rect);
        [start, start + extent / 2.0, start + extent]
    }

    /// Which of the stops may move when `edges` are dragged.
    fn free_stops(self, rect: Rect, edges: Edges) -> Vec<f64> {
        let [start, middle, end] = self.stops(rect);
        let (low, high) = match self {
            Self::X => (edges.west, edges.east),
            Self::Y => (edges.north, edges.south),
        };
        match (low, high) {
            (true, true) => vec![start, middle, end],
            (true, false) => vec![start],
            (false, true) => vec![end],
            (false, false) => vec![],
        }
    }
}

/// Lines up `moving`, whose `edges` are being dragged (all of them when it is moved as a whole), with
/// neighbours that are at most `reach` canvas pixels away from a common line.
pub fn align(moving: Rect, edges: Edges, neighbours: &[Rect], reach: f64) -> Aligned {
    let mut aligned = Aligned::default();
    for axis in [Axis::X, Axis::Y] {
        let stops = axis.free_stops(moving, edges);
        let offsets = neighbours.iter().flat_map(|neighbour| {
            let stops = &stops;
            axis.stops(*neighbour).into_iter().flat_map(move |line| stops.iter().map(move |stop| line - stop))
        });
        let best = offsets.filter(|by| by.abs() <= reach).min_by(|a, b| a.abs().total_cmp(&b.abs()));
        match axis {
            Axis::X => aligned.shift.x = best.unwrap_or(0.0),
            Axis::Y => aligned.shift.y = best.unwrap_or(0.0),
        }
    }
    let placed = edges.pulled(moving, aligned.shift);
    for axis in [Axis::X, Axis::Y] {
        for line in axis.free_stops(placed, edges) {
            draw(&mut aligned, axis, line, placed, neighbours);
        }
    }
    aligned
}

/// Adds the guide at `line` and the gap to the nearest neighbour on either side, when there are any.
fn draw(aligned: &mut Aligned, axis: Axis, line: f64, placed: Rect, neighbours: &[Rect]) {
    let on_line = |rect: &&Rect| axis.stops(**rect).into_iter().any(|stop: f64| (stop - line).abs() < 0.01);
    let across = axis.across();
    let span = |rect: Rect| {
        let (start, extent) = across.along(rect);
        (start, start + extent)
    };
    let (start, end) = span(placed);
    let (mut low, mut high) = (start, end);
    let (mut before, mut after): (Option<f64>, Option<f64>) = (None, None);
    for neighbour in neighbours.iter().filter(on_line) {
        let (from, to) = span(*neighbour);
        (low, high) = (low.min(from), high.max(to));
        if to <= start {
            before = Some(before.map_or(to, |near| near.max(to)));
        } else if from >= end {
            after = Some(after.map_or(from, |near| near.min(from)));
        }
    }
    if low >= start && high <= end {
        return;
    }
    aligned.guides.push(Guide { from: axis.point(line, low), to: axis.point(line, high) });
    let gaps = [before.map(|near| (near, start)), after.map(|near| (end, near))];
    for (from, to) in gaps.into_iter().flatten().filter(|(from, to)| to - from >= 1.0) {
        let gap = Gap { from: axis.point(line, from), to: axis.point(line, to) };
        // The left and the right edge of equal columns have the same neighbour: one pill is enough.
        let known = |other: &Gap| match axis {
            Axis::X => other.from.y == gap.from.y && other.to.y == gap.to.y && other.from.x == other.to.x,
            Axis::Y => other.from.x == gap.from.x && other.to.x == gap.to.x && other.from.y == other.to.y,
        };
        if !aligned.gaps.iter().any(known) {
            aligned.gaps.push(gap);
        }
    }
}

/// How far to move so that the dragged edges stand on the grid.
pub fn to_grid(moving: Rect, edges: Edges) -> Point {
    let off = |at: f64| (at / GRID).round() * GRID - at;
    let along = |low: bool, high: bool, start: f64, end: f64| {
        if low {
            off(start)
        } else if high {
            off(end)
        } else {
            0.0
        }
    };
    Point::new(
        along(edges.west, edges.east, moving.x, moving.right()),
        along(edges.north, edges.south, moving.y, moving.bottom()),
    )
}

#[cfg(test)]
mod tests {
    use super::{Gap, align, to_grid};
    use crate::canvas::geometry::{Point, Rect, resize::Edges};

    #[test]
    fn snaps_to_the_nearest_edge_or_centre() {
        let neighbour = Rect::new(100.0, 0.0, 200.0, 100.0);
        let moving = Rect::new(103.0, 300.0, 80.0, 60.0);
        let aligned = align(moving, Edges::ALL, &[neighbour], 6.0);
        assert_eq!(aligned.shift, Point::new(-3.0, 0.0));
        let guide = aligned.guides[0];
        assert_eq!((guide.from, guide.to), (Point::new(100.0, 0.0), Point::new(100.0, 360.0)));
        let gap = Gap { from: Point::new(100.0, 100.0), to: Point::new(100.0, 300.0) };
        assert_eq!((aligned.gaps.as_slice(), gap.length()), ([gap].as_slice(), 200.0));

        let centred = Rect::new(162.0, 300.0, 80.0, 60.0);
        assert_eq!(align(centred, Edges::ALL, &[neighbour], 6.0).shift, Point::new(-2.0, 0.0));
    }

    #[test]
    fn lets_go_out_of_reach() {
        let aligned =
            align(Rect::new(0.0, 0.0, 10.0, 10.0), Edges::ALL, &[Rect::new(500.0, 500.0, 9.0, 9.0)], 6.0);
        assert_eq!(aligned, super::Aligned::default());
    }

    #[test]
    fn equal_columns_show_one_distance() {
        let above = Rect::new(0.0, 0.0, 100.0, 50.0);
        let aligned = align(Rect::new(0.0, 80.0, 100.0, 50.0), Edges::ALL, &[above], 6.0);
        assert_eq!((aligned.guides.len(), aligned.gaps.len()), (3, 1));
    }

    #[test]
    fn a_dragged_edge_snaps_alone() {
        let neighbour = Rect::new(0.0, 200.0, 304.0, 50.0);
        let moving = Rect::new(7.0, 0.0, 294.0, 100.0);
        let edges = Edges { east: true, ..Edges::NONE };
        assert_eq!(align(moving, edges, &[neighbour], 6.0).shift, Point::new(3.0, 0.0));
        assert_eq!(align(moving, Edges::NONE, &[neighbour], 6.0).shift, Point::default());
    }

    #[test]
    fn stands_on_the_grid() {
        let moving = Rect::new(25.0, -13.0, 50.0, 50.0);
        assert_eq!(to_grid(moving, Edges::ALL), Point::new(-1.0, -11.0));
        assert_eq!(to_grid(moving, Edges { east: true, ..Edges::NONE }), Point::new(-3.0, 0.0));
    }
}
