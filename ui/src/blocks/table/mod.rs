//! Rows and columns that people sort, filter, resize, reorder and export.

mod model;

use crate::components::{button::IconButton, icon::Icon};
use alumia_protocol::dataspec::{Align, Table};
use leptos::{ev, html, prelude::*};
use model::Sort;
use std::sync::Arc;
use wasm_bindgen::JsCast;

/// Beyond so many rows only those in sight are drawn.
const VIRTUAL: usize = 200;
/// Height of a row where rows are virtual, in pixels.
const ROW: f64 = 32.0;
/// Rows drawn at once where rows are virtual.
const WINDOW: usize = 60;

#[derive(Clone, Copy)]
struct State {
    table: StoredValue<Arc<Table>>,
    sort: RwSignal<Sort>,
    /// Columns in the order shown.
    order: RwSignal<Vec<usize>>,
    /// Widths that a person has set, by column.
    widths: RwSignal<Vec<Option<f64>>>,
    rows: Memo<Vec<usize>>,
}

pub(super) fn view(spec: Table) -> AnyView {
    let count = spec.columns.len();
    let total = spec.rows.len();
    let table = StoredValue::new(Arc::new(spec));
    let (filter, sort) = (RwSignal::new(String::new()), RwSignal::new(None));
    let rows = Memo::new(move |_| table.with_value(|table| model::rows(table, &filter.read(), sort.get())));
    let state = State {
        table,
        sort,
        order: RwSignal::new((0..count).collect()),
        widths: RwSignal::new(vec![None; count]),
        rows,
    };
    let counted = move || {
        let shown = rows.with(Vec::len);
        if shown == total { format!("{total} rows") } else { format!("{shown} of {total} rows") }
    };
    view! {
        <div class="block-table">
            <div class="table-bar">
                <input
                    type="search"
                    class="table-filter"
                    aria-label="Filter rows"
                    placeholder="Filter"
                    prop:value=move || filter.get()
                    on:input=move |event| filter.set(event_target_value(&event))
                />
                <span class="muted num" role="status">{counted}</span>
                <IconButton icon="download" label="Export as CSV" on:click=move |_| export(state) />
            </div>
            <Grid state total />
        </div>
    }
    .into_any()
}

