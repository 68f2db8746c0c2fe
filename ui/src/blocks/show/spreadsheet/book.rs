//! What somebody does in a spreadsheet.

use super::{
    super::edits::{Edit, Edits, Place},
    moves::{At, pasted, span, step},
};
use alumia_protocol::show::{Cell, MAX_COLUMNS, MAX_ROWS, MAX_SHEETS, Sheet, Spreadsheet};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

/// Height of a row in pixels, its line included.
pub(super) const ROW: f64 = 28.0;
/// Beyond so many rows only those in sight are drawn.
pub(super) const VIRTUAL: usize = 200;

/// A spreadsheet in somebody's hands.
#[derive(Clone, Copy)]
pub(super) struct Book {
    pub edits: Edits,
    pub content: Memo<Spreadsheet>,
    /// The sheet in sight.
    pub sheet: RwSignal<usize>,
    /// The cell that keys go to.
    pub active: RwSignal<At>,
    /// The other end of what is selected.
    pub anchor: RwSignal<At>,
    /// What stands in the field over the active cell when it opens.
    pub editing: RwSignal<Option<String>>,
    /// Rows and columns that can be gone to.
    pub extent: Memo<At>,
    pub grid: NodeRef<html::Table>,
    pub scroller: NodeRef<html::Div>,
    pub fault: RwSignal<Option<String>>,
    pub done: RwSignal<Vec<(Edit, Edit)>>,
}

impl Book {
    pub fn new(edits: Edits, content: Memo<Spreadsheet>) -> Self {
        let sheet = RwSignal::new(0);
        // Where somebody can write there is room for more.
        let spare = edits.are_saved();
        let extent = Memo::new(move |_| {
            content.with(|book| {
                let sheet = book.sheets.get(sheet.get());
                let (rows, columns) = sheet.map_or((0, 0), |it| (it.rows.len(), it.columns()));
                if spare {
                    ((rows + 5).clamp(12, MAX_ROWS), (columns + 2).clamp(6, MAX_COLUMNS))
                } else {
                    (rows.max(1), columns.max(1))
                }
            })
        });
        Self {
            edits,
            content,
            sheet,
            active: RwSignal::new((0, 0)),
            anchor: RwSignal::new((0, 0)),
            editing: RwSignal::new(None),
            extent,
            grid: NodeRef::new(),
            scroller: NodeRef::new(),
            fault: RwSignal::new(None),
            done: RwSignal::new(vec![]),
        }
    }

    pub fn with_sheet<T: Default>(self, look: impl FnOnce(&Sheet) -> T) -> T {
        let index = self.sheet.get();
        self.content.with(|book| book.sheets.get(index).map(look).unwrap_or_default())
    }

    /// Rows at the top that stay in sight.
    pub fn head(self) -> usize {
        self.with_sheet(|sheet| sheet.head.min(sheet.rows.len()))
    }

    pub fn turn_to(self, sheet: usize) {
        batch(|| {
            self.editing.set(None);
            self.fault.set(None);
            self.sheet.set(sheet);
            self.active.set((0, 0));
            self.anchor.set((0, 0));
        });
        if let Some(scroller) = self.scroller.get_untracked() {
            scroller.set_scroll_top(0);
            scroller.set_scroll_left(0);
        }
    }

    /// Selects a cell, or with `further` everything up to it.
    pub fn go(self, to: At, further: bool) {
        batch(|| {
            self.active.set(to);
            if !further {
                self.anchor.set(to);
            }
        });
        self.reveal(to);
    }

    /// Scrolls so that a cell is in sight, below the rows and beside the numbers that stay.
    fn reveal(self, (row, column): At) {
        let Some(scroller) = self.scroller.get_untracked() else { return };
        let head = untrack(|| self.head());
        if row >= head {
            let above = 24.0 + head as f64 * ROW;
            let top = (row - head) as f64 * ROW;
            let (from, high) =
                (f64::from(scroller.scroll_top()), f64::from(scroller.client_height()) - above);
            if top < from {
                scroller.set_scroll_top(top as i32);
            } else if top + ROW > from + high {
                scroller.set_scroll_top((top + ROW - high).ceil() as i32);
            }
        }
        if let Some(cell) = self.cell((row, column)).or_else(|| self.cell((0, column))) {
            let (left, wide) = (cell.offset_left(), cell.offset_width());
            let numbers = 40;
            if left - numbers < scroller.scroll_left() {
                scroller.set_scroll_left(left - numbers);
            } else if left + wide > scroller.scroll_left() + scroller.client_width() {
                scroller.set_scroll_left(left + wide - scroller.client_width());
            }
        }
    }

    /// A cell's element, where it is drawn.
    pub fn cell(self, (row, column): At) -> Option<web_sys::HtmlElement> {
        let grid = self.grid.get_untracked()?;
        let found = grid.query_selector(&format!("[data-at=\"{row}-{column}\"]")).ok().flatten()?;
        found.dyn_into().ok()
    }

    pub fn focus(self) {
        if let Some(grid) = self.grid.get_untracked() {
            let options = web_sys::FocusOptions::new();
            options.set_prevent_scroll(true);
            drop(grid.focus_with_options(&options));
        }
    }

    /// Opens the field over the active cell, with what stands there or what was typed.
    pub fn open(self, typed: Option<String>) {
        if !self.edits.are_saved() {
            return;
        }
        let (row, column) = self.active.get_untracked();
        self.reveal((row, column));
        let text = typed.unwrap_or_else(|| untrack(|| self.with_sheet(|sheet| sheet.text(row, column))));
        self.anchor.set((row, column));
        self.fault.set(None);
        self.editing.set(Some(text));
    }

