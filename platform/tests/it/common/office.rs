//! The services around members on a [`World`].

use super::World;
use alumia_platform::{
    OrgScope,
    orgs::{Invites, Members, Office, Workspaces},
};
use alumia_protocol::{
    UserId,
    orgs::CreateInvite,
    people::{Org, Role},
};
use std::sync::Arc;

/// Members, invitations and workspaces over a world's database.
pub struct Desk {
    pub office: Office,
    pub members: Members,
    pub invites: Invites,
    pub workspaces: Workspaces,
}

impl Desk {
    pub fn of(world: &World) -> Self {
        let office = Office::new(world.store.store(), Arc::new(world.clock.clone()));
        Self {
            members: Members::new(office.clone()),
            invites: Invites::new(office.clone(), world.outbox.clone()),
            workspaces: Workspaces::new(office.clone()),
            office,
        }
    }

    /// Invites an address and returns the link's token.
    pub async fn invite(&self, by: &OrgScope, email: &str, role: Role) -> String {
        let new = CreateInvite { email: email.into(), role, workspace_id: None };
        let made = self.invites.create(by, new).await.unwrap();
        made.path.trim_start_matches("/invite/").to_owned()
    }

    /// Somebody with an account joins; returns them with their scope.
    pub async fn join(&self, world: &World, by: &OrgScope, name: &str, role: Role) -> (UserId, OrgScope) {
        let (user, _) = world.person(name).await;
        let email = format!("{}@example.com", name.to_lowercase());
        let token = self.invite(by, &email, role).await;
        let org: Org = self.invites.accept(&token, user, &email, Arc::default()).await.unwrap();
        (user, world.orgs.scope(user, &org.slug).await.unwrap())
    }
}
