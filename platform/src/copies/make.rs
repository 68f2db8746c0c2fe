//! Making the new project.

use super::Copies;
use crate::{
    OrgScope, Result,
    audit::Entry,
    canvas::{self, Seed},
    fault::fault,
    files::Coming,
    store::Tx,
};
use alumia_protocol::{
    BlockId,
    projects::{CreateProject, Project},
};
use serde_json::Value;

/// A project that is ready to be made.
pub(super) struct Plan {
    /// Its fields, checked.
    pub new: CreateProject,
    pub seeds: Vec<Seed>,
    /// What the audit log calls it, and the facts beside.
    pub action: &'static str,
    pub details: Value,
}

impl Copies {
    /// One transaction makes the project, its blocks and the audit line, counts what the package includes, and gives
    /// the files their place just before it is committed. What fails leaves neither rows nor files; where the process
    /// dies in between, or the database says nothing about the commit, [`crate::files::Files::clear_up`] asks it what
    /// became of the project.
    ///
    /// # Errors
    /// `PaymentRequired` where the package includes no more projects or files, `NotFound` for a workspace that the
    /// caller doesn't see.
    pub(super) async fn make(&self, scope: &OrgScope, coming: Coming, plan: Plan) -> Result<Project> {
        let (tx, project) = match self.prepare(scope, &coming, plan).await {
            Ok(prepared) => prepared,
            Err(error) => {
                coming.abandon().await;
                return Err(error);
            }
        };
        fault!("copy.placed");
        if let Err(error) = tx.commit().await {
            coming.leave();
            return Err(error.into());
        }
        fault!("copy.made");
        coming.arrived().await;
        Ok(project)
    }

    async fn prepare(&self, scope: &OrgScope, coming: &Coming, plan: Plan) -> Result<(Tx, Project)> {
        let Plan { new, seeds, action, details } = plan;
        let id = coming.project();
        let formers: Vec<BlockId> = seeds.iter().map(|seed| seed.former).collect();
        let blocks = canvas::sow(id, seeds, self.clock.now())?;
        coming.rename(formers.into_iter().zip(blocks.iter().map(|block| block.id))).await?;
        fault!("copy.gathered");
        let mut tx = self.store.begin().await?;
        // Before the account's turn, as whoever writes a file takes them.
        self.files.turn(&mut tx, scope.org_id()).await?;
        let project = self.projects.make(&mut tx, scope, id, new).await?;
        canvas::plant(&mut tx, scope.org_id(), &blocks).await?;
        let entry = Entry::by(scope, action).on("project", id, project.name.clone()).with(details);
        self.audit.record(&mut tx, entry).await?;
        coming.place(&self.files, &mut tx).await?;
        Ok((tx, project))
    }
}
