//! Sealing with a key that the caller brings along, which is stored nowhere.

use super::seal;

/// Nonce and sealed bytes.
pub(crate) fn seal(key: &[u8; 32], plain: &[u8], bound_to: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (nonce, sealed) = seal::seal(&seal::key_of(key)?, plain, bound_to)?;
    Some((nonce.to_vec(), sealed))
}

/// `None` when key, bytes or what they are bound to aren't those of sealing.
pub(crate) fn open(key: &[u8; 32], nonce: &[u8], sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
    seal::open(&seal::key_of(key)?, nonce, sealed, bound_to)
}