#[component]
fn Grid(state: State, total: usize) -> impl IntoView {
    let first = RwSignal::new(0_usize);
    let scroller = NodeRef::<html::Div>::new();
    let virtual_rows = total > VIRTUAL;
    let follow = move |_| {
        if let (true, Some(scroller)) = (virtual_rows, scroller.get_untracked()) {
            let row = (f64::from(scroller.scroll_top()) / ROW) as usize;
            // A step of ten rows: scrolling a little draws nothing new.
            let start = row.saturating_sub(15) / 10 * 10;
            if first.get_untracked() != start {
                first.set(start);
            }
        }
    };
    // What is filtered away must not leave the window beyond the end.
    Effect::new(move || {
        state.rows.track();
        first.set(0);
        if let Some(scroller) = scroller.get_untracked() {
            scroller.set_scroll_top(0);
        }
    });
    let window = move || {
        let count = state.rows.with(Vec::len);
        if virtual_rows { (first.get().min(count), (first.get() + WINDOW).min(count)) } else { (0, count) }
    };
    let spacer = move |rows: usize| {
        (rows > 0).then(|| {
            view! { <tr aria-hidden="true" class="table-spacer"><td style=("height", format!("{}px", rows as f64 * ROW))></td></tr> }
        })
    };
    let digits = state.table.with_value(|table| model::digits(table));
    let body = move || {
        let (from, to) = window();
        let order = state.order.get();
        let rows = state.rows.with(|rows| rows[from..to].to_vec());
        let end = state.rows.with(Vec::len) - to;
        let lines = state.table.with_value(|table| {
            rows.into_iter()
                .enumerate()
                .map(|(at, row)| line(table, &digits, &order, row, from + at))
                .collect_view()
        });
        view! { {spacer(from)} {lines} {spacer(end)} }
    };
    view! {
        <div
            class="table-scroll"
            tabindex="0"
            role="region"
            aria-label="Table"
            data-virtual=virtual_rows.to_string()
            node_ref=scroller
            on:scroll=follow
        >
            <table aria-rowcount=total + 1>
                <thead>
                    <tr aria-rowindex="1">
                        {move || state.order.get().into_iter().map(|column| view! { <Head state column /> }).collect_view()}
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

fn line(
    table: &Table,
    digits: &[Option<usize>],
    order: &[usize],
    row: usize,
    at: usize,
) -> impl IntoView + use<> {
    let cells = order
        .iter()
        .map(|&column| {
            let digits = digits[column];
            let column = &table.columns[column];
            let value = table.rows[row].get(&column.key);
            view! { <td data-align=align(column.align) class="num">{model::shown(value, digits)}</td> }
        })
        .collect_view();
    view! { <tr aria-rowindex=at + 2>{cells}</tr> }
}

const fn align(align: Align) -> &'static str {
    match align {
        Align::Left => "left",
        Align::Right => "right",
        Align::Center => "center",
    }
}

/// A column's heading: a click sorts, dragging its edge resizes, Alt with an arrow key moves or resizes it.
#[component]
fn Head(state: State, column: usize) -> impl IntoView {
    let (label, aligned) = state.table.with_value(|table| {
        let column = &table.columns[column];
        (column.label.clone(), align(column.align))
    });
    let sorted = move || state.sort.get().filter(|(by, _)| *by == column).map(|(_, up)| up);
    let aria_sort = move || match sorted() {
        None => "none",
        Some(true) => "ascending",
        Some(false) => "descending",
    };
    let turn = move |_| {
        state.sort.update(|sort| {
            *sort = match *sort {
                Some((by, true)) if by == column => Some((column, false)),
                Some((by, false)) if by == column => None,
                _ => Some((column, true)),
            };
        });
    };
    let cell = NodeRef::<html::Th>::new();
    let measured = move || cell.get_untracked().map_or(120.0, |cell| f64::from(cell.offset_width()));
    let resize = move |width: f64| {
        state.widths.update(|widths| widths[column] = Some(width.clamp(48.0, 800.0)));
    };
    let keys = move |event: ev::KeyboardEvent| {
        if !event.alt_key() {
            return;
        }
        let by = match event.key().as_str() {
            "ArrowLeft" => -1,
            "ArrowRight" => 1,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        if event.shift_key() {
            resize(measured() + f64::from(by) * 16.0);
        } else {
            state.order.update(|order| shift(order, column, by));
        }
    };
    // Where the drag began and how wide the column was.
    let drag = RwSignal::new(None::<(f64, f64)>);
    let begin = move |event: ev::PointerEvent| {
        event.prevent_default();
        event.stop_propagation();
        if let Some(edge) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) {
            drop(edge.set_pointer_capture(event.pointer_id()));
        }
        drag.set(Some((f64::from(event.client_x()), measured())));
    };
    let width = move || state.widths.with(|widths| widths[column]).map(|width| format!("{width}px"));
    view! {
        <th
            node_ref=cell
            scope="col"
            aria-sort=aria_sort
            data-align=aligned
            style:width=width
            style:min-width=width
            draggable="true"
            on:dragstart=move |event: ev::DragEvent| {
                event.stop_propagation();
                if let Some(data) = event.data_transfer() {
                    drop(data.set_data("text/x-column", &column.to_string()));
                }
            }
            on:dragover=move |event: ev::DragEvent| event.prevent_default()
            on:drop=move |event: ev::DragEvent| {
                event.prevent_default();
                event.stop_propagation();
                let from = event.data_transfer().and_then(|data| data.get_data("text/x-column").ok());
                if let Some(from) = from.and_then(|from| from.parse().ok()) {
                    state.order.update(|order| bring(order, from, column));
                }
            }
        >
            <button
                type="button"
                class="table-head"
                title="Sort. Alt with ← or → moves the column, with Shift it resizes it."
                on:click=turn
                on:keydown=keys
            >
                <span class="truncate">{label}</span>
                {move || sorted().map(|up| view! { <Icon name=if up { "arrow-up" } else { "arrow-down" } /> })}
            </button>
            <span
                class="table-edge"
                aria-hidden="true"
                on:pointerdown=begin
                on:pointermove=move |event| {
                    if let Some((from, width)) = drag.get_untracked() {
                        event.stop_propagation();
                        resize(width + f64::from(event.client_x()) - from);
                    }
                }
                on:pointerup=move |_| drag.set(None)
                on:pointercancel=move |_| drag.set(None)
            ></span>
        </th>
    }
}

/// Moves a column one place.
fn shift(order: &mut [usize], column: usize, by: i32) {
    let Some(at) = order.iter().position(|held| *held == column) else { return };
    let to = if by < 0 { at.checked_sub(1) } else { Some(at + 1).filter(|to| *to < order.len()) };
    if let Some(to) = to {
        order.swap(at, to);
    }
}

/// Puts a column where another one stands.
fn bring(order: &mut Vec<usize>, column: usize, to: usize) {
    let at = |order: &[usize], wanted| order.iter().position(|held| *held == wanted);
    if let (Some(from), Some(to)) = (at(order, column), at(order, to)) {
        let column = order.remove(from);
        order.insert(to, column);
    }
}

/// Hands the rows shown to the browser as a file.
pub(super) use model::csv_of;

fn export(state: State) {
    let text = state.table.with_value(|table| {
        state.order.with_untracked(|order| state.rows.with_untracked(|rows| model::csv(table, order, rows)))
    });
    save_csv(&text, "table.csv");
}

/// Gives the browser a table to keep, under this name.
pub(super) fn save_csv(text: &str, name: &str) {
    let parts = js_sys::Array::of1(&text.into());
    let kind = web_sys::BlobPropertyBag::new();
    kind.set_type("text/csv;charset=utf-8");
    let Ok(blob) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &kind) else { return };
    let Ok(address) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    let link = document()
        .create_element("a")
        .ok()
        .and_then(|link| link.dyn_into::<web_sys::HtmlAnchorElement>().ok());
    if let Some(link) = link {
        link.set_href(&address);
        link.set_download(name);
        link.click();
    }
    drop(web_sys::Url::revoke_object_url(&address));
}

#[cfg(test)]
mod tests {
    use super::{bring, shift};

    #[test]
    fn columns_move_and_stop_at_the_ends() {
        let mut order = vec![0, 1, 2];
        shift(&mut order, 0, -1);
        assert_eq!(order, [0, 1, 2]);
        shift(&mut order, 0, 1);
        assert_eq!(order, [1, 0, 2]);
        bring(&mut order, 2, 1);
        assert_eq!(order, [2, 1, 0]);
    }
}
