//! Password, email address, and the links in letters that change or confirm them.

mod jobs;
pub(super) mod letters;
pub(super) mod store;

pub use jobs::RESET_JOB;

use super::{
    Identity,
    model::{self, Email},
    tokens,
};
use crate::{Error, Result, jobs::NewJob, store::Tx, text::Fields};
use alumia_protocol::{UserId, people::User};
use letters::Notice;
use serde_json::json;
use store::{Kind, MailToken};

const RESET_SECONDS: i64 = 60 * 60;
const CONFIRM_SECONDS: i64 = 24 * 60 * 60;
/// Somebody's mailbox can't be filled faster than with one such letter in this time.
const REST_SECONDS: i64 = 60;

impl Identity {
    /// Sets a new password, or a first one, and ends the other sessions.
    ///
    /// # Errors
    /// `Invalid` on `currentPassword` or `password`.
    pub async fn change_password(
        &self,
        user: UserId,
        session: &str,
        current: Option<String>,
        password: String,
    ) -> Result<()> {
        let had_one = self.factors(user).await?.password;
        if had_one {
            let given = self.require_password(user, current.unwrap_or_default()).await;
            given.map_err(|error| match error {
                Error::Invalid(_) => Error::invalid("currentPassword", "This is not your password."),
                other => other,
            })?;
        }
        let hash = self.checked_hash(&self.user(user).await?, password).await?;
        let mut tx = self.store.begin().await?;
        store::set_password(&mut tx, user, &hash, self.clock.now()).await?;
        store::drop_tokens(&mut tx, user, Kind::Reset).await?;
        super::store::end_web_sessions(&mut tx, user, session, true).await?;
        self.notify(&mut tx, user, Notice::password(had_one)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Has a link sent with which the password can be set anew, if there is such an account. That is looked
    /// up later, so that neither the answer nor its time tells.
    pub async fn ask_reset(&self, email: &str) -> Result<()> {
        let email = Email::new(email);
        let mut fields = Fields::default();
        email.check(&mut fields);
        fields.done()?;
        let mut tx = self.store.begin().await?;
        self.outbox.jobs().enqueue(&mut tx, NewJob::new(RESET_JOB, json!({ "email": email.key }))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sets a new password by a link from a letter, once; ends all sessions.
    ///
    /// # Errors
    /// `BadRequest` for a link that is used up or too old; `Invalid` on `password`.
    pub async fn reset_password(&self, token: &str, password: String) -> Result<()> {
        let found = store::token(&self.store, Kind::Reset, &tokens::sha256(token), self.clock.now()).await?;
        let user = self.user(found.ok_or_else(link_over)?.user_id).await?;
        let had_one = self.factors(user.id).await?.password;
        let hash = self.checked_hash(&user, password).await?;
        let mut tx = self.store.begin().await?;
        // Of many at once, one takes it.
        self.take_token(&mut tx, Kind::Reset, token).await?;
        store::drop_tokens(&mut tx, user.id, Kind::Reset).await?;
        store::set_password(&mut tx, user.id, &hash, self.clock.now()).await?;
        super::store::end_web_sessions(&mut tx, user.id, "", true).await?;
        self.notify(&mut tx, user.id, Notice::password(had_one)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether a link from a letter still works, for the page behind it.
    pub async fn is_reset_link(&self, token: &str) -> Result<bool> {
        let now = self.clock.now();
        Ok(store::token(&self.store, Kind::Reset, &tokens::sha256(token), now).await?.is_some())
    }

    /// Has a link sent to a new address; the account gets that address when it is followed.
    pub async fn ask_email_change(&self, user: UserId, email: &str) -> Result<()> {
        let user = self.user(user).await?;
        let email = Email::new(email);
        let mut fields = Fields::default();
        email.check(&mut fields);
        if email.key == Email::new(&user.email).key {
            fields.refuse("email", "This is your address already.");
        }
        fields.done()?;
        let taken = super::store::by_email(&self.store, &email.key).await?.is_some();
        let mut tx = self.store.begin().await?;
        self.notify_at(&mut tx, &user, Notice::EmailChangeAsked { to: &email.written }).await?;
        // Whose address it is already, isn't told; the answer is the same.
        if !taken {
            store::drop_tokens(&mut tx, user.id, Kind::Email).await?;
            self.send_confirmation(&mut tx, &user, Kind::Email, &email.written).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Sends the letter again that asks to confirm the account's address.
    pub async fn ask_verification(&self, user: UserId) -> Result<()> {
        if self.is_verified(user).await? {
            return Err(Error::conflict("Your address is confirmed already."));
        }
        let user = self.user(user).await?;
        let since = self.clock.now().plus_seconds(-REST_SECONDS);
        let mut tx = self.store.begin().await?;
        if !store::asked_since(&mut tx, user.id, Kind::Verify, since).await? {
            store::drop_tokens(&mut tx, user.id, Kind::Verify).await?;
            self.send_confirmation(&mut tx, &user, Kind::Verify, &user.email).await?;
        }
        self.write_down(&mut tx, user.id, self.line(user.id, "account.verification_asked")).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Confirms an address by a link from a letter, once; a new address replaces the account's, and the
    /// sessions other than `session` end.
    pub async fn confirm_email(&self, token: &str, session: &str) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let taken = match store::take_token(&mut tx, Kind::Email, &tokens::sha256(token), now).await? {
            Some(taken) => taken,
            None => {
                let MailToken { user_id, email } = self.take_token(&mut tx, Kind::Verify, token).await?;
                // An address that was replaced meanwhile is confirmed for nobody.
                if store::mark_verified(&mut tx, user_id, &email, now).await? {
                    self.write_down(&mut tx, user_id, self.line(user_id, "account.email_verified")).await?;
                }
                tx.commit().await?;
                return Ok(());
            }
        };
        let user = store::user(&mut tx, taken.user_id).await?;
        let email = Email::new(&taken.email);
        if !store::set_email(&mut tx, user.id, &email.written, &email.key, now).await? {
            return Err(Error::conflict("This address has got an account of its own meanwhile."));
        }
        // A link that was sent to the old address must not open the account any more.
        store::drop_tokens(&mut tx, user.id, Kind::Reset).await?;
        super::store::end_web_sessions(&mut tx, user.id, session, true).await?;
        self.notify_at(&mut tx, &user, Notice::EmailChanged { to: &email.written }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether somebody has confirmed that the account's address is theirs.
    pub async fn is_verified(&self, user: UserId) -> Result<bool> {
        store::is_verified(&self.store, user).await
    }

    /// The account.
    pub(super) async fn user(&self, user: UserId) -> Result<User> {
        super::store::by_id(&self.store, user).await?.ok_or(Error::NotFound("account"))
    }

    /// Posts the letter that asks a new account's owner to confirm its address.
    pub(super) async fn welcome(&self, tx: &mut Tx, user: &User) -> Result<()> {
        self.send_confirmation(tx, user, Kind::Verify, &user.email).await
    }

    /// What follows from the removal of a factor: without any left, the other sessions end.
    pub(super) async fn after_removal(
        &self,
        tx: &mut Tx,
        user: UserId,
        session: &str,
        notice: Notice<'_>,
    ) -> Result<()> {
        if store::factors_left(tx, user).await? == 0 {
            super::store::end_web_sessions(tx, user, session, true).await?;
        }
        self.notify(tx, user, notice).await
    }

    async fn send_confirmation(&self, tx: &mut Tx, user: &User, kind: Kind, address: &str) -> Result<()> {
        let token = tokens::random();
        let now = self.clock.now();
        let until = now.plus_seconds(CONFIRM_SECONDS);
        store::insert_token(tx, kind, &tokens::sha256(&token), user.id, address, now, until).await?;
        self.outbox.post(tx, &letters::confirm(&user.name, address, &token, self.outbox.links())).await
    }

    async fn take_token(&self, tx: &mut Tx, kind: Kind, token: &str) -> Result<MailToken> {
        let taken = store::take_token(tx, kind, &tokens::sha256(token), self.clock.now()).await?;
        taken.ok_or_else(link_over)
    }

    async fn checked_hash(&self, user: &User, password: String) -> Result<String> {
        let mut fields = Fields::default();
        model::check_password(&mut fields, &password, &Email::new(&user.email), &user.name);
        fields.done()?;
        self.passwords.hash(password).await
    }
}

fn link_over() -> Error {
    Error::BadRequest("This link was used already or is too old. Ask for a new one.".into())
}
