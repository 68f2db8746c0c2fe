use super::{Copies, databases::Databases, make::Plan};
use crate::{
    Error, OrgScope, Result, canvas,
    files::{Coming, Reading},
    projects::Projects,
};
use alumia_protocol::{
    ProjectId,
    copies::DuplicateProject,
    projects::{CreateProject, Project},
};
use serde_json::json;

impl Copies {
    /// Makes a project like this one in the same workspace: its fields, blocks, files and what its apps have
    /// stored, not its sessions. Whoever sees a project may copy it; the copy is theirs, private where the project was, and active.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` for roles that only read, `Invalid` for a name that can't be one, `PaymentRequired`
    /// where the package includes no more projects or files, `Unavailable` when the disk is full.
    pub async fn duplicate(
        &self,
        scope: &OrgScope,
        id: ProjectId,
        wishes: DuplicateProject,
    ) -> Result<Project> {
        scope.require_writer()?;
        let source = self.projects.get(scope, id).await?;
        let name = match wishes.name {
            Some(name) => name,
            None => self.projects.name_of_copy(scope, &source.name).await?,
        };
        let new = Projects::check(CreateProject {
            name,
            description: source.description,
            prompt: source.prompt,
            emoji: source.emoji,
            visibility: source.visibility,
            tags: source.tags,
            metadata: Some(source.metadata),
            workspace_id: Some(source.workspace_id),
        })?;
        self.projects.fits(scope).await?;
        let seeds = canvas::seeds_of(&self.store, scope.org_id(), id).await?;
        let files = self.files.all(scope, id).await?;
        let databases = self.databases(scope, id, &seeds).await?;
        // A database's copy may be smaller: it counts when it is there.
        self.files.fit(scope.org_id(), files.bytes()).await?;
        let details = json!({
            "from": id, "fromName": source.name, "blocks": seeds.len(), "files": files.count(),
            "databases": databases.count(),
        });
        let (copies, scope) = (self.clone(), scope.clone());
        // Whatever becomes of who asked: what is begun is ended.
        let making = async move {
            let coming = copies.files.begin_coming(scope.org_id(), ProjectId::new()).await?;
            let coming = gather(coming, files, databases).await?;
            copies.make(&scope, coming, Plan { new, seeds, action: "project.duplicated", details }).await
        };
        tokio::spawn(making).await.map_err(Error::internal)?
    }
}

/// Copies files and databases; where one can't be, none is left.
async fn gather(coming: Coming, files: Reading, databases: Databases) -> Result<Coming> {
    let work = move || {
        let done = files
            .each(|path, file, _| coming.put(path, file, u64::MAX - 1)?.map(drop).map_err(Error::internal))
            .and_then(|()| databases.gather(&coming));
        (coming, done)
    };
    let (coming, done) = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    match done {
        Ok(()) => Ok(coming),
        Err(error) => {
            coming.abandon().await;
            Err(error)
        }
    }
}
