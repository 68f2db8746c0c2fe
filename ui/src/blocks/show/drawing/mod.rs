//! A sketch. Its shapes are data and drawn as SVG by us; nothing in it is anybody's markup. People draw with mouse,
//! pen and fingers, or with the keyboard.

mod hand;
mod shapes;

use super::{
    edits::{Edit, Edits, Unsaved},
    measure::{share_in, size_of},
    paint,
};
use crate::components::{button::IconButton, icon::Icon};
use alumia_protocol::show::{Color, Drawing, Shape, Show};
use hand::{Tool, begun, finished, moved};
use leptos::{ev, html, prelude::*};
use shapes::{At, drawn, is_at, summary};

/// Thin, medium, thick.
const WIDTHS: [(&str, f64); 3] = [("Thin", 2.0), ("Medium", 4.0), ("Thick", 10.0)];

#[derive(Clone, Copy)]
struct Desk {
    edits: Edits,
    drawing: Memo<Drawing>,
    stage: NodeRef<html::Div>,
    size: RwSignal<(f64, f64)>,
    tool: RwSignal<Tool>,
    color: RwSignal<Color>,
    width: RwSignal<f64>,
    /// What is being drawn, and where it began.
    draft: RwSignal<Option<(Shape, At)>>,
    pointer: RwSignal<Option<i32>>,
    /// The pen of the keyboard.
    cursor: RwSignal<Option<At>>,
    /// Where words are being typed.
    typing: RwSignal<Option<At>>,
    done: RwSignal<Vec<(Edit, Edit)>>,
    undone: RwSignal<Vec<(Edit, Edit)>>,
    said: RwSignal<String>,
}

impl Desk {
    /// The drawing's units to a screen pixel.
    fn unit(self) -> f64 {
        let (wide, high) = self.size.get_untracked();
        self.drawing.with_untracked(|drawing| (drawing.width / wide).max(drawing.height / high)).max(1e-6)
    }

    /// Where an event is on the drawing, which is as large as it can be in the middle of its place.
    fn at(self, event: &ev::PointerEvent) -> At {
        let Some(stage) = self.stage.get_untracked() else { return [0.0, 0.0] };
        let (x, y) = share_in(&stage, event.client_x(), event.client_y());
        let ((wide, high), unit) = (self.size.get_untracked(), self.unit());
        let (width, height) = self.drawing.with_untracked(|drawing| (drawing.width, drawing.height));
        [(x - 0.5) * wide * unit + width / 2.0, (y - 0.5) * high * unit + height / 2.0]
    }

    /// Does something that can be undone.
    fn make(self, edit: Edit, back: Edit) {
        match self.edits.make(edit.clone()) {
            Ok(()) => {
                self.done.update(|done| done.push((edit, back)));
                self.undone.set(vec![]);
            }
            Err(why) => self.said.set(why),
        }
    }

    fn draw(self, shape: Shape) {
        self.make(Edit::Draw(shape.clone()), Edit::Erase(shape));
    }

    fn erase(self, at: At) {
        let reach = 6.0 * self.unit();
        let hit = self.drawing.with_untracked(|drawing| {
            drawing.shapes.iter().rev().find(|shape| is_at(shape, at, reach)).cloned()
        });
        if let Some(shape) = hit {
            self.make(Edit::Erase(shape.clone()), Edit::Restore(vec![shape]));
            self.said.set("Erased".into());
        }
    }

    fn undo(self) {
        if let Some((edit, back)) = self.done.try_update(Vec::pop).flatten() {
            match self.edits.make(back.clone()) {
                Ok(()) => {
                    self.undone.update(|undone| undone.push((edit, back)));
                    self.said.set("Undone".into());
                }
                Err(why) => self.said.set(why),
            }
        }
    }

    fn redo(self) {
        if let Some((edit, back)) = self.undone.try_update(Vec::pop).flatten() {
            match self.edits.make(edit.clone()) {
                Ok(()) => {
                    self.done.update(|done| done.push((edit, back)));
                    self.said.set("Done again".into());
                }
                Err(why) => self.said.set(why),
            }
        }
    }

    fn clear(self) {
        let shapes = self.drawing.with_untracked(|drawing| drawing.shapes.clone());
        if !shapes.is_empty() {
            self.make(Edit::Clear(shapes.clone()), Edit::Restore(shapes));
            self.said.set("Cleared".into());
        }
    }

    /// The hand comes down.
    fn begin(self, at: At) {
        match self.tool.get_untracked() {
            Tool::Eraser => self.erase(at),
            Tool::Text => self.typing.set(Some(at)),
            tool => {
                let shape = begun(tool, at, self.width.get_untracked(), self.color.get_untracked());
                self.draft.set(shape.map(|shape| (shape, at)));
            }
        }
    }

    fn go_on(self, to: At) {
        self.draft.update(|draft| {
            if let Some((shape, start)) = draft {
                moved(shape, *start, to);
            }
        });
    }

