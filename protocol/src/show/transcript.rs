use super::{at_most, between, text_of};
use crate::dataspec::SpecError;
use serde::{Deserialize, Serialize};

/// Who said what, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transcript {
    /// In the order in which they were said.
    pub turns: Vec<Turn>,
}

/// What one speaker said in one go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Turn {
    /// Name or role; the same one for the same person throughout. Empty where nobody knows.
    #[serde(default)]
    pub speaker: String,
    /// Seconds from the beginning of the recording; left out where they aren't known.
    #[serde(default)]
    pub at: Option<f64>,
    /// What was said, word for word, as plain text.
    pub text: String,
}

impl Transcript {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.turns.is_empty() {
            return Err(SpecError::new("/turns", "needs at least one turn"));
        }
        at_most(self.turns.len(), 5_000, "turns", || "/turns".into())?;
        let mut last = 0.0;
        for (index, turn) in self.turns.iter().enumerate() {
            at_most(turn.speaker.chars().count(), 120, "characters", || format!("/turns/{index}/speaker"))?;
            text_of(&turn.text, 50_000, || format!("/turns/{index}/text"))?;
            let Some(at) = turn.at else { continue };
            // A thousand hours.
            between(at, (0.0, 3_600_000.0), || format!("/turns/{index}/at"))?;
            if at < last {
                let message =
                    format!("is {at}, before the turn above it ({last}); turns go in order of time");
                return Err(SpecError::new(format!("/turns/{index}/at"), message));
            }
            last = at;
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        let turn = |speaker: &str, at: f64, text: &str| Turn {
            speaker: speaker.into(),
            at: Some(at),
            text: text.into(),
        };
        Self {
            turns: vec![
                turn("Ines", 0.0, "Is the tide table for next week ready?"),
                turn("Tomas", 4.5, "All but Thursday. The gauge at the pier was down that night."),
                turn("Ines", 11.0, "Then we take the harbour's own figures for it."),
            ],
        }
    }
}
