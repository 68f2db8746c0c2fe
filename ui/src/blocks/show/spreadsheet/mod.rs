//! Sheets of cells that people edit. Rows past two hundred are drawn while they are in sight.

mod book;
mod moves;

use super::edits::{Edits, Place, Unsaved};
use crate::components::{button::IconButton, icon::Icon};
use alumia_protocol::{
    blocks::Content,
    show::{Cell, Show, letters},
};
use book::{Book, ROW, VIRTUAL};
use leptos::{ev, html, prelude::*};
use moves::{At, copied, span, told};
use wasm_bindgen::JsCast;

/// Rows drawn at once where rows are virtual.
const WINDOW: usize = 60;

pub(super) fn view(edits: Edits) -> AnyView {
    let content = edits.pick(|show: &Show| match show {
        Show::Spreadsheet(spreadsheet) => Some(spreadsheet.clone()),
        _ => None,
    });
    let book = Book::new(edits, content);
    view! {
        <div class="block-sheet">
            {grid(book)}
            <div role="status">
                {move || book.fault.get().map(|why| view! { <p class="show-unsaved"><Icon name="alert" /><span>{why}</span></p> })}
            </div>
            <Unsaved edits name=name />
            {foot(book)}
        </div>
    }
    .into_any()
}

/// "B2", or "B2 of Rain" where there are several sheets.
fn name((sheet, row, column): Place, content: &Content) -> String {
    let cell = format!("{}{}", letters(column), row + 1);
    match content {
        Content::Show(Show::Spreadsheet(book)) if book.sheets.len() > 1 => {
            let sheet = book.sheets.get(sheet).map(|sheet| sheet.name.clone()).unwrap_or_default();
            format!("{cell} of {sheet}")
        }
        _ => cell,
    }
}

/// The cell that a pointer is on.
fn pointed(event: &web_sys::Event) -> Option<At> {
    let target: web_sys::Element = event.target()?.dyn_into().ok()?;
    let at = target.closest("[data-at]").ok()??.get_attribute("data-at")?;
    let (row, column) = at.split_once('-')?;
    Some((row.parse().ok()?, column.parse().ok()?))
}

