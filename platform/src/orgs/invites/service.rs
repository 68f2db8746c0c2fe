use super::{model, store};
use crate::{
    Error, OrgScope, Result,
    audit::{Entry, Origin},
    billing::Capped,
    identity::Email,
    mail::{Letter, Outbox},
    orgs::{Office, members, store as orgs, workspaces},
    store::Tx,
    text::Fields,
};
use alumia_protocol::{
    InviteId, OrgId, UserId,
    orgs::{CreateInvite, Invite, InviteView, InviteWithLink},
    people::{Org, Role},
};
use serde_json::json;
use std::sync::Arc;

/// Invitations: who may come in, as what, until when. The link is the only key; the database keeps its hash.
#[derive(Clone)]
pub struct Invites {
    office: Office,
    outbox: Outbox,
}

impl Invites {
    /// Invitations to the office's organisations, sent through `outbox`.
    pub const fn new(office: Office, outbox: Outbox) -> Self {
        Self { office, outbox }
    }

    /// Those that wait for an answer, the newest first. For owners and admins.
    pub async fn list(&self, scope: &OrgScope) -> Result<Vec<Invite>> {
        scope.require_admin("see invitations")?;
        store::open(&self.office.store, scope.org_id(), self.office.clock.now()).await
    }

    /// Invites somebody; the answer holds the link, this once.
    ///
    /// # Errors
    /// `Forbidden` for everybody but owners and admins, and for admins who invite an owner; `Conflict` when
    /// the address is a member's or has an invitation; `Invalid` for no address; `NotFound` for a workspace
    /// that isn't the organisation's; `PaymentRequired` where the package includes no more members.
    pub async fn create(&self, scope: &OrgScope, new: CreateInvite) -> Result<InviteWithLink> {
        scope.require_admin("invite people")?;
        if new.role == Role::Owner {
            scope.require_owner("invite another owner")?;
        }
        let email = Email::new(&new.email);
        let mut fields = Fields::default();
        email.check(&mut fields);
        fields.done()?;
        let (org, now) = (scope.org_id(), self.office.clock.now());
        let mut tx = self.office.store.begin().await?;
        members::lock(&mut tx, org, now).await?;
        if store::is_member(&mut tx, org, &email.key).await? {
            return Err(Error::conflict(format!("{} is a member already.", email.written)));
        }
        if store::is_invited(&mut tx, org, &email.key, now).await? {
            return Err(Error::conflict(format!(
                "{} has an invitation already. Send that one again, or revoke it first.",
                email.written
            )));
        }
        if store::waiting(&mut tx, org, now).await? >= model::MOST {
            return Err(Error::conflict(format!(
                "{} invitations wait already. Revoke some that nobody will answer.",
                model::MOST
            )));
        }
        if let Some(room) = self.office.allowance.room(&mut tx, org, Capped::Members, now).await? {
            let asked = store::waiting(&mut tx, org, now).await?;
            room.holds(members::count(&mut tx, org).await? + asked + 1)?;
        }
        let workspace_id = match new.workspace_id {
            Some(id) => {
                workspaces::name_of(&mut tx, org, id).await?.ok_or(Error::NotFound("workspace"))?;
                id
            }
            None => workspaces::default_of(&mut tx, org).await?,
        };
        let invite = Invite {
            id: InviteId::new(),
            email: email.written,
            role: new.role,
            workspace_id,
            invited_by: scope.user_id(),
            created_at: now,
            expires_at: now.plus_seconds(model::SECONDS),
            expired: false,
        };
        let token = model::new_token();
        let hash = model::hash(&token).unwrap_or_default();
        store::insert(&mut tx, org, &invite, &email.key, &hash).await?;
        let entry = Entry::by(scope, "invite.created")
            .on("invite", invite.id, &invite.email)
            .with(json!({ "role": invite.role, "workspaceId": workspace_id }));
        self.office.audit.record(&mut tx, entry).await?;
        self.post(&mut tx, scope, &invite, &token).await?;
        tx.commit().await?;
        Ok(InviteWithLink { invite, path: path(&token) })
    }

    /// Gives an invitation a new link, good for another week; the old link is dead.
    pub async fn renew(&self, scope: &OrgScope, id: InviteId) -> Result<InviteWithLink> {
        scope.require_admin("invite people")?;
        let token = model::new_token();
        let hash = model::hash(&token).unwrap_or_default();
        let expires_at = self.office.clock.now().plus_seconds(model::SECONDS);
        let mut tx = self.office.store.begin().await?;
        let invite = store::renew(&mut tx, scope.org_id(), id, &hash, expires_at)
            .await?
            .ok_or(Error::NotFound("invitation"))?;
        if invite.role == Role::Owner {
            scope.require_owner("invite another owner")?;
        }
        let entry = Entry::by(scope, "invite.resent").on("invite", id, &invite.email);
        self.office.audit.record(&mut tx, entry).await?;
        self.post(&mut tx, scope, &invite, &token).await?;
        tx.commit().await?;
        Ok(InviteWithLink { invite, path: path(&token) })
    }

