//! Accounts that a passkey opens, and no password.

use super::{CEREMONY_SECONDS, Seat, begin, made, name_of, store::Kind};
use crate::{
    Result,
    identity::{
        Identity, Site,
        sign_up::{self, Newcomer},
        store,
    },
    text::Fields,
};
use alumia_protocol::{
    people::SignedIn,
    security::{Ceremony, FinishPasskey, StartPasskeySignUp},
};
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::PasskeyRegistration;

/// What waits for the passkey: nothing else of the account is there yet.
#[derive(Serialize, Deserialize)]
struct Waiting {
    newcomer: Newcomer,
    registration: PasskeyRegistration,
}

impl Identity {
    /// Begins with an account in a browser. An address that has one is refused here already, before a passkey
    /// is made for nothing.
    ///
    /// # Errors
    /// `Invalid` with what is wrong by field: `name`, `email`, `orgName`.
    pub async fn start_passkey_sign_up(
        &self,
        site: &Site,
        browser: &str,
        form: StartPasskeySignUp,
    ) -> Result<Ceremony> {
        let mut fields = Fields::default();
        let newcomer = Newcomer::read(&mut fields, &form.name, &form.email, form.org_name.as_deref());
        fields.done()?;
        if store::by_email(&self.store, &newcomer.address().key).await?.is_some() {
            return Err(sign_up::address_taken());
        }
        let (challenge, registration) = begin(site, newcomer.id, &newcomer.email, &newcomer.name, vec![])?;
        let seat = Seat { user: None, session: browser };
        let waiting = Waiting { newcomer, registration };
        self.remember(Kind::Register, seat, &waiting, CEREMONY_SECONDS, challenge.public_key).await
    }

    /// Makes the account, with the passkey, as [`Identity::sign_up`] does with a password.
    ///
    /// # Errors
    /// `BadRequest` for an answer that comes too late, twice or from another browser; `Unauthorized` for one
    /// that wasn't made as asked; `Invalid` on `email` when it has got an account meanwhile.
    pub async fn finish_passkey_sign_up(
        &self,
        site: &Site,
        browser: &str,
        form: FinishPasskey,
    ) -> Result<SignedIn> {
        let name = name_of(&form)?;
        let seat = Seat { user: None, session: browser };
        let Waiting { newcomer, registration } = self.recall(Kind::Register, seat, &form.ceremony).await?;
        let credential = made(site, form.credential, &registration)?;
        let mut tx = self.store.begin().await?;
        let signed_in = self.admit(&mut tx, newcomer, None).await?;
        self.keep(&mut tx, signed_in.user.id, name, &credential).await?;
        tx.commit().await?;
        Ok(signed_in)
    }
}
