use super::store;
use crate::{
    Error, OrgScope, Result,
    audit::Entry,
    orgs::{Office, members},
    text::{self, Fields},
};
use alumia_protocol::{
    UserId, WorkspaceId,
    orgs::{Member, NameWorkspace, Workspace},
};

/// Groups of projects and members. A member sees those they belong to, owners and admins all.
#[derive(Clone)]
pub struct Workspaces {
    office: Office,
}

impl Workspaces {
    /// Workspaces of the office's organisations.
    pub const fn new(office: Office) -> Self {
        Self { office }
    }

    /// Those that the caller sees: the default one first, then by name.
    pub async fn list(&self, scope: &OrgScope) -> Result<Vec<Workspace>> {
        store::list(&self.office.store, scope).await
    }

    /// One of them.
    pub async fn get(&self, scope: &OrgScope, id: WorkspaceId) -> Result<Workspace> {
        let found = self.list(scope).await?.into_iter().find(|workspace| workspace.id == id);
        found.ok_or(Error::NotFound("workspace"))
    }

    /// Makes one; its maker belongs to it.
    ///
    /// # Errors
    /// `Forbidden` for everybody but owners and admins, `Invalid`.
    pub async fn create(&self, scope: &OrgScope, new: NameWorkspace) -> Result<Workspace> {
        scope.require_admin("make workspaces")?;
        let name = checked_name(&new)?;
        let (id, now) = (WorkspaceId::new(), self.office.clock.now());
        let mut tx = self.office.store.begin().await?;
        let mut made = false;
        for slug in text::slug_candidates(text::slug_of(&name, "workspace")) {
            made = store::insert(&mut tx, scope.org_id(), id, &name, &slug, now).await?;
            if made {
                break;
            }
        }
        if !made {
            return Err(Error::conflict(
                "Every short name made from this one is taken. Choose another name.",
            ));
        }
        store::insert_member(&mut tx, scope.org_id(), id, scope.user_id(), now).await?;
        self.office
            .audit
            .record(&mut tx, Entry::by(scope, "workspace.created").on("workspace", id, name))
            .await?;
        tx.commit().await?;
        self.get(scope, id).await
    }

    /// Renames one.
    pub async fn rename(&self, scope: &OrgScope, id: WorkspaceId, new: NameWorkspace) -> Result<Workspace> {
        scope.require_admin("rename workspaces")?;
        let name = checked_name(&new)?;
        let before = self.get(scope, id).await?;
        let mut tx = self.office.store.begin().await?;
        store::rename(&mut tx, scope.org_id(), id, &name).await?;
        let entry = Entry::by(scope, "workspace.renamed")
            .on("workspace", id, &name)
            .with(serde_json::json!({ "from": before.name }));
        self.office.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        self.get(scope, id).await
    }

    /// Deletes an empty one.
    ///
    /// # Errors
    /// `BadRequest` for the default one, `Conflict` while it holds projects (private ones of others count
    /// too), `NotFound`, `Forbidden`.
    pub async fn delete(&self, scope: &OrgScope, id: WorkspaceId) -> Result<()> {
        scope.require_admin("delete workspaces")?;
        let workspace = self.get(scope, id).await?;
        if workspace.is_default {
            return Err(Error::BadRequest(
                "The default workspace can't be deleted: every organization keeps one. Rename it instead."
                    .into(),
            ));
        }
        let org = scope.org_id();
        let mut tx = self.office.store.begin().await?;
        members::lock(&mut tx, org, self.office.clock.now()).await?;
        let projects = store::projects_in(&mut tx, org, id).await?;
        if projects > 0 {
            let hidden = projects - workspace.projects.min(projects);
            let private = if hidden > 0 {
                format!(", {hidden} of them private to their makers")
            } else {
                String::new()
            };
            return Err(Error::conflict(format!(
                "This workspace still holds {projects} {}{private}. Move or delete them first.",
                if projects == 1 { "project" } else { "projects" }
            )));
        }
        store::delete(&mut tx, org, id).await?;
        let entry = Entry::by(scope, "workspace.deleted").on("workspace", id, workspace.name);
        self.office.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        self.office.changes.org(org);
        Ok(())
    }

    /// Who belongs to it.
    pub async fn members(&self, scope: &OrgScope, id: WorkspaceId) -> Result<Vec<Member>> {
        self.get(scope, id).await?;
        store::members(&self.office.store, scope.org_id(), id).await
    }

    /// Lets a member of the organisation into it; fine when they are in it already.
    ///
    /// # Errors
    /// `NotFound` for a workspace or a person that isn't the organisation's, `Forbidden`.
    pub async fn add_member(&self, scope: &OrgScope, id: WorkspaceId, user: UserId) -> Result<()> {
        scope.require_admin("say who belongs to a workspace")?;
        let workspace = self.get(scope, id).await?;
        let org = scope.org_id();
        let mut tx = self.office.store.begin().await?;
        members::lock(&mut tx, org, self.office.clock.now()).await?;
        members::role_of(&mut tx, org, user).await?.ok_or(Error::NotFound("member"))?;
        if store::insert_member(&mut tx, org, id, user, self.office.clock.now()).await? {
            let entry = Entry::by(scope, "workspace.member_added")
                .on("workspace", id, workspace.name)
                .with(serde_json::json!({ "userId": user }));
            self.office.audit.record(&mut tx, entry).await?;
        }
        tx.commit().await?;
        self.office.changes.member(org, user);
        Ok(())
    }

    /// Takes a member out of it, at once.
    pub async fn remove_member(&self, scope: &OrgScope, id: WorkspaceId, user: UserId) -> Result<()> {
        scope.require_admin("say who belongs to a workspace")?;
        let workspace = self.get(scope, id).await?;
        let org = scope.org_id();
        let mut tx = self.office.store.begin().await?;
        if !store::delete_member(&mut tx, org, id, user).await? {
            return Err(Error::NotFound("member"));
        }
        let entry = Entry::by(scope, "workspace.member_removed")
            .on("workspace", id, workspace.name)
            .with(serde_json::json!({ "userId": user }));
        self.office.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        self.office.changes.member(org, user);
        Ok(())
    }

    /// The workspace that the caller works in now; `None` for all of theirs.
    pub async fn current(&self, scope: &OrgScope) -> Result<Option<WorkspaceId>> {
        store::current(&self.office.store, scope).await
    }

    /// Works in this one from now on, or with `None` in all.
    pub async fn switch(&self, scope: &OrgScope, to: Option<WorkspaceId>) -> Result<()> {
        let entry = Entry::by(scope, "workspace.switched");
        let entry = match to {
            Some(id) => entry.on("workspace", id, self.get(scope, id).await?.name),
            None => entry,
        };
        let mut tx = self.office.store.begin().await?;
        store::switch(&mut tx, scope, to).await?;
        self.office.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn checked_name(new: &NameWorkspace) -> Result<String> {
    let mut fields = Fields::default();
    let name = fields.line("name", &new.name, 255);
    fields.done()?;
    Ok(name)
}
