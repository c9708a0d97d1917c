//! Encrypted secrets: `ENC[...]` envelopes, the key ring that opens them, and [`SecretString`], whose `Debug` shows nothing.

mod envelope;
mod key_ring;

pub use envelope::{Envelope, EnvelopeError};
pub use key_ring::{Key, KeyRing, KeyRingError};
pub use secrecy::{ExposeSecret, SecretString};

/// SHA-256 hash.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    hash
}
