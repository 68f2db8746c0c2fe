//! A file that is read bit by bit.

use crate::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{Read as _, Seek as _},
};

/// A file of a project, open. What it holds stays what it was when it was opened, also when another takes its
/// place meanwhile.
#[derive(Debug)]
pub struct Opened {
    /// To read from; at its beginning.
    pub file: File,
    /// Bytes.
    pub size: u64,
    /// Another one for every content that the path has had.
    pub version: String,
}

impl Opened {
    /// The first bytes, at most `most` of them.
    ///
    /// # Errors
    /// `Internal` when the disk fails.
    pub(crate) fn head(mut self, most: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.by_ref().take(most).read_to_end(&mut bytes).map_err(Error::internal)?;
        Ok(bytes)
    }

    /// SHA-256 of all of it, as hex; `None` where it is larger than `most`. Blocks.
    ///
    /// # Errors
    /// `Internal` when the disk fails.
    pub(crate) fn hash(&mut self, most: u64) -> Result<Option<String>> {
        if self.size > most {
            return Ok(None);
        }
        let mut digest = Sha256::new();
        let mut piece = vec![0; 64 << 10];
        loop {
            match self.file.read(&mut piece).map_err(Error::internal)? {
                0 => break,
                count => digest.update(&piece[..count]),
            }
        }
        self.file.rewind().map_err(Error::internal)?;
        Ok(Some(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}
