//! Passkeys (`WebAuthn` level 3).
//!
//! Each use has two halves. What the first one leaves lies in the database, is bound to whom and to the browser
//! that it was made for, and is taken out by the second half, whatever comes of it: an answer can be given
//! once.

mod sign_up;
mod site;
pub(super) mod store;

pub use site::Site;

use super::{Identity, account::letters::Notice, tokens};
use crate::{Error, Result, store::Tx, text::Fields};
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
    AuthenticationResult, CreationChallengeResponse, CredentialID, DiscoverableAuthentication,
    Passkey as Credential, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential,
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
    /// What names the session in lists; where nobody is signed in, what ties the browser to the ceremony.
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
        let (challenge, state) = begin(site, user, &person.email, &person.name, known)?;
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
        let name = name_of(&form)?;
        let seat = Seat { user: Some(user), session };
        let state: PasskeyRegistration = self.recall(Kind::Register, seat, &form.ceremony).await?;
        let credential = made(site, form.credential, &state)?;
        let mut tx = self.store.begin().await?;
        let passkey = self.keep(&mut tx, user, name, &credential).await?;
        self.notify(&mut tx, user, Notice::PasskeyAdded { name: &passkey.name }).await?;
        tx.commit().await?;
        Ok(passkey)
    }

    /// Begins a sign-in in a browser; whose, the passkey will tell.
    pub async fn start_passkey_sign_in(&self, site: &Site, browser: &str) -> Result<Ceremony> {
        let (challenge, state) =
            site.webauthn()?.start_discoverable_authentication().map_err(Error::internal)?;
        let seat = Seat { user: None, session: browser };
        self.remember(Kind::Login, seat, &state, SIGN_IN_SECONDS, challenge.public_key).await
    }

    /// Signs in whose passkey it is.
    pub async fn finish_passkey_sign_in(
        &self,
        site: &Site,
        browser: &str,
        form: FinishPasskey,
    ) -> Result<SignedIn> {
        let seat = Seat { user: None, session: browser };
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
        let line = self.line(user, "account.passkey_renamed").on("passkey", id, name);
        self.write_down(&mut tx, user, line).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes a passkey; without another factor left, ends the other sessions.
    ///
    /// # Errors
    /// `Conflict` for the only way into the account.
    pub async fn remove_passkey(&self, user: UserId, session: &str, id: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        // Of two that are removed at the same moment, one is the last.
        store::take_turns(&mut tx, user, self.clock.now()).await?;
        let name = store::remove(&mut tx, user, id).await?.ok_or(Error::NotFound("passkey"))?;
        if store::is_locked_out(&mut tx, user).await? {
            return Err(Error::conflict(
                "This passkey is the only way into your account. Set a password or add another passkey first.",
            ));
        }
        self.after_removal(&mut tx, user, session, Notice::PasskeyRemoved { name: &name }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Stores a new passkey.
    async fn keep(
        &self,
        tx: &mut Tx,
        user: UserId,
        name: String,
        credential: &Credential,
    ) -> Result<Passkey> {
        let passkey = Passkey {
            id: Uuid::now_v7().to_string(),
            name,
            created_at: self.clock.now(),
            last_used_at: None,
        };
        let id = BASE64_URL_SAFE_NO_PAD.encode(credential.cred_id());
        if !store::insert(tx, user, &passkey, &id, &serde_json::to_string(credential)?).await? {
            return Err(Error::conflict("This passkey belongs to an account already."));
        }
        Ok(passkey)
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

/// What asks a browser for a new passkey of somebody's, none of the `known` ones.
fn begin(
    site: &Site,
    user: UserId,
    email: &str,
    name: &str,
    known: Vec<CredentialID>,
) -> Result<(CreationChallengeResponse, PasskeyRegistration)> {
    let (mut challenge, state) = site
        .webauthn()?
        .start_passkey_registration(user.0, email, name, Some(known))
        .map_err(Error::internal)?;
    // Without this the key may not be found when nobody has said who they are.
    if let Some(selection) = &mut challenge.public_key.authenticator_selection {
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
    }
    Ok((challenge, state))
}

/// The new passkey, if it was made as asked.
fn made(site: &Site, answer: serde_json::Value, state: &PasskeyRegistration) -> Result<Credential> {
    let answer: RegisterPublicKeyCredential = parse(answer)?;
    site.webauthn()?.finish_passkey_registration(&answer, state).map_err(refused)
}

/// What a new passkey is called.
fn name_of(form: &FinishPasskey) -> Result<String> {
    let mut fields = Fields::default();
    let named = if form.name.trim().is_empty() { "Passkey" } else { &form.name };
    let name = fields.line("name", named, LONGEST_NAME);
    fields.done()?;
    Ok(name)
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
