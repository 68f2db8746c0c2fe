//! Reading order: rows from the top, each from the left.

use super::Rect;

/// The keys in reading order. Things whose middle is above the bottom of a row's first are in that row.
pub fn reading<K: Copy>(nodes: impl IntoIterator<Item = (K, Rect)>) -> Vec<K> {
    let mut nodes: Vec<(K, Rect)> = nodes.into_iter().collect();
    nodes.sort_by(|(_, a), (_, b)| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
    let mut out = Vec::with_capacity(nodes.len());
    let mut rest = nodes.as_slice();
    while let Some((_, first)) = rest.first() {
        let reach = first.y + first.h.clamp(24.0, 160.0) / 2.0;
        let end = rest.iter().position(|(_, rect)| rect.y >= reach).unwrap_or(rest.len()).max(1);
        let (row, below) = rest.split_at(end);
        let mut row = row.to_vec();
        row.sort_by(|(_, a), (_, b)| a.x.total_cmp(&b.x));
        out.extend(row.into_iter().map(|(key, _)| key));
        rest = below;
    }
    out
}

/// The one after (or before) `present`; the first (or last) when there is no present one; `None` at the
/// end, where the focus leaves the canvas.
pub fn neighbour<K: Copy + PartialEq>(order: &[K], present: Option<K>, back: bool) -> Option<K> {
    let Some(present) = present.and_then(|present| order.iter().position(|key| *key == present)) else {
        return if back { order.last().copied() } else { order.first().copied() };
    };
    if back { present.checked_sub(1).map(|index| order[index]) } else { order.get(present + 1).copied() }
}

#[cfg(test)]
mod tests {
    use super::{neighbour, reading};
    use crate::canvas::geometry::Rect;

    #[test]
    fn reads_rows_although_they_are_not_level() {
        let nodes = [
            ('d', Rect::new(0.0, 400.0, 200.0, 300.0)),
            ('b', Rect::new(300.0, 30.0, 200.0, 300.0)),
            ('a', Rect::new(0.0, 60.0, 200.0, 300.0)),
            ('c', Rect::new(600.0, 0.0, 200.0, 300.0)),
        ];
        assert_eq!(reading(nodes), ['a', 'b', 'c', 'd']);
        assert!(reading::<char>([]).is_empty());
    }

    #[test]
    fn walks_and_leaves_at_the_ends() {
        let order = [1, 2, 3];
        assert_eq!(neighbour(&order, None, false), Some(1));
        assert_eq!(neighbour(&order, None, true), Some(3));
        assert_eq!(neighbour(&order, Some(2), false), Some(3));
        assert_eq!(neighbour(&order, Some(3), false), None);
        assert_eq!(neighbour(&order, Some(1), true), None);
        assert_eq!(neighbour(&order, Some(9), false), Some(1));
    }
}
