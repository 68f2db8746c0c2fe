//! Where keys lead in a grid, and cells as text for the clipboard.

use alumia_protocol::show::{Cell, Sheet};

/// A cell of the sheet in sight: row and column, counted from 0.
pub(super) type At = (usize, usize);

/// Rows that Page Up and Page Down pass.
const PAGE: usize = 15;

/// Where a key leads from a cell of a grid with so many rows and columns; `None` for keys that lead nowhere.
pub(super) fn step(key: &str, command: bool, (row, column): At, (rows, columns): At) -> Option<At> {
    let (last_row, last_column) = (rows.saturating_sub(1), columns.saturating_sub(1));
    let to = match (key, command) {
        ("ArrowUp", false) => (row.saturating_sub(1), column),
        ("ArrowDown", false) => (row + 1, column),
        ("ArrowLeft", false) => (row, column.saturating_sub(1)),
        ("ArrowRight", false) => (row, column + 1),
        ("ArrowUp", true) => (0, column),
        ("ArrowDown", true) => (last_row, column),
        ("ArrowLeft", true) | ("Home", false) => (row, 0),
        ("ArrowRight", true) | ("End", false) => (row, last_column),
        ("Home", true) => (0, 0),
        ("End", true) => (last_row, last_column),
        ("PageUp", _) => (row.saturating_sub(PAGE), column),
        ("PageDown", _) => (row + PAGE, column),
        _ => return None,
    };
    Some((to.0.min(last_row), to.1.min(last_column)))
}

/// The rectangle that two cells span: from, to, both included.
pub(super) fn span(a: At, b: At) -> (At, At) {
    ((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)))
}

/// Cells as spreadsheets put them on the clipboard: tabs between columns, quotes where a cell needs them.
pub(super) fn copied(sheet: &Sheet, (from, to): (At, At)) -> String {
    let quoted = |text: String| {
        if text.contains(['\t', '\n', '\r', '"']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    let line = |row: usize| {
        (from.1..=to.1).map(|column| quoted(sheet.text(row, column))).collect::<Vec<_>>().join("\t")
    };
    (from.0..=to.0).map(line).collect::<Vec<_>>().join("\n")
}

/// The cells of a text from the clipboard.
pub(super) fn pasted(text: &str) -> Vec<Vec<Cell>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut letters = text.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            '\t' if !quoted => row.push(Cell::typed(&std::mem::take(&mut cell))),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(Cell::typed(&std::mem::take(&mut cell)));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(Cell::typed(&cell));
        rows.push(row);
    }
    rows
}

/// What is selected in a few words: how many cells, and of numbers their sum.
pub(super) fn told(sheet: &Sheet, (from, to): (At, At)) -> String {
    let cells = (to.0 - from.0 + 1) * (to.1 - from.1 + 1);
    if cells == 1 {
        return String::new();
    }
    let numbers = sheet.rows.iter().take(to.0 + 1).skip(from.0).flat_map(|row| {
        row.iter().take(to.1 + 1).skip(from.1).filter_map(|cell| match cell {
            Cell::Number(number) => number.as_f64(),
            _ => None,
        })
    });
    let (count, sum) = numbers.fold((0, 0.0), |(count, sum), number| (count + 1, sum + number));
    if count == 0 {
        return format!("{cells} cells");
    }
    // Binary fractions add what nobody wrote.
    let sum = format!("{sum:.6}");
    format!("{cells} cells, sum {}", sum.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_protocol::show::Show;

    fn sheet() -> Sheet {
        let found = Show::examples().into_iter().find_map(|show| match show {
            Show::Spreadsheet(spreadsheet) => spreadsheet.sheets.into_iter().next(),
            _ => None,
        });
        found.unwrap()
    }

    #[test]
    fn keys_stay_within_the_grid() {
        for (key, command, to) in [
            ("ArrowUp", false, (0, 1)),
            ("ArrowDown", false, (2, 1)),
            ("ArrowDown", true, (9, 1)),
            ("End", false, (1, 3)),
            ("Home", true, (0, 0)),
            ("PageDown", false, (9, 1)),
        ] {
            assert_eq!(step(key, command, (1, 1), (10, 4)), Some(to), "{key}");
        }
        assert_eq!(step("ArrowRight", false, (9, 3), (10, 4)), Some((9, 3)));
        assert_eq!(step("x", false, (0, 0), (1, 1)), None);
    }

    #[test]
    fn what_is_copied_can_be_pasted() {
        let sheet = sheet();
        let text = copied(&sheet, ((0, 0), (2, 2)));
        assert!(text.starts_with("Month\tRain (mm)\tDays\nJanuary\t80.5\t12\n"), "{text}");
        assert_eq!(pasted(&text), sheet.rows);
        let odd = Sheet {
            rows: vec![vec![Cell::Text("a\t\"b\"\nc".into()), Cell::typed("1")]],
            ..Sheet::default()
        };
        assert_eq!(pasted(&copied(&odd, ((0, 0), (0, 1)))), odd.rows);
        assert_eq!(pasted("1\r\n2\r\n"), [[Cell::typed("1")], [Cell::typed("2")]]);
    }

    #[test]
    fn a_selection_tells_its_sum() {
        let sheet = sheet();
        assert_eq!(told(&sheet, span((2, 1), (1, 1))), "2 cells, sum 141.7");
        assert_eq!(told(&sheet, ((0, 0), (0, 2))), "3 cells");
        assert_eq!(told(&sheet, ((1, 1), (1, 1))), "");
    }
}
