//! `show` primitives: blocks with an interface of their own. The doc comments are what models read.

mod drawing;
mod map;
mod media;
mod spreadsheet;
mod timer;
mod transcript;

pub use drawing::{Color, Drawing, Shape};
pub use map::{Feature, Map};
pub use media::{Audio, Captions, Pdf, Video};
pub use spreadsheet::{Cell, MAX_COLUMNS, MAX_ROWS, MAX_SHEETS, Sheet, Spreadsheet, letters};
pub use timer::{Timer, TimerMode};
pub use transcript::{Transcript, Turn};

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
    /// Sheets of cells that people edit: for figures that they go on working with. A table of data_block is
    /// better for results to look up.
    Spreadsheet(Spreadsheet),
    /// A countdown or stopwatch.
    Timer(Timer),
    /// A sketch of strokes, shapes and words, on which people go on drawing.
    Drawing(Drawing),
    /// Who said what, and when.
    Transcript(Transcript),
    /// A sound file of the project's folder, with a player.
    Audio(Audio),
    /// A film of the project's folder, with a player.
    Video(Video),
    /// Places, ways and areas on a map of the world.
    Map(Map),
    /// A PDF file of the project's folder, to leaf through.
    Pdf(Pdf),
}

impl Show {
    /// The type's name as it stands in `type`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Document { .. } => "document",
            Self::Code { .. } => "code",
            Self::Terminal { .. } => "terminal",
            Self::Image { .. } => "image",
            Self::Browser { .. } => "browser",
            Self::Spreadsheet(_) => "spreadsheet",
            Self::Timer(_) => "timer",
            Self::Drawing(_) => "drawing",
            Self::Transcript(_) => "transcript",
            Self::Audio(_) => "audio",
            Self::Video(_) => "video",
            Self::Map(_) => "map",
            Self::Pdf(_) => "pdf",
        }
    }

    /// Calls `look` with every path of a file that this one names. Empty ones name none.
    pub fn each_path(&mut self, mut look: impl FnMut(&mut String)) {
        match self {
            Self::Image { path, .. } | Self::Browser { path, .. } => look(path),
            Self::Audio(audio) => look(&mut audio.path),
            Self::Video(video) => {
                look(&mut video.path);
                look(&mut video.poster);
                video.captions.iter_mut().for_each(|captions| look(&mut captions.path));
            }
            Self::Pdf(pdf) => look(&mut pdf.path),
            Self::Spreadsheet(spreadsheet) => look(&mut spreadsheet.file),
            Self::Document { .. }
            | Self::Code { .. }
            | Self::Terminal { .. }
            | Self::Timer(_)
            | Self::Drawing(_)
            | Self::Transcript(_)
            | Self::Map(_) => {}
        }
    }

    /// What the schema can't say.
    pub fn check(&self) -> Result<(), SpecError> {
        let (path, text) = match self {
            Self::Spreadsheet(spreadsheet) => return spreadsheet.check(),
            Self::Timer(timer) => return timer.check(),
            Self::Drawing(drawing) => return drawing.check(),
            Self::Transcript(transcript) => return transcript.check(),
            Self::Audio(audio) => return audio.check(),
            Self::Video(video) => return video.check(),
            Self::Map(map) => return map.check(),
            Self::Pdf(pdf) => return pdf.check(),
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
            Self::Spreadsheet(Spreadsheet::example()),
            Self::Timer(Timer::example()),
            Self::Drawing(Drawing::example()),
            Self::Transcript(Transcript::example()),
            Self::Audio(Audio::example()),
            Self::Video(Video::example()),
            Self::Map(Map::example()),
            Self::Pdf(Pdf::example()),
        ]
    }
}

/// Whether a number is one and lies between two others.
fn between(value: f64, (low, high): (f64, f64), path: impl FnOnce() -> String) -> Result<(), SpecError> {
    if value.is_finite() && (low..=high).contains(&value) {
        return Ok(());
    }
    Err(SpecError::new(path(), format!("is {value}; it must be between {low} and {high}")))
}

/// Whether a text has something in it and isn't too long.
fn text_of(text: &str, most: usize, path: impl FnOnce() -> String) -> Result<(), SpecError> {
    if text.trim().is_empty() {
        return Err(SpecError::new(path(), "is empty"));
    }
    at_most(text.chars().count(), most, "characters", path)
}

/// Whether there are not too many of something.
fn at_most(count: usize, most: usize, what: &str, path: impl FnOnce() -> String) -> Result<(), SpecError> {
    if count <= most {
        return Ok(());
    }
    Err(SpecError::new(path(), format!("has {count} {what}; at most {most} fit")))
}

#[cfg(test)]
mod tests;
