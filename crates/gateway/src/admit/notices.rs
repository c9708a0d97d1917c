//! Notices that were given of quotas that are used up: one for each quota and window.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acteon_core::Timestamp;
use acteon_store::QuotaCheck;

/// Type of the actions that are notices.
pub(crate) const NOTICE_TYPE: &str = "quota_notice";

/// Pause before a notice is tried again that could not be stored.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Most quotas that are remembered; then the oldest are told of again.
const MAX_REMEMBERED: usize = 100_000;

/// Notices that were given, by quota and limit, with the instant until which no more is given.
#[derive(Default)]
pub(crate) struct Notices {
    told: Mutex<HashMap<(String, u64), Timestamp>>,
}

impl Notices {
    /// Whether a notice of a quota is due now. It counts as given for this window then.
    pub(crate) fn begin(&self, quota: &QuotaCheck, now: Timestamp) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(&key(quota)).is_some_and(|until| *until > now) {
            return false;
        }
        if told.len() >= MAX_REMEMBERED {
            told.retain(|_, until| *until > now);
        }
        told.insert(key(quota), quota.resets_at);
        true
    }

    /// Makes a notice due again after a while, since it could not be stored.
    pub(crate) fn failed(&self, quota: &QuotaCheck, now: Timestamp) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(key(quota), quota.resets_at.min(now + AGAIN_AFTER));
    }
}

fn key(quota: &QuotaCheck) -> (String, u64) {
    (quota.id.clone(), quota.max_actions)
}
