use super::{SpecError, distinct, nonempty};
use serde::{Deserialize, Serialize};

/// One card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KanbanCard {
    /// Unique on the board.
    pub id: String,
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub text: String,
    /// Words below the text.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KanbanColumn {
    /// Unique on the board.
    pub id: String,
    /// Heading.
    pub title: String,
    /// From the top.
    pub cards: Vec<KanbanCard>,
}

/// Columns of cards that people drag between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kanban {
    /// From the left.
    pub columns: Vec<KanbanColumn>,
}

impl Kanban {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        nonempty(&self.columns, "/columns", "column")?;
        distinct(self.columns.iter().map(|column| column.id.as_str()), |i| format!("/columns/{i}/id"))?;
        let cards = self.columns.iter().flat_map(|column| &column.cards);
        distinct(cards.map(|card| card.id.as_str()), |i| format!("/columns (card {i})"))
    }

    pub(super) fn example() -> Self {
        let card = |id: &str, title: &str| KanbanCard {
            id: id.into(),
            title: title.into(),
            text: String::new(),
            tags: vec![],
        };
        let column =
            |id: &str, title: &str, cards| KanbanColumn { id: id.into(), title: title.into(), cards };
        Self {
            columns: vec![
                column("todo", "To do", vec![card("a", "Clean the station list")]),
                column("doing", "Doing", vec![card("b", "Compare with last year")]),
                column("done", "Done", vec![]),
            ],
        }
    }
}
