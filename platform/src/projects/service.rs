use super::{model, store};
use crate::{
    Error, OrgScope, Result,
    billing::{Allowance, Capped},
    clock::Clock,
    orgs::AccessChanges,
    store::{Cursor, Store, Tx},
    text,
};
use alumia_protocol::{
    List, ProjectId, Timestamp, WorkspaceId,
    projects::{CreateProject, Project, UpdateProject},
};
use serde_json::json;
use std::sync::Arc;

/// Projects that a member sees: in the workspaces that they belong to (owners and admins: in all), team ones
/// and their own private ones.
#[derive(Clone)]
pub struct Projects {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) changes: AccessChanges,
    pub(crate) allowance: Allowance,
}

impl Projects {
    /// Projects in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, changes: AccessChanges::default(), allowance: Allowance::default() }
    }

    /// Most recently changed first; `limit` from 1 to 100.
    pub async fn list(&self, scope: &OrgScope, cursor: Option<&str>, limit: u32) -> Result<List<Project>> {
        self.list_in(scope, None, cursor, limit).await
    }

    /// The same, of one workspace.
    pub async fn list_in(
        &self,
        scope: &OrgScope,
        workspace: Option<WorkspaceId>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<Project>> {
        let limit = limit.clamp(1, 100);
        let after = Cursor::parse(cursor)?;
        let mut items = store::page(&self.store, scope, workspace, &after, i64::from(limit) + 1).await?;
        let has_more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor = items
            .last()
            .filter(|_| has_more)
            .map(|last| Cursor { at: last.updated_at, id: last.id.to_string() }.encode());
        Ok(List { items, next_cursor, has_more })
    }

    /// One by id.
    pub async fn get(&self, scope: &OrgScope, id: ProjectId) -> Result<Project> {
        store::by_id(&self.store, scope, id).await?.ok_or(Error::NotFound("project"))
    }

    /// Whether a member sees this project.
    pub(crate) async fn shows(store: &Store, scope: &OrgScope, id: ProjectId) -> Result<bool> {
        Ok(store::by_id(store, scope, id).await?.is_some())
    }

    /// One by the last part of its page's path.
    pub async fn by_slug(&self, scope: &OrgScope, slug: &str) -> Result<Project> {
        if !text::is_slug(slug) {
            return Err(Error::NotFound("project"));
        }
        store::by_slug(&self.store, scope, slug).await?.ok_or(Error::NotFound("project"))
    }

    /// The slug comes from the name; a taken one gets a number.
    ///
    /// # Errors
    /// `PaymentRequired` where the package includes no more.
    pub async fn create(&self, scope: &OrgScope, new: CreateProject) -> Result<Project> {
        scope.require_writer()?;
        let new = model::check_new(new)?;
        let mut tx = self.store.begin().await?;
        let project = self.make(&mut tx, scope, ProjectId::new(), new).await?;
        tx.commit().await?;
        Ok(project)
    }

    /// Absent fields stay, and so does the slug. Who sees a project (its visibility, its workspace) is for its
    /// creator, owners and admins to say.
    pub async fn update(&self, scope: &OrgScope, id: ProjectId, change: UpdateProject) -> Result<Project> {
        scope.require_writer()?;
        let change = model::check_change(change)?;
        let mut seen_by_others = false;
        if change.visibility.is_some() || change.workspace_id.is_some() {
            let project = self.get(scope, id).await?;
            let same = change.visibility.is_none_or(|visibility| visibility == project.visibility)
                && change.workspace_id.is_none_or(|workspace| workspace == project.workspace_id);
            if !same {
                require_holder(scope, &project, "change who sees this project")?;
                seen_by_others = true;
            }
        }
        let mut tx = self.store.begin().await?;
        if let Some(workspace) = change.workspace_id {
            store::workspace(&mut tx, scope, Some(workspace)).await?.ok_or(Error::NotFound("workspace"))?;
        }
        let fields = store::Change {
            name: change.name.as_deref(),
            description: change.description.as_deref(),
            prompt: change.prompt.as_deref(),
            emoji: change.emoji.as_deref(),
            visibility: change.visibility,
            status: change.status.as_deref(),
            tags: change.tags.as_ref().map(serde_json::to_string).transpose()?,
            metadata: change.metadata.as_ref().map(ToString::to_string),
            workspace_id: change.workspace_id,
        };
        let project = store::update(&mut tx, scope, id, fields, self.clock.now())
            .await?
            .ok_or(Error::NotFound("project"))?;
        tx.commit().await?;
        if seen_by_others {
            self.changes.org(scope.org_id());
        }
        Ok(project)
    }

    /// Soft: nobody sees it any more, and its slug is free again. For its creator, owners and admins.
    pub async fn delete(&self, scope: &OrgScope, id: ProjectId) -> Result<()> {
        scope.require_writer()?;
        let project = self.get(scope, id).await?;
        require_holder(scope, &project, "delete this project")?;
        let mut tx = self.store.begin().await?;
        if !store::delete(&mut tx, scope, id, self.clock.now()).await? {
            return Err(Error::NotFound("project"));
        }
        tx.commit().await?;
        self.changes.org(scope.org_id());
        Ok(())
    }

    /// The project that a new organisation begins with.
    pub(crate) async fn make_first(tx: &mut Tx, scope: &OrgScope, now: Timestamp) -> Result<Project> {
        let new = CreateProject {
            name: "Getting started".into(),
            description: "A small real data set and a canvas to try Alumia on.".into(),
            emoji: "👋".into(),
            metadata: Some(json!({ "sample": true })),
            ..CreateProject::default()
        };
        Self::insert(tx, scope, ProjectId::new(), new, now).await
    }

    /// Makes a project in the caller's transaction, under an id that was chosen before. Its fields must have been
    /// [checked](Projects::check).
    ///
    /// # Errors
    /// As with [`Projects::create`].
    pub(crate) async fn make(
        &self,
        tx: &mut Tx,
        scope: &OrgScope,
        id: ProjectId,
        new: CreateProject,
    ) -> Result<Project> {
        let (org, now) = (scope.org_id(), self.clock.now());
        let room = self.allowance.room(tx, org, Capped::Projects, now).await?;
        let project = Self::insert(tx, scope, id, new, now).await?;
        if let Some(room) = room {
            room.holds(store::count(tx, org).await?)?;
        }
        Ok(project)
    }

    /// Whether one project more could be made, as things are.
    ///
    /// # Errors
    /// `PaymentRequired` where the package includes no more.
    pub(crate) async fn fits(&self, scope: &OrgScope) -> Result<()> {
        let org = scope.org_id();
        let mut tx = self.store.begin().await?;
        let room = self.allowance.room(&mut tx, org, Capped::Projects, self.clock.now()).await?;
        let count = store::count(&mut tx, org).await?;
        tx.rollback().await?;
        room.map_or(Ok(()), |room| room.holds(count + 1))
    }

    /// Checks what a new project shall be; returns it tidied.
    ///
    /// # Errors
    /// `Invalid` with the fields.
    pub(crate) fn check(new: CreateProject) -> Result<CreateProject> {
        model::check_new(new)
    }

    /// Whether a project of this id was ever made.
    pub(crate) async fn was_made(&self, id: ProjectId) -> Result<bool> {
        store::was_made(&self.store, id).await
    }

    /// A name for a copy: "… (copy)", or with a number where the caller sees a project of that name.
    pub(crate) async fn name_of_copy(&self, scope: &OrgScope, of: &str) -> Result<String> {
        let taken = store::names(&self.store, scope).await?;
        Ok(model::name_of_copy(of, |name| taken.contains(name)))
    }

    async fn insert(
        tx: &mut Tx,
        scope: &OrgScope,
        id: ProjectId,
        new: CreateProject,
        now: Timestamp,
    ) -> Result<Project> {
        let workspace_id = match store::workspace(tx, scope, new.workspace_id).await? {
            Some(workspace) => workspace,
            None if new.workspace_id.is_some() => return Err(Error::NotFound("workspace")),
            None => {
                return Err(Error::Forbidden {
                    reason: "role",
                    message: "You belong to no workspace here yet. Ask an owner or admin to add you to one."
                        .into(),
                });
            }
        };
        let slugs = text::slug_candidates(text::slug_of(&new.name, "project"));
        let mut project = Project {
            id,
            org_id: scope.org_id(),
            workspace_id,
            slug: String::new(),
            name: new.name,
            description: new.description,
            prompt: new.prompt,
            emoji: new.emoji,
            visibility: new.visibility,
            status: "active".into(),
            tags: new.tags,
            metadata: new.metadata.unwrap_or_else(|| json!({})),
            created_by: scope.user_id(),
            created_at: now,
            updated_at: now,
        };
        for slug in slugs {
            project.slug = slug;
            if store::insert(tx, &project).await? {
                return Ok(project);
            }
        }
        Err(Error::conflict("Every address made from this project's name is taken. Choose another name."))
    }
}

/// The creator, an owner or an admin.
pub(crate) fn require_holder(scope: &OrgScope, project: &Project, action: &str) -> Result<()> {
    if project.created_by == scope.user_id() || scope.is_admin() {
        return Ok(());
    }
    Err(Error::Forbidden {
        reason: "role",
        message: format!("Only the person who made it, an owner or an admin can {action}."),
    })
}