    /// Takes over what was typed and goes on to another cell. `false` where it may not stand there.
    pub fn close(self, text: &str, to: Option<&str>) -> bool {
        let at = self.active.get_untracked();
        let cell = Cell::typed(text);
        if self.content_at(at) != cell && !self.put(vec![(at, cell)]) {
            return false;
        }
        self.editing.set(None);
        if let Some(to) = to.and_then(|key| step(key, false, at, self.extent.get_untracked())) {
            self.go(to, false);
        }
        true
    }

    fn content_at(self, (row, column): At) -> Cell {
        let cell =
            untrack(|| self.with_sheet(|sheet| sheet.rows.get(row).and_then(|row| row.get(column)).cloned()));
        cell.unwrap_or_default()
    }

    /// Puts values into cells as one step. `false`, with the reason told, where that may not be.
    fn put(self, cells: Vec<(At, Cell)>) -> bool {
        let sheet = self.sheet.get_untracked();
        let changes: Vec<(Place, Cell, Cell)> = cells
            .into_iter()
            .map(|(at, after)| ((sheet, at.0, at.1), self.content_at(at), after))
            .filter(|(_, before, after)| before != after)
            .collect();
        if changes.is_empty() {
            return true;
        }
        let back =
            changes.iter().map(|(place, before, after)| (*place, after.clone(), before.clone())).collect();
        self.make(Edit::Cells(changes), Edit::Cells(back))
    }

    fn make(self, edit: Edit, back: Edit) -> bool {
        match self.edits.make(edit.clone()) {
            Ok(()) => {
                self.fault.set(None);
                self.done.update(|done| done.push((edit, back)));
                true
            }
            Err(why) => {
                self.fault.set(Some(why));
                false
            }
        }
    }

    pub fn undo(self) {
        if let Some((edit, back)) = self.done.try_update(Vec::pop).flatten() {
            let Edit::Cells(cells) = &edit else { return };
            let Some(((sheet, row, column), ..)) = cells.first().cloned() else { return };
            match self.edits.make(back) {
                Ok(()) => {
                    if sheet != self.sheet.get_untracked() {
                        self.turn_to(sheet);
                    }
                    self.go((row, column), false);
                }
                Err(why) => self.fault.set(Some(why)),
            }
        }
    }

    pub fn clear(self) {
        let (from, to) = span(self.active.get_untracked(), self.anchor.get_untracked());
        let filled: Vec<(At, Cell)> = untrack(|| {
            self.with_sheet(|sheet| {
                let rows = sheet.rows.iter().enumerate().take(to.0 + 1).skip(from.0);
                rows.flat_map(|(row, cells)| {
                    let columns = from.1..cells.len().min(to.1 + 1);
                    columns.map(move |column| ((row, column), Cell::Empty))
                })
                .collect()
            })
        });
        self.put(filled);
    }

    pub fn paste(self, text: &str) {
        let (from, _) = span(self.active.get_untracked(), self.anchor.get_untracked());
        let rows = pasted(text);
        let last = (
            from.0 + rows.len().saturating_sub(1),
            from.1 + rows.iter().map(Vec::len).max().unwrap_or(1).saturating_sub(1),
        );
        if last.0 >= MAX_ROWS || last.1 >= MAX_COLUMNS {
            self.fault.set(Some(format!("A sheet has at most {MAX_ROWS} rows and {MAX_COLUMNS} columns.")));
            return;
        }
        let cells = rows.into_iter().enumerate().flat_map(|(row, cells)| {
            cells.into_iter().enumerate().map(move |(column, cell)| ((from.0 + row, from.1 + column), cell))
        });
        if self.put(cells.collect()) {
            self.anchor.set(from);
            self.active.set(last);
        }
    }

    pub fn add_sheet(self) {
        let names: Vec<String> =
            self.content.with_untracked(|book| book.sheets.iter().map(|sheet| sheet.name.clone()).collect());
        if names.len() >= MAX_SHEETS {
            self.fault.set(Some(format!("A spreadsheet has at most {MAX_SHEETS} sheets.")));
            return;
        }
        let free =
            (names.len() + 1..).map(|number| format!("Sheet {number}")).find(|name| !names.contains(name));
        match self.edits.make(Edit::Sheet(free.unwrap_or_default())) {
            Ok(()) => self.turn_to(names.len()),
            Err(why) => self.fault.set(Some(why)),
        }
    }

    pub fn keys(self, event: &ev::KeyboardEvent) {
        let command = event.ctrl_key() || event.meta_key();
        if event.alt_key() {
            return;
        }
        let (key, active) = (event.key(), self.active.get_untracked());
        let writes = self.edits.are_saved();
        match key.as_str() {
            "Tab" => {
                // At the edge the focus goes on to what is behind or before the grid.
                let arrow = if event.shift_key() { "ArrowLeft" } else { "ArrowRight" };
                match step(arrow, false, active, self.extent.get_untracked()) {
                    Some(to) if to != active => self.go(to, false),
                    _ => return,
                }
            }
            "Enter" | "F2" if writes => self.open(None),
            "Delete" | "Backspace" if writes => self.clear(),
            "z" | "Z" if command && writes => self.undo(),
            "a" | "A" if command => {
                let (rows, columns) = self.extent.get_untracked();
                self.anchor.set((0, 0));
                self.active.set((rows - 1, columns - 1));
            }
            one if !command && one.chars().count() == 1 => {
                if !writes {
                    return;
                }
                self.open(Some(if one == " " { String::new() } else { one.to_owned() }));
            }
            other => match step(other, command, active, self.extent.get_untracked()) {
                Some(to) => self.go(to, event.shift_key()),
                None => return,
            },
        }
        event.prevent_default();
        event.stop_propagation();
    }
}
