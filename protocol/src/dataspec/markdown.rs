use super::SpecError;
use serde::{Deserialize, Serialize};

/// Prose: notes, summaries, explanations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Markdown {
    /// `CommonMark` with tables. Raw HTML is shown as text and remote images don't load.
    pub text: String,
}

impl Markdown {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.text.trim().is_empty() {
            return Err(SpecError::new("/text", "is empty"));
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        Self { text: "## What we found\n\nSpring came **four days earlier** than in 1990.".into() }
    }
}
