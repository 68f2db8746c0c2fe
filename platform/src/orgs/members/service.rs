use super::store;
use crate::{Error, OrgScope, Result, audit::Entry, orgs::Office, store::Tx};
use alumia_protocol::{OrgId, UserId, orgs::Member, people::Role};
use serde_json::json;

/// Who belongs to an organisation, as what.
#[derive(Clone)]
pub struct Members {
    office: Office,
}

impl Members {
    /// Members of the office's organisations.
    pub const fn new(office: Office) -> Self {
        Self { office }
    }

    /// Everybody, the longest there first. Every member sees the others.
    pub async fn list(&self, scope: &OrgScope) -> Result<Vec<Member>> {
        store::list(&self.office.store, scope.org_id()).await
    }

    /// Those who look after an organisation's money.
    pub(crate) async fn treasurers(&self, org: OrgId) -> Result<Vec<Member>> {
        let mut all = store::list(&self.office.store, org).await?;
        all.retain(|member| matches!(member.role, Role::Owner | Role::Admin | Role::Billing));
        Ok(all)
    }

    /// One of them.
    pub async fn get(&self, scope: &OrgScope, user: UserId) -> Result<Member> {
        let mut tx = self.office.store.moment().await?;
        store::find(&mut tx, scope.org_id(), user).await?.ok_or(Error::NotFound("member"))
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// `Forbidden` for everybody but owners and admins, and for admins where an owner is made or unmade;
    /// `Conflict` for the last owner; `NotFound`.
    pub async fn change_role(&self, scope: &OrgScope, user: UserId, role: Role) -> Result<Member> {
        scope.require_admin("change roles")?;
        let mut tx = self.office.store.begin().await?;
        let (member, _) = self.touch(&mut tx, scope, user, Some(role)).await?;
        if member.role == role {
            return Ok(member);
        }
        store::set_role(&mut tx, scope.org_id(), user, role).await?;
        let entry = Entry::by(scope, "member.role_changed")
            .on("member", user, &member.email)
            .with(json!({ "from": member.role, "to": role }));
        self.office.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        self.office.changes.member(scope.org_id(), user);
        Ok(Member { role, ..member })
    }

    /// Ends a membership at once: what the person has open in this organisation closes, and their keys to it
    /// are dead for good. A person may remove themselves, which is leaving.
    ///
    /// # Errors
    /// As with [`Members::change_role`].
    pub async fn remove(&self, scope: &OrgScope, user: UserId) -> Result<()> {
        if user == scope.user_id() {
            return self.leave(scope).await;
        }
        scope.require_admin("remove members")?;
        self.end(scope, user, "member.removed").await
    }

    /// Leaves the organisation.
    ///
    /// # Errors
    /// `Conflict` for the last owner.
    pub async fn leave(&self, scope: &OrgScope) -> Result<()> {
        self.end(scope, scope.user_id(), "member.left").await
    }

    async fn end(&self, scope: &OrgScope, user: UserId, action: &'static str) -> Result<()> {
        let org = scope.org_id();
        let mut tx = self.office.store.begin().await?;
        let (member, _) = self.touch(&mut tx, scope, user, None).await?;
        store::delete(&mut tx, org, user).await?;
        let entry =
            Entry::by(scope, action).on("member", user, &member.email).with(json!({ "role": member.role }));
        self.office.audit.record(&mut tx, entry).await?;
        tx.commit().await?;
        self.office.changes.member(org, user);
        Ok(())
    }

    /// Takes the organisation's turn, so that what is checked here still holds at the commit: two owners who
    /// demote each other at the same moment don't both succeed. `to` is the new role, `None` for none.
    /// Returns the member, and the caller's role as it is now.
    async fn touch(
        &self,
        tx: &mut Tx,
        scope: &OrgScope,
        user: UserId,
        to: Option<Role>,
    ) -> Result<(Member, Role)> {
        let org = scope.org_id();
        store::lock(tx, org, self.office.clock.now()).await?;
        let present =
            store::role_of(tx, org, scope.user_id()).await?.ok_or(Error::NotFound("organization"))?;
        let member = store::find(tx, org, user).await?.ok_or(Error::NotFound("member"))?;
        let alone = user == scope.user_id() && to.is_none();
        if !alone && !matches!(present, Role::Owner | Role::Admin) {
            return Err(forbidden("Your role changed a moment ago; you can't manage members any more."));
        }
        let concerns_owner = member.role == Role::Owner || to == Some(Role::Owner);
        if concerns_owner && present != Role::Owner {
            return Err(forbidden(
                "Only owners of this organization can make or unmake owners. Ask one of them.",
            ));
        }
        let unmakes_owner = member.role == Role::Owner && to != Some(Role::Owner);
        if unmakes_owner && store::owners(tx, org).await? <= 1 {
            return Err(Error::conflict(
                "This is the only owner, and an organization needs one. Make somebody else an owner first.",
            ));
        }
        Ok((member, present))
    }
}

fn forbidden(message: &str) -> Error {
    Error::Forbidden { reason: "role", message: message.into() }
}
