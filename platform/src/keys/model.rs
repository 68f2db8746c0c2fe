use crate::{Error, OrgScope, Result, text::Fields};
use alumia_protocol::{
    ApiKeyId, Timestamp,
    keys::{NewApiKey, RotateApiKey, Scope},
};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const NAME: usize = 255;
const LONGEST_GRACE_SECONDS: u32 = 24 * 60 * 60;
const RANDOM_BYTES: usize = 24;
/// What of a secret may be seen again.
const PREFIX: usize = 12;

/// A program that has shown a key that holds.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The key.
    pub id: ApiKeyId,
    /// Its owner in its organisation.
    pub scope: OrgScope,
    pub(super) scopes: Vec<Scope>,
}

impl Holder {
    /// Whether the key may do this.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Everything)
    }
}

/// Why a key opens nothing. Whoever has the secret may know which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No text that could be a key.
    Malformed,
    /// Nobody was given it, or its owner has left the organisation.
    Unknown,
    /// Its owner, or a rotation, ended it.
    Revoked,
    /// Its time is over.
    Expired,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (reason, message) = match refusal {
            Refusal::Malformed => {
                ("malformed_key", "This is no API key. Send it whole, as `Authorization: Bearer alm_…`.")
            }
            Refusal::Unknown => (
                "unknown_key",
                "This API key is not known here. Check that it is whole and belongs to this server.",
            ),
            Refusal::Revoked => (
                "revoked_key",
                "This API key was revoked or replaced. Make a new one on the page Developers.",
            ),
            Refusal::Expired => {
                ("expired_key", "This API key has expired. Make a new one on the page Developers.")
            }
        };
        Self::Unauthorized { reason: Some(reason), message: message.into() }
    }
}

/// A fresh secret.
pub(super) fn secret(live: bool) -> String {
    let mode = if live { "live" } else { "test" };
    let random = rand::random::<[u8; RANDOM_BYTES]>();
    random.iter().fold(format!("alm_{mode}_"), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a text could be a secret.
pub(super) fn is_secret(text: &str) -> bool {
    let random = text.strip_prefix("alm_live_").or_else(|| text.strip_prefix("alm_test_"));
    random.is_some_and(|random| {
        random.len() == 2 * RANDOM_BYTES
            && random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

pub(super) fn prefix(secret: &str) -> String {
    secret.chars().take(PREFIX).collect()
}

/// 192 random bits need no slow hash.
pub(super) fn hash(secret: &str) -> String {
    Sha256::digest(secret).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) fn check_new(mut new: NewApiKey, now: Timestamp) -> Result<NewApiKey> {
    let mut fields = Fields::default();
    new.name = fields.line("name", &new.name, NAME);
    new.scopes.sort_unstable();
    new.scopes.dedup();
    if new.scopes.is_empty() {
        fields.refuse("scopes", "Choose at least one scope.");
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        fields.refuse("expiresAt", "Choose a time that is still to come.");
    }
    fields.done()?;
    Ok(new)
}

pub(super) fn check_rotation(rotation: RotateApiKey) -> Result<i64> {
    if rotation.grace_seconds > LONGEST_GRACE_SECONDS {
        return Err(Error::invalid(
            "graceSeconds",
            "The old key can go on for at most 86,400 seconds (24 h).",
        ));
    }
    Ok(rotation.grace_seconds.into())
}

#[cfg(test)]
mod tests {
    use super::{hash, is_secret, prefix, secret};

    #[test]
    fn secrets_have_the_documented_form() {
        let (live, test) = (secret(true), secret(false));
        assert!(is_secret(&live) && live.starts_with("alm_live_") && live.len() == 57, "{live}");
        assert!(is_secret(&test) && test.starts_with("alm_test_"), "{test}");
        assert_ne!(secret(true)[9..], secret(true)[9..]);
        assert_eq!(prefix(&live).len(), 12);
        for bad in [
            "",
            "alm_live_",
            &live[..56],
            &live.to_uppercase(),
            &live.replace("alm", "sk"),
            &format!("{live}0"),
        ] {
            assert!(!is_secret(bad), "{bad}");
        }
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
