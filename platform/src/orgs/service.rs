use super::{model, store, workspaces};
use crate::{
    Error, OrgScope, Result,
    agents::Agents,
    projects::Projects,
    store::{Store, Tx},
    text,
};
use alumia_protocol::{
    OrgId, Timestamp, UserId, WorkspaceId,
    people::{Membership, Org, Role},
};

/// Organisations and who belongs to them.
#[derive(Clone)]
pub struct Orgs {
    pub(crate) store: Store,
}

/// A new organisation with its owner's scope.
pub(crate) struct Founded {
    pub org: Org,
    pub scope: OrgScope,
}

impl Orgs {
    /// Organisations in this store.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Proof that `user` is a member of the organisation with this slug; `NotFound` otherwise.
    pub async fn scope(&self, user: UserId, slug: &str) -> Result<OrgScope> {
        if !text::is_slug(slug) {
            return Err(Error::NotFound("organization"));
        }
        store::scope_by_slug(&self.store, user, slug).await?.ok_or(Error::NotFound("organization"))
    }

    /// The same for the person's first organisation: API calls whose path names none.
    pub async fn home_scope(&self, user: UserId) -> Result<OrgScope> {
        store::home_scope(&self.store, user).await?.ok_or(Error::NotFound("organization"))
    }

    /// The scope in which `user` sees the resource with this id (a project, session, block, agent or workspace
    /// of any organisation that the person belongs to); `NotFound` otherwise.
    pub async fn scope_of(&self, user: UserId, resource: Resource) -> Result<OrgScope> {
        let unseen = || Error::NotFound(resource.word());
        let scope = store::scope_of(&self.store, user, resource).await?.ok_or_else(unseen)?;
        // Here and not only where it is used: a role's refusal would tell that it exists.
        if let Some(project) = store::project_of(&self.store, resource).await?
            && !Projects::shows(&self.store, &scope, project).await?
        {
            return Err(unseen());
        }
        Ok(scope)
    }

    /// The organisation.
    pub async fn get(&self, scope: &OrgScope) -> Result<Org> {
        store::get(&self.store, scope.org_id()).await?.ok_or(Error::NotFound("organization"))
    }

    /// The organisations of a person, oldest membership first.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>> {
        store::memberships(&self.store, user).await
    }

    /// Makes an organisation with its default workspace, Ala, and `owner` as its first member.
    pub(crate) async fn found(tx: &mut Tx, name: &str, owner: UserId, now: Timestamp) -> Result<Founded> {
        let mut org = Org { id: OrgId::new(), slug: String::new(), name: name.to_owned() };
        for slug in text::slug_candidates(model::start_of_slug(name)) {
            org.slug = slug;
            if !store::insert_org(tx, &org, now).await? {
                continue;
            }
            let workspace_id = WorkspaceId::new();
            store::insert_default_workspace(tx, org.id, workspace_id, now).await?;
            store::add_member(tx, org.id, owner, Role::Owner, now).await?;
            workspaces::insert_member(tx, org.id, workspace_id, owner, now).await?;
            Agents::make_ala(tx, org.id, now).await?;
            let scope = OrgScope::new(org.id, owner, Role::Owner);
            return Ok(Founded { org, scope });
        }
        Err(Error::conflict(
            "Every address made from this organization's name is taken. Choose another name.",
        ))
    }
}

/// Something whose organisation is looked up.
#[derive(Clone, Copy, Debug)]
pub enum Resource {
    Project(alumia_protocol::ProjectId),
    Session(alumia_protocol::SessionId),
    Block(alumia_protocol::BlockId),
    Agent(alumia_protocol::AgentId),
    Workspace(alumia_protocol::WorkspaceId),
}

impl Resource {
    /// What it is called in errors.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Session(_) => "session",
            Self::Block(_) => "block",
            Self::Agent(_) => "agent",
            Self::Workspace(_) => "workspace",
        }
    }
}
