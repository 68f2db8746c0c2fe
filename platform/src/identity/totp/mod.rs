//! Authenticator apps and their recovery codes.

mod model;
pub(super) mod store;

use super::{Identity, account::letters::Notice, tokens};
use crate::{
    Error, Result,
    secrets::{Place, Secret},
    store::Tx,
};
use alumia_protocol::{
    OrgId, UserId,
    security::{RecoveryCodes, TotpEnrollment},
};
use model::{Given, RECOVERY_CODES, STEP_SECONDS};
use uuid::Uuid;

/// How long an app may take from being shown the secret to giving its first code.
const SETUP_SECONDS: i64 = 30 * 60;
/// So many wrong codes in a row …
const PATIENCE: i64 = 10;
/// … and no code is looked at for so long. A million codes and three good ones at a time: guessing at this
/// pace takes years.
const PAUSE_SECONDS: i64 = 15 * 60;

impl Identity {
    /// Begins with an authenticator app: makes its secret, which counts once a code of it was given.
    ///
    /// # Errors
    /// `Conflict` when there is one already, and as [`Identity::prove`].
    pub async fn enroll_totp(
        &self,
        user: UserId,
        session: &str,
        password: Option<String>,
        stepped_up: bool,
    ) -> Result<TotpEnrollment> {
        if self.prove(user, password, stepped_up).await?.totp {
            return Err(Error::conflict(
                "There is an authenticator app already. Remove it first to set up another one.",
            ));
        }
        let secret = model::new_secret();
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !store::begin(&mut tx, user, session, now).await? {
            return Err(Error::conflict("There is an authenticator app already."));
        }
        self.outbox.secrets().put(&mut tx, place(&user.to_string()), &Secret::new(secret.clone())).await?;
        tx.commit().await?;
        self.enrollment(user, &secret).await
    }

