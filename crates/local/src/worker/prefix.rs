//! What was read of the unchanging beginnings of prompts, kept on disk beside the weights: a model that was just loaded
//! needn't read them again, which takes it half a minute.
//!
//! A file counts only with its SHA-256 beside it, because the library trusts what it is given. Removing a model removes
//! its files too, for they begin with its name.

use crate::weights;
use llama_cpp_2::{context::LlamaContext, token::LlamaToken};
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Shorter beginnings are read again.
pub const LEAST: usize = 256;
/// Beginnings that are kept; the last used ones.
const MOST: usize = 6;

/// The files of one model.
pub struct Prefixes {
    /// The weights.
    model: PathBuf,
}

impl Prefixes {
    pub fn beside(model: &Path) -> Self {
        Self { model: model.to_owned() }
    }

    fn path(&self, tokens: &[LlamaToken]) -> PathBuf {
        let mut hash = Sha256::new();
        for token in tokens {
            hash.update(token.0.to_le_bytes());
        }
        self.model.with_extension(format!("{}.state", &hex(hash)[..16]))
    }

    /// Whether what was read of `tokens` is here, whole.
    pub fn has(&self, tokens: &[LlamaToken]) -> bool {
        let path = self.path(tokens);
        let whole = || Ok::<_, io::Error>(fs::read_to_string(sum(&path))? == digest(&path)?);
        whole().unwrap_or(false)
    }

    /// Puts it into a sequence in place of what is there. Where that fails the sequence holds anything.
    pub fn load(&self, context: &mut LlamaContext<'_>, sequence: i32, tokens: &[LlamaToken]) -> bool {
        let path = self.path(tokens);
        let loaded = context.state_seq_load_file(&path, sequence, tokens.len());
        if let Ok(file) = fs::File::options().append(true).open(&path) {
            // Marks it as used; where that can't be it is only forgotten sooner.
            let _ = file.set_modified(SystemTime::now());
        }
        loaded.is_ok_and(|(found, _)| found == tokens)
    }

    /// Keeps what was read of `tokens`, which a sequence begins with. What can't be kept is read again the next time.
    pub fn save(&self, context: &LlamaContext<'_>, sequence: i32, tokens: &[LlamaToken]) {
        let path = self.path(tokens);
        let keep = || {
            // Without its sum a file that is being written doesn't count.
            let _ = fs::remove_file(sum(&path));
            context.state_seq_save_file(&path, sequence, tokens).map_err(io::Error::other)?;
            fs::write(sum(&path), digest(&path)?)?;
            self.forget_old()
        };
        if keep().is_err() {
            let _ = fs::remove_file(&path);
        }
    }

    fn forget_old(&self) -> io::Result<()> {
        let (Some(folder), Some(name)) = (self.model.parent(), self.model.file_stem()) else { return Ok(()) };
        let name = name.to_string_lossy();
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let own = path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&*name));
            if own && path.extension().is_some_and(|extension| extension == "state") {
                files.push((fs::metadata(&path)?.modified()?, path));
            }
        }
        files.sort();
        let extra = files.len().saturating_sub(MOST);
        for (_, path) in files.into_iter().take(extra) {
            fs::remove_file(sum(&path))?;
            fs::remove_file(&path)?;
        }
        Ok(())
    }
}

fn sum(path: &Path) -> PathBuf {
    path.with_extension("sum")
}

fn digest(path: &Path) -> io::Result<String> {
    weights::digest(path, |_| ())
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
