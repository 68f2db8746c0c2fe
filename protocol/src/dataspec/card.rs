use super::SpecError;
use serde::{Deserialize, Serialize};

/// One thing with a title, a text and facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Card {
    /// What it is.
    pub title: String,
    /// One line below the title.
    #[serde(default)]
    pub subtitle: String,
    /// Markdown.
    #[serde(default)]
    pub text: String,
    /// Label and value pairs, e.g. `["Owner", "Ines"]`.
    #[serde(default)]
    pub facts: Vec<(String, String)>,
    /// Path of a picture below the project's folder.
    #[serde(default)]
    pub image: Option<String>,
}

impl Card {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        if self.title.trim().is_empty() {
            return Err(SpecError::new("/title", "is empty"));
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        Self {
            title: "Harbour bridge inspection".into(),
            subtitle: "North span, 14 October".into(),
            text: "Surface rust on **two** of 48 hangers; no section loss.".into(),
            facts: vec![("Inspector".into(), "Ines Okafor".into()), ("Next due".into(), "April".into())],
            image: None,
        }
    }
}
