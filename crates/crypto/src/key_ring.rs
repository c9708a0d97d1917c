//! Key rings: the keys that make and open envelopes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// Key of 256 bits, with the id by which envelopes name it. Wiped from memory when it is dropped.
pub struct Key {
    id: Option<String>,
    bytes: Zeroizing<[u8; 32]>,
}

impl Key {
    /// Id of the key, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }
}

/// Keys in order: the first encrypts, all decrypt. A key is rotated by putting a new one before it.
///
/// Clones share the keys.
#[derive(Clone, Default)]
pub struct KeyRing {
    keys: std::sync::Arc<Vec<Key>>,
}

/// Reason why a text is not a key ring, with the number of the key, from 1. It holds nothing of the keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The key is neither 64 hexadecimal digits nor the base64 of 32 bytes.
    #[error(
        "key {0} is not 64 hexadecimal digits or the base64 of 32 bytes; `acteon-server keygen` makes one"
    )]
    NotAKey(usize),
    /// The key's id has other characters than letters, digits, `_` and `-`.
    #[error("key {0} has an id with other characters than letters, digits, _ and -")]
    BadId(usize),
    /// There are several keys, and this one has no id, or another's.
    #[error(
        "with several keys each needs an id of its own, as in `new:KEY,old:KEY`; key {0} has none, or another's"
    )]
    IdNeeded(usize),
    /// The operating system gave no random bytes for a new key.
    #[error("the system gave no random bytes")]
    NoRandom,
}

impl KeyRing {
    /// Reads `KEY`, or `id:KEY,id:KEY,...` with the key that encrypts first; line breaks separate keys as well. A blank text is an empty ring.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<Key> = Vec::new();
        let parts: Vec<&str> = text
            .split([',', '\n'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect();
        for (index, part) in parts.iter().enumerate() {
            let number = index + 1;
            let (id, key) = part
                .split_once(':')
                .map_or((None, *part), |(id, key)| (Some(id), key));
            if id.is_some_and(|id| !is_key_id(id)) {
                return Err(KeyRingError::BadId(number));
            }
            if parts.len() > 1 && (id.is_none() || keys.iter().any(|other| other.id() == id)) {
                return Err(KeyRingError::IdNeeded(number));
            }
            let bytes = decode(key).ok_or(KeyRingError::NotAKey(number))?;
            keys.push(Key {
                id: id.map(str::to_owned),
                bytes,
            });
        }
        Ok(Self {
            keys: std::sync::Arc::new(keys),
        })
    }

    /// Makes a random key, as 64 hexadecimal digits.
    pub fn generate() -> Result<Zeroizing<String>, KeyRingError> {
        let mut bytes = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(bytes.as_mut_slice()).map_err(|_| KeyRingError::NoRandom)?;
        Ok(Zeroizing::new(
            bytes
                .iter()
                .flat_map(|byte| [byte >> 4, byte & 15])
                .map(hex_digit)
                .collect(),
        ))
    }

    /// Whether the ring has no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Name of some bytes: their HMAC-SHA-256 with the first key, separated by purpose. Without the key nobody can tell what a name stands for. `None`
    /// when the ring is empty.
    pub fn name(&self, purpose: &str, bytes: &[u8]) -> Option<[u8; 32]> {
        let key =
            aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, self.first()?.bytes.as_slice());
        let mut context = aws_lc_rs::hmac::Context::with_key(&key);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(bytes);
        let mut name = [0; 32];
        name.copy_from_slice(context.sign().as_ref());
        Some(name)
    }

    pub(crate) fn first(&self) -> Option<&Key> {
        self.keys.first()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }
}

/// Whether a text can be a key's id: letters, digits, `_` and `-`.
pub(crate) fn is_key_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        for (slot, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        return Some(key);
    }
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    if bytes.len() != key.len() {
        return None;
    }
    key.copy_from_slice(&bytes);
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Result<Vec<Option<String>>, KeyRingError> {
        KeyRing::parse(text).map(|ring| ring.keys.iter().map(|key| key.id.clone()).collect())
    }

    #[test]
    fn reads_hex_base64_and_several() {
        let hex = "ab".repeat(32);
        let base64 = STANDARD.encode([7; 32]);
        assert_eq!(ids(&hex), Ok(vec![None]));
        assert_eq!(ids(&base64), Ok(vec![None]));
        assert_eq!(
            ids(&format!("new:{hex}\nold:{base64}\n")),
            Ok(vec![Some("new".into()), Some("old".into())])
        );
        assert_eq!(ids(" "), Ok(vec![]));
    }

    #[test]
    fn refuses_what_is_no_key() {
        let hex = "ab".repeat(32);
        assert_eq!(ids("secret"), Err(KeyRingError::NotAKey(1)));
        assert_eq!(ids(&format!("{hex},{hex}")), Err(KeyRingError::IdNeeded(1)));
        assert_eq!(
            ids(&format!("a:{hex},a:{hex}")),
            Err(KeyRingError::IdNeeded(2))
        );
        assert_eq!(ids(&format!("a b:{hex}")), Err(KeyRingError::BadId(1)));
    }

    #[test]
    fn a_generated_key_is_a_key() {
        let key = KeyRing::generate().expect("random bytes");
        assert_eq!(ids(&key).map(|ids| ids.len()), Ok(1));
    }
}
