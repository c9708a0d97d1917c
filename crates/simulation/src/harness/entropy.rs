//! Random numbers from a seed.

use std::sync::atomic::{AtomicU64, Ordering};

use acteon_core::Entropy;

/// Source of random numbers that gives the same sequence in every run with the same seed.
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// Creates the source whose sequence `seed` determines.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    /// A counter in steps of the golden ratio, mixed.
    fn bits(&self) -> u64 {
        let mut mixed = self
            .0
            .fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed)
            .wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_fractions_lie_in_their_range() {
        let bits = |seed| {
            (0..4)
                .map(|_| 0)
                .scan(SeededEntropy::new(seed), |entropy, _: i32| {
                    Some(entropy.bits())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(bits(7), bits(7));
        assert_ne!(bits(7), bits(8));
        let entropy = SeededEntropy::new(1);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&entropy.fraction())));
    }
}
