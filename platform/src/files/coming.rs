//! Files of a project that is yet to be, and its apps' databases.
//!
//! They are gathered in `<org>/coming/<project>`, where nobody looks, and are moved to the project's folder in
//! the transaction that makes the project. `<org>/coming/<project>/lock` is locked by whoever gathers them and stays
//! until the project is there: a marker that nobody holds is a dead server's, and what became of its project the
//! database knows. So neither a failure nor a crash leaves half a project, or files of none ([`Files::clear_up`]).

use super::{
    Files, Place, disk,
    path::RelativePath,
    room::{APPS, database_name, signed},
    service::blocking,
    store,
};
use crate::{Error, Result, billing::Capped, store::Tx};
use alumia_protocol::{BlockId, OrgId, ProjectId};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

const COMING: &str = "coming";
/// What becomes a project's, by folder.
const FOLDERS: [&str; 2] = ["files", APPS];
/// What nobody has looked at yet.
const ASIDE: &str = "aside";

/// Files that are gathered for a project. Whoever has one ends it with [`Coming::arrived`] or [`Coming::abandon`].
#[derive(Debug)]
pub(crate) struct Coming {
    org: OrgId,
    project: ProjectId,
    /// The marker's folder.
    marker: PathBuf,
    /// Where the project's folder shall be.
    home: PathBuf,
    /// Held until this ends, also when the process does.
    lock: File,
}

impl Coming {
    /// The project that is to be.
    pub(crate) const fn project(&self) -> ProjectId {
        self.project
    }

    /// Gathers one file; stops, and says `None`, where `reader` gives more than `most` bytes. Blocks.
    ///
    /// # Errors
    /// `Invalid` for a path that isn't allowed or that a file is in the way of, `Unavailable` when the disk is full;
    /// what reading fails with stands inside.
    pub(crate) fn put(&self, path: &str, reader: impl Read, most: u64) -> Result<io::Result<Option<u64>>> {
        let path = RelativePath::parse(path)?;
        disk::gather(&self.marker.join("files"), &path, reader, most)
    }

    /// Where a block's database is gathered, under the id that the block had.
    ///
    /// # Errors
    /// `Unavailable` when the disk is full.
    pub(crate) fn database(&self, block: BlockId) -> Result<PathBuf> {
        Ok(disk::make(self.marker.join(APPS))?.join(database_name(block)))
    }

    /// Keeps what nobody has looked at yet where it becomes no project's, instead of what was there before; stops as
    /// [`Coming::put`] does. Blocks.
    ///
    /// # Errors
    /// `Unavailable` when the disk is full; what reading fails with stands inside.
    pub(crate) fn set_aside(
        &self,
        reader: impl Read,
        most: u64,
    ) -> Result<(PathBuf, io::Result<Option<u64>>)> {
        let path = self.marker.join(ASIDE);
        disk::forget(&path)?;
        Ok((path, disk::gather(&self.marker, &RelativePath::parse(ASIDE)?, reader, most)?))
    }

    /// Names the databases by the blocks' new ids.
    ///
    /// # Errors
    /// Those of the disk.
    pub(crate) async fn rename(&self, blocks: impl Iterator<Item = (BlockId, BlockId)>) -> Result<()> {
        let folder = self.marker.join(APPS);
        let names = blocks.map(|(former, new)| (database_name(former), database_name(new)));
        let names: Vec<(String, String)> = names.collect();
        blocking(move || {
            if !folder.exists() {
                return Ok(());
            }
            for (former, new) in names {
                match fs::rename(folder.join(former), folder.join(new)) {
                    // Most blocks have none.
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(disk::explain(error));
                    }
                    _ => {}
                }
            }
            File::open(&folder).and_then(|folder| folder.sync_all()).map_err(disk::explain)
        })
        .await
    }

    /// Gives the files their place, in the transaction that has made the project, and counts them.
    ///
    /// # Errors
    /// `PaymentRequired` where the package includes no more.
    pub(crate) async fn place(&self, files: &Files, tx: &mut Tx) -> Result<()> {
        let projects = &files.projects;
        let gathered = FOLDERS.map(|folder| self.marker.join(folder));
        let size = |folder: PathBuf| folder.exists().then(|| signed(disk::total(&folder)));
        let sizes = blocking(move || Ok(gathered.map(size))).await?;
        let bytes = sizes.iter().flatten().sum::<i64>();
        let room = projects.allowance.room(tx, self.org, Capped::Storage, projects.clock.now()).await?;
        if let Some(room) = room.filter(|_| bytes > 0) {
            room.holds(store::used(tx, self.org).await?.saturating_add(bytes))?;
        }
        for (folder, bytes) in FOLDERS.into_iter().zip(sizes) {
            let Some(bytes) = bytes else { continue };
            let place = Place { org: self.org, project: self.project, folder: folder.into() };
            store::add(tx, &place, bytes).await?;
            let (from, to) = (self.marker.join(folder), self.home.join(folder));
            blocking(move || disk::move_folder(&from, &to)).await?;
        }
        Ok(())
    }

    /// The project is there.
    pub(crate) async fn arrived(self) {
        let Self { marker, lock, .. } = self;
        let cleared = blocking(move || Ok(remove(&marker))).await;
        drop(lock);
        if let Err(error) = cleared.flatten() {
            tracing::warn!(%error, "a marker of files that have their place is cleared up later");
        }
    }

    /// The project is not to be.
    pub(crate) async fn abandon(self) {
        let Self { marker, home, lock, .. } = self;
        let cleared = blocking(move || Ok(remove(&home).and_then(|()| remove(&marker)))).await;
        drop(lock);
        if let Err(error) = cleared.flatten() {
            tracing::warn!(%error, "files of a project that never was are cleared up later");
        }
    }

    /// Nobody knows whether the project is there: whoever clears up asks again.
    pub(crate) fn leave(self) {
        drop(self.lock);
    }
}

