//! Random numbers and fresh ids.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{ActionId, Timestamp};

/// Source of randomness. Not for secrets: it spreads retries and makes ids.
pub trait Entropy: Send + Sync {
    /// Sixty-four random bits, each value as likely as any other.
    fn bits(&self) -> u64;

    /// A random number in `0.0..1.0`.
    fn fraction(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A fresh id for an action that came without one: a UUID of version 7, so that ids sort by time.
    fn action_id(&self, now: Timestamp) -> ActionId {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.bits().to_be_bytes());
        random[8..].copy_from_slice(&self.bits().to_be_bytes()[..2]);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        ActionId::trusted(uuid.to_string())
    }
}

/// Randomness of this process: a counter through a randomly keyed hash.
#[derive(Debug, Default)]
pub struct SystemEntropy {
    key: RandomState,
    counter: AtomicU64,
}

impl Entropy for SystemEntropy {
    fn bits(&self) -> u64 {
        self.key
            .hash_one(self.counter.fetch_add(1, Ordering::Relaxed))
    }
}