    /// What this session is setting up, for a page that shows it again.
    pub async fn pending_totp(&self, user: UserId, session: &str) -> Result<Option<TotpEnrollment>> {
        let since = self.clock.now().plus_seconds(-SETUP_SECONDS);
        if !store::is_pending(&self.store, user, session, since).await? {
            return Ok(None);
        }
        match self.totp_secret(user).await? {
            Some(secret) => self.enrollment(user, secret.expose()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Makes the app count, by a code of it; returns the recovery codes, this once.
    ///
    /// # Errors
    /// `Invalid` on `code`; `Conflict` when this session is not setting one up.
    pub async fn confirm_totp(&self, user: UserId, session: &str, code: &str) -> Result<RecoveryCodes> {
        let now = self.clock.now();
        let since = now.plus_seconds(-SETUP_SECONDS);
        let secret = self.totp_secret(user).await?;
        let pending = store::is_pending(&self.store, user, session, since).await?;
        let Some(secret) = secret.filter(|_| pending) else {
            return Err(Error::conflict("No authenticator app is being set up here. Begin again."));
        };
        let Some(step) = model::step_of(secret.expose(), code, now)? else {
            return Err(Error::invalid(
                "code",
                "This code doesn't fit. Check that the clock of your device is right, and enter the next code.",
            ));
        };
        let mut tx = self.store.begin().await?;
        if !store::confirm(&mut tx, user, step, now).await? {
            return Err(Error::conflict("This authenticator app is set up already."));
        }
        let codes = new_recovery_codes(&mut tx, user).await?;
        self.notify(&mut tx, user, Notice::AppAdded).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Removes the app and its recovery codes; without another factor left, ends the other sessions.
    pub async fn remove_totp(&self, user: UserId, session: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if !store::remove(&mut tx, user).await? {
            return Err(Error::NotFound("authenticator app"));
        }
        self.outbox.secrets().remove(&mut tx, place(&user.to_string())).await?;
        self.after_removal(&mut tx, user, session, Notice::AppRemoved).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ten new recovery codes for the old ones.
    pub async fn renew_recovery_codes(&self, user: UserId) -> Result<RecoveryCodes> {
        if !self.factors(user).await?.totp {
            return Err(Error::conflict("Recovery codes come with an authenticator app. Set one up first."));
        }
        let mut tx = self.store.begin().await?;
        let codes = new_recovery_codes(&mut tx, user).await?;
        self.notify(&mut tx, user, Notice::CodesRenewed).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Uses a code of the app, or a recovery code. Each counts once, however many try at the same moment.
    ///
    /// # Errors
    /// `Invalid` on `code`; `Limited` after many wrong ones; `Forbidden` with `no_factor` without an app.
    pub async fn use_code(&self, user: UserId, code: &str) -> Result<()> {
        let now = self.clock.now();
        let Some(state) = store::state(&self.store, user).await? else {
            return Err(Error::Forbidden {
                reason: "no_factor",
                message: "You have no authenticator app. Set one up, or use a passkey.".into(),
            });
        };
        let paused_until = state.failed_at.plus_seconds(PAUSE_SECONDS);
        if state.failures >= PATIENCE && paused_until > now {
            let retry_after_ms = u64::try_from(paused_until.millis_since(now)).unwrap_or_default();
            return Err(Error::Limited { retry_after_ms });
        }
        let problem = match Given::read(code) {
            Given::App(code) => self.use_app_code(user, &code).await?,
            Given::Recovery(code) => self.use_recovery_code(user, &code).await?,
            Given::Neither => {
                Some("Enter the six digits that your app shows, or one of your recovery codes.")
            }
        };
        let Some(problem) = problem else { return Ok(()) };
        let mut tx = self.store.begin().await?;
        store::note_failure(&mut tx, user, now, now.plus_seconds(-PAUSE_SECONDS)).await?;
        tx.commit().await?;
        Err(Error::invalid("code", problem))
    }

    async fn use_app_code(&self, user: UserId, code: &str) -> Result<Option<&'static str>> {
        let Some(secret) = self.totp_secret(user).await? else { return Ok(Some(WRONG)) };
        let Some(step) = model::step_of(secret.expose(), code, self.clock.now())? else {
            return Ok(Some(WRONG));
        };
        let mut tx = self.store.begin().await?;
        let fresh = store::take_step(&mut tx, user, step).await?;
        tx.commit().await?;
        Ok((!fresh).then_some("This code was used already. Wait for the next one in your app."))
    }

    async fn use_recovery_code(&self, user: UserId, code: &str) -> Result<Option<&'static str>> {
        let mut tx = self.store.begin().await?;
        if !store::take_recovery_code(&mut tx, user, &hash(user, code), self.clock.now()).await? {
            return Ok(Some("This recovery code is wrong or was used already."));
        }
        let left = store::recovery_codes_left(&mut tx, user).await?;
        self.notify(&mut tx, user, Notice::CodeUsed { left }).await?;
        tx.commit().await?;
        Ok(None)
    }

    async fn totp_secret(&self, user: UserId) -> Result<Option<Secret>> {
        self.outbox.secrets().get(place(&user.to_string())).await
    }

    async fn enrollment(&self, user: UserId, secret: &str) -> Result<TotpEnrollment> {
        let user = self.user(user).await?;
        model::enrollment(secret, &user.email)
    }
}

const WRONG: &str = "This code is wrong. Enter the one that your app shows now.";

async fn new_recovery_codes(tx: &mut Tx, user: UserId) -> Result<RecoveryCodes> {
    let recovery_codes: Vec<String> = (0..RECOVERY_CODES).map(|_| model::new_recovery_code()).collect();
    let hashes: Vec<String> = recovery_codes
        .iter()
        .map(|code| match Given::read(code) {
            Given::Recovery(code) => Ok(hash(user, &code)),
            Given::App(_) | Given::Neither => Err(Error::internal("a new recovery code reads as none")),
        })
        .collect::<Result<_>>()?;
    store::replace_recovery_codes(tx, user, &hashes).await?;
    Ok(RecoveryCodes { recovery_codes })
}

/// 80 random bits need no slow hash; the account in it makes equal codes of two people differ.
fn hash(user: UserId, code: &str) -> String {
    tokens::sha256(&format!("{user} {code}"))
}

/// A person's secret belongs to no organisation.
const fn place(user: &str) -> Place<'_> {
    Place { org: OrgId(Uuid::nil()), table: "totp", row: user, column: "secret" }
}

const _: () = assert!(STEP_SECONDS == 30, "what apps assume when they aren't told");
