//! Weights: which models there are, where their files come from, and the store that holds them.

mod download;
mod install;
mod packages;
mod store;

pub use install::{Installing, Progress, Sources, install};
pub(crate) use store::digest;
pub use store::{Shelf, Weights};

use serde::Deserialize;
use std::{path::PathBuf, sync::LazyLock};

/// What a model does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Answers people and calls tools.
    #[default]
    Answers,
    /// Turns texts into vectors.
    Embeddings,
}

/// A model that can be installed; see `known.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownModel {
    pub id: String,
    /// For people.
    pub name: String,
    #[serde(default)]
    pub purpose: Purpose,
    /// SPDX.
    pub licence: String,
    /// Of the file, in lower-case hexadecimal; also its name in the store.
    pub sha256: String,
    pub bytes: u64,
    /// Resident when it is loaded.
    pub memory_mb: u64,
    /// Tokens of its usual context.
    pub context: u32,
    pub hub: Hub,
    pub packages: Packages,
}

/// A file at Hugging Face.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    pub repository: String,
    pub file: String,
}

/// Wheels that hold a file in parts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// `{}` is the part's number, from 1.
    pub name: String,
    pub parts: u32,
    pub version: String,
    /// How the name of the part's file in the wheel ends.
    pub payload: String,
}

#[derive(Deserialize)]
struct Table {
    model: Vec<KnownModel>,
}

static KNOWN: LazyLock<Vec<KnownModel>> = LazyLock::new(|| {
    // Compiled in; the test below reads it, so that it can't be wrong here.
    toml::from_str::<Table>(include_str!("known.toml")).map(|table| table.model).unwrap_or_default()
});

/// All models that can be installed, the default one first.
pub fn known() -> &'static [KnownModel] {
    &KNOWN
}

/// Those that answer, the default one first.
pub fn answering() -> impl Iterator<Item = &'static KnownModel> {
    known().iter().filter(|model| model.purpose == Purpose::Answers)
}

/// The one that answers and has this id.
///
/// # Errors
/// When there is none.
pub fn find_answering(id: &str) -> Result<&'static KnownModel, WeightsError> {
    find(id).and_then(|model| match model.purpose {
        Purpose::Answers => Ok(model),
        Purpose::Embeddings => Err(WeightsError::AnswersNobody(id.to_owned())),
    })
}

/// The model with this id.
///
/// # Errors
/// When there is none.
pub fn find(id: &str) -> Result<&'static KnownModel, WeightsError> {
    known().iter().find(|model| model.id == id).ok_or_else(|| WeightsError::Unknown(id.to_owned()))
}

/// Why weights can't be had.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("There is no model \"{0}\". There are: {names}.", names = names())]
    Unknown(String),
    #[error("The model {0} makes embeddings and answers nobody.")]
    AnswersNobody(String),
    #[error("The model {0} isn't installed. Install it with `alumia model install {0}`.")]
    Missing(String),
    #[error("The file of the model {id} is damaged: {how}. Run `alumia model install {id}` to get it anew.")]
    Damaged { id: String, how: String },
    #[error("Another `alumia model install` is at work in {}. Wait for it, or end it.", .0.display())]
    Busy(PathBuf),
    #[error("The disk is too full: the model needs {needed} MB more in {}, and {free} MB are free. Make room, and run the same command again: it goes on where it was.", .folder.display())]
    DiskFull { folder: PathBuf, needed: u64, free: u64 },
    #[error("{} is not the file of the model {id}: its SHA-256 is {found}, and should be {wanted}.", .path.display())]
    WrongFile { id: String, path: PathBuf, found: String, wanted: String },
    #[error(
        "The model {id} could not be had.{tried} Run the same command again to go on where it was, or give a file with --file."
    )]
    NoSource { id: String, tried: String },
    #[error("{doing} {}: {source}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
}

fn names() -> String {
    known().iter().map(|model| model.id.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_models_with_whole_digests_and_free_licences() {
        let table: Table = toml::from_str(include_str!("known.toml")).unwrap();
        assert!(table.model.len() >= 3);
        for model in table.model {
            assert!(model.sha256.len() == 64 && model.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert!(["Apache-2.0", "MIT"].contains(&model.licence.as_str()), "{}", model.licence);
            assert_eq!(model.packages.name.contains("{}"), model.packages.parts > 1, "{}", model.id);
            assert_eq!(find(&model.id).unwrap(), &model);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_that_there_are() {
        let message = find("gpt").unwrap_err().to_string();
        assert!(message.contains("\"gpt\"") && message.contains("qwen2.5-coder-1.5b"), "{message}");
        assert!(matches!(find_answering("all-minilm-l6-v2"), Err(WeightsError::AnswersNobody(_))));
        assert!(answering().all(|model| find_answering(&model.id).is_ok()));
    }
}
