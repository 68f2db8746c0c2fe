//! What part of the canvas is on the screen.

use super::{Point, Rect, Size};

/// Furthest out.
pub const MIN_ZOOM: f64 = 0.1;
/// Furthest in.
pub const MAX_ZOOM: f64 = 4.0;

/// What part of the canvas is on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// The canvas point in the screen's top left corner.
    pub origin: Point,
    /// Screen pixels per canvas pixel.
    pub zoom: f64,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { origin: Point::default(), zoom: 1.0 }
    }
}

impl Viewport {
    /// A viewport whose zoom is within bounds; `None` for numbers that make no sense.
    pub fn checked(x: f64, y: f64, zoom: f64) -> Option<Self> {
        let sane = x.is_finite() && y.is_finite() && zoom.is_finite() && zoom > 0.0;
        sane.then(|| Self { origin: Point::new(x, y), zoom: zoom.clamp(MIN_ZOOM, MAX_ZOOM) })
    }

    /// Screen to canvas.
    pub fn to_canvas(self, screen: Point) -> Point {
        Point::new(self.origin.x + screen.x / self.zoom, self.origin.y + screen.y / self.zoom)
    }

    /// Canvas to screen.
    pub fn to_screen(self, canvas: Point) -> Point {
        Point::new((canvas.x - self.origin.x) * self.zoom, (canvas.y - self.origin.y) * self.zoom)
    }

    /// The part of the canvas that a screen of this size shows.
    pub fn shown(self, screen: Size) -> Rect {
        Rect::new(self.origin.x, self.origin.y, screen.w / self.zoom, screen.h / self.zoom)
    }

    /// Moves what is shown by a distance on the screen: the canvas follows the finger.
    #[must_use]
    pub fn panned(self, by: Point) -> Self {
        let origin = Point::new(self.origin.x - by.x / self.zoom, self.origin.y - by.y / self.zoom);
        Self { origin, ..self }
    }

    /// Zooms to `zoom` with the canvas point under `at` (on the screen) staying where it is.
    #[must_use]
    pub fn zoomed(self, zoom: f64, at: Point) -> Self {
        let fixed = self.to_canvas(at);
        let zoom = if zoom.is_finite() { zoom.clamp(MIN_ZOOM, MAX_ZOOM) } else { self.zoom };
        Self { origin: Point::new(fixed.x - at.x / zoom, fixed.y - at.y / zoom), zoom }
    }

    /// Shows all of `what` with `margin` screen pixels around it, at most at `limit`.
    pub fn fitting(what: Rect, screen: Size, margin: f64, limit: f64) -> Self {
        let room = Size::new((screen.w - 2.0 * margin).max(1.0), (screen.h - 2.0 * margin).max(1.0));
        let zoom = (room.w / what.w.max(1.0)).min(room.h / what.h.max(1.0)).min(limit);
        Self { origin: Point::default(), zoom: zoom.clamp(MIN_ZOOM, MAX_ZOOM) }
            .centered(what.center(), screen)
    }

    /// The same zoom with `on` in the middle of the screen.
    #[must_use]
    pub fn centered(self, on: Point, screen: Size) -> Self {
        let half = Point::new(screen.w / 2.0 / self.zoom, screen.h / 2.0 / self.zoom);
        Self { origin: on - half, ..self }
    }

    /// The nearest viewport of the same zoom that shows `what` with `margin` screen pixels to spare;
    /// what is larger than the screen is shown from its top left corner.
    #[must_use]
    pub fn revealing(self, what: Rect, screen: Size, margin: f64) -> Self {
        let shown = self.shown(screen);
        let margin = margin / self.zoom;
        let along = |start: f64, length: f64, from: f64, extent: f64| {
            if extent + 2.0 * margin > length || from - margin < start {
                from - margin
            } else if from + extent + margin > start + length {
                from + extent + margin - length
            } else {
                start
            }
        };
        if shown.holds(what) {
            return self;
        }
        let origin =
            Point::new(along(shown.x, shown.w, what.x, what.w), along(shown.y, shown.h, what.y, what.h));
        Self { origin, ..self }
    }

