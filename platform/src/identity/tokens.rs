//! Random texts that open something, and the hashes that the database holds instead.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// 256 random bits, hex.
pub(super) fn random() -> String {
    hex(&rand::random::<[u8; 32]>())
}

/// SHA-256, hex. Enough for what is random and long; passwords are neither.
pub(super) fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
