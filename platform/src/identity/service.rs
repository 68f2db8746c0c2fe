use super::{account, model::Email, passwords::Passwords, store, web_sessions::WebSessions};
use crate::{
    Error, Result,
    audit::{Audit, Origin},
    clock::Clock,
    mail::Outbox,
    orgs::Orgs,
    store::Store,
};
use alumia_protocol::{
    UserId,
    people::{Me, SignIn, SignedIn},
};
use std::sync::Arc;

/// Accounts.
#[derive(Clone)]
pub struct Identity {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) orgs: Orgs,
    pub(super) passwords: Passwords,
    pub(super) outbox: Outbox,
    pub(super) audit: Audit,
    /// Where what is asked of it comes from, for the audit log.
    pub(super) origin: Arc<Origin>,
}

impl Identity {
    /// Accounts in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>, outbox: Outbox) -> Self {
        let orgs = Orgs { store: store.clone() };
        let audit = Audit::new(store.clone(), clock.clone());
        Self { store, clock, orgs, passwords: Passwords::new(), outbox, audit, origin: Arc::default() }
    }

    /// The same for a request that comes from somewhere: the audit log tells where.
    #[must_use]
    pub fn coming_from(&self, origin: Arc<Origin>) -> Self {
        Self { origin, ..self.clone() }
    }

    /// Checks the password, and then the code where an authenticator app is set up. Text, code and time are the
    /// same whether or not the account exists.
    ///
    /// # Errors
    /// `Unauthorized`; with the reason `totp_required` when the password is right and a good code is due.
    pub async fn sign_in(&self, form: SignIn) -> Result<SignedIn> {
        let account = match Email::new(&form.email).key {
            // Nobody's, and PostgreSQL couldn't be asked for it.
            key if key.contains('\0') => None,
            key => store::by_email(&self.store, &key).await?,
        };
        let (user, hash) = account.map_or((None, None), |(user, hash)| (Some(user), hash));
        let fits = self.passwords.fits(form.password, hash).await?;
        let Some(user) = user.filter(|_| fits) else {
            return Err(Error::Unauthorized {
                reason: None,
                message: "The email address or the password is wrong.".into(),
            });
        };
        if self.factors(user.id).await?.totp {
            self.check_sign_in_code(user.id, form.code.as_deref()).await?;
        }
        self.signed_in(user.id).await
    }

    async fn check_sign_in_code(&self, user: UserId, code: Option<&str>) -> Result<()> {
        let due = |message: String| Error::Unauthorized { reason: Some("totp_required"), message };
        let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
            return Err(due("Enter the code that your authenticator app shows, or a recovery code.".into()));
        };
        match self.use_code(user, code).await {
            Err(Error::Invalid(fields)) => Err(due(fields.into_values().next().unwrap_or_default())),
            other => other,
        }
    }

    /// The person with the organisation to land in.
    pub(super) async fn signed_in(&self, user: UserId) -> Result<SignedIn> {
        let user = self.user(user).await?;
        let org = self.home(&user).await?;
        Ok(SignedIn { user, org })
    }

    /// Removes links and half-done ceremonies that are too old.
    pub async fn delete_expired(&self) -> Result<()> {
        let mut tx = self.store.begin().await?;
        account::store::delete_expired(&mut tx, self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The person with their organisations.
    pub async fn me(&self, user: UserId) -> Result<Me> {
        let user = store::by_id(&self.store, user).await?.ok_or(Error::NotFound("account"))?;
        let memberships = self.orgs.memberships(user.id).await?;
        Ok(Me { user, memberships })
    }

    /// What a person is called.
    pub async fn name(&self, user: UserId) -> Result<String> {
        Ok(store::by_id(&self.store, user).await?.ok_or(Error::NotFound("account"))?.name)
    }

    /// The browser sessions of all accounts.
    pub fn web_sessions(&self) -> WebSessions {
        WebSessions { store: self.store.clone(), clock: self.clock.clone() }
    }
}