    /// The hand goes up.
    fn end(self) {
        if let Some((shape, _)) = self.draft.get_untracked() {
            self.draft.set(None);
            if let Some(shape) = finished(shape, self.unit()) {
                self.draw(shape);
            }
        }
    }

    fn press(self, event: &ev::PointerEvent) {
        if event.button() != 0
            || self.pointer.get_untracked().is_some()
            || self.typing.get_untracked().is_some()
        {
            return;
        }
        event.stop_propagation();
        self.cursor.set(None);
        self.pointer.set(Some(event.pointer_id()));
        if let Some(stage) = self.stage.get_untracked() {
            // A pointer that is up already has nothing to be held.
            drop(stage.set_pointer_capture(event.pointer_id()));
        }
        // Words are typed into a field that must not lose the focus to the press that opened it.
        if self.tool.get_untracked() == Tool::Text {
            event.prevent_default();
        }
        self.begin(self.at(event));
    }

    fn drag(self, event: &ev::PointerEvent) {
        if self.pointer.get_untracked() != Some(event.pointer_id()) {
            return;
        }
        let at = self.at(event);
        if self.tool.get_untracked() == Tool::Eraser { self.erase(at) } else { self.go_on(at) }
    }

    fn lift(self, event: &ev::PointerEvent) {
        if self.pointer.get_untracked() == Some(event.pointer_id()) {
            self.pointer.set(None);
            self.end();
        }
    }