    async fn post(&self, tx: &mut Tx, scope: &OrgScope, invite: &Invite, token: &str) -> Result<()> {
        let org = orgs::present(tx, scope.org_id()).await?.ok_or(Error::NotFound("organization"))?;
        let by = members::find(tx, scope.org_id(), scope.user_id()).await?;
        let by =
            by.map_or_else(|| "Somebody".to_owned(), |member| format!("{} ({})", member.name, member.email));
        let link = self.outbox.links().to(&path(token));
        let until = invite.expires_at.to_string();
        let text = format!(
            "{by} invites you to work in {} on Alumia.\n\nTo join, open this page and sign in, or make your \
             account there:\n\n{link}\n\nThe link is for {} alone and works once, until {}. If you don't know \
             who sent it, do nothing.\n",
            org.name,
            invite.email,
            &until[..10],
        );
        let letter =
            Letter { to: invite.email.clone(), subject: format!("Join {} on Alumia", org.name), text };
        self.outbox.post(tx, &letter).await
    }

    /// Takes an invitation back; its link is dead.
    pub async fn revoke(&self, scope: &OrgScope, id: InviteId) -> Result<()> {
        scope.require_admin("revoke invitations")?;
        let mut tx = self.office.store.begin().await?;
        let email = store::revoke(&mut tx, scope.org_id(), id, self.office.clock.now())
            .await?
            .ok_or(Error::NotFound("invitation"))?;
        self.office.audit.record(&mut tx, Entry::by(scope, "invite.revoked").on("invite", id, email)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a link offers.
    ///
    /// # Errors
    /// `NotFound` for a link that never was one or was revoked, `Conflict` for one that was used or is too
    /// old.
    pub async fn view(&self, token: &str) -> Result<InviteView> {
        let hash = model::hash(token).ok_or(Error::NotFound("invitation"))?;
        let found = store::view(&self.office.store, &hash).await?.ok_or(Error::NotFound("invitation"))?;
        if found.accepted {
            return Err(used());
        }
        if found.expires_at <= self.office.clock.now() {
            return Err(Error::conflict(format!(
                "This invitation was good for a week and has run out. Ask {} for a new one.",
                found.view.invited_by
            )));
        }
        Ok(found.view)
    }

    /// Joins, as the person whose address was invited.
    ///
    /// # Errors
    /// As with [`Invites::view`]; `Forbidden` for an account with another address.
    pub async fn accept(&self, token: &str, user: UserId, email: &str, origin: Arc<Origin>) -> Result<Org> {
        self.view(token).await?;
        let mut tx = self.office.store.begin().await?;
        let org = self.join(&mut tx, token, user, email, origin).await?;
        tx.commit().await?;
        self.office.changes.member(org.id, user);
        Ok(org)
    }

    /// The same within the caller's transaction. Whatever happens at once, a link lets one person in once.
    pub(crate) async fn join(
        &self,
        tx: &mut Tx,
        token: &str,
        user: UserId,
        email: &str,
        origin: Arc<Origin>,
    ) -> Result<Org> {
        let hash = model::hash(token).ok_or(Error::NotFound("invitation"))?;
        let now = self.office.clock.now();
        let taken = store::take(tx, &hash, now).await?.ok_or_else(used)?;
        if taken.email_key != Email::new(email).key {
            return Err(Error::Forbidden {
                reason: "wrong_account",
                message: format!(
                    "This invitation is for {}, and you are signed in as {email}. Sign in with that address.",
                    taken.email
                ),
            });
        }
        let org: OrgId = taken.org;
        let found = orgs::present(tx, org).await?.ok_or(Error::NotFound("invitation"))?;
        let room = self.office.allowance.room(tx, org, Capped::Members, now).await?;
        let joined = orgs::add_member(tx, org, user, taken.role, now).await?;
        if let Some(room) = room.filter(|_| joined) {
            room.holds(members::count(tx, org).await?)?;
        }
        workspaces::insert_member(tx, org, taken.workspace_id, user, now).await?;
        if joined {
            let entry = Entry::from(Some(org), Some(user), origin, "member.joined")
                .on("member", user, email)
                .with(json!({ "role": taken.role, "invitedBy": taken.invited_by }));
            self.office.audit.record(tx, entry).await?;
        }
        Ok(found)
    }
}

fn path(token: &str) -> String {
    format!("/invite/{token}")
}

fn used() -> Error {
    Error::conflict("This invitation has been used. Sign in to go to the organization.")
}