impl Files {
    /// Begins to gather the files of a project that is yet to be.
    ///
    /// # Errors
    /// `Unavailable` when the disk is full.
    pub(crate) async fn begin_coming(&self, org: OrgId, project: ProjectId) -> Result<Coming> {
        let of_org = self.root.join(org.to_string());
        let (marker, home) =
            (of_org.join(COMING).join(project.to_string()), of_org.join(project.to_string()));
        let folder = marker.clone();
        let lock = blocking(move || {
            disk::make(folder.join("files"))?;
            let lock = File::create(folder.join("lock")).map_err(disk::explain)?;
            lock.lock().map_err(disk::explain)?;
            Ok(lock)
        })
        .await?;
        Ok(Coming { org, project, marker, home, lock })
    }

    /// A folder for what arrives and has no place yet.
    ///
    /// # Errors
    /// `Unavailable` when the disk is full.
    pub(crate) async fn incoming(&self) -> Result<PathBuf> {
        let folder = self.root.join("incoming");
        blocking(move || disk::make(folder)).await
    }

    /// Whoever writes, or makes a project with files, waits for the end of this transaction.
    pub(crate) async fn turn(&self, tx: &mut Tx, org: OrgId) -> Result<()> {
        self.projects.store.turn(tx, &format!("files of {org}")).await
    }

    /// Removes what dead servers had gathered for projects that never were.
    pub async fn clear_up(&self) -> Result<()> {
        let root = self.root.clone();
        let left = blocking(move || Ok(left_behind(&root))).await?;
        for Left { marker, project, home, lock } in left {
            // One that is whole keeps its files; only the marker goes.
            let was_made = self.projects.was_made(project).await?;
            blocking(move || {
                if !was_made {
                    remove(&home)?;
                }
                remove(&marker)
            })
            .await?;
            drop(lock);
        }
        Ok(())
    }
}

/// A marker that nobody held.
struct Left {
    marker: PathBuf,
    project: ProjectId,
    home: PathBuf,
    lock: Option<File>,
}

fn left_behind(root: &Path) -> Vec<Left> {
    let mut left = Vec::new();
    for org in disk::folders(root) {
        let of_org = root.join(org);
        for name in disk::folders(&of_org.join(COMING)) {
            let Ok(project) = name.parse::<ProjectId>() else { continue };
            let marker = of_org.join(COMING).join(&name);
            let lock = match File::open(marker.join("lock")) {
                Ok(lock) if lock.try_lock().is_ok() => Some(lock),
                Ok(_) => continue,
                // Its maker died before, or is about to make it: an empty folder is all that can go wrong.
                Err(error) if error.kind() == io::ErrorKind::NotFound && is_old(&marker) => None,
                Err(_) => continue,
            };
            left.push(Left { home: of_org.join(&name), marker, project, lock });
        }
    }
    left
}

fn is_old(marker: &Path) -> bool {
    let changed = fs::metadata(marker).and_then(|found| found.modified()).ok();
    changed.and_then(|at| at.elapsed().ok()).is_some_and(|age| age.as_secs() > 3_600)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::internal(error)),
        _ => Ok(()),
    }
}
