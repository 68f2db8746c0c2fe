use super::{
    Callout, Card, Chart, ItemList, KpiGrid, Markdown, Metric, SpecError, Table, Timeline, nonempty,
};
use serde::{Deserialize, Serialize};

/// What a tile holds: any type but form, kanban and dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum TileSpec {
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
    /// Line, bar, area, pie or scatter.
    Chart(Chart),
    /// Dated events.
    Timeline(Timeline),
}

impl From<TileSpec> for super::DataSpec {
    fn from(spec: TileSpec) -> Self {
        match spec {
            TileSpec::Markdown(spec) => Self::Markdown(spec),
            TileSpec::Callout(spec) => Self::Callout(spec),
            TileSpec::Metric(spec) => Self::Metric(spec),
            TileSpec::KpiGrid(spec) => Self::KpiGrid(spec),
            TileSpec::Card(spec) => Self::Card(spec),
            TileSpec::Table(spec) => Self::Table(spec),
            TileSpec::List(spec) => Self::List(spec),
            TileSpec::Chart(spec) => Self::Chart(spec),
            TileSpec::Timeline(spec) => Self::Timeline(spec),
        }
    }
}

/// One tile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tile {
    /// Heading.
    #[serde(default)]
    pub title: String,
    /// Columns that it takes of 12; 12 when absent.
    #[serde(default)]
    pub span: Option<u8>,
    /// What it shows.
    pub spec: TileSpec,
}

/// Several of the other types in a 12-column grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dashboard {
    /// In reading order; 1–24.
    pub tiles: Vec<Tile>,
}

impl Dashboard {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        nonempty(&self.tiles, "/tiles", "tile")?;
        if self.tiles.len() > 24 {
            return Err(SpecError::new("/tiles", "has more than 24 tiles"));
        }
        for (index, tile) in self.tiles.iter().enumerate() {
            if tile.span.is_some_and(|span| !(1..=12).contains(&span)) {
                return Err(SpecError::new(format!("/tiles/{index}/span"), "must be 1 to 12"));
            }
            let spec = super::DataSpec::from(tile.spec.clone());
            spec.check().map_err(|error| error.under(&format!("/tiles/{index}/spec")))?;
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        Self {
            tiles: vec![
                Tile { title: "Today".into(), span: Some(12), spec: TileSpec::KpiGrid(KpiGrid::example()) },
                Tile { title: "Yield".into(), span: Some(8), spec: TileSpec::Chart(Chart::example()) },
                Tile { title: "Cities".into(), span: Some(4), spec: TileSpec::Table(Table::example()) },
            ],
        }
    }
}
