//! CSV and XLSX files as sheets of values.

use alumia_protocol::show::{Cell, MAX_COLUMNS, MAX_ROWS, MAX_SHEETS, Sheet};
use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};
use std::{
    collections::HashSet,
    fmt::Display,
    io::{self, Cursor, Read as _},
};

/// Bytes of a file that is read.
pub const LARGEST: usize = 10 << 20;
/// Bytes of an XLSX file when it is unpacked; it is a ZIP file, and such can hold far more than they are long.
const UNPACKED: u64 = 64 << 20;
/// Bytes of all cells as JSON, well within what a block holds.
const ROOM: usize = 440 << 10;
/// Cells of a file that are looked at.
const CELLS: usize = 2_000_000;
/// Characters of a cell that are kept.
const CELL: usize = 5_000;

/// The sheets of a file: the first rows that a block has room for, and how many more there are. Formulas come as
/// what they were calculated to when the file was saved.
///
/// # Errors
/// What is wrong with the file, as it follows on "… file".
pub fn read(path: &str, bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    let sheets = if bytes.starts_with(b"PK\x03\x04") {
        workbook(bytes)?
    } else if path.to_ascii_lowercase().ends_with(".xlsx") {
        return Err("is no XLSX file, whatever its name says".into());
    } else {
        vec![csv(path, bytes)?]
    };
    if sheets.iter().all(|sheet| sheet.rows.iter().all(Vec::is_empty)) {
        return Err("has no cells".into());
    }
    Ok(sheets)
}

/// Takes rows for as long as there is room.
struct Filling {
    sheet: Sheet,
    room: usize,
}

impl Filling {
    fn new(name: &str, room: usize) -> Self {
        let name: String = name.trim().chars().take(60).collect();
        let name = if name.is_empty() { "Sheet".to_owned() } else { name };
        Self { sheet: Sheet { name, ..Sheet::default() }, room }
    }

    fn take(&mut self, mut row: Vec<Cell>) {
        while row.last() == Some(&Cell::Empty) {
            row.pop();
        }
        row.truncate(MAX_COLUMNS);
        let size = serde_json::to_string(&row).map_or(usize::MAX, |json| json.len() + 1);
        if self.sheet.more > 0 || size > self.room || self.sheet.rows.len() >= MAX_ROWS {
            self.sheet.more += 1;
        } else {
            self.room -= size;
            self.sheet.rows.push(row);
        }
    }

    /// The sheet and the room that is left.
    fn done(mut self) -> (Sheet, usize) {
        while self.sheet.more == 0 && self.sheet.rows.last().is_some_and(Vec::is_empty) {
            self.sheet.rows.pop();
        }
        let words = |cell: &Cell| matches!(cell, Cell::Text(text) if !text.trim().is_empty());
        let headed = self.sheet.rows.len() > 1 && self.sheet.rows[0].iter().all(words);
        self.sheet.head = usize::from(headed);
        (self.sheet, self.room)
    }
}

/// A text that is shown as it stands, also where it looks like a formula.
fn text(text: &str) -> Cell {
    let mut kept: String = text.chars().take(CELL).collect();
    if kept.len() < text.len() {
        kept.pop();
        kept.push('…');
    }
    let cell = Cell::typed(&kept);
    if cell.fault().is_none() { cell } else { Cell::Text(format!("'{kept}").chars().take(CELL).collect()) }
}

fn csv(path: &str, bytes: &[u8]) -> Result<Sheet, String> {
    if bytes.iter().take(8_192).any(|byte| *byte == 0) && encoding_rs::Encoding::for_bom(bytes).is_none() {
        return Err("is no text, so it can't be read as CSV".into());
    }
    // A mark at the beginning says which Unicode; without one what isn't UTF-8 comes from older Windows programs.
    let (decoded, _, broken) = encoding_rs::UTF_8.decode(bytes);
    let decoded = if broken { encoding_rs::WINDOWS_1252.decode(bytes).0 } else { decoded };
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut filling = Filling::new(name, ROOM);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&decoded))
        .from_reader(decoded.as_bytes());
    for record in reader.records() {
        let record = record.map_err(|error| format!("can't be read as CSV: {error}"))?;
        filling.take(record.iter().map(text).collect());
    }
    Ok(filling.done().0)
}

