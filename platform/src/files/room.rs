//! How much is stored, and that it is no more than the package includes.
//!
//! Counted are the files of a project's folder, its apps' databases and what commands leave in its sandboxes, one number for
//! each folder. What the server writes is counted in the transaction in which it gets its place on the disk, by whoever has
//! the organisation's turn there, so that of several writes at once no more than fit are made. A command writes by
//! itself: it begins with the room that is left, is ended beyond that, and its folder is counted when it is over. A
//! crash between disk and commit can leave a number that is wrong by a file; all folders are counted anew when a server
//! starts, and every night.

use super::{Files, disk, service::blocking, store};
use crate::{
    OrgScope, Result,
    billing::{Capped, Room},
};
use alumia_protocol::{BlockId, OrgId, ProjectId, SessionId};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// The folder of a project's apps' databases, beside its files.
pub(crate) const APPS: &str = "apps";
const NIGHT: Duration = Duration::from_hours(24);
/// Projects looked at in one go.
const MOST: i64 = 100;

/// A folder that is counted.
#[derive(Clone, Debug)]
pub struct Place {
    pub org: OrgId,
    pub project: ProjectId,
    /// `files`, `apps`, or `sandboxes/<session>`.
    pub folder: String,
}

impl Place {
    /// Where a block's database is, whether or not it is there.
    pub(crate) fn database(&self, root: &Path, block: BlockId) -> PathBuf {
        let home = root.join(self.org.to_string()).join(self.project.to_string());
        home.join(APPS).join(database_name(block))
    }

    /// A session's work folder.
    pub fn sandbox(scope: &OrgScope, project: ProjectId, session: SessionId) -> Self {
        Self { org: scope.org_id(), project, folder: format!("sandboxes/{session}") }
    }
}

/// What a block's database is called in its folder.
pub(super) fn database_name(block: BlockId) -> String {
    format!("{block}.sqlite")
}

impl Files {
    /// Whether `size` bytes fit in the place of the `old` ones, as things are.
    ///
    /// # Errors
    /// `PaymentRequired` where the package includes no more.
    pub(super) async fn fits(
        &self,
        place: &Place,
        size: usize,
        old: impl FnOnce() -> u64 + Send + 'static,
    ) -> Result<()> {
        let more = signed(size as u64) - signed(blocking(move || Ok(old())).await?);
        let (room, used) = self.room(place.org).await?;
        room.filter(|_| more > 0).map_or(Ok(()), |room| room.holds(used.saturating_add(more)))
    }

    /// Whether so many more bytes fit, as things are.
    ///
    /// # Errors
    /// `PaymentRequired` where the package includes no more.
    pub(crate) async fn fit(&self, org: OrgId, bytes: u64) -> Result<()> {
        let (room, used) = self.room(org).await?;
        room.filter(|_| bytes > 0).map_or(Ok(()), |room| room.holds(used.saturating_add(signed(bytes))))
    }

    /// Puts `size` bytes in the place of the `old` ones and counts them.
    ///
    /// # Errors
    /// `PaymentRequired` where the package includes no more; inside, what `put` can't do.
    pub(crate) async fn keep<T: Send + 'static, E: Send + 'static>(
        &self,
        place: &Place,
        size: usize,
        old: impl FnOnce() -> u64 + Send + 'static,
        put: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>> {
        let projects = &self.projects;
        let mut tx = projects.store.begin().await?;
        projects.store.turn(&mut tx, &format!("files of {}", place.org)).await?;
        let now = projects.clock.now();
        let room = projects.allowance.room(&mut tx, place.org, Capped::Storage, now).await?;
        let more = signed(size as u64) - signed(blocking(move || Ok(old())).await?);
        if let Some(room) = room.filter(|_| more > 0) {
            room.holds(store::used(&mut tx, place.org).await?.saturating_add(more))?;
        }
        store::add(&mut tx, place, more).await?;
        let done = blocking(move || Ok(put())).await?;
        if done.is_ok() {
            tx.commit().await?;
        }
        Ok(done)
    }

    /// What the package includes, and how much of it is used.
    pub(crate) async fn room(&self, org: OrgId) -> Result<(Option<Room>, i64)> {
        let projects = &self.projects;
        let mut tx = projects.store.begin().await?;
        let room = projects.allowance.room(&mut tx, org, Capped::Storage, projects.clock.now()).await?;
        let used = store::used(&mut tx, org).await?;
        tx.rollback().await?;
        Ok((room, used))
    }

    /// Counts a folder anew.
    pub(crate) async fn recount(&self, place: &Place) -> Result<()> {
        let folder =
            self.root.join(place.org.to_string()).join(place.project.to_string()).join(&place.folder);
        // Who writes meanwhile is counted by what they write; then it is looked again.
        for _ in 0..5 {
            let before = store::counted(&self.projects.store, place).await?;
            let path = folder.clone();
            let bytes = signed(blocking(move || Ok(disk::total(&path))).await?);
            if before == Some(bytes) || (before.is_none() && bytes == 0) {
                return Ok(());
            }
            let mut tx = self.projects.store.begin().await?;
            let corrected = store::correct(&mut tx, place, before, bytes).await?;
            tx.commit().await?;
            if corrected {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Counts every folder anew.
    pub async fn recount_all(&self) -> Result<()> {
        let mut after = String::new();
        loop {
            let counted = store::counted_after(&self.projects.store, &after, MOST).await?;
            let Some((_, last, _)) = counted.last() else { return Ok(()) };
            after = last.to_string();
            let mut known: BTreeSet<(OrgId, ProjectId, String)> = BTreeSet::new();
            for (org, project, folder) in counted {
                let home = self.root.join(org.to_string()).join(project.to_string()).join("sandboxes");
                let sandboxes = blocking(move || Ok(disk::folders(&home))).await?;
                known.extend(sandboxes.into_iter().map(|name| (org, project, format!("sandboxes/{name}"))));
                known.insert((org, project, "files".into()));
                known.insert((org, project, APPS.into()));
                if !folder.is_empty() {
                    known.insert((org, project, folder));
                }
            }
            for (org, project, folder) in known {
                self.recount(&Place { org, project, folder }).await?;
            }
        }
    }

    /// Clears up after dead servers and counts every folder anew, now and every night, until `ending` fires.
    pub async fn work(&self, ending: CancellationToken) {
        let mut nights = tokio::time::interval(NIGHT);
        nights.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ending.cancelled() => return,
                _ = nights.tick() => {}
            }
            tokio::select! {
                () = ending.cancelled() => return,
                counted = async {
                    self.clear_up().await?;
                    self.recount_all().await
                } => if let Err(error) = counted {
                    tracing::warn!(error = &error as &dyn std::error::Error, "files are not counted for now");
                }
            }
        }
    }
}

/// No disk holds more.
pub(super) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX / 4)
}
