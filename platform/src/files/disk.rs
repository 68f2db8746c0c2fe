//! What happens on disk; blocks, so it runs on threads made for that.
//!
//! Only the server writes below a project's `files` (a sandbox sees it read-only), but nothing relies on
//! that: a symbolic link on the way or at the end is never followed.

use super::path::RelativePath;
use crate::{Error, Result};
use alumia_protocol::{Timestamp, files::FileEntry};
use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};
use uuid::Uuid;

/// Bytes that are copied at once.
const PIECE: usize = 64 << 10;

pub(super) fn list(root: &Path, folder: &RelativePath) -> Result<Vec<FileEntry>> {
    let host = match walk(root, folder.parts(), "Folder") {
        // A project's own folder is made when the first file comes.
        Err(Error::NotFound(_)) if folder.parts().is_empty() => return Ok(Vec::new()),
        other => other?,
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(host).map_err(explain)? {
        let entry = entry.map_err(explain)?;
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // Gone since it was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(explain(error)),
        };
        let (is_dir, is_file) = (metadata.is_dir(), metadata.is_file());
        // Neither links and devices nor names that no path can spell.
        let Some(name) = entry.file_name().to_str().map(ToOwned::to_owned).filter(|_| is_dir || is_file)
        else {
            continue;
        };
        let path = if folder.parts().is_empty() { name } else { format!("{}/{name}", folder.text()) };
        entries.push(describe(path, &metadata));
    }
    entries.sort_by_cached_key(|entry| (!entry.is_dir, entry.path.to_lowercase(), entry.path.clone()));
    Ok(entries)
}

/// A file to read from, and what it is.
pub(super) fn open(root: &Path, path: &RelativePath) -> Result<(File, Metadata)> {
    let host = walk(root, path.folders(), "File")?.join(path.name().unwrap_or_default());
    let before = fs::symlink_metadata(&host).map_err(|error| missing(error, "File"))?;
    // Opening a pipe would wait for its other end, so look first.
    check_file(path, &before)?;
    let file = File::open(&host).map_err(|error| missing(error, "File"))?;
    let metadata = file.metadata().map_err(explain)?;
    if !same(&before, &metadata) {
        return Err(Error::conflict("This file was replaced while it was read. Read it again."));
    }
    Ok((file, metadata))
}

pub(super) fn read(root: &Path, path: &RelativePath, max: usize) -> Result<Vec<u8>> {
    let (file, metadata) = open(root, path)?;
    let over = || {
        Error::TooLarge(format!(
            "{} has {} bytes; at most {max} can be read here.",
            path.text(),
            metadata.len()
        ))
    };
    if metadata.len() > max as u64 {
        return Err(over());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(max));
    file.take(max as u64 + 1).read_to_end(&mut bytes).map_err(explain)?;
    if bytes.len() > max { Err(over()) } else { Ok(bytes) }
}

/// Writes the bytes where nobody lists them: `temp` is a folder on the file system that they will lie on.
pub(super) fn stage(temp: &Path, bytes: &[u8]) -> Result<PathBuf> {
    fs::create_dir_all(temp).map_err(explain)?;
    let part = temp.join(Uuid::now_v7().to_string());
    let done = put(&part, bytes);
    if done.is_err() {
        unstage(&part);
    }
    done.map_err(explain).map(|()| part)
}

/// Forgets what was staged.
pub(super) fn unstage(part: &Path) {
    // It is gone already when only the last step failed.
    let _ = fs::remove_file(part);
}

/// Removes a file that may be there.
pub(super) fn forget(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(explain(error)),
        _ => Ok(()),
    }
}

/// Gives what was staged its place. The file is there whole or as it was.
pub(super) fn place(root: &Path, part: &Path, path: &RelativePath) -> Result<FileEntry> {
    fs::create_dir_all(root).map_err(explain)?;
    let mut folder = root.to_path_buf();
    for part in path.folders() {
        folder.push(part);
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => check_folder(&folder, part)?,
            Err(error) => return Err(explain(error)),
        }
    }
    let host = folder.join(path.name().unwrap_or_default());
    if fs::symlink_metadata(&host).is_ok_and(|it| it.is_dir()) {
        return Err(Error::invalid("path", format!("{} is a folder. Choose another name.", path.text())));
    }
    // Takes the place of a link instead of following it.
    let placed = fs::rename(part, &host)
        .and_then(|()| File::open(&folder)?.sync_all())
        .and_then(|()| fs::symlink_metadata(&host));
    Ok(describe(path.text(), &placed.map_err(explain)?))
}

/// Bytes of the file that is there now; none where there is no plain one.
pub(super) fn size(root: &Path, path: &RelativePath) -> u64 {
    let Ok(folder) = walk(root, path.folders(), "File") else { return 0 };
    fs::symlink_metadata(folder.join(path.name().unwrap_or_default())).map_or(0, |found| bytes_of(&found))
}

/// Every file below a folder, by path, with its bytes. What no path can spell isn't among them.
pub(super) fn every(root: &Path) -> Result<Vec<(RelativePath, u64)>> {
    let (mut all, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        for entry in list(root, &RelativePath::folder(&folder)?)? {
            match RelativePath::parse(&entry.path) {
                Ok(_) if entry.is_dir => folders.push(entry.path),
                Ok(path) => all.push((path, entry.size)),
                Err(_) => {}
            }
        }
    }
    all.sort_by_cached_key(|(path, _)| path.text());
    Ok(all)
}

