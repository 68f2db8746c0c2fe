//! Passkeys (`WebAuthn` level 3).
//!
//! Each use has two halves. What the first one leaves lies in the database, is bound to whom it was made for,
//! and is taken out by the second half, whatever comes of it: an answer can be given once.

mod site;
pub(super) mod store;

pub use site::Site;

use super::{Identity, account::letters::Notice, tokens};
use crate::{Error, Result, text::Fields};
use alumia_protocol::{
    UserId,
    people::SignedIn,
    security::{Ceremony, FinishPasskey, Passkey},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use store::{Kind, Stored};
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey as Credential, PasskeyAuthentication,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
};
use webauthn_rs_proto::ResidentKeyRequirement;

/// How long the browser may take between the halves.
const CEREMONY_SECONDS: i64 = 5 * 60;
/// A sign-in page stays open for longer before somebody uses it.
const SIGN_IN_SECONDS: i64 = 60 * 60;
const LONGEST_NAME: usize = 60;
const MOST: usize = 20;

/// Whose browser session it is.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    /// The person; `None` where nobody is signed in yet.
    pub user: Option<UserId>,
    /// What names the session in lists.
    pub session: &'a str,
}

impl Identity {
    /// The passkeys of a person, oldest first.
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>> {
        Ok(store::of(&self.store, user).await?.into_iter().map(|stored| stored.passkey).collect())
    }