/// The sign that most evenly divides the first lines.
fn delimiter(text: &str) -> u8 {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(10).collect();
    let least = |sign: u8| lines.iter().map(|line| line.bytes().filter(|it| *it == sign).count()).min();
    // Of equals the last one is taken.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|sign| least(*sign)).unwrap_or(b',')
}

fn workbook(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    unpacks(bytes, UNPACKED)?;
    let broken = |error: &dyn Display| format!("can't be read as XLSX: {error}");
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes))
        .map_err(|error: calamine::XlsxError| broken(&error))?;
    let (mut sheets, mut room, mut cells) = (Vec::new(), ROOM, 0);
    let mut names = HashSet::new();
    for name in book.sheet_names().into_iter().take(MAX_SHEETS) {
        // Charts and macros are sheets too, and have no cells.
        let Ok(mut reader) = book.worksheet_cells_reader(&name) else { continue };
        let mut filling = Filling::new(&name, room);
        let (mut at, mut row) = (0, Vec::new());
        while let Some(cell) = reader.next_cell().map_err(|error| broken(&error))? {
            cells += 1;
            if cells > CELLS {
                return Err("has too many cells; cut out in the sandbox what is to be shown".into());
            }
            let (to, column) = cell.get_position();
            let (to, column) = (to as usize, column as usize);
            if *cell.get_value() == DataRef::Empty || column >= MAX_COLUMNS || to < at {
                continue;
            }
            while at < to {
                filling.take(std::mem::take(&mut row));
                at += 1;
                // A cell a million rows further down costs no million steps.
                if filling.sheet.more > 0 {
                    at = to;
                }
            }
            if row.len() <= column {
                row.resize(column + 1, Cell::Empty);
            }
            row[column] = value(cell.get_value());
        }
        filling.take(row);
        let sheet;
        (sheet, room) = filling.done();
        if names.insert(sheet.name.clone()) {
            sheets.push(sheet);
        }
    }
    Ok(sheets)
}

fn value(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::Bool(truth) => Cell::Truth(*truth),
        DataRef::Int(number) => Cell::Number((*number).into()),
        DataRef::Float(number) => float(*number),
        DataRef::String(words) | DataRef::DateTimeIso(words) | DataRef::DurationIso(words) => words_of(words),
        DataRef::SharedString(words) => words_of(words),
        DataRef::DateTime(at) => Cell::Text(moment(at)),
        DataRef::Error(error) => Cell::Text(error.to_string()),
    }
}

/// What the file says is text stays text: a number that was written as one has its reason.
fn words_of(words: &str) -> Cell {
    match text(words) {
        Cell::Empty => Cell::Empty,
        Cell::Text(words) => Cell::Text(words),
        _ => Cell::Text(words.trim().to_owned()),
    }
}

/// Without what binary fractions add: 0.1 + 0.2 is 0.3.
fn float(number: f64) -> Cell {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53")]
    if rounded.fract() == 0.0 && rounded.abs() < 9e15 {
        return Cell::Number((rounded as i64).into());
    }
    serde_json::Number::from_f64(rounded).map_or(Cell::Empty, Cell::Number)
}

fn moment(at: &ExcelDateTime) -> String {
    let value = at.as_f64();
    if at.is_duration() || (0.0..1.0).contains(&value) {
        #[expect(clippy::cast_possible_truncation, reason = "days of this century in seconds")]
        let seconds = (value * 86_400.0).round().clamp(-1e12, 1e12) as i64;
        let sign = if seconds < 0 { "-" } else { "" };
        let seconds = seconds.abs();
        return format!("{sign}{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    if !(0.0..3_000_000.0).contains(&value) {
        return value.to_string();
    }
    match at.to_ymd_hms_milli() {
        (year, month, day, 0, 0, 0, _) => format!("{year:04}-{month:02}-{day:02}"),
        (year, month, day, hour, minute, second, _) => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
    }
}

/// Whether a ZIP file's contents are as small as they should be; what it says about itself is not believed.
pub(super) fn unpacks(bytes: &[u8], most: u64) -> Result<(), String> {
    let broken = |error: &dyn Display| format!("can't be unpacked: {error}");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut left = most;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| broken(&error))?;
        let size = io::copy(&mut file.take(left + 1), &mut io::sink()).map_err(|error| broken(&error))?;
        left = left.checked_sub(size).ok_or("unpacks to far more than it is long")?;
    }
    Ok(())
}
