//! What people change in a primitive: shown at once, saved one after the other, and never lost to somebody else's
//! change.

use crate::{components::icon::Icon, live::api};
use alumia_protocol::{
    BlockId, Timestamp,
    blocks::{Block, Content, UpdateBlock},
    show::{Cell, Drawing, Shape, Show, Spreadsheet, Timer},
};
use leptos::{prelude::*, task::spawn_local};
use serde::Deserialize as _;

/// A cell: its sheet, row and column, counted from 0.
pub(super) type Place = (usize, usize, usize);

/// One change. It says what it does and not what comes out, so that it can be made on top of others' changes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Edit {
    /// Lets a timer run, from this moment.
    Run(Timestamp),
    /// Stops a timer, at this moment.
    Pause(Timestamp),
    /// Sets a timer back.
    Reset,
    /// Puts values into cells that held others before.
    Cells(Vec<(Place, Cell, Cell)>),
    /// Adds a sheet of this name.
    Sheet(String),
    /// Adds a shape before all others.
    Draw(Shape),
    /// Takes a shape away.
    Erase(Shape),
    /// Takes these shapes away; those that somebody added meanwhile stay.
    Clear(Vec<Shape>),
    /// Brings shapes back, in front.
    Restore(Vec<Shape>),
}

/// Somebody else has put another value into a cell meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clash {
    pub place: Place,
    pub theirs: Cell,
    pub ours: Cell,
}

impl Edit {
    /// Makes the change; `Err` with what stands against it, and nothing is changed then.
    pub fn apply(&self, show: &mut Show) -> Result<(), Clash> {
        match (show, self) {
            (Show::Timer(timer), Self::Run(at)) => timer.run(*at),
            // One that another person has stopped already keeps their time.
            (Show::Timer(timer), Self::Pause(at)) => {
                if timer.started_at.is_some() {
                    timer.pause(*at);
                }
            }
            (Show::Timer(timer), Self::Reset) => timer.reset(),
            (Show::Spreadsheet(spreadsheet), Self::Cells(cells)) => return put(spreadsheet, cells),
            (Show::Spreadsheet(spreadsheet), Self::Sheet(name)) => {
                spreadsheet
                    .sheets
                    .push(alumia_protocol::show::Sheet { name: name.clone(), ..Default::default() });
            }
            (Show::Drawing(drawing), Self::Draw(shape)) => drawing.shapes.push(shape.clone()),
            (Show::Drawing(drawing), Self::Erase(shape)) => erase(drawing, shape),
            (Show::Drawing(drawing), Self::Clear(shapes)) => {
                shapes.iter().for_each(|shape| erase(drawing, shape));
            }
            (Show::Drawing(drawing), Self::Restore(shapes)) => drawing.shapes.extend(shapes.iter().cloned()),
            // It became something else meanwhile.
            _ => {}
        }
        Ok(())
    }
}

fn erase(drawing: &mut Drawing, shape: &Shape) {
    if let Some(at) = drawing.shapes.iter().rposition(|known| known == shape) {
        drawing.shapes.remove(at);
    }
}

fn put(spreadsheet: &mut Spreadsheet, cells: &[(Place, Cell, Cell)]) -> Result<(), Clash> {
    let present = |(sheet, row, column): Place| {
        let sheet = spreadsheet.sheets.get(sheet);
        sheet.and_then(|sheet| sheet.rows.get(row)?.get(column)).cloned().unwrap_or_default()
    };
    for (place, before, after) in cells {
        let theirs = present(*place);
        if theirs != *before && theirs != *after {
            return Err(Clash { place: *place, theirs, ours: after.clone() });
        }
    }
    for ((sheet, row, column), _, after) in cells {
        if let Some(sheet) = spreadsheet.sheets.get_mut(*sheet) {
            sheet.put(*row, *column, after.clone());
        }
    }
    Ok(())
}

/// A block's content with what was done to it here.
#[derive(Clone, Copy)]
pub(super) struct Edits {
    /// What is shown: as the project has it, with what is still on its way.
    pub shown: Memo<Content>,
    /// The block, for ids of elements in it.
    pub id: BlockId,
    block: Option<RwSignal<Block>>,
    waiting: RwSignal<Vec<Edit>>,
    busy: StoredValue<bool>,
    failed: RwSignal<Option<String>>,
    pub clash: RwSignal<Option<Clash>>,
}