fn grid(book: Book) -> AnyView {
    let first = RwSignal::new(0_usize);
    let many = Memo::new(move |_| book.extent.get().0 > VIRTUAL);
    let columns = Memo::new(move |_| book.extent.get().1);
    let head = Memo::new(move |_| book.head());
    let follow = move |_| {
        if let (true, Some(scroller)) = (many.get_untracked(), book.scroller.get_untracked()) {
            let row = (f64::from(scroller.scroll_top()) / ROW) as usize;
            let start = row.saturating_sub(15) / 10 * 10;
            if first.get_untracked() != start {
                first.set(start);
            }
        }
    };
    let marks = Memo::new(move |_| (book.active.get(), span(book.active.get(), book.anchor.get())));
    let body = move || {
        let (rows, head) = (book.extent.get().0, head.get());
        let (from, to) = if many.get() {
            let from = (first.get() + head).clamp(head, rows);
            (from, (from + WINDOW).min(rows))
        } else {
            (head, rows)
        };
        let spacer = |rows: usize| {
            (rows > 0).then(|| {
                view! { <tr aria-hidden="true" class="sheet-spacer"><td style=format!("height:{}px", rows as f64 * ROW)></td></tr> }
            })
        };
        let lines = (from..to).map(|row| line(book, row, columns, marks, None)).collect_view();
        view! { {spacer(from - head)} {lines} {spacer(rows - to)} }
    };
    let press = move |event: ev::PointerEvent| {
        if let (0, Some(at)) = (event.button(), pointed(&event)) {
            book.go(at, event.shift_key());
        }
    };
    let sweep = move |event: ev::PointerEvent| {
        if event.buttons() & 1 == 1
            && event.pointer_type() == "mouse"
            && let Some(at) = pointed(&event)
            && book.editing.get_untracked().is_none()
        {
            book.active.set(at);
        }
    };
    let copy = move |event: web_sys::ClipboardEvent| {
        if let (None, Some(data)) = (book.editing.get_untracked(), event.clipboard_data()) {
            let marked = span(book.active.get_untracked(), book.anchor.get_untracked());
            let text = untrack(|| book.with_sheet(|sheet| copied(sheet, marked)));
            if data.set_data("text/plain", &text).is_ok() {
                event.prevent_default();
            }
        }
    };
    let paste = move |event: web_sys::ClipboardEvent| {
        if book.edits.are_saved()
            && book.editing.get_untracked().is_none()
            && let Some(text) = event.clipboard_data().and_then(|data| data.get_data("text/plain").ok())
        {
            event.prevent_default();
            book.paste(&text);
        }
    };
    let here = move || {
        let (row, column) = book.active.get();
        format!("{}-{row}-{column}", book.sheet.get())
    };
    let lettered = move || {
        (0..columns.get())
            .map(|column| view! { <th scope="col" aria-colindex=column + 2>{letters(column)}</th> })
            .collect_view()
    };
    let label = move || {
        let sheet = book.with_sheet(|sheet| sheet.name.clone());
        if book.edits.are_saved() {
            format!("{sheet}. Arrow keys move, Enter edits, Delete empties.")
        } else {
            sheet
        }
    };
    let id = book.edits.id;
    view! {
        <div class="sheet-scroll" node_ref=book.scroller on:scroll=follow data-virtual=move || many.get().to_string()>
            <table
                role="grid"
                tabindex="0"
                data-live=""
                node_ref=book.grid
                aria-label=label
                aria-rowcount=move || book.extent.get().0 + 1
                aria-colcount=move || columns.get() + 1
                aria-multiselectable="true"
                aria-activedescendant=move || format!("{id}-{}", here())
                on:keydown=move |event| book.keys(&event)
                on:pointerdown=press
                on:pointerover=sweep
                on:dblclick=move |event: ev::MouseEvent| {
                    event.stop_propagation();
                    if pointed(&event).is_some() {
                        book.open(None);
                    }
                }
                on:copy=copy
                on:paste=paste
            >
                <thead>
                    <tr aria-rowindex="1">
                        <th class="sheet-number" scope="col"><span class="sr-only">"Row"</span></th>
                        {lettered}
                    </tr>
                    {move || (0..head.get()).map(|row| line(book, row, columns, marks, Some(24.0 + row as f64 * ROW))).collect_view()}
                </thead>
                <tbody>{body}</tbody>
            </table>
            {move || book.editing.get().map(|text| editor(book, text))}
        </div>
    }
    .into_any()
}