    fn keys(self, event: &ev::KeyboardEvent) {
        if event.alt_key() {
            return;
        }
        let command = event.ctrl_key() || event.meta_key();
        let key = event.key();
        match key.as_str() {
            "z" | "Z" if command => {
                if event.shift_key() {
                    self.redo()
                } else {
                    self.undo()
                }
            }
            "y" if command => self.redo(),
            _ if command => return,
            "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" => self.step(&key, event.shift_key()),
            " " | "Enter" => self.touch(),
            "Escape" if self.draft.with_untracked(Option::is_some) => {
                self.draft.set(None);
                self.said.set("Pen up, nothing drawn".into());
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    /// Moves the keyboard's pen; what it draws goes with it.
    fn step(self, key: &str, finely: bool) {
        let (width, height) = self.drawing.with_untracked(|drawing| (drawing.width, drawing.height));
        let by = if finely { 1.0 } else { 10.0 } * (width / 400.0).max(0.5);
        let [x, y] = self.cursor.get_untracked().unwrap_or([width / 2.0, height / 2.0]);
        let at = match key {
            "ArrowLeft" => [x - by, y],
            "ArrowRight" => [x + by, y],
            "ArrowUp" => [x, y - by],
            _ => [x, y + by],
        };
        let at = [at[0].clamp(0.0, width), at[1].clamp(0.0, height)];
        self.cursor.set(Some(at));
        self.go_on(at);
        self.said.set(format!("{:.0}, {:.0}", at[0], at[1]));
    }

    /// Puts the keyboard's pen down, or lifts it.
    fn touch(self) {
        let (width, height) = self.drawing.with_untracked(|drawing| (drawing.width, drawing.height));
        let at = self.cursor.get_untracked().unwrap_or([width / 2.0, height / 2.0]);
        self.cursor.set(Some(at));
        if self.draft.with_untracked(Option::is_some) {
            self.end();
            self.said.set("Pen up".into());
        } else {
            self.begin(at);
            if self.draft.with_untracked(Option::is_some) {
                self.said.set("Pen down".into());
            }
        }
    }
}

pub(super) fn view(edits: Edits) -> AnyView {
    let drawing = edits.pick(|show: &Show| match show {
        Show::Drawing(drawing) => Some(drawing.clone()),
        _ => None,
    });
    let stage = NodeRef::new();
    let desk = Desk {
        edits,
        drawing,
        stage,
        size: size_of(stage, (600.0, 400.0)),
        tool: RwSignal::default(),
        color: RwSignal::default(),
        width: RwSignal::new(WIDTHS[1].1),
        draft: RwSignal::new(None),
        pointer: RwSignal::new(None),
        cursor: RwSignal::new(None),
        typing: RwSignal::new(None),
        done: RwSignal::new(vec![]),
        undone: RwSignal::new(vec![]),
        said: RwSignal::new(String::new()),
    };
    let frame = move || drawing.with(|it| format!("0 0 {} {}", it.width, it.height));
    let about = move || {
        drawing.with(|it| if it.alt.trim().is_empty() { summary(&it.shapes) } else { it.alt.clone() })
    };
    let cross = move || {
        desk.cursor.get().map(|[x, y]| {
            let long = 8.0 * desk.unit();
            let path = format!("M{} {y}h{}M{x} {}v{}", x - long, 2.0 * long, y - long, 2.0 * long);
            view! { <path class="draw-cursor" d=path /> }
        })
    };
    let picture = view! {
        <svg viewBox=frame role="img" aria-label=about>
            <rect
                class="draw-sheet"
                width=move || drawing.with(|it| it.width.to_string())
                height=move || drawing.with(|it| it.height.to_string())
            />
            {move || drawing.with(|it| it.shapes.iter().map(drawn).collect_view())}
            {move || desk.draft.get().map(|(shape, _)| drawn(&shape))}
            {cross}
        </svg>
    };
    if !edits.are_saved() {
        return view! {
            <div class="block-drawing"><div class="draw-stage" node_ref=stage>{picture}</div></div>
        }
        .into_any();
    }
    view! {
        <div class="block-drawing">
            {bar(desk)}
            <div
                class="draw-stage"
                data-edits=""
                data-live=""
                node_ref=stage
                tabindex="0"
                role="group"
                aria-label="Drawing surface. Arrow keys move the pen, Space puts it down and lifts it, Escape gives up."
                on:pointerdown=move |event| desk.press(&event)
                on:pointermove=move |event| desk.drag(&event)
                on:pointerup=move |event| desk.lift(&event)
                on:pointercancel=move |event| desk.lift(&event)
                on:dblclick=move |event| event.stop_propagation()
                on:keydown=move |event| desk.keys(&event)
            >
                {picture}
                {move || desk.typing.get().map(|at| words(desk, at))}
            </div>
            <p class="sr-only" role="status">{move || desk.said.get()}</p>
            <Unsaved edits />
        </div>
    }
    .into_any()
}

fn bar(desk: Desk) -> AnyView {
    let tools = Tool::ALL.map(|tool| {
        let (icon, name) = tool.face();
        view! {
            <button
                type="button"
                class="icon-button tip"
                aria-label=name
                data-tip=name
                aria-pressed=move || (desk.tool.get() == tool).to_string()
                on:click=move |_| desk.tool.set(tool)
            >
                <Icon name=icon />
            </button>
        }
    });
    let colors = Color::ALL.map(|color| {
        view! {
            <button
                type="button"
                class="draw-color"
                style=paint(color)
                aria-label=color.word()
                title=color.word()
                aria-pressed=move || (desk.color.get() == color).to_string()
                on:click=move |_| desk.color.set(color)
            ></button>
        }
    });
    let widths = WIDTHS.map(|(name, width)| {
        view! { <option value=width.to_string() selected=move || desk.width.get() == width>{name}</option> }
    });
    let choose = move |event| {
        if let Ok(width) = event_target_value(&event).parse() {
            desk.width.set(width);
        }
    };
    view! {
        <div class="draw-bar needs-script" role="group" aria-label="Drawing tools">
            <span>{tools}</span>
            <span>{colors}</span>
            <span>
                <select aria-label="Thickness" on:change=choose>{widths}</select>
                <IconButton icon="undo" label="Undo" disabled=Signal::derive(move || desk.done.with(Vec::is_empty)) on:click=move |_| desk.undo() />
                <IconButton icon="redo" label="Redo" disabled=Signal::derive(move || desk.undone.with(Vec::is_empty)) on:click=move |_| desk.redo() />
                <IconButton icon="trash" label="Clear" disabled=Signal::derive(move || desk.drawing.with(|it| it.shapes.is_empty())) on:click=move |_| desk.clear() />
            </span>
        </div>
    }
    .into_any()
}

/// A field for words at their place.
fn words(desk: Desk, at: At) -> AnyView {
    let field = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            drop(field.focus());
        }
    });
    let ((wide, high), unit) = (desk.size.get_untracked(), desk.unit());
    let (width, height) = desk.drawing.with_untracked(|drawing| (drawing.width, drawing.height));
    let left = (at[0] - width / 2.0) / unit + wide / 2.0;
    let top = (at[1] - height / 2.0) / unit + high / 2.0;
    let take = move || {
        if desk.typing.get_untracked().is_none() {
            return;
        }
        let text = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        desk.typing.set(None);
        if !text.trim().is_empty() {
            let size = (12.0 + 2.5 * desk.width.get_untracked()).round();
            let at = at.map(|value| (value * 10.0).round() / 10.0);
            desk.draw(Shape::Text {
                at,
                text: text.trim().to_owned(),
                size,
                color: desk.color.get_untracked(),
            });
        }
        if let Some(stage) = desk.stage.get_untracked() {
            drop(stage.focus());
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        event.stop_propagation();
        match event.key().as_str() {
            "Enter" => take(),
            "Escape" => {
                desk.typing.set(None);
                if let Some(stage) = desk.stage.get_untracked() {
                    drop(stage.focus());
                }
            }
            _ => {}
        }
    };
    view! {
        <div
            class="draw-typing"
            style=format!("left:{:.0}px;top:{:.0}px", left.clamp(0.0, (wide - 120.0).max(0.0)), (top - 24.0).clamp(0.0, (high - 28.0).max(0.0)))
            on:pointerdown=|event| event.stop_propagation()
        >
            <input node_ref=field type="text" maxlength="500" aria-label="Words" placeholder="Words, then Enter" on:keydown=keys on:blur=move |_| take() />
        </div>
    }
    .into_any()
}
