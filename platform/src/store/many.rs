//! SQL for many rows at once.

use sqlx::AssertSqlSafe;
use std::fmt::Write as _;

/// Rows that one statement takes at most. The numbers of rows are powers of two, so that there are few
/// statements to keep prepared.
const MOST: usize = 128;

/// `items` in pieces of one statement each.
pub fn pieces<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = items.len().min(MOST);
        if size == 0 {
            return None;
        }
        let size = 1 << size.ilog2();
        let (piece, rest) = items.split_at(size);
        items = rest;
        Some(piece)
    })
}

/// `items` in pieces that stand in a list of alternatives: filled up with their last to a power of two.
pub fn alternatives<T: Clone>(items: &[T]) -> impl Iterator<Item = Vec<T>> {
    items.chunks(MOST).map(|piece| {
        let mut all = piece.to_vec();
        if let Some(last) = piece.last() {
            all.resize(piece.len().next_power_of_two(), last.clone());
        }
        all
    })
}

/// `head`, then places for `rows` times `columns` values, `($1, $2), ($3, $4)`, then `tail`.
pub fn rows(head: &'static str, rows: usize, columns: usize, tail: &'static str) -> AssertSqlSafe<String> {
    let mut sql = String::with_capacity(head.len() + rows * columns * 6 + tail.len());
    sql.push_str(head);
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        list(&mut sql, row * columns, columns);
        sql.push(')');
    }
    sql.push_str(tail);
    AssertSqlSafe(sql)
}

/// `head`, then places for `count` values in brackets, then `tail`.
pub fn one_of(head: &'static str, count: usize, tail: &'static str) -> AssertSqlSafe<String> {
    rows(head, 1, count, tail)
}

fn list(sql: &mut String, after: usize, count: usize) {
    for place in after + 1..=after + count {
        let comma = if place == after + 1 { "" } else { ", " };
        // Writing to a text can't fail.
        let _ = write!(sql, "{comma}${place}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_place() {
        assert_eq!(rows("VALUES ", 2, 2, " END").0, "VALUES ($1, $2), ($3, $4) END");
        assert_eq!(one_of("x IN ", 3, "").0, "x IN ($1, $2, $3)");
        let items: Vec<u32> = (0..300).collect();
        let sizes: Vec<usize> = pieces(&items).map(<[u32]>::len).collect();
        assert_eq!(sizes, [128, 128, 32, 8, 4]);
        assert_eq!(pieces(&items).flatten().copied().collect::<Vec<_>>(), items);
        assert_eq!(alternatives(&[1, 2, 3]).collect::<Vec<_>>(), [[1, 2, 3, 3]]);
        assert_eq!(alternatives(&items).map(|all| all.len()).collect::<Vec<_>>(), [128, 128, 64]);
    }
}
