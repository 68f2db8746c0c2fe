use super::at_most;
use crate::dataspec::SpecError;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, fmt};

/// The most sheets of a spreadsheet.
pub const MAX_SHEETS: usize = 20;
/// The most rows of a sheet.
pub const MAX_ROWS: usize = 20_000;
/// The most columns of a sheet.
pub const MAX_COLUMNS: usize = 200;
/// Characters of a cell.
const CELL: usize = 5_000;
/// Rows that stay in sight.
const HEAD: usize = 5;

// Cells are values. Formulas are not calculated: the engines that there are for it would more than double what a
// browser has to load, so whatever looks like a formula is refused instead of being shown as text.
/// Sheets of cells. Give either `sheets` or `file`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spreadsheet {
    /// A CSV or XLSX file below the project's folder whose sheets are read into the block, once.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// From the left.
    #[serde(default)]
    pub sheets: Vec<Sheet>,
}

/// One sheet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sheet {
    /// Its name on the tab, at most 60 characters.
    pub name: String,
    /// From the top; cells from the left. A row may be shorter than others. Write values, computed by yourself:
    /// formulas are not calculated.
    pub rows: Vec<Vec<Cell>>,
    /// How many rows at the top are headings and stay in sight, at most 5.
    #[serde(default)]
    pub head: usize,
    /// How many rows the file had beyond those that fitted. Leave it out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// One cell's value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// True or false.
    Truth(bool),
    /// A number.
    Number(serde_json::Number),
    /// Words; dates too, as they should be read.
    Text(String),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Truth(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Cell {
    /// What somebody has typed: a number where it reads as one and would be shown as it was typed.
    pub fn typed(text: &str) -> Self {
        let text = text.trim();
        match text {
            "" => return Self::Empty,
            "TRUE" | "true" => return Self::Truth(true),
            "FALSE" | "false" => return Self::Truth(false),
            _ => {}
        }
        if let Ok(number) = text.parse::<i64>()
            && number.to_string() == text
        {
            return Self::Number(number.into());
        }
        // 007, 1e5, +49 170 and 12.50 stay what they are.
        match text.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
            Some(number) if number.to_string() == text => Self::Number(number),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// What may not stand in a cell.
    pub fn fault(&self) -> Option<String> {
        let Self::Text(text) = self else { return None };
        let length = text.chars().count();
        if length > CELL {
            return Some(format!("has {length} characters; a cell holds at most {CELL}"));
        }
        let mut letters = text.chars();
        let formula = letters.next() == Some('=')
            && letters.next().is_some_and(|next| next.is_alphanumeric() || "(+-$'\"".contains(next));
        formula.then(|| "is a formula, and formulas are not calculated here; write the value".to_owned())
    }
}

impl Sheet {
    /// The widest row's cells.
    pub fn columns(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or_default()
    }

    /// A cell as it is shown.
    pub fn text(&self, row: usize, column: usize) -> String {
        self.rows.get(row).and_then(|row| row.get(column)).map(ToString::to_string).unwrap_or_default()
    }

    /// Puts a value where rows and columns may still be missing. `false` beyond what a sheet may have.
    pub fn put(&mut self, row: usize, column: usize, value: Cell) -> bool {
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            return false;
        }
        let present = self.rows.get(row).and_then(|cells| cells.get(column));
        if present.is_none() && value == Cell::Empty {
            return true;
        }
        if self.rows.len() <= row {
            self.rows.resize_with(row + 1, Vec::new);
        }
        let cells = &mut self.rows[row];
        if cells.len() <= column {
            cells.resize(column + 1, Cell::Empty);
        }
        cells[column] = value;
        true
    }
}

/// A column's letters: A, B … Z, AA.
pub fn letters(mut column: usize) -> String {
    let mut name = Vec::new();
    loop {
        name.push(char::from(b'A' + u8::try_from(column % 26).unwrap_or_default()));
        match (column / 26).checked_sub(1) {
            Some(next) => column = next,
            None => return name.into_iter().rev().collect(),
        }
    }
}

impl Spreadsheet {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if !self.file.is_empty() {
            if !self.sheets.is_empty() {
                return Err(SpecError::new("/file", "can't be given together with sheets"));
            }
            let name = self.file.to_ascii_lowercase();
            if !(name.ends_with(".csv") || name.ends_with(".xlsx")) {
                return Err(SpecError::new("/file", "must name a file that ends in csv or xlsx"));
            }
            return at_most(self.file.chars().count(), 1_000, "characters", || "/file".into());
        }
        if self.sheets.is_empty() {
            return Err(SpecError::new("/sheets", "needs at least one sheet"));
        }
        at_most(self.sheets.len(), MAX_SHEETS, "sheets", || "/sheets".into())?;
        let mut names = HashSet::new();
        for (index, sheet) in self.sheets.iter().enumerate() {
            super::text_of(&sheet.name, 60, || format!("/sheets/{index}/name"))?;
            if !names.insert(&sheet.name) {
                let message = format!("\"{}\" is used twice", sheet.name);
                return Err(SpecError::new(format!("/sheets/{index}/name"), message));
            }
            if sheet.head > HEAD {
                return Err(SpecError::new(format!("/sheets/{index}/head"), "must be at most 5"));
            }
            at_most(sheet.rows.len(), MAX_ROWS, "rows", || format!("/sheets/{index}/rows"))?;
            for (row, cells) in sheet.rows.iter().enumerate() {
                let at = || format!("/sheets/{index}/rows/{row}");
                at_most(cells.len(), MAX_COLUMNS, "columns", at)?;
                let faulty = cells.iter().enumerate().find_map(|(at, cell)| Some((at, cell.fault()?)));
                if let Some((column, fault)) = faulty {
                    return Err(SpecError::new(format!("{}/{column}", at()), fault));
                }
            }
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        let row = |month: &str, rain: f64, days: u64| {
            let rain = serde_json::Number::from_f64(rain).map_or(Cell::Empty, Cell::Number);
            vec![Cell::Text(month.into()), rain, Cell::Number(days.into())]
        };
        let head = ["Month", "Rain (mm)", "Days"].map(|it| Cell::Text(it.into())).to_vec();
        Self {
            file: String::new(),
            sheets: vec![Sheet {
                name: "Rain".into(),
                rows: vec![head, row("January", 80.5, 12), row("February", 61.2, 9)],
                head: 1,
                more: 0,
            }],
        }
    }
}
