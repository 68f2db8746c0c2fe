use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// How long a link works.
pub(super) const SECONDS: i64 = 7 * 24 * 60 * 60;
/// Invitations of an organisation that wait at once.
pub(super) const MOST: i64 = 200;

/// A new token: 256 random bits, hex.
pub(super) fn new_token() -> String {
    hex(&rand::random::<[u8; 32]>())
}

/// What the database keeps of a token; `None` for what never was one.
pub(super) fn hash(token: &str) -> Option<String> {
    let whole = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| hex(&Sha256::digest(token.to_ascii_lowercase())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
