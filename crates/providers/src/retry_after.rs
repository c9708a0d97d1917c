//! The header `Retry-After` of a service's answer.

use std::time::{Duration, SystemTime};

use acteon_core::Timestamp;
use acteon_core::limits::MAX_RETRY_AFTER;

/// Wait that a service asks for, at most [`MAX_RETRY_AFTER`]; `None` when the value cannot be read.
pub(crate) fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let since_epoch = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(0));
    acteon_http::retry_after(value, SystemTime::UNIX_EPOCH + since_epoch, MAX_RETRY_AFTER)
}
