use super::SpecError;
use serde::{Deserialize, Serialize};

/// Which way a number went, and whether that is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// Up, and that is good.
    Up,
    /// Down, and that is bad.
    Down,
    /// Neither.
    #[default]
    Flat,
}

/// One headline number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metric {
    /// What it counts, e.g. "Monthly revenue".
    pub label: String,
    /// The number as it should be read, e.g. "1,204" or "4.2 %".
    pub value: String,
    /// Its unit, where `value` doesn't say it.
    #[serde(default)]
    pub unit: String,
    /// The change, e.g. "+12 % since June".
    #[serde(default)]
    pub delta: String,
    /// How to read the change.
    #[serde(default)]
    pub trend: Trend,
}

impl Metric {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.label.trim().is_empty() {
            return Err(SpecError::new("/label", "is empty"));
        }
        if self.value.trim().is_empty() {
            return Err(SpecError::new("/value", "is empty"));
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        Self {
            label: "Median response".into(),
            value: "184".into(),
            unit: "ms".into(),
            delta: "-31 ms since Monday".into(),
            trend: Trend::Up,
        }
    }
}
