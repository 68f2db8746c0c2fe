use super::{
    Copies,
    export::busy,
    make::Plan,
    model::{BYTES, MANIFEST, bytes_in_words, hex},
    unpack::{self, Contents, Opened, Problems},
};
use crate::{Error, OrgScope, Result, files::Coming};
use alumia_protocol::{ProjectId, WorkspaceId, copies::RestoredProject, projects::Project};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{fs::File, io::Write as _, path::Path};
use uuid::Uuid;

/// How an archive shall be restored.
#[derive(Clone, Debug, Default)]
pub struct Restore {
    /// The workspace that the project shall be in; the caller's present one when absent.
    pub workspace_id: Option<WorkspaceId>,
    /// What it shall be called; as in the archive when absent.
    pub name: Option<String>,
    /// Whether only to say what would happen.
    pub dry_run: bool,
}

/// An archive on this machine's disk, where no name leads to it: it is gone when it is dropped, also with the process.
#[derive(Debug)]
pub struct Upload {
    file: File,
    /// SHA-256 of all its bytes, in hex.
    pub digest: String,
}

impl Copies {
    /// Keeps an archive that arrives; at most as many bytes as any may have.
    ///
    /// # Errors
    /// `BadRequest` where it ends too early, `TooLarge`, `Unavailable` when the disk is full or many are at work.
    pub async fn upload<E>(&self, pieces: impl Stream<Item = Result<Bytes, E>> + Send) -> Result<Upload> {
        let most = BYTES + 2 * MANIFEST;
        let folder = self.files.incoming().await?;
        let mut file = Some(self.blocking(move || unnamed(&folder)).await?);
        let (mut hasher, mut size) = (Sha256::new(), 0_u64);
        let mut pieces = std::pin::pin!(pieces);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Error::BadRequest("The body ended too early.".into()))?;
            size += piece.len() as u64;
            if size > most {
                return Err(Error::TooLarge(format!(
                    "An archive may have at most {}.",
                    bytes_in_words(most)
                )));
            }
            hasher.update(&piece);
            let Some(mut open) = file.take() else { break };
            file = Some(
                self.blocking(move || {
                    open.write_all(&piece).map_err(crate::files::explain)?;
                    Ok(open)
                })
                .await?,
            );
        }
        let file = file.ok_or_else(|| Error::internal("an upload lost its file"))?;
        Ok(Upload { file, digest: hex(&hasher.finalize()) })
    }

    /// Makes a project of an archive, in the caller's organisation and theirs; with `dry_run` says whether and what
    /// that would be. Nothing that is there is changed. All blocks get new ids.
    ///
    /// # Errors
    /// `Invalid` with what is wrong by entry (with `dry_run` that is part of the answer), `PaymentRequired` where
    /// the package includes no more projects or files, `Forbidden` for roles that only read, `NotFound` for a
    /// workspace that the caller doesn't see, `Unavailable` when the disk is full or many are at work.
    pub async fn restore(
        &self,
        scope: &OrgScope,
        upload: Upload,
        wishes: Restore,
    ) -> Result<(RestoredProject, Option<Project>)> {
        scope.require_writer()?;
        let permit = self.permits.clone().try_acquire_owned().map_err(|_| busy())?;
        let (copies, scope) = (self.clone(), scope.clone());
        // Whatever becomes of who asked: what is begun is ended.
        let restoring = async move {
            let _permit = permit;
            copies.try_restore(&scope, upload, wishes).await
        };
        tokio::spawn(restoring).await.map_err(Error::internal)?
    }

    async fn try_restore(
        &self,
        scope: &OrgScope,
        upload: Upload,
        wishes: Restore,
    ) -> Result<(RestoredProject, Option<Project>)> {
        let Restore { workspace_id, name, dry_run } = wishes;
        let (opened, mut problems) = self
            .blocking(move || {
                let mut problems = Problems::default();
                let opened = unpack::open(upload.file, name, &mut problems)?;
                Ok((opened, problems))
            })
            .await?;
        let mut told = RestoredProject { dry_run, ..RestoredProject::default() };
        let Some((opened, contents)) = opened else { return refused(told, problems) };
        told.name.clone_from(&contents.new.name);
        told.exported_at = Some(contents.exported_at);
        told.blocks = contents.seeds.len() as u64;
        told.files = contents.files.len() as u64;
        told.databases = contents.databases.len() as u64;
        told.bytes = contents.bytes;
        // What can't be kept needn't be unpacked.
        let room = async {
            self.projects.fits(scope).await?;
            self.files.fit(scope.org_id(), contents.bytes).await
        };
        match room.await {
            Err(Error::PaymentRequired(blocked)) if dry_run => problems.add("package", blocked.message),
            other => other?,
        }
        if !problems.is_empty() {
            return refused(told, problems);
        }
        let coming = self.files.begin_coming(scope.org_id(), ProjectId::new()).await?;
        let (coming, contents, problems) = self.gather(coming, opened, contents, dry_run).await?;
        if dry_run || !problems.is_empty() {
            coming.abandon().await;
            return if problems.is_empty() {
                Ok((RestoredProject { restorable: true, ..told }, None))
            } else {
                refused(told, problems)
            };
        }
        let Contents { exported_at, mut new, seeds, files, databases, .. } = contents;
        new.workspace_id = workspace_id;
        let details = json!({
            "exportedAt": exported_at, "archive": upload.digest, "blocks": seeds.len(), "files": files.len(),
            "databases": databases.len(),
        });
        let plan = Plan { new, seeds, action: "project.restored", details };
        let project = self.make(scope, coming, plan).await?;
        Ok((RestoredProject { restorable: true, ..told }, Some(project)))
    }

    /// Unpacks everything into `coming`; files nowhere with `dry_run`.
    async fn gather(
        &self,
        coming: Coming,
        mut opened: Opened,
        contents: Contents,
        dry_run: bool,
    ) -> Result<(Coming, Contents, Problems)> {
        let work = move || {
            let mut problems = Problems::default();
            let done = opened
                .files(&contents.files, (!dry_run).then_some(&coming), &mut problems)
                .and_then(|()| opened.databases(&contents.databases, &coming, &mut problems));
            Ok((coming, contents, problems, done))
        };
        let (coming, contents, problems, done) = self.blocking(work).await?;
        if let Err(error) = done {
            coming.abandon().await;
            return Err(error);
        }
        Ok((coming, contents, problems))
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

fn refused(told: RestoredProject, problems: Problems) -> Result<(RestoredProject, Option<Project>)> {
    if told.dry_run {
        return Ok((RestoredProject { problems: problems.into_inner(), ..told }, None));
    }
    Err(Error::Invalid(problems.into_inner()))
}

/// A file that has lost its name already.
fn unnamed(folder: &Path) -> Result<File> {
    let path = folder.join(Uuid::now_v7().to_string());
    let mut options = File::options();
    let file = options.read(true).write(true).create_new(true).open(&path).map_err(crate::files::explain)?;
    std::fs::remove_file(&path).map_err(crate::files::explain)?;
    Ok(file)
}
