//! Where a new node goes: beside what its session made before, covering nothing.

use alumia_protocol::{
    blocks::{Content, Position},
    dataspec::DataSpec,
    show::Show,
};

/// Lines of the grid, in canvas pixels.
pub(super) const GRID: f64 = 24.0;
/// Left free around a new node.
const GAP: f64 = GRID;
/// Between a session's node and its blocks, so that the edges between them can be seen.
const REACH: f64 = 3.0 * GRID;
/// How far a session's blocks reach to the right of its node before the next row begins.
const ROW: f64 = 48.0 * GRID;
/// A session's node.
const SESSION: (f64, f64) = (12.0 * GRID, 10.0 * GRID);
/// A node whose height follows its content is taken to be this high.
const UNKNOWN_HEIGHT: f64 = 16.0 * GRID;

/// The space that a node takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl From<&Position> for Rect {
    fn from(position: &Position) -> Self {
        let height = if position.height > 0.0 { position.height } else { UNKNOWN_HEIGHT };
        Self { x: position.x, y: position.y, width: position.width, height }
    }
}

/// The place of a new session's node: left of its blocks to come, below everything.
pub(super) fn session_place(taken: &[Rect]) -> Position {
    let bottom = taken.iter().map(|it| it.y + it.height).reduce(f64::max);
    let left = taken.iter().map(|it| it.x).reduce(f64::min);
    Position {
        x: left.map_or(0.0, snap_down),
        y: bottom.map_or(0.0, |bottom| snap_up(bottom + 2.0 * GAP)),
        width: SESSION.0,
        height: SESSION.1,
        ..Position::default()
    }
}

/// The place of a new block: the first free one in the rows right of `beside`, its session's node; where
/// there is none, in rows from the top left corner of all nodes.
pub(super) fn block_place(taken: &[Rect], beside: Option<Rect>, content: &Content) -> Position {
    let (width, height) = size(content);
    let (x, y) = first_free(taken, beginning(taken, beside), (width, height));
    Position { x, y, width, height, ..Position::default() }
}

/// Where the rows of new blocks begin: right of `beside`; where there is none, at the top left corner of all nodes.
pub(super) fn beginning(taken: &[Rect], beside: Option<Rect>) -> (f64, f64) {
    match beside {
        Some(node) => (snap_up(node.x + node.width + REACH), snap_up(node.y)),
        None => (
            taken.iter().map(|it| it.x).reduce(f64::min).map_or(0.0, snap_up),
            taken.iter().map(|it| it.y).reduce(f64::min).map_or(0.0, snap_up),
        ),
    }
}

/// The topmost, then leftmost free place at or after `(left, top)` in rows of width `ROW`.
pub(super) fn first_free(taken: &[Rect], (left, top): (f64, f64), (width, height): (f64, f64)) -> (f64, f64) {
    let right = left + ROW.max(width);
    let near: Vec<Rect> = taken
        .iter()
        .copied()
        .filter(|it| it.x < right + GAP && it.x + it.width > left - GAP && it.y + it.height > top - GAP)
        .collect();
    // A place is free from a row's top or from where something above it ends.
    let mut tops: Vec<f64> = near.iter().map(|it| snap_up(it.y + it.height + GAP)).collect();
    tops.push(top);
    tops.retain(|it| *it >= top);
    tops.sort_by(f64::total_cmp);
    tops.dedup();
    for &y in &tops {
        let mut in_row: Vec<&Rect> =
            near.iter().filter(|it| it.y < y + height + GAP && it.y + it.height + GAP > y).collect();
        in_row.sort_by(|a, b| a.x.total_cmp(&b.x));
        let mut x = left;
        for other in in_row {
            if x + width + GAP <= other.x {
                break;
            }
            x = x.max(snap_up(other.x + other.width + GAP));
        }
        if x + width <= right {
            return (x, y);
        }
    }
    // Not reached: below the lowest of them a whole row is free.
    (left, tops.last().copied().unwrap_or(top))
}

/// A good size for what a block holds.
pub(super) fn size(content: &Content) -> (f64, f64) {
    let (columns, rows) = match content {
        Content::Data(spec) => match spec {
            DataSpec::Markdown(spec) => (18, text_rows(&spec.text, 58)),
            DataSpec::Callout(_) => (18, 6),
            DataSpec::Metric(_) => (10, 7),
            DataSpec::KpiGrid(_) => (24, 8),
            DataSpec::Card(_) => (15, 12),
            DataSpec::Table(spec) => (table_columns(spec.columns.len()), table_rows(spec.rows.len())),
            DataSpec::List(_) => (15, 15),
            DataSpec::Form(_) => (16, 18),
            DataSpec::Chart(_) => (23, 16),
            DataSpec::Timeline(_) => (18, 17),
            DataSpec::Kanban(_) => (32, 18),
            DataSpec::Dashboard(_) => (36, 26),
        },
        Content::Show(show) => match show {
            Show::Document { .. } => (24, 28),
            Show::Code { .. } => (23, 17),
            Show::Terminal { .. } => (23, 14),
            Show::Image { .. } => (19, 15),
            Show::Browser { .. } => (27, 20),
            Show::Spreadsheet(spec) => {
                let sheet = spec.sheets.first();
                let (columns, rows) = sheet.map_or((0, 0), |it| (it.columns(), it.rows.len()));
                (u16::try_from(columns * 5).unwrap_or(u16::MAX).clamp(18, 36), table_rows(rows + 3))
            }
            Show::Timer(_) => (12, 9),
            Show::Drawing(spec) => {
                let height = (26.0 * spec.height / spec.width).clamp(8.0, 24.0);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "8 to 24")]
                (26, height as u16 + 4)
            }
            Show::Transcript(_) => (20, 22),
            Show::Audio(spec) => (16, if spec.text.is_empty() { 5 } else { 9 }),
            Show::Video(_) => (25, 17),
            Show::Map(_) => (26, 20),
            Show::Pdf(_) => (25, 30),
        },
        Content::App(_) => (27, 20),
    };
    (f64::from(columns) * GRID, f64::from(rows) * GRID)
}

