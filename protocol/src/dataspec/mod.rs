//! DataSpec: what a `data` block holds. The doc comments are what models read.

mod callout;
mod card;
mod chart;
mod dashboard;
mod form;
mod kanban;
mod kpi_grid;
mod list;
mod markdown;
mod metric;
mod table;
mod timeline;

pub use callout::{Callout, Tone};
pub use card::Card;
pub use chart::{Chart, ChartKind, Series};
pub use dashboard::{Dashboard, Tile, TileSpec};
pub use form::{Field, FieldKind, Form};
pub use kanban::{Kanban, KanbanCard, KanbanColumn};
pub use kpi_grid::KpiGrid;
pub use list::{Item, ItemList};
pub use markdown::Markdown;
pub use metric::{Metric, Trend};
pub use table::{Align, Column, Table};
pub use timeline::{Moment, Timeline};

use serde::{Deserialize, Serialize};

/// A typed display. Choose the type that says most at a glance: a chart for a trend or comparison, a
/// table for rows to look up, a metric for one number, markdown for prose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DataSpec {
    /// Prose.
    Markdown(Markdown),
    /// A band that must not be missed.
    Callout(Callout),
    /// One headline number.
    Metric(Metric),
    /// Several headline numbers.
    KpiGrid(KpiGrid),
    /// One thing with a title, a text and facts.
    Card(Card),
    /// Rows and columns.
    Table(Table),
    /// Items one below the other.
    List(ItemList),
    /// Fields for a person to fill in.
    Form(Form),
    /// Line, bar, area, pie or scatter.
    Chart(Chart),
    /// Dated events.
    Timeline(Timeline),
    /// Columns of cards.
    Kanban(Kanban),
    /// Several of the other types in a grid.
    Dashboard(Dashboard),
}

/// A field whose value has the right shape and makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SpecError {
    /// JSON pointer to the field.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl SpecError {
    /// An error at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The same error, seen from the object that holds this one at `prefix`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.path.insert_str(0, prefix);
        self
    }
}

impl DataSpec {
    /// What the schema can't say: lengths that must agree, ids that must be unique.
    pub fn check(&self) -> Result<(), SpecError> {
        match self {
            Self::Markdown(spec) => spec.check(),
            Self::Callout(spec) => spec.check(),
            Self::Metric(spec) => spec.check(),
            Self::KpiGrid(spec) => spec.check(),
            Self::Card(spec) => spec.check(),
            Self::Table(spec) => spec.check(),
            Self::List(spec) => spec.check(),
            Self::Form(spec) => spec.check(),
            Self::Chart(spec) => spec.check(),
            Self::Timeline(spec) => spec.check(),
            Self::Kanban(spec) => spec.check(),
            Self::Dashboard(spec) => spec.check(),
        }
    }

    /// The type's name as it stands in `type`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Markdown(_) => "markdown",
            Self::Callout(_) => "callout",
            Self::Metric(_) => "metric",
            Self::KpiGrid(_) => "kpi-grid",
            Self::Card(_) => "card",
            Self::Table(_) => "table",
            Self::List(_) => "list",
            Self::Form(_) => "form",
            Self::Chart(_) => "chart",
            Self::Timeline(_) => "timeline",
            Self::Kanban(_) => "kanban",
            Self::Dashboard(_) => "dashboard",
        }
    }

    /// One worked example of each type.
    pub fn examples() -> Vec<Self> {
        vec![
            Self::Markdown(Markdown::example()),
            Self::Callout(Callout::example()),
            Self::Metric(Metric::example()),
            Self::KpiGrid(KpiGrid::example()),
            Self::Card(Card::example()),
            Self::Table(Table::example()),
            Self::List(ItemList::example()),
            Self::Form(Form::example()),
            Self::Chart(Chart::example()),
            Self::Timeline(Timeline::example()),
            Self::Kanban(Kanban::example()),
            Self::Dashboard(Dashboard::example()),
        ]
    }
}

fn nonempty<T>(items: &[T], path: &str, what: &str) -> Result<(), SpecError> {
    if items.is_empty() { Err(SpecError::new(path, format!("needs at least one {what}"))) } else { Ok(()) }
}

fn distinct<'a>(ids: impl Iterator<Item = &'a str>, path: impl Fn(usize) -> String) -> Result<(), SpecError> {
    let mut seen = std::collections::HashSet::new();
    for (index, id) in ids.enumerate() {
        if !seen.insert(id) {
            return Err(SpecError::new(path(index), format!("\"{id}\" is used twice")));
        }
    }
    Ok(())
}
