//! Keys that sign links: whoever has a link with a signature was given it.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::key_ring::is_key_id;

/// Shortest key, in bytes. A shorter one may be guessed.
const MIN_KEY_BYTES: usize = 16;

/// Longest key, in bytes.
const MAX_KEY_BYTES: usize = 128;

/// Hexadecimal digits of a signature.
const SIGNATURE_DIGITS: usize = 64;

/// Keys that sign links, by HMAC-SHA-256: the first signs, all verify. A key is rotated by putting a new one before it.
///
/// Clones share the keys.
#[derive(Clone, Default)]
pub struct LinkKeys(Arc<Vec<LinkKey>>);

struct LinkKey {
    id: String,
    bytes: Zeroizing<Vec<u8>>,
}

/// Reason why a text is no key for links. It holds nothing of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkKeyError {
    /// It is not hexadecimal, too short or too long.
    #[error(
        "a key for links must be {} to {} hexadecimal digits, an even number of them; `acteon-server keygen` makes one",
        MIN_KEY_BYTES * 2,
        MAX_KEY_BYTES * 2
    )]
    NotAKey,
    /// The key's id has other characters than letters, digits, `_` and `-`.
    #[error("the id of a key for links must be of letters, digits, _ and -")]
    BadId,
    /// Two keys have one id.
    #[error("two keys for links have the id {0:?}; each needs its own")]
    SameId(String),
}

impl LinkKeys {
    /// Keys in order, each as its id and its hexadecimal digits.
    pub fn of<'a>(
        keys: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, LinkKeyError> {
        let mut ring: Vec<LinkKey> = Vec::new();
        for (id, hex) in keys {
            if !is_key_id(id) {
                return Err(LinkKeyError::BadId);
            }
            if ring.iter().any(|key| key.id == id) {
                return Err(LinkKeyError::SameId(id.to_owned()));
            }
            let bytes = decode(hex.trim()).ok_or(LinkKeyError::NotAKey)?;
            if !(MIN_KEY_BYTES..=MAX_KEY_BYTES).contains(&bytes.len()) {
                return Err(LinkKeyError::NotAKey);
            }
            ring.push(LinkKey {
                id: id.to_owned(),
                bytes,
            });
        }
        Ok(Self(Arc::new(ring)))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Id of the key that signs; `None` where there is none.
    pub fn signing_id(&self) -> Option<&str> {
        self.0.first().map(|key| key.id.as_str())
    }

    /// Signature of a message as hexadecimal digits; `None` where there is no key.
    pub fn sign(&self, message: &[u8]) -> Option<String> {
        let key = self.0.first()?;
        let tag = hmac::sign(&key.hmac(), message);
        Some(encode(tag.as_ref()))
    }

    /// Whether a signature is of this message, by the key with this id, or by any where none is named. It takes as long for a wrong signature as
    /// for a right one.
    pub fn verify(&self, id: Option<&str>, message: &[u8], signature: &str) -> bool {
        if signature.len() != SIGNATURE_DIGITS {
            return false;
        }
        let Some(tag) = decode(signature) else {
            return false;
        };
        let named = |key: &&LinkKey| id.is_none_or(|id| id == key.id);
        let mut keys = self.0.iter().filter(named);
        keys.any(|key| hmac::verify(&key.hmac(), message, &tag).is_ok())
    }
}

impl LinkKey {
    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.bytes)
    }
}

impl fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.0.iter().map(|key| &key.id);
        f.debug_list().entries(ids).finish()
    }
}

fn encode(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn decode(hex: &str) -> Option<Zeroizing<Vec<u8>>> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(hex.len() / 2));
    for pair in hex.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[(&str, &str)]) -> LinkKeys {
        LinkKeys::of(keys.iter().copied()).expect("keys")
    }

    #[test]
    fn the_first_signs_and_all_verify() {
        let (old, new) = ("ab".repeat(32), "cd".repeat(32));
        let before = keys(&[("old", &old)]);
        let signed = before.sign(b"message").expect("a signature");
        let both = keys(&[("new", &new), ("old", &old)]);
        assert!(both.verify(Some("old"), b"message", &signed));
        assert!(both.verify(None, b"message", &signed.to_uppercase()));
        assert!(!both.verify(Some("new"), b"message", &signed));
        assert!(!both.verify(Some("none"), b"message", &signed));
        assert!(!both.verify(None, b"Message", &signed));
        assert!(!both.verify(None, b"message", &signed[2..]));
        assert!(!keys(&[("new", &new)]).verify(None, b"message", &signed));
        assert_eq!(format!("{both:?}"), r#"["new", "old"]"#);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let hex = "ab".repeat(32);
        let refused = |keys: &[(&str, &str)]| LinkKeys::of(keys.iter().copied()).err();
        assert_eq!(refused(&[("a", "secret")]), Some(LinkKeyError::NotAKey));
        assert_eq!(refused(&[("a", "abcd")]), Some(LinkKeyError::NotAKey));
        assert_eq!(refused(&[("a b", &hex)]), Some(LinkKeyError::BadId));
        assert_eq!(
            refused(&[("a", &hex), ("a", &hex)]),
            Some(LinkKeyError::SameId("a".into()))
        );
    }
}
