//! How accounts begin, whatever opens them.

use super::{
    model::{self, Email},
    service::Identity,
    store,
};
use crate::{Error, Result, orgs::Orgs, projects::Projects, store::Tx, text::Fields};
use alumia_protocol::{
    Timestamp, UserId,
    people::{Org, SignUp, SignedIn, User},
};
use serde::{Deserialize, Serialize};

/// Somebody who wants an account, as far as their form says.
#[derive(Serialize, Deserialize)]
pub(super) struct Newcomer {
    /// The account's, should it come to be.
    pub id: UserId,
    pub name: String,
    /// As written.
    pub email: String,
    org_name: String,
}

impl Newcomer {
    /// Reads what every form for an account asks for: `name`, `email`, `orgName`.
    pub(super) fn read(fields: &mut Fields, name: &str, email: &str, org_name: Option<&str>) -> Self {
        let name = fields.line("name", name, model::NAME);
        let email = Email::new(email);
        email.check(fields);
        let org_name = match org_name.map(str::trim) {
            Some(given) if !given.is_empty() => fields.line("orgName", given, model::NAME),
            _ => name.clone(),
        };
        Self { id: UserId::new(), name, email: email.written, org_name }
    }

    /// The address as it is compared.
    pub(super) fn address(&self) -> Email {
        Email::new(&self.email)
    }
}

impl Identity {
    /// Makes the person, an organisation, its default workspace, Ala, and a first project, all or nothing.
    ///
    /// # Errors
    /// `Invalid` with what is wrong by field: `name`, `email` (also when it has an account), `password`,
    /// `orgName`.
    pub async fn sign_up(&self, form: SignUp) -> Result<SignedIn> {
        let mut fields = Fields::default();
        let newcomer = Newcomer::read(&mut fields, &form.name, &form.email, form.org_name.as_deref());
        model::check_password(&mut fields, &form.password, &newcomer.address(), &newcomer.name);
        fields.done()?;
        let hash = self.passwords.hash(form.password).await?;
        let mut tx = self.store.begin().await?;
        let signed_in = self.admit(&mut tx, newcomer, Some(&hash)).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Makes the account and all that it begins with; without a password when something else opens it.
    ///
    /// # Errors
    /// `Invalid` on `email` when it has an account.
    pub(super) async fn admit(
        &self,
        tx: &mut Tx,
        newcomer: Newcomer,
        hash: Option<&str>,
    ) -> Result<SignedIn> {
        let now = self.clock.now();
        let key = newcomer.address().key;
        let Newcomer { id, name, email, org_name } = newcomer;
        let user = User { id, name, email, created_at: now };
        if !store::insert_user(tx, &user, &key, hash).await? {
            return Err(address_taken());
        }
        let org = settle(tx, user.id, &org_name, now).await?;
        self.welcome(tx, &user).await?;
        Ok(SignedIn { user, org })
    }
}

/// An organisation of the person's own, with a first project to land in.
pub(super) async fn settle(tx: &mut Tx, user: UserId, name: &str, now: Timestamp) -> Result<Org> {
    let founded = Orgs::found(tx, name, user, now).await?;
    Projects::make_first(tx, &founded.scope, now).await?;
    Ok(founded.org)
}

/// Signing up tells that an address has an account: it signs in at once, so it can't answer alike.
pub(super) fn address_taken() -> Error {
    Error::invalid(
        "email",
        "There is already an account with this email address. Sign in, or use another address.",
    )
}
