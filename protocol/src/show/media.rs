use super::at_most;
use crate::{dataspec::SpecError, files::media_type};
use serde::{Deserialize, Serialize};

/// A sound file of the project's folder: MP3, M4A, Ogg, Opus, WAV, FLAC or WebM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Audio {
    /// Path below the project's folder.
    pub path: String,
    /// What is to be heard, for those who can't hear it: what is said word for word, or a description.
    #[serde(default)]
    pub text: String,
}

/// A film of the project's folder: MP4, WebM, Ogg or MOV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Video {
    /// Path below the project's folder.
    pub path: String,
    /// What it shows, for those who can't see it.
    pub alt: String,
    /// Path below the project's folder of a picture to show before it plays.
    #[serde(default)]
    pub poster: String,
    /// Files with its captions, the first of them switched on.
    #[serde(default)]
    pub captions: Vec<Captions>,
}

/// Captions of a film in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Captions {
    /// Path below the project's folder of a WebVTT file (`.vtt`).
    pub path: String,
    /// Its language as a tag, e.g. `en` or `pt-BR`.
    pub language: String,
    /// The language's name as people read it, e.g. `Português`.
    pub label: String,
}

/// A PDF file of the project's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pdf {
    /// Path below the project's folder.
    pub path: String,
    /// The page to open it at, counted from 1.
    #[serde(default)]
    pub page: Option<u32>,
}

impl Audio {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        file(&self.path, "/path", &["audio/"], "mp3, m4a, ogg, opus, wav, flac or weba")?;
        at_most(self.text.chars().count(), 50_000, "characters", || "/text".into())
    }

    pub(super) fn example() -> Self {
        Self {
            path: "recordings/pier.mp3".into(),
            text: "Waves against wood, then a bell three times.".into(),
        }
    }
}

impl Video {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        file(&self.path, "/path", &["video/"], "mp4, m4v, webm, ogv or mov")?;
        if self.alt.trim().is_empty() {
            return Err(SpecError::new("/alt", "is empty"));
        }
        at_most(self.alt.chars().count(), 2_000, "characters", || "/alt".into())?;
        if !self.poster.is_empty() {
            file(&self.poster, "/poster", &["image/"], "png, jpg, gif or webp")?;
        }
        at_most(self.captions.len(), 30, "languages", || "/captions".into())?;
        for (index, captions) in self.captions.iter().enumerate() {
            let at = |part: &str| format!("/captions/{index}/{part}");
            file(&captions.path, &at("path"), &["text/vtt"], "vtt")?;
            let language = &captions.language;
            let plain = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_alphanumeric());
            if language.len() > 35 || !language.split('-').all(plain) {
                return Err(SpecError::new(at("language"), "is no language's tag, like en or pt-BR"));
            }
            super::text_of(&captions.label, 60, || at("label"))?;
        }
        Ok(())
    }

    pub(super) fn example() -> Self {
        Self {
            path: "films/tide.mp4".into(),
            alt: "Six hours of the harbour filling with water, in half a minute".into(),
            poster: "films/tide.webp".into(),
            captions: vec![Captions {
                path: "films/tide.en.vtt".into(),
                language: "en".into(),
                label: "English".into(),
            }],
        }
    }
}

impl Pdf {
    pub(super) fn check(&self) -> Result<(), SpecError> {
        file(&self.path, "/path", &["application/pdf"], "pdf")?;
        match self.page {
            Some(page) if page == 0 || page > 100_000 => Err(SpecError::new("/page", "must be 1 or more")),
            _ => Ok(()),
        }
    }

    pub(super) fn example() -> Self {
        Self { path: "reports/stations.pdf".into(), page: None }
    }
}

/// A path whose name says that a browser can show it: what the server calls a file goes by its name.
fn file(path: &str, at: &str, kinds: &[&str], ends: &str) -> Result<(), SpecError> {
    if path.trim().is_empty() {
        return Err(SpecError::new(at, "is empty"));
    }
    at_most(path.chars().count(), 1_000, "characters", || at.into())?;
    let kind = media_type(path).unwrap_or_default();
    if kinds.iter().any(|wanted| kind.starts_with(wanted)) {
        return Ok(());
    }
    Err(SpecError::new(at, format!("must name a file that ends in {ends}")))
}