    /// Begins with a new passkey.
    ///
    /// # Errors
    /// As [`Identity::prove`].
    pub async fn start_passkey(
        &self,
        site: &Site,
        user: UserId,
        session: &str,
        password: Option<String>,
        stepped_up: bool,
    ) -> Result<Ceremony> {
        self.prove(user, password, stepped_up).await?;
        let known = store::of(&self.store, user).await?;
        if known.len() >= MOST {
            return Err(Error::conflict(format!("{MOST} passkeys are the most. Remove one first.")));
        }
        let known = known.iter().map(|stored| Ok(credential(stored)?.cred_id().clone()));
        let known = known.collect::<Result<Vec<_>>>()?;
        let person = self.user(user).await?;
        let (mut challenge, state) = site
            .webauthn()?
            .start_passkey_registration(user.0, &person.email, &person.name, Some(known))
            .map_err(Error::internal)?;
        // Without this the key may not be found when nobody has said who they are.
        if let Some(selection) = &mut challenge.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
        }
        let seat = Seat { user: Some(user), session };
        self.remember(Kind::Register, seat, &state, CEREMONY_SECONDS, challenge.public_key).await
    }

    /// Adds the new passkey.
    pub async fn finish_passkey(
        &self,
        site: &Site,
        user: UserId,
        session: &str,
        form: FinishPasskey,
    ) -> Result<Passkey> {
        let mut fields = Fields::default();
        let named = if form.name.trim().is_empty() { "Passkey" } else { &form.name };
        let name = fields.line("name", named, LONGEST_NAME);
        fields.done()?;
        let seat = Seat { user: Some(user), session };
        let state: PasskeyRegistration = self.recall(Kind::Register, seat, &form.ceremony).await?;
        let answer: RegisterPublicKeyCredential = parse(form.credential)?;
        let credential = site.webauthn()?.finish_passkey_registration(&answer, &state).map_err(refused)?;
        let passkey = Passkey {
            id: Uuid::now_v7().to_string(),
            name,
            created_at: self.clock.now(),
            last_used_at: None,
        };
        let id = BASE64_URL_SAFE_NO_PAD.encode(credential.cred_id());
        let mut tx = self.store.begin().await?;
        if !store::insert(&mut tx, user, &passkey, &id, &serde_json::to_string(&credential)?).await? {
            return Err(Error::conflict("This passkey belongs to an account already."));
        }
        self.notify(&mut tx, user, Notice::PasskeyAdded { name: &passkey.name }).await?;
        tx.commit().await?;
        Ok(passkey)
    }

    /// Begins a sign-in; whose, the passkey will tell.
    pub async fn start_passkey_sign_in(&self, site: &Site) -> Result<Ceremony> {
        let (challenge, state) =
            site.webauthn()?.start_discoverable_authentication().map_err(Error::internal)?;
        let seat = Seat { user: None, session: "" };
        self.remember(Kind::Login, seat, &state, SIGN_IN_SECONDS, challenge.public_key).await
    }

    /// Signs in whose passkey it is.
    pub async fn finish_passkey_sign_in(&self, site: &Site, form: FinishPasskey) -> Result<SignedIn> {
        let seat = Seat { user: None, session: "" };
        let state: DiscoverableAuthentication = self.recall(Kind::Login, seat, &form.ceremony).await?;
        let answer: PublicKeyCredential = parse(form.credential)?;
        let webauthn = site.webauthn()?;
        let (user, id) = webauthn.identify_discoverable_authentication(&answer).map_err(refused)?;
        let id = BASE64_URL_SAFE_NO_PAD.encode(id);
        let stored = store::by_credential(&self.store, UserId(user), &id).await?.ok_or_else(unknown)?;
        let known = credential(&stored)?;
        let result =
            webauthn.finish_discoverable_authentication_v2(&answer, state, &known).map_err(refused)?;
        self.note_use(stored, &result).await?;
        self.signed_in(UserId(user)).await
    }

    /// Begins a step-up.
    pub async fn start_passkey_step_up(&self, site: &Site, user: UserId, session: &str) -> Result<Ceremony> {
        let known = store::of(&self.store, user).await?;
        if known.is_empty() {
            return Err(Error::Forbidden {
                reason: "no_factor",
                message: "You have no passkey. Add one, or use a code.".into(),
            });
        }
        let known = known.iter().map(credential).collect::<Result<Vec<_>>>()?;
        let (challenge, state) =
            site.webauthn()?.start_passkey_authentication(&known).map_err(Error::internal)?;
        let seat = Seat { user: Some(user), session };
        self.remember(Kind::StepUp, seat, &state, CEREMONY_SECONDS, challenge.public_key).await
    }

    /// Whether it was a passkey of the person's.
    pub async fn finish_passkey_step_up(
        &self,
        site: &Site,
        user: UserId,
        session: &str,
        form: FinishPasskey,
    ) -> Result<()> {
        let seat = Seat { user: Some(user), session };
        let state: PasskeyAuthentication = self.recall(Kind::StepUp, seat, &form.ceremony).await?;
        let answer: PublicKeyCredential = parse(form.credential)?;
        let result = site.webauthn()?.finish_passkey_authentication(&answer, &state).map_err(refused)?;
        let id = BASE64_URL_SAFE_NO_PAD.encode(result.cred_id());
        let stored = store::by_credential(&self.store, user, &id).await?.ok_or_else(unknown)?;
        self.note_use(stored, &result).await
    }

    /// Gives a passkey another name.
    pub async fn rename_passkey(&self, user: UserId, id: &str, name: &str) -> Result<()> {
        let mut fields = Fields::default();
        let name = fields.line("name", name, LONGEST_NAME);
        fields.done()?;
        let mut tx = self.store.begin().await?;
        if !store::rename(&mut tx, user, id, &name).await? {
            return Err(Error::NotFound("passkey"));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Removes a passkey; without another factor left, ends the other sessions.
    pub async fn remove_passkey(&self, user: UserId, session: &str, id: &str) -> Result<()> {
        let factors = self.factors(user).await?;
        if !factors.password && factors.passkeys == 1 {
            return Err(Error::conflict(
                "This passkey is the only way into your account. Set a password or add another passkey first.",
            ));
        }
        let mut tx = self.store.begin().await?;
        let name = store::remove(&mut tx, user, id).await?.ok_or(Error::NotFound("passkey"))?;
        self.after_removal(&mut tx, user, session, Notice::PasskeyRemoved { name: &name }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps the first half's state for the second.
    async fn remember(
        &self,
        kind: Kind,
        seat: Seat<'_>,
        state: &impl Serialize,
        seconds: i64,
        public_key: impl Serialize,
    ) -> Result<Ceremony> {
        let ceremony = tokens::random();
        let until = self.clock.now().plus_seconds(seconds);
        let state = serde_json::to_string(state)?;
        let mut tx = self.store.begin().await?;
        store::remember(&mut tx, &tokens::sha256(&ceremony), kind, seat, &state, until).await?;
        tx.commit().await?;
        Ok(Ceremony { ceremony, public_key: serde_json::to_value(public_key)? })
    }

    /// Takes it out again, once.
    async fn recall<T: DeserializeOwned>(&self, kind: Kind, seat: Seat<'_>, ceremony: &str) -> Result<T> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        let state = store::recall(&mut tx, &tokens::sha256(ceremony), kind, seat, now).await?;
        tx.commit().await?;
        match state {
            Some(state) => Ok(serde_json::from_str(&state)?),
            None => Err(Error::BadRequest("This took too long, or was answered already. Try again.".into())),
        }
    }

    /// Notes a use. A counter that did not grow belongs to a copy of the key: the library refuses it, and so
    /// does the database, for two answers at the same moment.
    async fn note_use(&self, stored: Stored, result: &AuthenticationResult) -> Result<()> {
        let mut credential = credential(&stored)?;
        credential.update_credential(result);
        let text = serde_json::to_string(&credential)?;
        let mut tx = self.store.begin().await?;
        let counter = i64::from(result.counter());
        if !store::note_use(&mut tx, &stored.passkey.id, &text, counter, self.clock.now()).await? {
            return Err(unknown());
        }
        tx.commit().await?;
        Ok(())
    }
}

fn credential(stored: &Stored) -> Result<Credential> {
    Ok(serde_json::from_str(&stored.credential)?)
}

fn parse<T: DeserializeOwned>(credential: serde_json::Value) -> Result<T> {
    serde_json::from_value(credential)
        .map_err(|_| Error::BadRequest("This is not what a browser answers for a passkey.".into()))
}

/// What exactly was wrong helps whoever forges it, and an operator.
fn refused(error: webauthn_rs::prelude::WebauthnError) -> Error {
    tracing::info!(%error, "a passkey was refused");
    unknown()
}

fn unknown() -> Error {
    Error::Unauthorized {
        reason: Some("passkey_refused"),
        message: "This passkey was not accepted. Try another one, or another way.".into(),
    }
}
