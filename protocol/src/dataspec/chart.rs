use super::{SpecError, nonempty};
use serde::{Deserialize, Serialize};

/// How the numbers are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChartKind {
    /// A trend.
    #[default]
    Line,
    /// A comparison.
    Bar,
    /// A trend of parts.
    Area,
    /// Shares of a whole; one series.
    Pie,
    /// Two numbers against each other: `x` and `values` of each series.
    Scatter,
}

/// One row of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Series {
    /// What it counts.
    pub name: String,
    /// One number per label; null where there is none.
    pub values: Vec<Option<f64>>,
    /// For scatter alone: the horizontal position of each value.
    #[serde(default)]
    pub x: Vec<f64>,
}

/// Line, bar, area, pie or scatter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Chart {
    /// How the numbers are drawn.
    pub kind: ChartKind,
    /// One label per value along the horizontal axis (or per slice); empty for scatter.
    #[serde(default)]
    pub labels: Vec<String>,
    /// 1–8 series.
    pub series: Vec<Series>,
    /// What the horizontal axis shows.
    #[serde(default)]
    pub x_label: String,
    /// What the vertical axis shows, with its unit.
    #[serde(default)]
    pub y_label: String,
    /// Stacks bars and areas.
    #[serde(default)]
    pub stacked: bool,
}

impl Chart {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        nonempty(&self.series, "/series", "series")?;
        if self.series.len() > 8 {
            return Err(SpecError::new("/series", "has more than 8 series; group the rest as \"Other\""));
        }
        if self.kind == ChartKind::Pie && self.series.len() > 1 {
            return Err(SpecError::new("/series", "a pie shows one series"));
        }
        for (index, series) in self.series.iter().enumerate() {
            let (wanted, path, of) = if self.kind == ChartKind::Scatter {
                (series.x.len(), format!("/series/{index}/x"), "values of x")
            } else {
                (self.labels.len(), format!("/series/{index}/values"), "labels")
            };
            if wanted != series.values.len() {
                let message =
                    format!("{} values for {wanted} {of}; the numbers must agree", series.values.len());
                return Err(SpecError::new(path, message));
            }
            if self.kind == ChartKind::Pie && series.values.iter().flatten().any(|value| *value < 0.0) {
                return Err(SpecError::new(
                    format!("/series/{index}/values"),
                    "a pie has no negative slices",
                ));
            }
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        let series = |name: &str, values: [f64; 3]| Series {
            name: name.into(),
            values: values.into_iter().map(Some).collect(),
            x: vec![],
        };
        Self {
            kind: ChartKind::Line,
            labels: vec!["2022".into(), "2023".into(), "2024".into()],
            series: vec![series("North", [3.1, 3.4, 3.9]), series("South", [2.2, 2.9, 2.7])],
            x_label: "Year".into(),
            y_label: "Yield (t/ha)".into(),
            stacked: false,
        }
    }
}