impl Edits {
    pub fn new(id: BlockId, content: Memo<Content>, block: Option<RwSignal<Block>>) -> Self {
        let waiting = RwSignal::new(Vec::<Edit>::new());
        let shown = Memo::new(move |_| {
            let mut content = content.get();
            if let Content::Show(show) = &mut content {
                // A clash shows when it is found on the way to the server.
                waiting.with(|waiting| waiting.iter().for_each(|edit| drop(edit.apply(show))));
            }
            content
        });
        let (failed, clash) = (RwSignal::new(None), RwSignal::new(None));
        Self { shown, id, block, waiting, busy: StoredValue::new(false), failed, clash }
    }

    /// Whether what is done here can be saved.
    pub fn are_saved(self) -> bool {
        self.block.is_some()
    }

    /// What `pick` finds in the primitive.
    pub fn pick<T>(self, pick: impl Fn(&Show) -> Option<T> + Send + Sync + 'static) -> Memo<T>
    where
        T: Default + PartialEq + Send + Sync + 'static,
    {
        let shown = self.shown;
        Memo::new(move |_| {
            shown.with(|content| match content {
                Content::Show(show) => pick(show).unwrap_or_default(),
                Content::Data(_) | Content::App(_) => T::default(),
            })
        })
    }

    /// Does something, and saves it. Says what is wrong with it otherwise, and does nothing.
    pub fn make(self, edit: Edit) -> Result<(), String> {
        if self.block.is_none() {
            return Err("This can only be looked at here.".into());
        }
        let mut next = self.shown.get_untracked();
        if let Content::Show(show) = &mut next {
            if edit.apply(show).is_err() {
                return Err("Somebody has changed this meanwhile.".into());
            }
            show.check().map_err(|fault| format!("This {}.", fault.message))?;
        }
        self.waiting.update(|waiting| waiting.push(edit));
        self.save();
        Ok(())
    }

    /// Tries once more what could not be saved.
    pub fn save(self) {
        if !self.busy.get_value() {
            self.busy.set_value(true);
            self.failed.set(None);
            spawn_local(async move {
                self.work().await;
                self.busy.try_set_value(false);
            });
        }
    }

    async fn work(self) {
        let Some(block) = self.block else { return };
        // What came meanwhile is done too; a view that is gone has nothing more to say.
        while let Some(Some(edit)) = self.waiting.try_with_untracked(|waiting| waiting.first().cloned()) {
            let Some(present) = block.try_get_untracked() else { return };
            let mut content = present.content;
            let Content::Show(show) = &mut content else { return };
            if let Err(clash) = edit.apply(show) {
                self.clash.try_set(Some(clash));
                self.waiting.try_update(|waiting| waiting.remove(0));
                continue;
            }
            let change =
                UpdateBlock { version: present.version, title: None, content: Some(content), position: None };
            match api::update_block(present.id, &change).await {
                Ok(saved) => {
                    batch(|| {
                        self.waiting.try_update(|waiting| waiting.remove(0));
                        newer(block, saved);
                    });
                }
                Err(problem) => {
                    let theirs = problem
                        .details
                        .as_ref()
                        .and_then(|details| Block::deserialize(details.get("block")?).ok());
                    match theirs {
                        Some(theirs) => newer(block, theirs),
                        None => {
                            self.failed.try_set(Some(problem.message));
                            return;
                        }
                    }
                }
            }
        }
    }

    fn forget(self) {
        self.waiting.set(vec![]);
        self.failed.set(None);
    }
}

/// Takes a block over, unless the stream was quicker and brought a later one.
fn newer(block: RwSignal<Block>, known: Block) {
    block.try_update(|present| {
        if known.version >= present.version {
            *present = known;
        }
    });
}

/// Says that something isn't saved, and offers to try again. `name` is how a cell is called.
#[component]
pub(super) fn Unsaved(
    edits: Edits,
    #[prop(optional)] name: Option<fn(Place, &Content) -> String>,
) -> impl IntoView {
    let failed = move || {
        edits.failed.get().map(|why| {
            view! {
                <p class="show-unsaved">
                    <Icon name="alert" />
                    <span><strong>"Not saved. "</strong>{why}</span>
                    <button type="button" class="button small" on:click=move |_| edits.save()>"Try again"</button>
                    <button type="button" class="button small quiet" on:click=move |_| edits.forget()>"Discard"</button>
                </p>
            }
        })
    };
    let clashed = move || {
        edits.clash.get().map(|Clash { place, theirs, ours }| {
            let cell = name.map(|name| edits.shown.with(|content| name(place, content))).unwrap_or_default();
            let keep = (theirs.clone(), ours.clone());
            let mine = move |_| {
                edits.clash.set(None);
                drop(edits.make(Edit::Cells(vec![(place, keep.0.clone(), keep.1.clone())])));
            };
            let quoted = |cell: &Cell| match cell.to_string() {
                none if none.is_empty() => "nothing".to_owned(),
                some => format!("“{some}”"),
            };
            view! {
                <p class="show-unsaved">
                    <Icon name="alert" />
                    <span>
                        <strong>{format!("Somebody has changed {cell} meanwhile. ")}</strong>
                        {format!("It is {} now; you wrote {}.", quoted(&theirs), quoted(&ours))}
                    </span>
                    <button type="button" class="button small" on:click=move |_| edits.clash.set(None)>"Keep theirs"</button>
                    <button type="button" class="button small quiet" on:click=mine>"Use mine"</button>
                </p>
            }
        })
    };
    view! { <div role="status">{failed} {clashed}</div> }
}

/// The timer in a block.
pub(super) fn timer(show: &Show) -> Option<Timer> {
    match show {
        Show::Timer(timer) => Some(timer.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Clash, Edit};
    use alumia_protocol::{
        Timestamp,
        show::{Cell, Color, Drawing, Shape, Sheet, Show, Spreadsheet, Timer},
    };

    fn sheet(text: &str) -> Show {
        let rows = vec![vec![Cell::typed(text)]];
        let sheets = vec![Sheet { name: "A".into(), rows, ..Sheet::default() }];
        Show::Spreadsheet(Spreadsheet { file: String::new(), sheets })
    }

    #[test]
    fn a_cell_that_somebody_else_changed_is_a_clash_and_another_one_is_none() {
        let place = (0, 0, 0);
        let edit = Edit::Cells(vec![(place, Cell::typed("1"), Cell::typed("2"))]);
        let mut theirs = sheet("3");
        let clash = Clash { place, theirs: Cell::typed("3"), ours: Cell::typed("2") };
        assert_eq!(edit.apply(&mut theirs), Err(clash));
        assert_eq!(theirs, sheet("3"), "nothing is changed");
        let mut same = sheet("2");
        assert_eq!(edit.apply(&mut same), Ok(()), "both wrote the same");
        let other = Edit::Cells(vec![((0, 4, 1), Cell::Empty, Cell::typed("x"))]);
        other.apply(&mut theirs).unwrap();
        let Show::Spreadsheet(after) = theirs else { panic!() };
        assert_eq!((after.sheets[0].text(0, 0), after.sheets[0].text(4, 1)), ("3".into(), "x".into()));
    }

    #[test]
    fn strokes_of_two_people_both_stay() {
        let stroke = |x: f64| Shape::Stroke { points: vec![[x, 0.0]], width: 3.0, color: Color::Ink };
        let mut show = Show::Drawing(Drawing { shapes: vec![stroke(1.0)], ..Drawing::default() });
        Edit::Draw(stroke(2.0)).apply(&mut show).unwrap();
        Edit::Clear(vec![stroke(1.0), stroke(9.0)]).apply(&mut show).unwrap();
        let Show::Drawing(drawing) = &show else { panic!() };
        assert_eq!(drawing.shapes, [stroke(2.0)]);
        Edit::Restore(vec![stroke(1.0)]).apply(&mut show).unwrap();
        Edit::Erase(stroke(2.0)).apply(&mut show).unwrap();
        let Show::Drawing(drawing) = &show else { panic!() };
        assert_eq!(drawing.shapes, [stroke(1.0)]);
    }

    #[test]
    fn a_timer_that_two_people_start_runs_from_the_first() {
        let at = |seconds: i64| Timestamp(1_700_000_000_000_000).plus_seconds(seconds);
        let timer = Show::examples().into_iter().find(|show| matches!(show, Show::Timer(_))).unwrap();
        let mut show = timer.clone();
        Edit::Run(at(0)).apply(&mut show).unwrap();
        Edit::Run(at(3)).apply(&mut show).unwrap();
        Edit::Pause(at(10)).apply(&mut show).unwrap();
        Edit::Pause(at(20)).apply(&mut show).unwrap();
        let Show::Timer(Timer { elapsed, started_at, .. }) = &show else { panic!() };
        assert_eq!((*elapsed, *started_at), (10_000, None));
        Edit::Reset.apply(&mut show).unwrap();
        assert_eq!(show, timer);
    }
}
