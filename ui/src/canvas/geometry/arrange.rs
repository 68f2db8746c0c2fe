//! Places for things: a free spot, a tidy order.

use super::{Point, Rect};

/// Room between things that were placed.
pub const ROOM: f64 = 24.0;

/// A top left corner near `wanted` at which a rectangle of its size covers none of `taken`, with
/// [`ROOM`] around it. Looks right, below, left and above of what is in the way, nearest first.
pub fn free_place(wanted: Rect, taken: &[Rect]) -> Point {
    let is_free = |rect: Rect| taken.iter().all(|other| !rect.grown(ROOM - 0.5).intersects(*other));
    if is_free(wanted) {
        return wanted.origin();
    }
    let mut best: Option<(f64, Point)> = None;
    let tops = taken.iter().flat_map(|rect| [rect.y, rect.bottom() + ROOM, rect.y - ROOM - wanted.h]);
    let tops: Vec<f64> = tops.chain([wanted.y]).collect();
    for other in taken {
        for x in [other.right() + ROOM, other.x - ROOM - wanted.w, other.x, wanted.x] {
            for &y in &tops {
                let place = Rect { x, y, ..wanted };
                let far = place.origin().distance(wanted.origin());
                if best.is_none_or(|(nearest, _)| far < nearest) && is_free(place) {
                    best = Some((far, place.origin()));
                }
            }
        }
    }
    // Right of everything there is always room.
    best.map_or_else(
        || {
            Rect::around(taken.iter().copied())
                .map_or(wanted.origin(), |all| Point::new(all.right() + ROOM, all.y))
        },
        |(_, place)| place,
    )
}

/// An agent (when there is one) and what it made, in reading order.
#[derive(Clone, Debug, PartialEq)]
pub struct Family<K> {
    /// The agent's node.
    pub head: Option<(K, Rect)>,
    /// Its blocks.
    pub members: Vec<(K, Rect)>,
}

/// Tidy places: each family in a band of its own, the agent on the left, its blocks beside it in columns
/// that grow evenly. Starts at `start`.
pub fn arrange<K: Copy>(families: &[Family<K>], start: Point) -> Vec<(K, Point)> {
    let mut out = Vec::new();
    let mut top = start.y;
    let indent = families.iter().filter_map(|family| family.head).map(|(_, rect)| rect.w).fold(0.0, f64::max);
    let indent = if indent > 0.0 { indent + 4.0 * ROOM } else { 0.0 };
    for family in families {
        let mut bottom = top;
        if let Some((key, rect)) = family.head {
            out.push((key, Point::new(start.x, top)));
            bottom = bottom.max(top + rect.h);
        }
        let left = start.x + indent;
        for (index, at) in columns(&family.members, Point::new(left, top)).into_iter().enumerate() {
            let (key, rect) = family.members[index];
            bottom = bottom.max(at.y + rect.h);
            out.push((key, at));
        }
        top = bottom + 3.0 * ROOM;
    }
    out
}

/// Fills columns so that the whole comes out about 3:2.
fn columns<K: Copy>(members: &[(K, Rect)], start: Point) -> Vec<Point> {
    let widest = members.iter().map(|(_, rect)| rect.w).fold(1.0, f64::max);
    let area: f64 = members.iter().map(|(_, rect)| (rect.w + ROOM) * (rect.h + ROOM)).sum();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive float to integer cast saturates"
    )]
    let count = ((area * 1.5).sqrt() / (widest + ROOM)).round().max(1.0) as usize;
    let count = count.min(members.len().max(1));
    let mut bottoms = vec![start.y; count];
    let mut places: Vec<(usize, f64)> = Vec::with_capacity(members.len());
    let mut widths = vec![0.0_f64; count];
    for (_, rect) in members {
        let column = (0..count).min_by(|a, b| bottoms[*a].total_cmp(&bottoms[*b])).unwrap_or(0);
        places.push((column, bottoms[column]));
        bottoms[column] += rect.h + ROOM;
        widths[column] = widths[column].max(rect.w);
    }
    let lefts: Vec<f64> = widths
        .iter()
        .scan(start.x, |left, width| {
            let at = *left;
            *left += width + ROOM;
            Some(at)
        })
        .collect();
    places.into_iter().map(|(column, y)| Point::new(lefts[column], y)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Family, ROOM, arrange, free_place};
    use crate::canvas::geometry::{Point, Rect};

    #[test]
    fn a_free_place_is_free_and_near() {
        let wanted = Rect::new(0.0, 0.0, 200.0, 100.0);
        assert_eq!(free_place(wanted, &[]), Point::default());
        let mut taken = vec![Rect::new(-50.0, -50.0, 300.0, 200.0)];
        for _ in 0..12 {
            let at = free_place(wanted, &taken);
            let placed = Rect { x: at.x, y: at.y, ..wanted };
            assert!(taken.iter().all(|other| !placed.grown(ROOM - 1.0).intersects(*other)));
            assert!(at.distance(wanted.origin()) < 1_500.0);
            taken.push(placed);
        }
    }

    #[test]
    fn tidy_places_cover_nothing() {
        let block = |key: u32, h: f64| (key, Rect::new(3.0, 7.0, 320.0, h));
        let families = [
            Family {
                head: Some((1, Rect::new(0.0, 0.0, 280.0, 120.0))),
                members: (10..17).map(|key| block(key, 100.0 + f64::from(key) * 13.0)).collect(),
            },
            Family { head: None, members: vec![block(30, 90.0), block(31, 400.0)] },
        ];
        let placed = arrange(&families, Point::new(100.0, 50.0));
        let all: Vec<(u32, Rect)> =
            families.iter().flat_map(|family| family.head.iter().chain(&family.members)).copied().collect();
        assert_eq!(placed.len(), all.len());
        let rects: Vec<Rect> = placed
            .iter()
            .map(|(key, at)| {
                let size = all.iter().find(|(other, _)| other == key).unwrap().1;
                Rect { x: at.x, y: at.y, ..size }
            })
            .collect();
        for (index, one) in rects.iter().enumerate() {
            assert!(rects[index + 1..].iter().all(|other| !one.intersects(*other)), "{one:?}");
        }
        assert_eq!(placed[0], (1, Point::new(100.0, 50.0)));
    }
}
