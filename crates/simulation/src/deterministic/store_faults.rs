//! Random faults of a gateway's calls to the store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acteon_core::{BoxFuture, Entropy as _};

use super::clock::WorldTime;
use crate::harness::SeededEntropy;
use crate::harness::node_store::{Call, Fault, StoreFaults};

/// Source of delays, failures, and outages during which no call goes through.
pub(super) struct SeededFaults {
    entropy: Arc<SeededEntropy>,
    time: Arc<WorldTime>,
    away_until: Mutex<Duration>,
}

impl SeededFaults {
    pub(super) fn new(entropy: Arc<SeededEntropy>, time: Arc<WorldTime>) -> Self {
        Self {
            entropy,
            time,
            away_until: Mutex::default(),
        }
    }

    fn below(&self, limit: u64) -> u64 {
        self.entropy.bits() % limit
    }

    fn is_away(&self) -> bool {
        let now = self.time.monotonic();
        let mut away_until = self
            .away_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if now >= *away_until && self.below(400) == 0 {
            *away_until = now + Duration::from_millis(self.below(25_000));
        }
        now < *away_until
    }
}

impl StoreFaults for SeededFaults {
    fn meet(&self, call: Call) -> BoxFuture<'_, Fault> {
        Box::pin(async move {
            if !self.time.is_trouble() {
                return Fault::None;
            }
            match self.below(20) {
                0 => {
                    self.time
                        .sleep(Duration::from_millis(self.below(4000)))
                        .await;
                }
                1..10 => self.time.sleep(Duration::from_millis(self.below(20))).await,
                _ => {}
            }
            if self.is_away() {
                return Fault::Before;
            }
            match (self.below(60), call) {
                (0, _) => Fault::Before,
                (1, Call::Repeatable) => Fault::After,
                _ => Fault::None,
            }
        })
    }
}