/// A good height for what a block holds where its width is given.
pub(super) fn height_at(content: &Content, width: f64) -> f64 {
    match content {
        Content::Data(DataSpec::Markdown(spec)) => {
            // 58 characters stand in a line of 18 grid columns.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen")]
            let line = (width / GRID * 58.0 / 18.0).max(1.0) as usize;
            f64::from(text_rows(&spec.text, line)) * GRID
        }
        _ => size(content).1,
    }
}

/// Grid rows for a text in lines of about `line` characters, a title bar included. A line of text is a bit
/// lower than a grid row, an empty one much lower.
fn text_rows(text: &str, line: usize) -> u16 {
    let tenths: usize = text
        .lines()
        .map(|it| if it.trim().is_empty() { 4 } else { 9 * it.chars().count().div_ceil(line) + 1 })
        .sum();
    u16::try_from(tenths.div_ceil(10).clamp(2, 18)).unwrap_or(18) + 3
}

/// Grid columns for a table's columns.
fn table_columns(count: usize) -> u16 {
    u16::try_from(count * 6).unwrap_or(u16::MAX).clamp(16, 26)
}

/// Grid rows for a table's rows, its three bars included; what is longer scrolls.
fn table_rows(count: usize) -> u16 {
    u16::try_from((120 + count.min(40) * 33).div_ceil(24)).unwrap_or(u16::MAX).clamp(8, 17)
}

fn snap_up(value: f64) -> f64 {
    (value / GRID).ceil() * GRID
}

fn snap_down(value: f64) -> f64 {
    (value / GRID).floor() * GRID
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::dataspec::DataSpec;
    use proptest::prelude::*;

    fn overlap(a: &Rect, b: &Rect) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    fn contents() -> Vec<Content> {
        DataSpec::examples().into_iter().map(Content::Data).collect()
    }

    #[test]
    fn an_empty_canvas_begins_at_the_origin() {
        let first = session_place(&[]);
        assert_eq!((first.x, first.y), (0.0, 0.0));
        let block = block_place(&[], None, &contents()[0]);
        assert_eq!((block.x, block.y), (0.0, 0.0));
    }

    #[test]
    fn blocks_follow_each_other_right_of_their_session_and_wrap() {
        let node = Rect::from(&session_place(&[]));
        let mut taken = vec![node];
        let chart =
            contents().into_iter().find(|it| matches!(it, Content::Data(DataSpec::Chart(_)))).unwrap();
        let places: Vec<_> = (0..3)
            .map(|_| {
                let place = block_place(&taken, Some(node), &chart);
                taken.push(Rect::from(&place));
                (place.x, place.y)
            })
            .collect();
        let left = node.width + REACH;
        assert_eq!(places[0], (left, 0.0));
        assert_eq!(places[1], (left + 23.0 * GRID + GAP, 0.0));
        assert_eq!(places[2], (left, 17.0 * GRID));
    }

    #[test]
    fn a_second_session_stands_below_everything() {
        let taken = [
            Rect { x: -100.0, y: 0.0, width: 50.0, height: 900.0 },
            Rect { x: 0.0, y: 0.0, width: 50.0, height: 90.0 },
        ];
        let place = session_place(&taken);
        assert_eq!((place.x, place.y), (-120.0, 960.0));
    }

    proptest! {
        #[test]
        fn prop_nothing_is_covered_and_all_is_on_the_grid(
            others in prop::collection::vec((-3000.0..3000.0, -3000.0..3000.0, 1.0..900.0, 1.0..900.0), 0..60),
            which in 0usize..12,
            beside in any::<bool>(),
        ) {
            let mut taken: Vec<Rect> =
                others.into_iter().map(|(x, y, width, height)| Rect { x, y, width, height }).collect();
            let node = taken.first().copied().filter(|_| beside);
            for _ in 0..5 {
                let place = block_place(&taken, node, &contents()[which]);
                let rect = Rect::from(&place);
                prop_assert!(taken.iter().all(|it| !overlap(it, &rect)), "{rect:?}");
                prop_assert!(place.x % GRID == 0.0 && place.y % GRID == 0.0);
                taken.push(rect);
            }
            let session = Rect::from(&session_place(&taken));
            prop_assert!(taken.iter().all(|it| !overlap(it, &session)));
        }
    }
}
