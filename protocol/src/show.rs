//! `show` primitives: blocks with an interface of their own.

use crate::dataspec::SpecError;
use serde::{Deserialize, Serialize};

/// What a `show` block holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Show {
    /// A long text in Markdown, read as a page.
    Document {
        /// Markdown.
        text: String,
    },
    /// Source code.
    Code {
        /// The code.
        code: String,
        /// Its language in lower case, e.g. `python`.
        #[serde(default)]
        language: String,
        /// Its file name.
        #[serde(default)]
        filename: String,
    },
    /// What a command printed.
    Terminal {
        /// The command.
        #[serde(default)]
        command: String,
        /// Its output.
        output: String,
        /// Its exit status, once it has one.
        #[serde(default)]
        exit_code: Option<i32>,
    },
    /// A picture from the project's folder.
    Image {
        /// Path below the project's folder.
        path: String,
        /// What it shows, for those who can't see it.
        alt: String,
    },
    /// A web page in an agent's browser.
    Browser {
        /// The page's address.
        url: String,
        /// The page's title.
        #[serde(default)]
        title: String,
        /// Path below the project's folder of a picture of it; empty while there is none.
        #[serde(default)]
        path: String,
    },
}

impl Show {
    /// What the schema can't say.
    pub fn check(&self) -> Result<(), SpecError> {
        let (path, text) = match self {
            Self::Document { text } => ("/text", text),
            Self::Code { code, .. } => ("/code", code),
            // A command may print nothing.
            Self::Terminal { .. } => return Ok(()),
            Self::Image { path, .. } if path.trim().is_empty() => ("/path", path),
            Self::Image { alt, .. } => ("/alt", alt),
            Self::Browser { url, .. } if !(url.starts_with("https://") || url.starts_with("http://")) => {
                return Err(SpecError::new("/url", "is not the address of a web page"));
            }
            Self::Browser { url, .. } => ("/url", url),
        };
        if text.trim().is_empty() {
            return Err(SpecError::new(path, "is empty"));
        }
        Ok(())
    }

    /// One worked example of each type.
    pub fn examples() -> Vec<Self> {
        vec![
            Self::Document { text: "# Method\n\nEach station was read **twice**.".into() },
            Self::Code {
                code: "print(sum(range(10)))\n".into(),
                language: "python".into(),
                filename: "total.py".into(),
            },
            Self::Terminal {
                command: "wc -l rain.csv".into(),
                output: "366 rain.csv\n".into(),
                exit_code: Some(0),
            },
            Self::Image { path: "maps/stations.png".into(), alt: "Twelve stations along the coast".into() },
            Self::Browser {
                url: "https://example.org/tides".into(),
                title: "Tide tables".into(),
                path: "browser/tides.jpg".into(),
            },
        ]
    }
}