    /// The viewport on the way to another one, `part` from 0 to 1. Zoom changes by equal factors.
    #[must_use]
    pub fn toward(self, end: Self, screen: Size, part: f64) -> Self {
        if part >= 1.0 {
            return end;
        }
        let zoom = self.zoom * (end.zoom / self.zoom).powf(part);
        let center = |view: Self| view.shown(screen).center();
        let (from, to) = (center(self), center(end));
        let on = Point::new(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part);
        Self { zoom, ..self }.centered(on, screen)
    }

    /// The layer's transform.
    pub fn css(self) -> String {
        let shift = self.to_screen(Point::default());
        format!("translate({:.2}px,{:.2}px) scale({:.5})", shift.x, shift.y, self.zoom)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ZOOM, MIN_ZOOM, Viewport};
    use crate::canvas::geometry::{Point, Rect, Size};

    const SCREEN: Size = Size::new(800.0, 600.0);

    fn near(a: Point, b: Point) -> bool {
        a.distance(b) < 1e-6
    }

    #[test]
    fn screen_and_canvas_are_inverse() {
        let view = Viewport { origin: Point::new(-120.0, 44.0), zoom: 0.37 };
        let at = Point::new(311.0, 17.0);
        assert!(near(view.to_screen(view.to_canvas(at)), at));
    }

    #[test]
    fn zoom_keeps_the_point_under_the_pointer_and_its_bounds() {
        let view = Viewport { origin: Point::new(50.0, -20.0), zoom: 1.0 };
        let at = Point::new(200.0, 90.0);
        let before = view.to_canvas(at);
        for wanted in [0.001, 0.5, 1.7, 99.0, f64::NAN] {
            let zoomed = view.zoomed(wanted, at);
            assert!(near(zoomed.to_canvas(at), before));
            assert!((MIN_ZOOM..=MAX_ZOOM).contains(&zoomed.zoom));
        }
    }

    #[test]
    fn fit_shows_everything_and_does_not_magnify() {
        let what = Rect::new(-3000.0, 200.0, 5000.0, 1200.0);
        let view = Viewport::fitting(what, SCREEN, 40.0, 1.0);
        assert!(view.shown(SCREEN).holds(what));
        let small = Viewport::fitting(Rect::new(5.0, 5.0, 10.0, 10.0), SCREEN, 40.0, 1.0);
        assert!((small.zoom - 1.0).abs() < 1e-9);
        assert!(near(small.to_screen(Point::new(10.0, 10.0)), Point::new(400.0, 300.0)));
    }

    #[test]
    fn pan_follows_the_finger() {
        let view = Viewport { origin: Point::default(), zoom: 2.0 }.panned(Point::new(10.0, -6.0));
        assert!(near(view.origin, Point::new(-5.0, 3.0)));
    }

    #[test]
    fn reveals_with_the_least_move() {
        let view = Viewport::default();
        let inside = Rect::new(10.0, 10.0, 50.0, 50.0);
        assert_eq!(view.revealing(inside, SCREEN, 24.0), view);
        let right = view.revealing(Rect::new(900.0, 100.0, 100.0, 100.0), SCREEN, 24.0);
        assert!(near(right.origin, Point::new(224.0, 0.0)));
        let huge = view.revealing(Rect::new(500.0, 0.0, 5000.0, 10.0), SCREEN, 24.0);
        assert!(near(huge.origin, Point::new(476.0, -24.0)));
    }

    #[test]
    fn glides_from_start_to_end() {
        let (from, to) = (Viewport::default(), Viewport { origin: Point::new(100.0, 5.0), zoom: 2.0 });
        assert!(near(from.toward(to, SCREEN, 0.0).origin, from.origin));
        assert_eq!(from.toward(to, SCREEN, 1.0), to);
        assert!((from.toward(to, SCREEN, 0.5).zoom - 2f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn refuses_a_stored_viewport_that_makes_no_sense() {
        assert_eq!(Viewport::checked(f64::NAN, 0.0, 1.0), None);
        assert_eq!(Viewport::checked(0.0, 0.0, 0.0), None);
        assert_eq!(Viewport::checked(0.0, 0.0, 50.0).map(|view| view.zoom), Some(MAX_ZOOM));
    }
}
