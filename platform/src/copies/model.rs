//! What archives may hold, the same for those that are written and those that are read, and words for it.

use crate::{Error, Result};
use alumia_protocol::{BlockId, billing::size, projects::Project};
use std::fmt::Write as _;

/// Bytes of all files and databases of an archive together, and of an archive.
pub(super) const BYTES: u64 = 16 << 30;
/// Files of an archive.
pub(super) const FILES: usize = 100_000;
/// Blocks of an archive.
pub(super) const BLOCKS: usize = 50_000;
/// Bytes of a manifest. It is held in memory.
pub(super) const MANIFEST: u64 = 64 << 20;

pub(super) const MANIFEST_NAME: &str = "manifest.json";
pub(super) const DIGEST_NAME: &str = "manifest.json.sha256";
pub(super) const FOLDER: &str = "files/";
pub(super) const APPS: &str = "apps/";

/// The entry of what an app has stored.
pub(super) fn database_name(block: BlockId) -> String {
    format!("{APPS}{block}.sqlite")
}

/// That a project fits into an archive that could be restored.
///
/// # Errors
/// `TooLarge`, saying what doesn't fit.
pub(super) fn check_size(blocks: usize, files: usize, bytes: u64) -> Result<()> {
    let over = |what: String, most: String| {
        Err(Error::TooLarge(format!("This project has {what}; an archive holds at most {most}.")))
    };
    if blocks > BLOCKS {
        return over(format!("{blocks} blocks"), BLOCKS.to_string());
    }
    if files > FILES {
        return over(format!("{files} files"), FILES.to_string());
    }
    if bytes > BYTES {
        return over(format!("{} of files", bytes_in_words(bytes)), bytes_in_words(BYTES));
    }
    Ok(())
}

/// That a manifest of so many bytes could be read back.
///
/// # Errors
/// `TooLarge`.
pub(super) fn check_manifest(bytes: u64) -> Result<()> {
    if bytes <= MANIFEST {
        return Ok(());
    }
    Err(Error::TooLarge(format!(
        "The blocks and file names of this project take {}; an archive holds at most {} of them.",
        bytes_in_words(bytes),
        bytes_in_words(MANIFEST)
    )))
}

pub(super) fn bytes_in_words(bytes: u64) -> String {
    size(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// What an archive's file is called: the project's address, which has plain characters only.
pub(super) fn file_name(project: &Project) -> String {
    format!("{}.alumia.zip", project.slug)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
