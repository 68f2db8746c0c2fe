//! Where things are on the canvas. Pure: no page, no signals.

pub mod arrange;
pub mod edges;
pub mod grid;
pub mod history;
pub mod minimap;
pub mod order;
pub mod resize;
pub mod snap;
pub mod viewport;

/// Edge of the square around the origin that holds everything; what lies further out is brought in.
const WORLD: f64 = 1_000_000.0;

/// A point, in canvas or screen pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

impl Point {
    /// A point.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Distance to another point.
    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point half way to another one.
    #[must_use]
    pub fn middle(self, other: Self) -> Self {
        Self::new(f64::midpoint(self.x, other.x), f64::midpoint(self.y, other.y))
    }
}

impl std::ops::Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl std::ops::Sub for Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

/// A width and a height, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Size {
    /// A size.
    pub const fn new(w: f64, h: f64) -> Self {
        Self { w, h }
    }

    /// Whether there is nothing to see in it: before the first measure, or when hidden.
    pub fn is_empty(self) -> bool {
        self.w <= 0.0 || self.h <= 0.0
    }
}

/// A rectangle; `x` and `y` are its top left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// A rectangle.
    pub const fn new(x: f64, y: f64, w: f64, h: f64) -> Self {
        Self { x, y, w, h }
    }

    /// The smallest rectangle that has both points as corners.
    pub fn between(a: Point, b: Point) -> Self {
        Self::new(a.x.min(b.x), a.y.min(b.y), (a.x - b.x).abs(), (a.y - b.y).abs())
    }

    /// Brings a rectangle that a program chose into what the canvas can show.
    #[must_use]
    pub fn tamed(self) -> Self {
        let place = |at: f64| if at.is_finite() { at.clamp(-WORLD, WORLD) } else { 0.0 };
        let extent = |by: f64| if by.is_finite() { by.clamp(0.0, WORLD) } else { 0.0 };
        Self::new(place(self.x), place(self.y), extent(self.w), extent(self.h))
    }

    /// Right edge.
    pub fn right(self) -> f64 {
        self.x + self.w
    }

    /// Bottom edge.
    pub fn bottom(self) -> f64 {
        self.y + self.h
    }

    /// Top left corner.
    pub fn origin(self) -> Point {
        Point::new(self.x, self.y)
    }

    /// Centre.
    pub fn center(self) -> Point {
        Point::new(self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// The same size elsewhere.
    #[must_use]
    pub fn moved(self, by: Point) -> Self {
        Self { x: self.x + by.x, y: self.y + by.y, ..self }
    }

    /// Grown by `by` on every side.
    #[must_use]
    pub fn grown(self, by: f64) -> Self {
        Self::new(self.x - by, self.y - by, self.w + 2.0 * by, self.h + 2.0 * by)
    }

    /// Whether they share more than an edge.
    pub fn intersects(self, other: Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Whether all of `other` is inside.
    pub fn holds(self, other: Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && self.right() >= other.right()
            && self.bottom() >= other.bottom()
    }

    /// The smallest rectangle around both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Self::new(x, y, self.right().max(other.right()) - x, self.bottom().max(other.bottom()) - y)
    }

    /// The smallest rectangle around all.
    pub fn around(rects: impl IntoIterator<Item = Self>) -> Option<Self> {
        rects.into_iter().reduce(Self::union)
    }
}

#[cfg(test)]
mod tests {
    use super::{Point, Rect};

    #[test]
    fn touching_edges_do_not_intersect() {
        let one = Rect::new(0.0, 0.0, 10.0, 10.0);
        assert!(!one.intersects(Rect::new(10.0, 0.0, 5.0, 5.0)));
        assert!(one.intersects(Rect::new(9.9, 9.9, 5.0, 5.0)));
        assert!(one.holds(one) && !one.holds(one.grown(0.1)));
    }

    #[test]
    fn spans_corners_in_any_order() {
        let rect = Rect::between(Point::new(5.0, -2.0), Point::new(-1.0, 4.0));
        assert_eq!(rect, Rect::new(-1.0, -2.0, 6.0, 6.0));
        let rects = [Rect::new(0.0, 0.0, 1.0, 1.0), Rect::new(9.0, -3.0, 1.0, 1.0)];
        assert_eq!(Rect::around(rects), Some(Rect::new(0.0, -3.0, 10.0, 4.0)));
        assert_eq!(Rect::around([]), None);
    }

    #[test]
    fn tames_what_no_screen_could_show() {
        let wild = Rect::new(f64::NAN, -1e300, f64::INFINITY, -4.0).tamed();
        assert_eq!(wild, Rect::new(0.0, -1_000_000.0, 0.0, 0.0));
    }
}
