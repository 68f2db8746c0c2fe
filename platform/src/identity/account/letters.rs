//! What people are told by mail.

use crate::{
    Result,
    audit::Entry,
    identity::Identity,
    mail::{Letter, Links},
    store::Tx,
};
use alumia_protocol::{Timestamp, UserId, people::User};

/// A change of what an account is secured with.
pub(in crate::identity) enum Notice<'a> {
    AppAdded,
    AppRemoved,
    CodesRenewed,
    CodeUsed { left: i64 },
    PasskeyAdded { name: &'a str },
    PasskeyRemoved { name: &'a str },
    PasswordChanged,
    PasswordSet,
    EmailChangeAsked { to: &'a str },
    EmailChanged { to: &'a str },
}

impl Notice<'_> {
    /// Of a password that is set, for an account that had one before or not.
    pub(super) const fn password(had_one: bool) -> Self {
        if had_one { Self::PasswordChanged } else { Self::PasswordSet }
    }

    fn subject(&self) -> &'static str {
        match self {
            Self::AppAdded => "An authenticator app was added",
            Self::AppRemoved => "Your authenticator app was removed",
            Self::CodesRenewed => "You have new recovery codes",
            Self::CodeUsed { .. } => "A recovery code was used",
            Self::PasskeyAdded { .. } => "A passkey was added",
            Self::PasskeyRemoved { .. } => "A passkey was removed",
            Self::PasswordChanged => "Your password was changed",
            Self::PasswordSet => "Your account has got a password",
            Self::EmailChangeAsked { .. } => "Your email address is about to change",
            Self::EmailChanged { .. } => "Your email address was changed",
        }
    }

    /// In the audit log.
    const fn action(&self) -> &'static str {
        match self {
            Self::AppAdded => "account.app_added",
            Self::AppRemoved => "account.app_removed",
            Self::CodesRenewed => "account.codes_renewed",
            Self::CodeUsed { .. } => "account.code_used",
            Self::PasskeyAdded { .. } => "account.passkey_added",
            Self::PasskeyRemoved { .. } => "account.passkey_removed",
            Self::PasswordChanged => "account.password_changed",
            Self::PasswordSet => "account.password_set",
            Self::EmailChangeAsked { .. } => "account.email_change_asked",
            Self::EmailChanged { .. } => "account.email_changed",
        }
    }

    fn what(&self) -> String {
        match self {
            Self::AppAdded => "An authenticator app was added to your account.".into(),
            Self::AppRemoved => {
                "The authenticator app and its recovery codes were removed from your account.".into()
            }
            Self::CodesRenewed => {
                "New recovery codes were made for your account; the old ones no longer work.".into()
            }
            Self::CodeUsed { left } => format!("A recovery code of your account was used. {left} are left."),
            Self::PasskeyAdded { name } => format!("The passkey \"{name}\" was added to your account."),
            Self::PasskeyRemoved { name } => format!("The passkey \"{name}\" was removed from your account."),
            Self::PasswordChanged => {
                "The password of your account was changed, and its other sessions were ended.".into()
            }
            Self::PasswordSet => {
                "A password was set for your account, which had none, and its other sessions were ended."
                    .into()
            }
            Self::EmailChangeAsked { to } => {
                format!("Somebody signed in to your account wants to change its email address to {to}.")
            }
            Self::EmailChanged { to } => {
                format!("The email address of your account is {to} from now on. Letters no longer come here.")
            }
        }
    }

    fn letter(&self, user: &User, at: Timestamp, links: &Links) -> Letter {
        let text = format!(
            "Hello {},\n\n{}\nThis happened on {at}.\n\nIf it was you, there is nothing to do. If it was not, set a new \
             password at once, which signs everybody else out, and look through your factors and sessions:\n{}\n",
            user.name,
            self.what(),
            links.to("/forgot"),
        );
        Letter { to: user.email.clone(), subject: format!("{} · Alumia", self.subject()), text }
    }
}

impl Identity {
    /// Tells a person at their present address, and the audit log, when the transaction commits.
    pub(in crate::identity) async fn notify(
        &self,
        tx: &mut Tx,
        user: UserId,
        notice: Notice<'_>,
    ) -> Result<()> {
        let user = super::store::user(tx, user).await?;
        self.notify_at(tx, &user, notice).await
    }

    /// The same to somebody whose address is about to be replaced.
    pub(super) async fn notify_at(&self, tx: &mut Tx, user: &User, notice: Notice<'_>) -> Result<()> {
        let letter = notice.letter(user, self.clock.now(), self.outbox.links());
        self.outbox.post(tx, &letter).await?;
        self.write_down(tx, user.id, self.line(user.id, notice.action())).await
    }

    /// A line about what a person did with their account, in nobody's log yet.
    pub(in crate::identity) fn line(&self, user: UserId, action: &'static str) -> Entry {
        Entry::from(None, Some(user), self.origin.clone(), action)
    }

    /// Puts a line into the log of every organisation that the person belongs to.
    pub(in crate::identity) async fn write_down(&self, tx: &mut Tx, user: UserId, line: Entry) -> Result<()> {
        for membership in self.orgs.memberships(user).await? {
            self.audit.record(tx, line.clone().in_log_of(membership.org.id)).await?;
        }
        Ok(())
    }
}

/// With a link that sets a new password.
pub(super) fn reset(user: &User, token: &str, links: &Links) -> Letter {
    Letter {
        to: user.email.clone(),
        subject: "Set a new password · Alumia".into(),
        text: format!(
            "Hello {},\n\nsomebody asked to set a new password for your account. This link does it; it works once, \
             within an hour:\n{}\n\nIf it wasn't you, throw this letter away: nothing has changed.\n",
            user.name,
            links.to(&format!("/reset/{token}")),
        ),
    }
}

/// With a link that confirms an address; a new one for an account, or a new account's.
pub(super) fn confirm(name: &str, address: &str, token: &str, links: &Links) -> Letter {
    Letter {
        to: address.to_owned(),
        subject: "Confirm your email address · Alumia".into(),
        text: format!(
            "Hello {name},\n\nplease confirm that this address is yours. The link works once, within a day:\n{}\n\n\
             If you didn't give this address to Alumia, throw this letter away.\n",
            links.to(&format!("/confirm/{token}")),
        ),
    }
}
