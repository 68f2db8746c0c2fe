//! What a person has to prove who they are with.

pub(super) mod store;

use super::Identity;
use crate::{Error, Result};
use alumia_protocol::{UserId, security::Factors};

impl Identity {
    /// The factors of an account.
    pub async fn factors(&self, user: UserId) -> Result<Factors> {
        store::factors(&self.store, user).await
    }

    /// Whether a factor may be added now. The first one asks for the password; further ones ask for a factor
    /// that is there already, so that a stolen password adds none.
    ///
    /// # Errors
    /// `step_up_required`, or `Invalid` on `password`.
    pub(super) async fn prove(
        &self,
        user: UserId,
        password: Option<String>,
        stepped_up: bool,
    ) -> Result<Factors> {
        let factors = self.factors(user).await?;
        if factors.any() && !stepped_up {
            return Err(Error::step_up_required());
        }
        match password.filter(|password| !password.is_empty()) {
            Some(password) => self.require_password(user, password).await?,
            None if stepped_up => {}
            None => return Err(Error::invalid("password", "Enter your password.")),
        }
        Ok(factors)
    }

    /// Refuses a password that isn't the account's.
    pub(super) async fn require_password(&self, user: UserId, password: String) -> Result<()> {
        let hash = store::password_hash(&self.store, user).await?;
        if self.passwords.fits(password, hash).await? {
            Ok(())
        } else {
            Err(Error::invalid("password", "This is not your password."))
        }
    }
}
