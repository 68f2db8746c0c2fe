use super::{SpecError, Tone, nonempty};
use serde::{Deserialize, Serialize};

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Moment {
    /// When, as it should be read: "2024-05-01", "Spring 1969".
    pub date: String,
    /// What happened.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub text: String,
    /// What it means.
    #[serde(default)]
    pub tone: Tone,
}

/// Dated events, in the order given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timeline {
    /// In order.
    pub events: Vec<Moment>,
}

impl Timeline {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        nonempty(&self.events, "/events", "event")
    }

    pub(super) fn example() -> Self {
        let moment = |date: &str, title: &str, tone| Moment {
            date: date.into(),
            title: title.into(),
            text: String::new(),
            tone,
        };
        Self {
            events: vec![
                moment("3 March", "Survey begins", Tone::Info),
                moment("18 March", "Sensor 4 fails", Tone::Danger),
                moment("2 April", "Survey ends", Tone::Success),
            ],
        }
    }
}
