//! Repeats of a failed send: whether there is one, and when.
//!
//! A send that surely did not arrive is repeated quickly, then later, and so is one to a service
//! that does not mind copies. Any other that may have arrived is repeated later only: a *copy* too
//! many is better than none. Where the service took it, and only its answer cannot be read, there
//! is one repeat in an action's life. Where the service drops copies within a window, those that it
//! drops do not count, and what it will drop is sent quickly too.

use std::time::Duration;

use acteon_core::{Attempt, ErrorKind, ProviderError, Repeat, Timestamp};

use crate::deliver::end::{End, again};
use crate::deliver::job::Job;
use crate::shared::Inner;

/// Most copies of an action that was answered with what cannot be read: the first, and one repeat.
const MAX_COPIES: usize = 2;

/// End of the delivery after a failed send; `None` when the send is retried quickly.
/// `arrived_before` says whether an earlier send may have arrived.
pub(crate) fn ends_attempts(
    inner: &Inner,
    job: &mut Job,
    error: &ProviderError,
    retries: u32,
    arrived_before: bool,
) -> Option<End> {
    let policy = &inner.options.retry;
    if !error.kind().retryable() {
        return Some(End::failed(error));
    }
    let now = inner.due.now();
    let copies = Copies::of(inner, job, arrived_before);
    let adds_none = |pause: Duration| {
        !error.was_maybe_sent()
            || error.may_repeat() == Repeat::Freely
            || !copies.grow_at(now + pause)
    };
    let lane_decides = error.kind() == ErrorKind::RateLimited;
    let asked = error.asked_to_wait().unwrap_or_default();
    if adds_none(policy.quick_cap)
        && !lane_decides
        && retries < policy.max_quick
        && asked <= policy.quick_cap
    {
        return None;
    }
    if !adds_none(policy.longest_pause(job.durable_retries).max(asked)) {
        let why = match error.may_repeat() {
            Repeat::Never => Some("it may have arrived, and is set not to be repeated then"),
            Repeat::OnceLater if copies.count() >= MAX_COPIES => {
                Some("two copies may have arrived, so it is not sent a third time")
            }
            Repeat::Later | Repeat::OnceLater | Repeat::Freely => None,
        };
        if let Some(why) = why {
            return Some(End::Failed {
                code: error.kind().code(),
                message: format!("{error}; {why}"),
                retryable: true,
                to_repair: false,
            });
        }
    }
    if !policy.durable {
        return Some(End::failed(error));
    }
    Some(again(inner, job, error))
}

/// Sends of an action that may have arrived, oldest first, in due time: the service counts on,
/// whatever happens to the wall clock.
struct Copies {
    sent: Vec<Timestamp>,
    /// Time after a copy within which the service drops the next.
    window: Duration,
}

impl Copies {
    fn of(inner: &Inner, job: &Job, arrived_before: bool) -> Self {
        let due_time = |attempt: &Attempt| {
            attempt
                .due_time
                .unwrap_or_else(|| inner.due.of_wall(attempt.started_at))
        };
        let mut sent: Vec<Timestamp> = job
            .history
            .iter()
            .filter(|attempt| attempt.maybe_sent)
            .map(due_time)
            .collect();
        if arrived_before && sent.len() < MAX_COPIES {
            // A process died over it, or the record was shortened.
            sent.insert(0, job.not_before);
        }
        let provider = job.entry.provider();
        let window = if job.prepared.repeat_safe {
            provider.drops_copies_for(&job.prepared)
        } else {
            Some(Duration::ZERO)
        };
        Self {
            sent,
            window: window.unwrap_or(Duration::MAX),
        }
    }

    /// Number of copies that the service has not dropped.
    fn count(&self) -> usize {
        self.kept(None)
    }

    /// Whether one more at `instant` would not be dropped.
    fn grow_at(&self, instant: Timestamp) -> bool {
        self.kept(Some(instant)) > self.count()
    }

    fn kept(&self, next: Option<Timestamp>) -> usize {
        let mut kept = 0;
        let mut last: Option<Timestamp> = None;
        for instant in self.sent.iter().copied().chain(next) {
            if last.is_none_or(|last| instant.since(last) >= self.window) {
                kept += 1;
                last = Some(instant);
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copies(seconds: &[i64], window: u64) -> Copies {
        let sent = seconds
            .iter()
            .map(|second| Timestamp::from_millis(second * 1000))
            .collect();
        Copies {
            sent,
            window: Duration::from_secs(window),
        }
    }

    #[test]
    fn copies_that_the_service_drops_do_not_count() {
        let at = |second: i64| Timestamp::from_millis(second * 1000);
        assert_eq!(copies(&[0, 1, 2], 0).count(), 3);
        let within = copies(&[0, 1, 30], 60);
        assert_eq!(
            (
                within.count(),
                within.grow_at(at(59)),
                within.grow_at(at(60))
            ),
            (1, false, true)
        );
        assert_eq!(copies(&[0, 30, 61, 119], 60).count(), 2);
        assert!(copies(&[], 60).grow_at(at(0)));
    }
}