/// One row. It follows its own cells and its part of the selection alone.
fn line(
    book: Book,
    row: usize,
    columns: Memo<usize>,
    marks: Memo<(At, (At, At))>,
    top: Option<f64>,
) -> impl IntoView {
    let id = book.edits.id;
    let cells = Memo::new(move |_| book.with_sheet(|sheet| sheet.rows.get(row).cloned().unwrap_or_default()));
    let marked = Memo::new(move |_| {
        let (active, (from, to)) = marks.get();
        ((from.0..=to.0).contains(&row)).then_some((from.1, to.1, (active.0 == row).then_some(active.1)))
    });
    let style = top.map(|top| format!("top:{top}px"));
    let number_style = style.clone();
    let drawn = move || {
        let (marked, sheet) = (marked.get(), book.sheet.get());
        cells.with(|cells| {
            (0..columns.get())
                .map(|column| {
                    let cell = cells.get(column);
                    let number = cell.is_some_and(|cell| matches!(cell, Cell::Number(_)));
                    let (selected, active) = match marked {
                        Some((from, to, active)) => ((from..=to).contains(&column), active == Some(column)),
                        None => (false, false),
                    };
                    view! {
                        <td
                            role="gridcell"
                            id=format!("{id}-{sheet}-{row}-{column}")
                            data-at=format!("{row}-{column}")
                            data-number=number.then_some("")
                            data-active=active.then_some("")
                            aria-selected=selected.to_string()
                            aria-colindex=column + 2
                            style=style.clone()
                        >
                            {cell.map(ToString::to_string).unwrap_or_default()}
                        </td>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <tr aria-rowindex=row + 2>
            <th scope="row" class="sheet-number num" style=number_style>{row + 1}</th>
            {drawn}
        </tr>
    }
}

/// The field over the active cell.
fn editor(book: Book, text: String) -> AnyView {
    let field = NodeRef::<html::Input>::new();
    let cell = book.cell(book.active.get_untracked());
    let (left, top, wide) =
        cell.map_or((40, 24, 120), |cell| (cell.offset_left(), cell.offset_top(), cell.offset_width()));
    let (row, column) = book.active.get_untracked();
    let closing = StoredValue::new(false);
    Effect::new(move || {
        if let Some(field) = field.get() {
            let options = web_sys::FocusOptions::new();
            options.set_prevent_scroll(true);
            drop(field.focus_with_options(&options));
            let end = u32::try_from(field.value().encode_utf16().count()).unwrap_or(u32::MAX);
            drop(field.set_selection_range(end, end));
        }
    });
    let value = move || field.get_untracked().map(|field| field.value()).unwrap_or_default();
    // The field goes when it closes, and going it loses the focus: that is no second close.
    let close = move |to: Option<&'static str>| {
        let text = value();
        closing.set_value(true);
        if book.close(&text, to) {
            book.focus();
        } else {
            closing.set_value(false);
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        event.stop_propagation();
        match (event.key().as_str(), event.shift_key()) {
            ("Enter", false) => close(Some("ArrowDown")),
            ("Enter", true) => close(Some("ArrowUp")),
            ("Tab", false) => close(Some("ArrowRight")),
            ("Tab", true) => close(Some("ArrowLeft")),
            ("Escape", _) => {
                closing.set_value(true);
                book.fault.set(None);
                book.editing.set(None);
                book.focus();
            }
            _ => return,
        }
        event.prevent_default();
    };
    let leave = move |_| {
        if closing.try_get_value() == Some(false) {
            closing.set_value(true);
            if !book.close(&value(), None) {
                closing.set_value(false);
            }
        }
    };
    view! {
        <input
            node_ref=field
            class="sheet-editor"
            type="text"
            autocomplete="off"
            spellcheck="false"
            aria-label=format!("Cell {}{}", letters(column), row + 1)
            value=text
            style=format!("left:{left}px;top:{top}px;width:{}px", wide.max(110))
            on:keydown=keys
            on:blur=leave
        />
    }
    .into_any()
}

/// Sheets, what is selected, and what else can be done.
fn foot(book: Book) -> AnyView {
    let names = Memo::new(move |_| {
        book.content.with(|book| book.sheets.iter().map(|sheet| sheet.name.clone()).collect::<Vec<_>>())
    });
    let tabs = move || {
        names
            .get()
            .into_iter()
            .enumerate()
            .map(|(index, name)| {
                let whole = name.clone();
                view! {
                    <button
                        type="button"
                        role="tab"
                        aria-selected=move || (book.sheet.get() == index).to_string()
                        title=whole
                        on:click=move |_| book.turn_to(index)
                    >
                        {name}
                    </button>
                }
            })
            .collect_view()
    };
    let told = move || {
        let marked = span(book.active.get(), book.anchor.get());
        book.with_sheet(|sheet| match (told(sheet, marked), sheet.more) {
            (some, _) if !some.is_empty() => some,
            (_, 0) => format!("{} rows", sheet.rows.len()),
            (_, more) => format!("{} rows; {more} more in the file", sheet.rows.len()),
        })
    };
    let export = move |_| {
        let text = untrack(|| {
            book.with_sheet(|sheet| {
                let lines = sheet.rows.iter().map(|row| row.iter().map(ToString::to_string).collect());
                crate::blocks::table::csv_of(lines)
            })
        });
        let name = untrack(|| book.with_sheet(|sheet| sheet.name.clone()));
        crate::blocks::table::save_csv(&text, &format!("{name}.csv"));
    };
    view! {
        <div class="sheet-foot">
            <div class="sheet-tabs" role="tablist" aria-label="Sheets">{tabs}</div>
            <span class="sheet-told num" role="status">{told}</span>
            {book
                .edits
                .are_saved()
                .then(|| {
                    view! {
                        <span class="needs-script">
                            <IconButton icon="plus" label="Add sheet" on:click=move |_| book.add_sheet() />
                            <IconButton icon="undo" label="Undo" disabled=Signal::derive(move || book.done.with(Vec::is_empty)) on:click=move |_| book.undo() />
                        </span>
                    }
                })}
            <span class="needs-script"><IconButton icon="download" label="Export as CSV" on:click=export /></span>
        </div>
    }
    .into_any()
}
