//! Accounts that begin with an invitation, and accounts that no organisation is left for.

use super::{
    model::{self, Email},
    service::Identity,
    sign_up, store,
};
use crate::{Error, Result, audit::Origin, orgs::Invites, text::Fields};
use alumia_protocol::{
    UserId,
    people::{JoinForm, Org, SignedIn, User},
};
use std::sync::Arc;

impl Identity {
    /// Makes an account for the address that an invitation was sent to, and joins; the person gets no
    /// organisation of their own.
    ///
    /// # Errors
    /// Those of [`Invites::view`]; `Conflict` when the address has an account; `Invalid` with `name`,
    /// `password`.
    pub async fn sign_up_invited(
        &self,
        invites: &Invites,
        token: &str,
        form: JoinForm,
        origin: Arc<Origin>,
    ) -> Result<SignedIn> {
        let invited = invites.view(token).await?;
        let mut fields = Fields::default();
        let name = fields.line("name", &form.name, model::NAME);
        let email = Email::new(&invited.email);
        model::check_password(&mut fields, &form.password, &email, &name);
        fields.done()?;
        let hash = self.passwords.hash(form.password).await?;
        let now = self.clock.now();
        let user = User { id: UserId::new(), name, email: email.written, created_at: now };
        let mut tx = self.store.begin().await?;
        if !store::insert_user(&mut tx, &user, &email.key, Some(&hash)).await? {
            return Err(Error::conflict(
                "There is an account with this email address already. Sign in with it to join.",
            ));
        }
        let org = invites.join(&mut tx, token, user.id, &user.email, origin).await?;
        tx.commit().await?;
        Ok(SignedIn { user, org })
    }

    /// Where a person lands: their oldest organisation. Whoever was removed from the last one gets one of
    /// their own, so that an account is never locked out.
    pub(super) async fn home(&self, user: &User) -> Result<Org> {
        if let Some(first) = self.orgs.memberships(user.id).await?.into_iter().next() {
            return Ok(first.org);
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let org = sign_up::settle(&mut tx, user.id, &user.name, now).await?;
        tx.commit().await?;
        Ok(org)
    }
}
