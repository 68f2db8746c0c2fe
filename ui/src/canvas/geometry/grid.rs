//! The spatial index: what is where, without looking at everything.

use super::Rect;
use std::{collections::HashMap, hash::Hash};

/// Edge of a cell in canvas pixels, about one block.
const CELL: f64 = 512.0;
/// What covers more cells than this is kept apart, so that one giant can't fill the memory.
const MANY: i64 = 400;

/// Rectangles by id, findable by place.
#[derive(Clone, Debug)]
pub struct Grid<K> {
    cells: HashMap<(i64, i64), Vec<K>>,
    giants: Vec<K>,
    rects: HashMap<K, Rect>,
}

impl<K> Default for Grid<K> {
    fn default() -> Self {
        Self { cells: HashMap::new(), giants: vec![], rects: HashMap::new() }
    }
}

/// Cells from (left, top) to (right, bottom), inclusive.
#[derive(Clone, Copy, PartialEq)]
struct Span {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

impl Span {
    fn of(rect: Rect) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a float to integer cast saturates")]
        let cell = |at: f64| (at / CELL).floor() as i64;
        Self { left: cell(rect.x), top: cell(rect.y), right: cell(rect.right()), bottom: cell(rect.bottom()) }
    }

    fn count(self) -> i64 {
        (self.right.saturating_sub(self.left) + 1).saturating_mul(self.bottom.saturating_sub(self.top) + 1)
    }

    fn cells(self) -> impl Iterator<Item = (i64, i64)> {
        (self.left..=self.right).flat_map(move |x| (self.top..=self.bottom).map(move |y| (x, y)))
    }
}

impl<K: Copy + Eq + Hash> Grid<K> {
    /// Puts `key` at `rect`, wherever it was before. `false` when it was just there.
    pub fn put(&mut self, key: K, rect: Rect) -> bool {
        let span = Span::of(rect);
        if let Some(old) = self.rects.insert(key, rect) {
            if old == rect {
                return false;
            }
            let old = Span::of(old);
            if old == span {
                return true;
            }
            self.unlink(key, old);
        }
        if span.count() > MANY {
            self.giants.push(key);
        } else {
            for cell in span.cells() {
                self.cells.entry(cell).or_default().push(key);
            }
        }
        true
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: K) {
        if let Some(rect) = self.rects.remove(&key) {
            self.unlink(key, Span::of(rect));
        }
    }

    fn unlink(&mut self, key: K, span: Span) {
        if span.count() > MANY {
            self.giants.retain(|other| *other != key);
            return;
        }
        for cell in span.cells() {
            if let Some(keys) = self.cells.get_mut(&cell) {
                keys.retain(|other| *other != key);
                if keys.is_empty() {
                    self.cells.remove(&cell);
                }
            }
        }
    }

    /// Where `key` is.
    pub fn get(&self, key: K) -> Option<Rect> {
        self.rects.get(&key).copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rects.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.rects.is_empty()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (K, Rect)> {
        self.rects.iter().map(|(key, rect)| (*key, *rect))
    }

    /// The smallest rectangle around everything.
    pub fn bounds(&self) -> Option<Rect> {
        Rect::around(self.rects.values().copied())
    }

    /// What intersects `area`, in no order, each once.
    pub fn query(&self, area: Rect) -> Vec<K> {
        let span = Span::of(area);
        let touches = |key: &K| self.rects.get(key).is_some_and(|rect| rect.intersects(area));
        // Looking through more cells than there are is slower than looking through everything.
        if span.count() > i64::try_from(self.cells.len()).unwrap_or(i64::MAX) {
            return self.rects.keys().filter(|key| touches(key)).copied().collect();
        }
        let mut found: Vec<K> = self.giants.iter().filter(|key| touches(key)).copied().collect();
        for (x, y) in span.cells() {
            for key in self.cells.get(&(x, y)).into_iter().flatten() {
                let Some(rect) = self.rects.get(key) else { continue };
                // One that lies in several cells counts in the first of them that is looked through.
                let own = Span::of(*rect);
                let first = own.left.max(span.left) == x && own.top.max(span.top) == y;
                if first && rect.intersects(area) {
                    found.push(*key);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;
    use crate::canvas::geometry::Rect;

    /// Numbers that look random and are the same every time.
    fn noise(seed: &mut u64) -> f64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(*seed >> 40).unwrap()) / f64::from(1 << 24)
    }

    fn random(seed: &mut u64, spread: f64, size: f64) -> Rect {
        let at = |seed: &mut u64| (noise(seed) - 0.5) * spread;
        Rect::new(at(seed), at(seed), noise(seed) * size, noise(seed) * size)
    }

    #[test]
    fn finds_exactly_what_looking_at_everything_finds() {
        let mut seed = 7;
        let mut grid = Grid::default();
        for key in 0..600_u32 {
            grid.put(key, random(&mut seed, 20_000.0, 1_500.0));
        }
        for key in (0..600).step_by(3) {
            grid.put(key, random(&mut seed, 20_000.0, 1_500.0));
        }
        for key in (0..600).step_by(7) {
            grid.remove(key);
        }
        grid.put(9_999, Rect::new(-500_000.0, -500_000.0, 1_000_000.0, 1_000_000.0));
        for round in 0..60 {
            let area = random(&mut seed, 20_000.0, if round % 5 == 0 { 90_000.0 } else { 3_000.0 });
            let mut found = grid.query(area);
            found.sort_unstable();
            let mut wanted: Vec<u32> =
                grid.iter().filter(|(_, rect)| rect.intersects(area)).map(|(key, _)| key).collect();
            wanted.sort_unstable();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn keeps_no_cell_of_what_is_gone() {
        let mut grid = Grid::default();
        assert!(grid.put('a', Rect::new(0.0, 0.0, 2_000.0, 2_000.0)));
        assert!(!grid.put('a', Rect::new(0.0, 0.0, 2_000.0, 2_000.0)));
        assert!(grid.put('a', Rect::new(5_000.0, 0.0, 10.0, 10.0)));
        assert!(grid.query(Rect::new(0.0, 0.0, 2_000.0, 2_000.0)).is_empty());
        grid.remove('a');
        assert!(grid.is_empty() && grid.cells.is_empty() && grid.bounds().is_none());
    }
}
