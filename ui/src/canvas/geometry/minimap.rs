//! The whole canvas in a corner.

use super::{Point, Rect, Size};

/// How the canvas lies in the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minimap {
    world: Rect,
    scale: f64,
    inset: Point,
}

impl Minimap {
    /// A map of `size` pixels that shows everything and the part that is on the screen.
    pub fn new(everything: Option<Rect>, shown: Rect, size: Size) -> Self {
        let world = everything.map_or(shown, |all| all.union(shown));
        let world = world.grown(world.w.max(world.h).max(1.0) * 0.04);
        let scale = (size.w / world.w).min(size.h / world.h);
        let inset = Point::new((size.w - world.w * scale) / 2.0, (size.h - world.h * scale) / 2.0);
        Self { world, scale, inset }
    }

    /// Canvas to map.
    pub fn to_map(self, rect: Rect) -> Rect {
        Rect::new(
            (rect.x - self.world.x) * self.scale + self.inset.x,
            (rect.y - self.world.y) * self.scale + self.inset.y,
            rect.w * self.scale,
            rect.h * self.scale,
        )
    }

    /// Map to canvas.
    pub fn to_canvas(self, at: Point) -> Point {
        Point::new(
            (at.x - self.inset.x) / self.scale + self.world.x,
            (at.y - self.inset.y) / self.scale + self.world.y,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Minimap;
    use crate::canvas::geometry::{Rect, Size};

    const SIZE: Size = Size::new(180.0, 120.0);

    #[test]
    fn everything_and_the_view_are_on_the_map() {
        let all = Rect::new(-4000.0, 100.0, 9000.0, 700.0);
        let shown = Rect::new(8000.0, -3000.0, 1200.0, 800.0);
        let map = Minimap::new(Some(all), shown, SIZE);
        for rect in [all, shown] {
            assert!(Rect::new(0.0, 0.0, SIZE.w, SIZE.h).holds(map.to_map(rect)));
            let there = map.to_canvas(map.to_map(rect).center());
            assert!(there.distance(rect.center()) < 1e-6);
        }
    }

    #[test]
    fn an_empty_canvas_has_a_map() {
        let map = Minimap::new(None, Rect::new(0.0, 0.0, 800.0, 600.0), SIZE);
        assert!(map.to_map(Rect::new(0.0, 0.0, 800.0, 600.0)).w > 100.0);
    }
}
