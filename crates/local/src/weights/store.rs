//! The store: a folder with one file for each model, named by its digest.
//!
//! A file gets its name only after its SHA-256 was found right. A seal beside it remembers size and time of the
//! file that was looked at, so that it needn't be read whole before each use; whatever changed it since is found.

use super::{KnownModel, Purpose, WeightsError, known};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// A folder of weights, `models` in the data directory.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

/// One model as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    pub model: &'static KnownModel,
    pub installed: bool,
    /// Bytes of an install that hasn't come to its end.
    pub partial: u64,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    bytes: u64,
    /// When the file was changed last, in nanoseconds since 1970.
    changed: u128,
}

impl Seal {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        Ok(Self { bytes: metadata.len(), changed })
    }
}

impl Shelf {
    /// The store of a data directory; nothing is made yet.
    pub fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("models") }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a model's file is when it is installed.
    pub fn path(&self, model: &KnownModel) -> PathBuf {
        let format = match model.purpose {
            Purpose::Answers => "gguf",
            Purpose::Embeddings => "safetensors",
        };
        self.beside(model, format)
    }

    pub(super) fn beside(&self, model: &KnownModel, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", model.sha256))
    }

    /// Whether a model's file is there. Says nothing of what is in it.
    pub fn has(&self, model: &KnownModel) -> bool {
        self.path(model).is_file()
    }

    /// Every model that can be installed, with what the store has of it.
    pub fn list(&self) -> Vec<Weights> {
        let partial = |model: &KnownModel| {
            let bytes = |ending: &str| fs::metadata(self.beside(model, ending)).map_or(0, |file| file.len());
            PARTIAL.map(bytes).into_iter().max().unwrap_or(0)
        };
        let weights = |model| Weights { model, installed: self.has(model), partial: partial(model) };
        known().iter().map(weights).collect()
    }

    /// The path of a model's file, known to be whole. Reads all of it when it changed since it was looked at.
    ///
    /// # Errors
    /// When it isn't there, or isn't what it should be.
    pub fn open(&self, model: &KnownModel) -> Result<PathBuf, WeightsError> {
        let path = self.path(model);
        let failed = |source| WeightsError::Io { doing: "Can't look at", path: path.clone(), source };
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(WeightsError::Missing(model.id.clone()));
            }
            Err(error) => return Err(failed(error)),
        };
        let damaged = |how: String| WeightsError::Damaged { id: model.id.clone(), how };
        if metadata.len() != model.bytes {
            return Err(damaged(format!("it has {} bytes instead of {}", metadata.len(), model.bytes)));
        }
        let found = Seal::of(&metadata).map_err(failed)?;
        let sealed =
            fs::read(self.beside(model, "seal")).ok().and_then(|seal| serde_json::from_slice(&seal).ok());
        if sealed.as_ref() == Some(&found) {
            return Ok(path);
        }
        let digest = digest(&path, |_| ()).map_err(failed)?;
        if digest != model.sha256 {
            return Err(damaged(format!("its SHA-256 is {digest} instead of {}", model.sha256)));
        }
        self.seal(model)?;
        Ok(path)
    }

    /// Remembers that a file was found right as it is now.
    pub(super) fn seal(&self, model: &KnownModel) -> Result<(), WeightsError> {
        let (path, seal) = (self.path(model), self.beside(model, "seal"));
        let write = || {
            let found = Seal::of(&fs::metadata(&path)?)?;
            fs::write(&seal, serde_json::to_vec(&found)?)
        };
        write().map_err(|source| WeightsError::Io { doing: "Can't write", path: seal.clone(), source })
    }

    /// Removes a model's file and what an install has left. Says whether there was anything.
    ///
    /// # Errors
    /// When something can't be removed.
    pub fn remove(&self, model: &KnownModel) -> Result<bool, WeightsError> {
        let failed = |doing, path: &Path, source| WeightsError::Io { doing, path: path.to_owned(), source };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            entries => entries.map_err(|error| failed("Can't list", &self.folder, error))?,
        };
        let mut any = false;
        for entry in entries {
            let entry = entry.map_err(|error| failed("Can't list", &self.folder, error))?;
            if entry.file_name().to_string_lossy().starts_with(&format!("{}.", model.sha256)) {
                fs::remove_file(entry.path())
                    .map_err(|error| failed("Can't remove", &entry.path(), error))?;
                any = true;
            }
        }
        Ok(any)
    }
}

/// What unfinished installs are named, by source.
pub(super) const PARTIAL: [&str; 3] = ["hub.partial", "packages.partial", "file.partial"];

/// A file's SHA-256 in lower-case hexadecimal; `read` hears how many bytes were looked at.
pub(crate) fn digest(path: &Path, mut read: impl FnMut(u64)) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&buffer[..count]);
        total += u64::try_from(count).unwrap_or(0);
        read(total);
    }
}
