//! Envelopes of encrypted secrets: `ENC[AES256_GCM,kid:..,data:..,iv:..,tag:..]`.
//!
//! The cipher is AES-256-GCM without associated data. `data` is the ciphertext, `iv` the nonce of 12 bytes and `tag` the tag of 16 bytes, all in
//! standard base64 with padding. `kid` is the id of the key, and may be left out. `AES256-GCM` is read as well. Any other text that begins with
//! `ENC[` is an error, and never taken for a secret in plain text.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::key_ring::{Key, KeyRing, is_key_id};

/// Encrypted secret. Its text form is the envelope.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    kid: Option<String>,
    nonce: [u8; 12],
    ciphertext: Vec<u8>,
    tag: [u8; 16],
}

/// Reason why an envelope cannot be read, opened or made. It holds nothing of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The text is not an envelope; the text of the error says where.
    #[error(
        "not a valid envelope: {0}; expected ENC[AES256_GCM,data:<base64>,iv:<base64>,tag:<base64>]"
    )]
    Malformed(&'static str),
    /// The key ring is empty.
    #[error("it is encrypted, but there is no key: set ACTEON_AUTH_KEY or ACTEON_AUTH_KEY_FILE")]
    NoKey,
    /// The envelope names a key, by this id, that the ring does not have.
    #[error("it is encrypted with the key {0:?}, which is not in ACTEON_AUTH_KEY")]
    UnknownKey(String),
    /// No key opens the envelope: it was made with another key, or altered.
    #[error("no key opens it: it was encrypted with another key, or altered")]
    WrongKey,
    /// The secret is not UTF-8 text.
    #[error("what it holds is not UTF-8 text")]
    NotText,
    /// The operating system gave no random bytes, or the cipher failed.
    #[error("encryption failed")]
    Cipher,
}

impl Envelope {
    /// Whether a text begins as an envelope does, and must be one.
    pub fn is_claimed_by(text: &str) -> bool {
        text.trim_start().starts_with("ENC[")
    }

    /// Reads an envelope; white space around it is ignored. Errors with [`EnvelopeError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        let malformed = EnvelopeError::Malformed;
        let inner = text
            .trim()
            .strip_prefix("ENC[")
            .ok_or(malformed("it does not begin with ENC["))?;
        let inner = inner
            .strip_suffix(']')
            .ok_or(malformed("the closing ] is missing"))?;
        let mut parts = inner.split(',');
        if !matches!(parts.next(), Some("AES256_GCM" | "AES256-GCM")) {
            return Err(malformed("the cipher is not AES256_GCM"));
        }
        let mut part = parts.next();
        let kid = part
            .and_then(|part| part.strip_prefix("kid:"))
            .map(str::to_owned);
        if let Some(kid) = &kid {
            if !is_key_id(kid) {
                return Err(malformed(
                    "the key id holds other characters than letters, digits, _ and -",
                ));
            }
            part = parts.next();
        }
        let data = field(part, "data:").ok_or(malformed("data is missing or not base64"))?;
        let nonce = field(parts.next(), "iv:").ok_or(malformed("iv is missing or not base64"))?;
        let tag = field(parts.next(), "tag:").ok_or(malformed("tag is missing or not base64"))?;
        if parts.next().is_some() {
            return Err(malformed("there is more after tag"));
        }
        if data.is_empty() {
            return Err(malformed("data is empty"));
        }
        Ok(Self {
            kid,
            nonce: nonce
                .try_into()
                .map_err(|_| malformed("iv is not 12 bytes"))?,
            ciphertext: data,
            tag: tag
                .try_into()
                .map_err(|_| malformed("tag is not 16 bytes"))?,
        })
    }

    /// Encrypts a secret with the ring's first key and a random nonce.
    pub fn seal(secret: &SecretString, ring: &KeyRing) -> Result<Self, EnvelopeError> {
        let key = ring.first().ok_or(EnvelopeError::NoKey)?;
        let mut nonce = [0; 12];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| EnvelopeError::Cipher)?;
        let mut data = Zeroizing::new(secret.expose_secret().as_bytes().to_vec());
        let tag = cipher(key)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                data.as_mut_slice(),
            )
            .map_err(|_| EnvelopeError::Cipher)?;
        let tag = tag.as_ref().try_into().map_err(|_| EnvelopeError::Cipher)?;
        Ok(Self {
            kid: key.id().map(str::to_owned),
            nonce,
            ciphertext: data.to_vec(),
            tag,
        })
    }

    /// Decrypts the secret with the key that the envelope names; where it names none, each key is tried in turn.
    pub fn open(&self, ring: &KeyRing) -> Result<SecretString, EnvelopeError> {
        if ring.first().is_none() {
            return Err(EnvelopeError::NoKey);
        }
        let mut named = ring
            .keys()
            .filter(|key| self.kid.is_none() || key.id() == self.kid.as_deref())
            .peekable();
        if named.peek().is_none() {
            return Err(EnvelopeError::UnknownKey(
                self.kid.clone().unwrap_or_default(),
            ));
        }
        let plain = named
            .find_map(|key| self.open_with(key))
            .ok_or(EnvelopeError::WrongKey)?;
        let text = std::str::from_utf8(&plain).map_err(|_| EnvelopeError::NotText)?;
        Ok(SecretString::from(text))
    }

    fn open_with(&self, key: &Key) -> Option<Zeroizing<Vec<u8>>> {
        let mut sealed = Zeroizing::new([self.ciphertext.as_slice(), &self.tag].concat());
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let length = cipher(key)
            .ok()?
            .open_in_place(nonce, Aad::empty(), &mut sealed)
            .ok()?
            .len();
        sealed.truncate(length);
        Some(sealed)
    }
}

impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ENC[AES256_GCM,")?;
        if let Some(kid) = &self.kid {
            write!(f, "kid:{kid},")?;
        }
        let Self {
            nonce,
            ciphertext,
            tag,
            ..
        } = self;
        write!(
            f,
            "data:{},iv:{},tag:{}]",
            STANDARD.encode(ciphertext),
            STANDARD.encode(nonce),
            STANDARD.encode(tag)
        )
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ENC[..]")
    }
}

fn field(part: Option<&str>, name: &str) -> Option<Vec<u8>> {
    STANDARD.decode(part?.strip_prefix(name)?).ok()
}

fn cipher(key: &Key) -> Result<LessSafeKey, EnvelopeError> {
    let unbound = UnboundKey::new(&AES_256_GCM, key.bytes()).map_err(|_| EnvelopeError::Cipher)?;
    Ok(LessSafeKey::new(unbound))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Envelope that two other implementations computed, with a key of 32 bytes 0x42 and the nonce 00..0b.
    const VECTOR: &str = "ENC[AES256-GCM,data:crvystwBkWTvdmlgtL4pXkY=,iv:AAECAwQFBgcICQoL,tag:AkLiwTcpHhRBgAXU9E4USw==]";

    fn ring(text: &str) -> KeyRing {
        KeyRing::parse(text).expect("a key ring")
    }

    fn open(envelope: &str, ring: &KeyRing) -> Result<String, EnvelopeError> {
        Ok(Envelope::parse(envelope)?
            .open(ring)?
            .expose_secret()
            .to_owned())
    }

    #[test]
    fn opens_the_known_vector_in_both_spellings() {
        let ring = ring(&"42".repeat(32));
        assert_eq!(open(VECTOR, &ring).as_deref(), Ok("wecom-corp-secret"));
        assert_eq!(
            open(&VECTOR.replace("256-", "256_"), &ring).as_deref(),
            Ok("wecom-corp-secret")
        );
    }

    #[test]
    fn what_is_sealed_opens_and_names_its_key() {
        let ring = ring(&format!("new:{},old:{}", "11".repeat(32), "22".repeat(32)));
        let envelope = Envelope::seal(&"机密".into(), &ring)
            .expect("sealed")
            .to_string();
        assert!(
            envelope.starts_with("ENC[AES256_GCM,kid:new,data:"),
            "{envelope}"
        );
        assert_eq!(open(&envelope, &ring).as_deref(), Ok("机密"));
    }

    #[test]
    fn an_altered_or_foreign_envelope_does_not_open() {
        assert_eq!(
            open(VECTOR, &ring(&"43".repeat(32))),
            Err(EnvelopeError::WrongKey)
        );
        let altered = VECTOR.replace("data:c", "data:d");
        assert_eq!(
            open(&altered, &ring(&"42".repeat(32))),
            Err(EnvelopeError::WrongKey)
        );
        let named = VECTOR.replace("GCM,", "GCM,kid:k9,");
        assert_eq!(
            open(&named, &ring(&"42".repeat(32))),
            Err(EnvelopeError::UnknownKey("k9".to_owned()))
        );
        assert_eq!(open(VECTOR, &KeyRing::default()), Err(EnvelopeError::NoKey));
    }

    #[test]
    fn everything_else_that_claims_to_be_one_is_an_error() {
        let cases = [
            "ENC[AES256_GCM,data:abc123...]",
            "ENC[]",
            "ENC[AES256_GCM]",
            "ENC[AES128_GCM,data:YQ==,iv:AAECAwQFBgcICQoL,tag:AkLiwTcpHhRBgAXU9E4USw==]",
            "ENC[AES256_GCM,data:,iv:AAECAwQFBgcICQoL,tag:AkLiwTcpHhRBgAXU9E4USw==]",
            "ENC[AES256_GCM,data:YQ==,iv:AAEC,tag:AkLiwTcpHhRBgAXU9E4USw==]",
            "ENC[AES256_GCM,data:YQ==,iv:AAECAwQFBgcICQoL,tag:AkLiwTcpHhRBgAXU9E4USw==",
            "ENC[AES256_GCM,kid:a b,data:YQ==,iv:AAECAwQFBgcICQoL,tag:AkLiwTcpHhRBgAXU9E4USw==]",
            "ENC[AES256_GCM,data:YQ==,iv:AAECAwQFBgcICQoL,tag:AkLiwTcpHhRBgAXU9E4USw==,more:YQ==]",
        ];
        for case in cases {
            assert!(
                matches!(Envelope::parse(case), Err(EnvelopeError::Malformed(_))),
                "{case}"
            );
        }
    }
}
