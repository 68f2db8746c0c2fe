use super::{Opened, disk, path::RelativePath, room::Place};
use crate::{Error, OrgScope, Result, projects::Projects};
use alumia_protocol::{OrgId, ProjectId, SessionId, files::FileEntry};
use std::{fs::File, path::PathBuf};

/// Bytes of one file.
pub const MAX_FILE: usize = 100 << 20;

/// Files of projects, below `<data>/files/<org>/<project>`: the project's folder is `files` there, and
/// each session's sandbox works in `sandboxes/<session>`.
///
/// Paths are relative to the project's folder and `/`-separated; those that could leave it are `Invalid`.
#[derive(Clone)]
pub struct Files {
    pub(crate) root: PathBuf,
    pub(crate) projects: Projects,
}

impl Files {
    /// What a folder holds (the project's own folder when empty), folders first, by name.
    ///
    /// # Errors
    /// `NotFound` when the project or folder is missing, `Invalid` for a path that isn't allowed or is a
    /// file's.
    pub async fn list(&self, scope: &OrgScope, project: ProjectId, folder: &str) -> Result<Vec<FileEntry>> {
        let home = self.home(scope, project).await?;
        let folder = RelativePath::folder(folder)?;
        blocking(move || disk::list(&home.join("files"), &folder)).await
    }

    /// At most `max` bytes; `TooLarge` beyond.
    ///
    /// # Errors
    /// `NotFound` when the project or file is missing, `Invalid` for a path that isn't allowed or is a
    /// folder's.
    pub async fn read(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        path: &str,
        max: usize,
    ) -> Result<Vec<u8>> {
        let home = self.home(scope, project).await?;
        let path = RelativePath::parse(path)?;
        blocking(move || disk::read(&home.join("files"), &path, max)).await
    }

    /// A file of any size, to read from bit by bit.
    ///
    /// # Errors
    /// As with [`Files::read`].
    pub async fn open(&self, scope: &OrgScope, project: ProjectId, path: &str) -> Result<Opened> {
        opened(self.home(scope, project).await?, path).await
    }

    /// The same for viewers of a share link, who are nobody's members: the link is the proof.
    pub(crate) async fn open_shared(&self, org: OrgId, project: ProjectId, path: &str) -> Result<Opened> {
        opened(self.root.join(org.to_string()).join(project.to_string()), path).await
    }

    /// Writes atomically, making folders on the way.
    ///
    /// # Errors
    /// `TooLarge` over [`MAX_FILE`], `Invalid` for a path that isn't allowed or is a folder's, `NotFound`
    /// when the project is missing, `Forbidden` for roles that only read, `PaymentRequired` where the package
    /// includes no more, `Unavailable` when the disk is full.
    pub async fn write(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        path: &str,
        bytes: &[u8],
    ) -> Result<FileEntry> {
        scope.require_writer()?;
        let home = self.home(scope, project).await?;
        let path = RelativePath::parse(path)?;
        if bytes.len() > MAX_FILE {
            return Err(Error::TooLarge("A file may have at most 100 MB.".into()));
        }
        let (room, size) = (self.clone(), bytes.len());
        let (root, incoming) = (home.join("files"), home.join("incoming"));
        let (before, wanted) = (root.clone(), path.clone());
        let old = move || disk::size(&before, &wanted);
        // Whatever becomes of who asked: what is on the disk is counted.
        let place = Place { org: scope.org_id(), project, folder: "files".into() };
        let bytes = bytes.to_vec();
        let writing = async move {
            room.fits(&place, size, old.clone()).await?;
            let part = blocking(move || disk::stage(&incoming, &bytes)).await?;
            let staged = part.clone();
            let put = move || disk::place(&root, &staged, &path);
            let placed = room.keep(&place, size, old, put).await.flatten();
            if placed.is_err() {
                blocking(move || Ok(disk::unstage(&part))).await?;
            }
            placed
        };
        tokio::spawn(writing).await.map_err(Error::internal)?
    }

    /// All files of a project as they lie there now, for whoever reads them one after the other.
    ///
    /// # Errors
    /// `NotFound` when the project is missing.
    pub(crate) async fn all(&self, scope: &OrgScope, project: ProjectId) -> Result<Reading> {
        let root = self.home(scope, project).await?.join("files");
        blocking(move || Ok(Reading { files: disk::every(&root)?, root })).await
    }

    /// The host's folder of a project, made if missing; for the sandbox.
    ///
    /// # Errors
    /// `NotFound` when the project is missing.
    pub async fn project_dir(&self, scope: &OrgScope, project: ProjectId) -> Result<PathBuf> {
        let home = self.home(scope, project).await?;
        blocking(move || disk::make(home.join("files"))).await
    }

    /// The host's work folder of a session's sandbox, kept with the project, made if missing.
    ///
    /// # Errors
    /// `NotFound` when the project is missing.
    pub async fn sandbox_dir(
        &self,
        scope: &OrgScope,
        project: ProjectId,
        session: SessionId,
    ) -> Result<PathBuf> {
        let home = self.home(scope, project).await?;
        blocking(move || disk::make(home.join("sandboxes").join(session.to_string()))).await
    }

    /// Removes every file of an organisation that is gone.
    pub(crate) async fn remove_all(&self, org: OrgId) -> Result<()> {
        let folder = self.root.join(org.to_string());
        blocking(move || match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::internal(error)),
            _ => Ok(()),
        })
        .await
    }

    async fn home(&self, scope: &OrgScope, project: ProjectId) -> Result<PathBuf> {
        self.projects.get(scope, project).await?;
        let org: OrgId = scope.org_id();
        Ok(self.root.join(org.to_string()).join(project.to_string()))
    }
}

async fn opened(home: PathBuf, path: &str) -> Result<Opened> {
    let path = RelativePath::parse(path)?;
    blocking(move || {
        let (file, metadata) = disk::open(&home.join("files"), &path)?;
        Ok(Opened { file, size: metadata.len(), version: disk::version(&metadata) })
    })
    .await
}

/// The files of a project, by path.
pub(crate) struct Reading {
    root: PathBuf,
    files: Vec<(RelativePath, u64)>,
}

impl Reading {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.files.len()
    }

    /// Bytes of all.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, (_, size)| sum.saturating_add(*size))
    }

    /// Their paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = String> + '_ {
        self.files.iter().map(|(path, _)| path.text())
    }

    /// Hands each file to `each`, open, with its path and bytes. One that is gone by then is left out. Blocks.
    ///
    /// # Errors
    /// Those of `each`, and of the disk.
    pub(crate) fn each(&self, mut each: impl FnMut(&str, File, u64) -> Result<()>) -> Result<()> {
        for (path, _) in &self.files {
            match disk::open(&self.root, path) {
                Ok((file, about)) => each(&path.text(), file, about.len())?,
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Whether this could be the path of a file.
///
/// # Errors
/// `Invalid` for the field `path`, saying what is wrong.
pub(crate) fn check_path(path: &str) -> Result<()> {
    RelativePath::parse(path).map(drop)
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
