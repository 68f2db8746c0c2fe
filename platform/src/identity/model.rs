//! What an account's fields may hold.

use super::common_passwords::is_common;
use crate::text::Fields;
use unicode_normalization::UnicodeNormalization as _;

/// Names of people and organisations.
pub(super) const NAME: usize = 255;
const SHORTEST_PASSWORD: usize = 12;
/// Keeps the work of hashing bounded.
pub(super) const LONGEST_PASSWORD: usize = 1_024;

/// An email address as written and as compared.
pub(crate) struct Email {
    pub written: String,
    pub key: String,
}

impl Email {
    /// Trimmed; the key ignores case.
    pub(crate) fn new(text: &str) -> Self {
        let written: String = text.trim().nfc().collect();
        let key = written.to_lowercase();
        Self { written, key }
    }

    /// Whether mail could be sent there. Only a mail tells whether it arrives, so this refuses what is
    /// plainly no address and leaves the rest of RFC 5321 alone.
    pub(crate) fn check(&self, fields: &mut Fields) {
        let sound = self.written.len() <= 254
            && self.written.rsplit_once('@').is_some_and(|(local, domain)| {
                (1..=64).contains(&local.len())
                    && local.chars().all(|c| {
                        c.is_alphanumeric() || (c.is_ascii_graphic() && !r#"@<>()[],;:\""#.contains(c))
                    })
                    && !local.starts_with('.')
                    && !local.ends_with('.')
                    && !local.contains("..")
                    && is_domain(domain)
            });
        if !sound {
            fields.refuse("email", "Enter an email address like ada@example.com.");
        }
    }
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// Long enough, not too long to hash, and not one that an attacker tries first.
pub(super) fn check_password(fields: &mut Fields, password: &str, email: &Email, name: &str) {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD {
        fields.refuse("password", format!("Use at least {SHORTEST_PASSWORD} characters."));
    } else if password.len() > LONGEST_PASSWORD {
        fields.refuse("password", format!("Use at most {LONGEST_PASSWORD} bytes."));
    } else if is_common(password, &email.key, name) {
        fields.refuse(
            "password",
            "This password is easy to guess. Use one without common words, sequences, your name or your \
             email address; a few random words do well.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, Fields};

    #[test]
    fn addresses() {
        let sound = |text: &str| {
            let mut fields = Fields::default();
            Email::new(text).check(&mut fields);
            fields.done().is_ok()
        };
        for good in
            ["ada@example.com", " Ada.L+x@sub.example.co.uk ", "o'brien@example.org", "用户@例子.广告"]
        {
            assert!(sound(good), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "a b@example.com",
            "ada@exa mple.com",
            "ada@@example.com",
            "<ada@example.com>",
            "ada@example..com",
            "ada@-example.com",
            ".ada@example.com",
            "ada\0@example.com",
            "ada@example.com\nBcc: x@example.com",
            "ada@exa\u{202E}mple.com",
            &long,
        ] {
            assert!(!sound(bad), "{bad:?}");
        }
        assert_eq!(Email::new(" ADA@Example.COM ").key, "ada@example.com");
    }
}
