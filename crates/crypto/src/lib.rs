//! Encrypted secrets: `ENC[...]` envelopes, the key ring that opens them, and [`SecretString`], whose `Debug` shows nothing; and keys that sign links.

mod envelope;
mod key_ring;
mod link_keys;

pub use envelope::{Envelope, EnvelopeError};
pub use key_ring::{Key, KeyRing, KeyRingError};
pub use link_keys::{LinkKeyError, LinkKeys};
pub use secrecy::{ExposeSecret, SecretString};

/// SHA-256 hash, in base64.
pub fn sha256_base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(sha256(bytes))
}

/// SHA-256 hash.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    hash
}
