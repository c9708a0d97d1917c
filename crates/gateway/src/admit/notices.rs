//! Which quotas were told to be used up: once per quota and window.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acteon_core::Timestamp;
use acteon_store::QuotaCheck;

/// The type of the notices.
pub(crate) const NOTICE_TYPE: &str = "quota_notice";

/// Pause before a notice is tried again that could not be stored.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Most quotas that are remembered.
const MAX_REMEMBERED: usize = 100_000;

/// What was told of, by quota and limit, until when nothing more is told.
#[derive(Default)]
pub(crate) struct Notices {
    told: Mutex<HashMap<(String, u64), Timestamp>>,
}

impl Notices {
    /// Whether a quota is to be told of now. It is told of for this window then.
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

    /// Has a quota told of again after a while.
    pub(crate) fn failed(&self, quota: &QuotaCheck, now: Timestamp) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(key(quota), quota.resets_at.min(now + AGAIN_AFTER));
    }
}

fn key(quota: &QuotaCheck) -> (String, u64) {
    (quota.id.clone(), quota.max_actions)
}
