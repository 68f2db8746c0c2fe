use super::SpecError;
use serde::{Deserialize, Serialize};

/// What a callout or an item means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Good to know.
    #[default]
    Info,
    /// It worked.
    Success,
    /// Needs care.
    Warning,
    /// Is broken or dangerous.
    Danger,
}

/// A band that must not be missed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Callout {
    /// What it means.
    #[serde(default)]
    pub tone: Tone,
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub text: String,
}

impl Callout {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.title.trim().is_empty() {
            return Err(SpecError::new("/title", "is empty"));
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        Self {
            tone: Tone::Warning,
            title: "Two stations report no rainfall".into(),
            text: "Their sensors were serviced in May; treat the totals as lower bounds.".into(),
        }
    }
}
