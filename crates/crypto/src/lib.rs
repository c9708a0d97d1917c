//! Secrets at rest: `ENC[...]` envelopes, the key ring that opens them, and the type that prints nothing.

#![deny(missing_docs)]

mod envelope;
mod key_ring;

pub use envelope::{Envelope, EnvelopeError};
pub use key_ring::{Key, KeyRing, KeyRingError};
pub use secrecy::{ExposeSecret, SecretString};
