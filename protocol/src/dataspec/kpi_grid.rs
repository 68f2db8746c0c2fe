use super::{Metric, SpecError, Trend, nonempty};
use serde::{Deserialize, Serialize};

/// Several headline numbers side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KpiGrid {
    /// 1–12 numbers.
    pub metrics: Vec<Metric>,
}

impl KpiGrid {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        nonempty(&self.metrics, "/metrics", "metric")?;
        if self.metrics.len() > 12 {
            return Err(SpecError::new("/metrics", "has more than 12 metrics"));
        }
        for (index, metric) in self.metrics.iter().enumerate() {
            metric.check().map_err(|error| error.under(&format!("/metrics/{index}")))?;
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        let metric = |label: &str, value: &str, delta: &str, trend| Metric {
            label: label.into(),
            value: value.into(),
            unit: String::new(),
            delta: delta.into(),
            trend,
        };
        Self {
            metrics: vec![
                metric("Orders", "1,204", "+8 %", Trend::Up),
                metric("Returns", "3.1 %", "+0.4 points", Trend::Down),
                metric("Stores open", "42", "", Trend::Flat),
            ],
        }
    }
}
