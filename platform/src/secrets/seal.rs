//! The cipher.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use secrecy::{ExposeSecret as _, SecretBox};

/// 256 bits.
pub(super) type Key = SecretBox<[u8; KEY_BYTES]>;

pub(super) const KEY_BYTES: usize = 32;
pub(super) const NONCE_BYTES: usize = 24;

/// A key of random bits.
pub(super) fn random_key() -> Key {
    SecretBox::init_with_mut(|bytes: &mut [u8; KEY_BYTES]| rand::fill(&mut bytes[..]))
}

/// A key of these bytes; `None` when they aren't as many as a key has.
pub(super) fn key_of(bytes: &[u8]) -> Option<Key> {
    let bytes: &[u8; KEY_BYTES] = bytes.try_into().ok()?;
    Some(SecretBox::init_with_mut(|key: &mut [u8; KEY_BYTES]| key.copy_from_slice(bytes)))
}

/// Nonce and sealed bytes. 192-bit nonces may be random: two alike never happen.
pub(super) fn seal(key: &Key, plain: &[u8], bound_to: &[u8]) -> Option<([u8; NONCE_BYTES], Vec<u8>)> {
    let mut nonce = [0; NONCE_BYTES];
    rand::fill(&mut nonce[..]);
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: bound_to }).ok()?;
    Some((nonce, sealed))
}

/// `None` when key, place or bytes aren't those that were sealed.
pub(super) fn open(key: &Key, nonce: &[u8], sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    cipher(key).decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: bound_to }).ok()
}

/// One unmistakable text of several: each with its length before it.
pub(super) fn bind(parts: &[&str]) -> Vec<u8> {
    let mut bound = Vec::new();
    for part in parts {
        bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part.as_bytes());
    }
    bound
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose_secret().into())
}

#[cfg(test)]
mod tests {
    use super::{bind, open, random_key, seal};

    #[test]
    fn opens_only_with_the_same_key_place_and_bytes() {
        let (key, place) = (random_key(), bind(&["org", "table"]));
        let (nonce, sealed) = seal(&key, b"hunter2", &place).unwrap();
        assert_eq!(open(&key, &nonce, &sealed, &place).unwrap(), b"hunter2");
        assert!(open(&random_key(), &nonce, &sealed, &place).is_none());
        assert!(open(&key, &nonce, &sealed, &bind(&["orgt", "able"])).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&key, &nonce, &changed, &place).is_none());
        }
        assert!(open(&key, &nonce[..5], &sealed, &place).is_none());
        assert!(open(&key, &nonce, b"", &place).is_none());
    }
}
