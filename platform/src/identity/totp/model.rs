use crate::{Error, Result};
use alumia_protocol::{
    Timestamp,
    security::{QrCode, TotpEnrollment},
};
use qrcodegen::QrCodeEcc;
use std::fmt::Write as _;
use totp_rs::{Algorithm, Builder, Totp};

/// A code's time, and how far a device's clock may be off: one step each way.
pub(super) const STEP_SECONDS: u64 = 30;
const SKEW: u16 = 1;
const DIGITS: u8 = 6;
pub(super) const RECOVERY_CODES: usize = 10;
/// Groups of four letters in a recovery code: 80 bits.
const GROUPS: usize = 4;
/// Without letters that read as digits.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// What somebody gave as a code.
pub(super) enum Given {
    /// Six digits.
    App(String),
    /// A recovery code without its hyphens.
    Recovery(String),
    /// Something else.
    Neither,
}

impl Given {
    /// However it was grouped and in whatever case.
    pub(super) fn read(text: &str) -> Self {
        let plain: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_lowercase())
            .take(64)
            .collect();
        if plain.len() == usize::from(DIGITS) && plain.bytes().all(|b| b.is_ascii_digit()) {
            Self::App(plain)
        } else if plain.len() == GROUPS * 4 && plain.bytes().all(|b| ALPHABET.contains(&b)) {
            Self::Recovery(plain)
        } else {
            Self::Neither
        }
    }
}

/// 160 random bits in base32.
pub(super) fn new_secret() -> String {
    totp_rs::Secret::from(rand::random::<[u8; 20]>().to_vec()).to_base32()
}

/// Four groups of four letters.
pub(super) fn new_recovery_code() -> String {
    let letters = rand::random::<[u8; GROUPS * 4]>().map(|byte| char::from(ALPHABET[usize::from(byte) % 32]));
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// The time step that a code of this secret is good for now, if it is.
pub(super) fn step_of(secret: &str, code: &str, now: Timestamp) -> Result<Option<i64>> {
    let totp = totp(secret, None)?;
    let seconds = u64::try_from(now.0 / 1_000_000).unwrap_or_default();
    Ok(totp.check(code, seconds).and_then(|step| i64::try_from(step).ok()))
}

/// What the app needs, for the account with this address.
pub(super) fn enrollment(secret: &str, email: &str) -> Result<TotpEnrollment> {
    let otpauth_url = totp(secret, Some(email))?.to_url().map_err(failed)?;
    let qr = qr(&otpauth_url)?;
    Ok(TotpEnrollment { secret: secret.to_owned(), otpauth_url, qr })
}

fn totp(secret: &str, email: Option<&str>) -> Result<Totp> {
    let secret = totp_rs::Secret::try_from_base32(secret).map_err(failed)?;
    let builder = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_skew(SKEW)
        .with_step_duration(STEP_SECONDS)
        .with_secret(secret);
    let builder = match email {
        Some(email) => builder.with_account_name(email.replace(':', "")).with_issuer(Some("Alumia")),
        None => builder,
    };
    builder.build().map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("TOTP: {error}"))
}

/// Runs of dark squares, row by row.
fn qr(text: &str) -> Result<QrCode> {
    let code = qrcodegen::QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Error::internal)?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let run = (x..size).take_while(|x| code.get_module(*x, y)).count();
            if run > 0 {
                // Writing to a string can't fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += i32::try_from(run).unwrap_or(i32::MAX).max(1);
        }
    }
    Ok(QrCode { size: u32::try_from(size).unwrap_or_default(), path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_of_the_standard() {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, code) in
            [(1_234_567_890, "005924"), (1_111_111_109, "081804"), (2_000_000_000, "279037")]
        {
            let at = |offset: i64| Timestamp((seconds + offset) * 1_000_000);
            let step = seconds / 30;
            assert_eq!(step_of(secret, code, at(0)).unwrap(), Some(step));
            assert_eq!(step_of(secret, code, at(30)).unwrap(), Some(step), "one step late");
            assert_eq!(step_of(secret, code, at(-30)).unwrap(), Some(step), "one step early");
            assert_eq!(step_of(secret, code, at(60)).unwrap(), None, "two steps late");
            assert_eq!(step_of(secret, code, at(-60)).unwrap(), None, "two steps early");
        }
    }

    #[test]
    fn what_apps_are_told() {
        let told = enrollment(&new_secret(), "ada+x@example.com").unwrap();
        assert!(
            told.otpauth_url.starts_with("otpauth://totp/Alumia:ada%2Bx%40example.com?"),
            "{}",
            told.otpauth_url
        );
        assert!(told.otpauth_url.contains(&format!("secret={}", told.secret)));
        assert!(told.otpauth_url.contains("issuer=Alumia"));
        assert_eq!(told.secret.len(), 32);
        assert!(told.qr.size >= 21 && told.qr.path.starts_with("M0 0h7v1h-7z"), "{:?}", told.qr);
    }

    #[test]
    fn codes_are_read_however_they_are_written() {
        let code = new_recovery_code();
        assert_eq!(code.len(), 19);
        for written in [code.clone(), code.to_uppercase(), code.replace('-', " "), code.replace('-', "")] {
            assert!(
                matches!(Given::read(&written), Given::Recovery(plain) if plain == code.replace('-', ""))
            );
        }
        assert!(matches!(Given::read(" 123 456 "), Given::App(plain) if plain == "123456"));
        for neither in ["", "12345", "1234567", "abc", "１２３４５６", &"x".repeat(500)] {
            assert!(matches!(Given::read(neither), Given::Neither), "{neither}");
        }
    }
}
