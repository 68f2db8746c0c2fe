use super::{SpecError, Tone, nonempty};
use serde::{Deserialize, Serialize};

/// One item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// One line.
    pub title: String,
    /// Markdown.
    #[serde(default)]
    pub text: String,
    /// A word or two on the right, e.g. "Open".
    #[serde(default)]
    pub status: String,
    /// What the status means.
    #[serde(default)]
    pub tone: Tone,
    /// A link, http or https.
    #[serde(default)]
    pub url: Option<String>,
}

/// Items one below the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ItemList {
    /// In order.
    pub items: Vec<Item>,
    /// Numbers them.
    #[serde(default)]
    pub ordered: bool,
}

impl ItemList {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        nonempty(&self.items, "/items", "item")?;
        for (index, item) in self.items.iter().enumerate() {
            if let Some(url) = &item.url
                && !(url.starts_with("https://") || url.starts_with("http://"))
            {
                return Err(SpecError::new(
                    format!("/items/{index}/url"),
                    "must start with http:// or https://",
                ));
            }
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        let item = |title: &str, status: &str, tone| Item {
            title: title.into(),
            text: String::new(),
            status: status.into(),
            tone,
            url: None,
        };
        Self {
            items: vec![
                item("Check the 2019 figures", "Done", Tone::Success),
                item("Ask for the missing stations", "Waiting", Tone::Warning),
            ],
            ordered: true,
        }
    }
}
