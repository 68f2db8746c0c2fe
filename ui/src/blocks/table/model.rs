//! What a table shows: filter, order of rows and columns, CSV. Pure.

use alumia_protocol::dataspec::Table;
use serde_json::Value;
use std::cmp::Ordering;

/// How rows are ordered: by a column, upwards or downwards.
pub(super) type Sort = Option<(usize, bool)>;

/// A cell as text.
pub(super) fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.into(),
        Some(other) => other.to_string(),
    }
}

/// Digits after the point that each column of numbers is shown with: as many as its longest has, up to six.
pub(super) fn digits(table: &Table) -> Vec<Option<usize>> {
    let of = |key: &str| {
        let mut most = 0;
        for row in &table.rows {
            match row.get(key) {
                None | Some(Value::Null) => {}
                Some(Value::Number(number)) => {
                    let text = number.to_string();
                    if text.contains('e') {
                        return None;
                    }
                    most = most.max(text.split_once('.').map_or(0, |(_, after)| after.len()));
                }
                Some(_) => return None,
            }
        }
        (1..=6).contains(&most).then_some(most)
    };
    table.columns.iter().map(|column| of(&column.key)).collect()
}

/// A cell as it is shown: numbers of one column end at one place.
pub(super) fn shown(value: Option<&Value>, digits: Option<usize>) -> String {
    match (value.and_then(Value::as_f64), digits) {
        (Some(number), Some(digits)) => format!("{number:.digits$}"),
        _ => text(value),
    }
}

/// The rows to show, by their place in the table.
pub(super) fn rows(table: &Table, filter: &str, sort: Sort) -> Vec<usize> {
    let wanted = filter.trim().to_lowercase();
    let matches = |row: &usize| {
        wanted.is_empty()
            || table
                .columns
                .iter()
                .any(|column| text(table.rows[*row].get(&column.key)).to_lowercase().contains(&wanted))
    };
    let mut shown: Vec<usize> = (0..table.rows.len()).filter(matches).collect();
    if let Some((column, up)) = sort
        && let Some(column) = table.columns.get(column)
    {
        shown.sort_by(|a, b| {
            let (a, b) = (table.rows[*a].get(&column.key), table.rows[*b].get(&column.key));
            // What is empty comes last either way.
            match (is_empty(a), is_empty(b)) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) if up => compare(a, b),
                (false, false) => compare(b, a),
            }
        });
    }
    shown
}

fn is_empty(value: Option<&Value>) -> bool {
    text(value).is_empty()
}

/// Numbers by size, also those that stand as text; the rest as text without case.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => text(a).to_lowercase().cmp(&text(b).to_lowercase()),
    }
}

fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.replace(',', "").trim().parse().ok(),
        _ => None,
    }
}

/// RFC 4180, with the columns in the order shown.
pub(super) fn csv(table: &Table, columns: &[usize], rows: &[usize]) -> String {
    let columns: Vec<_> = columns.iter().filter_map(|column| table.columns.get(*column)).collect();
    let head = columns.iter().map(|column| quoted(&column.label)).collect::<Vec<_>>().join(",");
    let body = rows.iter().map(|row| {
        columns
            .iter()
            .map(|column| quoted(&text(table.rows[*row].get(&column.key))))
            .collect::<Vec<_>>()
            .join(",")
    });
    std::iter::once(head).chain(body).map(|line| line + "\r\n").collect()
}

/// The same of rows of texts.
pub(in crate::blocks) fn csv_of(rows: impl Iterator<Item = Vec<String>>) -> String {
    rows.map(|row| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\r\n").collect()
}

/// Quoted where it must be. A leading `=`, `+`, `-` or `@` would be run as a formula by a spreadsheet, so text
/// that begins with one (and is no number) gets an apostrophe before it.
fn quoted(cell: &str) -> String {
    let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if risky { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::{csv, digits, rows, shown};
    use alumia_protocol::dataspec::{Column, Table};
    use serde_json::{Value, json};

    fn table(cells: &[Value]) -> Table {
        let column =
            |key: &str| Column { key: key.into(), label: key.to_uppercase(), align: Default::default() };
        let row = |cell: &Value| {
            [("a".to_owned(), cell.clone()), ("b".to_owned(), json!("x"))].into_iter().collect()
        };
        Table { columns: vec![column("a"), column("b")], rows: cells.iter().map(row).collect() }
    }

    #[test]
    fn numbers_sort_by_size_and_empty_cells_come_last() {
        let table = table(&[json!("1,000"), json!(9), Value::Null, json!("b"), json!("A")]);
        assert_eq!(rows(&table, "", Some((0, true))), [1, 0, 4, 3, 2]);
        assert_eq!(rows(&table, "", Some((0, false))), [3, 4, 0, 1, 2]);
        assert_eq!(rows(&table, "", None), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn numbers_of_a_column_have_equally_many_digits() {
        let table = table(&[json!(2.4), json!(0.86), Value::Null, json!(3)]);
        assert_eq!(digits(&table), [Some(2), None]);
        let cell = |row: usize| shown(table.rows[row].get("a"), Some(2));
        assert_eq!([cell(0), cell(1), cell(2), cell(3)], ["2.40", "0.86", "", "3.00"]);
    }

    #[test]
    fn the_filter_looks_in_every_column_without_case() {
        let table = table(&[json!("Porto"), json!("Bergen")]);
        assert_eq!(rows(&table, " PORT", None), [0]);
        assert_eq!(rows(&table, "x", None), [0, 1]);
    }

    #[test]
    fn csv_quotes_and_disarms() {
        let table = table(&[json!("a\"b,c"), json!("=1+1"), json!(-3)]);
        assert_eq!(csv(&table, &[1, 0], &[0, 1, 2]), "B,A\r\nx,\"a\"\"b,c\"\r\nx,'=1+1\r\nx,-3\r\n");
    }
}
