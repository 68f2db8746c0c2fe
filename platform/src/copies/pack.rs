//! Writing an archive.

use super::{
    databases::Databases,
    model::{DIGEST_NAME, FOLDER, MANIFEST_NAME, database_name, hex},
};
use crate::{
    Error, Result,
    canvas::Seed,
    files::{Coming, Reading},
};
use alumia_protocol::{
    Timestamp,
    copies::{ArchivedBlock, ArchivedDatabase, ArchivedFile, ArchivedProject, FORMAT, Manifest, VERSION},
};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{Read as _, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use zip::{
    ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

/// What goes into an archive.
pub(super) struct Facts {
    pub exported_at: Timestamp,
    pub project: ArchivedProject,
    pub seeds: Vec<Seed>,
    pub files: Reading,
    pub databases: Databases,
}

/// Where an archive goes.
pub(super) trait Out: Write {
    /// Set when the rest is wanted by nobody; what is written from then on must vanish.
    fn given_up(&self) -> Arc<AtomicBool>;
}

/// Bytes that a manifest takes, within what the digits of sizes differ by.
pub(super) fn manifest_size(seeds: &[Seed], files: &Reading, databases: usize) -> Result<u64> {
    // What stands around a block's title, content and position, and around a file's path; all of a database's line.
    const AROUND: usize = 160;
    let mut bytes = 64 << 10;
    for Seed { title, content, position, .. } in seeds {
        let json = [serde_json::to_vec(title)?, serde_json::to_vec(content)?, serde_json::to_vec(position)?];
        bytes += AROUND + json.iter().map(Vec::len).sum::<usize>();
    }
    bytes += files.paths().map(|path| AROUND + 2 * path.len()).sum::<usize>();
    bytes += AROUND * databases;
    Ok(bytes as u64)
}

/// Writes the files and databases, each once, and after them the manifest, which by then knows their digests. Databases
/// are copied in `coming` first. Blocks.
///
/// # Errors
/// Those of the disk and of `out`.
pub(super) fn pack(facts: Facts, coming: Option<&Coming>, out: impl Out) -> Result<()> {
    let given_up = out.given_up();
    let mut archive = ZipWriter::new_stream(out);
    let done =
        write(facts, coming, &mut archive).and_then(|()| archive.finish().map(drop).map_err(Error::internal));
    if done.is_err() {
        // An archive that is dropped would write its end, as if it were whole.
        given_up.store(true, Ordering::Relaxed);
    }
    done
}

fn write<W: Write>(
    facts: Facts,
    coming: Option<&Coming>,
    archive: &mut ZipWriter<StreamWriter<W>>,
) -> Result<()> {
    let Facts { exported_at, project, seeds, files, databases } = facts;
    let blocks = seeds.into_iter().map(|seed| {
        let Seed { former, title, content, position } = seed;
        ArchivedBlock { id: former, title, content, position }
    });
    let mut manifest = Manifest {
        format: FORMAT.into(),
        version: VERSION,
        exported_at,
        project,
        blocks: blocks.collect(),
        files: Vec::with_capacity(files.count()),
        databases: Vec::with_capacity(databases.count()),
    };
    files.each(|path, file, size| {
        let (size, sha256) = entry(archive, &format!("{FOLDER}{path}"), file, size)?;
        manifest.files.push(ArchivedFile { path: path.to_owned(), size, sha256 });
        Ok(())
    })?;
    if let Some(coming) = coming {
        databases.each(coming, |block, file, size| {
            let (size, sha256) = entry(archive, &database_name(block), file, size)?;
            manifest.databases.push(ArchivedDatabase { block, size, sha256 });
            Ok(())
        })?;
    }
    let text = serde_json::to_vec(&manifest)?;
    archive.start_file(MANIFEST_NAME, plain()).map_err(Error::internal)?;
    archive.write_all(&text).map_err(Error::internal)?;
    archive.start_file(DIGEST_NAME, plain()).map_err(Error::internal)?;
    archive.write_all(digest_line(&text).as_bytes()).map_err(Error::internal)
}

fn plain() -> SimpleFileOptions {
    SimpleFileOptions::default().unix_permissions(0o644)
}

/// Writes an entry; its bytes, no more than `size`, and their digest.
fn entry<W: Write>(
    archive: &mut ZipWriter<StreamWriter<W>>,
    name: &str,
    file: File,
    size: u64,
) -> Result<(u64, String)> {
    // An entry must say beforehand whether it may need long sizes.
    archive.start_file(name, plain().large_file(size >= u64::from(u32::MAX))).map_err(Error::internal)?;
    let (mut hasher, mut read, mut piece) = (Sha256::new(), 0_u64, vec![0; 64 << 10]);
    // No more than it had when it was opened, whoever appends to it.
    let mut file = file.take(size);
    loop {
        let count = file.read(&mut piece).map_err(Error::internal)?;
        if count == 0 {
            return Ok((read, hex(&hasher.finalize())));
        }
        hasher.update(&piece[..count]);
        archive.write_all(&piece[..count]).map_err(Error::internal)?;
        read += count as u64;
    }
}

/// As `sha256sum` writes it.
pub(super) fn digest_line(manifest: &[u8]) -> String {
    format!("{}  {MANIFEST_NAME}\n", hex(&Sha256::digest(manifest)))
}
