use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// A request that names a key.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The caller's secret: an API key or a browser session's id. Answers are kept apart by it and sealed
    /// with it, so that the database alone opens none.
    pub credential: &'a str,
    /// The header's value.
    pub key: &'a str,
    /// Everything that makes it this request: method, path, query, body.
    pub request: &'a [&'a [u8]],
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names and values of the headers that belong to the body.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What becomes of a request that names a key.
#[derive(Debug)]
pub enum Begun {
    /// It is the first: do it, then finish or forget this attempt.
    First(Attempt),
    /// It was answered before.
    Answered(Answer),
    /// It runs just now.
    Running,
    /// The key was used for another request.
    Other,
}

/// The right to answer a key.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub(super) credential: String,
    pub(super) key_hash: String,
    pub(super) id: String,
    pub(super) seal: [u8; 32],
}

/// What the parts of a question become.
pub(super) struct Hashed {
    pub credential: String,
    pub key: String,
    pub request: String,
    pub seal: [u8; 32],
}

impl Question<'_> {
    pub(super) fn hashed(&self) -> Hashed {
        let credential = self.credential.as_bytes();
        Hashed {
            credential: hex(&digest(&[b"alumia idempotency", credential])),
            key: hex(&digest(&[self.key.as_bytes()])),
            request: hex(&digest(self.request)),
            seal: digest(&[b"alumia idempotency seal", credential, self.key.as_bytes()]),
        }
    }
}

/// Each part with its length before it, so that two lists of parts are never one text.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