/// Writes a file that isn't there yet, folders included; `None` where there are more than `most` bytes. What `reader`
/// fails with stands inside.
pub(super) fn gather(
    root: &Path,
    path: &RelativePath,
    reader: impl io::Read,
    most: u64,
) -> Result<io::Result<Option<u64>>> {
    let mut folder = root.to_path_buf();
    for part in path.folders() {
        folder.push(part);
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => check_folder(&folder, part)?,
            Err(error) => return Err(explain(error)),
        }
    }
    let mut file = File::create_new(folder.join(path.name().unwrap_or_default())).map_err(explain)?;
    let mut reader = reader.take(most.saturating_add(1));
    let (mut piece, mut size) = (vec![0; PIECE], 0_u64);
    loop {
        let read = match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Err(error)),
        };
        size += read as u64;
        file.write_all(&piece[..read]).map_err(explain)?;
    }
    if size > most {
        return Ok(Ok(None));
    }
    file.sync_all().map_err(explain)?;
    Ok(Ok(Some(size)))
}

/// Moves a folder to where none is, and makes that last.
pub(super) fn move_folder(from: &Path, to: &Path) -> Result<()> {
    let above = to.parent().ok_or_else(|| Error::internal("a project's files lie in a folder"))?;
    fs::create_dir_all(above).map_err(explain)?;
    fs::rename(from, to).and_then(|()| File::open(above)?.sync_all()).map_err(explain)?;
    if let Some(org) = above.parent() {
        File::open(org).and_then(|org| org.sync_all()).map_err(explain)?;
    }
    Ok(())
}

/// Bytes of all files below a folder.
pub(super) fn total(folder: &Path) -> u64 {
    let (mut bytes, mut folders) = (0_u64, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else { continue };
            bytes = bytes.saturating_add(bytes_of(&found));
            if found.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    bytes
}

/// The names of the folders in a folder.
pub(super) fn folders(of: &Path) -> Vec<String> {
    let entries = fs::read_dir(of).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// A file counts with its length; one with holes with what it takes on disk.
#[cfg(unix)]
fn bytes_of(found: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    if found.is_file() { found.len().min(found.blocks().saturating_mul(512)) } else { 0 }
}

#[cfg(not(unix))]
fn bytes_of(found: &Metadata) -> u64 {
    if found.is_file() { found.len() } else { 0 }
}

/// Makes a folder of the server's own and those above it.
pub(super) fn make(folder: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&folder).map_err(explain)?;
    Ok(folder)
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The host's folder at the end of `parts`, each of them a true folder.
fn walk(root: &Path, parts: &[String], what: &'static str) -> Result<PathBuf> {
    let mut folder = root.to_path_buf();
    fs::symlink_metadata(&folder).map_err(|error| missing(error, what))?;
    for part in parts {
        folder.push(part);
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_symlink() => return Err(Error::NotFound(what)),
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(not_a_folder(part)),
            Err(error) => return Err(missing(error, what)),
        }
    }
    Ok(folder)
}

fn check_folder(folder: &Path, part: &str) -> Result<()> {
    let metadata = fs::symlink_metadata(folder).map_err(explain)?;
    if metadata.is_dir() { Ok(()) } else { Err(not_a_folder(part)) }
}

fn check_file(path: &RelativePath, metadata: &Metadata) -> Result<()> {
    if metadata.is_dir() {
        return Err(Error::invalid("path", format!("{} is a folder. Name a file in it.", path.text())));
    }
    if metadata.is_file() { Ok(()) } else { Err(Error::NotFound("File")) }
}

fn not_a_folder(part: &str) -> Error {
    Error::invalid("path", format!("{part} is not a folder, so nothing can lie in it."))
}

/// Differs between any two contents that a path has had: a file is replaced as a whole, never written in place.
#[cfg(unix)]
pub(super) fn version(metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
    format!("{:x}-{seconds:x}-{nanoseconds:x}-{:x}", metadata.ino(), metadata.len())
}

#[cfg(not(unix))]
pub(super) fn version(metadata: &Metadata) -> String {
    let entry = describe(String::new(), metadata);
    format!("{:x}-{:x}", entry.modified_at.0, entry.size)
}

#[cfg(unix)]
fn same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same(_: &Metadata, _: &Metadata) -> bool {
    true
}

fn describe(path: String, metadata: &Metadata) -> FileEntry {
    let age = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let micros = age.as_ref().map(Duration::as_micros).unwrap_or_default();
    FileEntry {
        path,
        size: if metadata.is_dir() { 0 } else { metadata.len() },
        is_dir: metadata.is_dir(),
        modified_at: Timestamp(i64::try_from(micros).unwrap_or(i64::MAX)),
    }
}

fn missing(error: io::Error, what: &'static str) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Error::NotFound(what),
        _ => explain(error),
    }
}

/// What the disk says, as an error of ours.
pub(crate) fn explain(error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::Unavailable {
            message: "The server's disk is full, so the file wasn't saved. Try again when there is space."
                .into(),
            retry_after_seconds: 60,
        },
        _ => Error::internal(error),
    }
}
