//! Pulling a rectangle by its edges.

use super::{Point, Rect};

/// Smallest block.
pub const MIN_WIDTH: f64 = 160.0;
/// Smallest block.
pub const MIN_HEIGHT: f64 = 72.0;

/// Which edges are pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a rectangle has four edges")]
pub struct Edges {
    /// Top.
    pub north: bool,
    /// Right.
    pub east: bool,
    /// Bottom.
    pub south: bool,
    /// Left.
    pub west: bool,
}

impl Edges {
    /// All: the rectangle moves.
    pub const ALL: Self = Self { north: true, east: true, south: true, west: true };
    /// None.
    pub const NONE: Self = Self { north: false, east: false, south: false, west: false };
    /// The eight handles, as they are named in the page.
    pub const HANDLES: [&'static str; 8] = ["n", "e", "s", "w", "ne", "se", "sw", "nw"];

    /// By a handle's name.
    pub fn named(name: &str) -> Option<Self> {
        Self::HANDLES.contains(&name).then(|| Self {
            north: name.contains('n'),
            east: name.contains('e'),
            south: name.contains('s'),
            west: name.contains('w'),
        })
    }

    /// The rectangle with these edges moved by `by`.
    pub fn pulled(self, rect: Rect, by: Point) -> Rect {
        let mut out = rect;
        if self.west {
            out.x += by.x;
            out.w -= by.x;
        }
        if self.east {
            out.w += by.x;
        }
        if self.north {
            out.y += by.y;
            out.h -= by.y;
        }
        if self.south {
            out.h += by.y;
        }
        out
    }

    /// The same, not smaller than the smallest block: the opposite edge stays where it is.
    pub fn resized(self, rect: Rect, by: Point) -> Rect {
        let mut out = self.pulled(rect, by);
        if out.w < MIN_WIDTH {
            if self.west {
                out.x = rect.right() - MIN_WIDTH;
            }
            out.w = MIN_WIDTH;
        }
        if out.h < MIN_HEIGHT {
            if self.north {
                out.y = rect.bottom() - MIN_HEIGHT;
            }
            out.h = MIN_HEIGHT;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Edges, MIN_HEIGHT, MIN_WIDTH};
    use crate::canvas::geometry::{Point, Rect};

    const START: Rect = Rect::new(100.0, 100.0, 400.0, 300.0);

    #[test]
    fn every_handle_moves_its_own_edges() {
        let by = Point::new(10.0, 20.0);
        let pulled = |name: &str| Edges::named(name).unwrap().resized(START, by);
        assert_eq!(pulled("e"), Rect::new(100.0, 100.0, 410.0, 300.0));
        assert_eq!(pulled("n"), Rect::new(100.0, 120.0, 400.0, 280.0));
        assert_eq!(pulled("sw"), Rect::new(110.0, 100.0, 390.0, 320.0));
        assert_eq!(Edges::ALL.pulled(START, by), START.moved(by));
        assert_eq!(Edges::named("x"), None);
    }

    #[test]
    fn stops_at_the_smallest_size_with_the_far_edge_in_place() {
        let small = Edges::named("nw").unwrap().resized(START, Point::new(900.0, 900.0));
        assert_eq!((small.right(), small.bottom()), (START.right(), START.bottom()));
        assert_eq!((small.w, small.h), (MIN_WIDTH, MIN_HEIGHT));
    }
}
