//! Ends of a delivery, and those that several places come to.

use std::time::Duration;

use acteon_core::{Action, ErrorKind, LastError, Outcome, ProviderError, Response, Timestamp};

use crate::deliver::job::Job;
use crate::policies::Postponed;
use crate::shared::Inner;

/// End of a delivery.
pub(crate) enum End {
    /// The provider took it.
    Executed(Response),
    /// It will not be sent any more.
    Failed {
        code: &'static str,
        message: String,
        retryable: bool,
        /// Whether people must repair something first.
        to_repair: bool,
    },
    /// A silence or a time interval holds it back.
    HeldBack(Outcome),
    /// It is held back until an instant of the wall clock, when it is due again; its age counts from then on.
    Postponed {
        until: Timestamp,
        due_at: Timestamp,
        age: acteon_store::Age,
        why: Option<LastError>,
    },
    /// It is due once more at a later instant.
    Again {
        due_at: Timestamp,
        error: Option<LastError>,
        /// Whether that instant is the next durable retry. Else the action waits for something else, and no retry is used up.
        durable_retry: bool,
    },
}

impl End {
    pub(crate) fn failed(error: &ProviderError) -> Self {
        let kind = error.kind();
        Self::Failed {
            code: kind.code(),
            message: error.to_string(),
            retryable: kind.retryable(),
            to_repair: error.is_to_repair(),
        }
    }

    /// End with the failure of the last call, unless it tells of one itself.
    pub(crate) fn after(self, refusal: Option<LastError>) -> Self {
        match self {
            Self::Again {
                due_at,
                error,
                durable_retry,
            } => Self::Again {
                due_at,
                error: error.or(refusal),
                durable_retry,
            },
            Self::Executed(_)
            | Self::Failed { .. }
            | Self::HeldBack(_)
            | Self::Postponed { .. } => self,
        }
    }
}

/// The end of a delivery that is held back until an instant: the action waits, unless it would have expired by then.
pub(crate) fn postpone(inner: &Inner, action: &Action, postponed: &Postponed) -> End {
    if let Some(message) = postponed.expiry(action) {
        return End::Failed {
            code: "EXPIRED",
            message,
            retryable: false,
            to_repair: false,
        };
    }
    let due_at = inner.due.of_wall(postponed.until);
    let oldest = due_at + inner.options.retry.max_age;
    let give_up_at = action
        .expires_at
        .map_or(oldest, |expires| inner.due.of_wall(expires).min(oldest));
    End::Postponed {
        until: postponed.until,
        due_at,
        age: acteon_store::Age {
            not_before: due_at,
            give_up_at,
        },
        why: postponed.why(),
    }
}

/// End of a delivery that failed and is due again: after the lane's pause, or at the next durable
/// retry.
pub(crate) fn again(inner: &Inner, job: &Job, error: &ProviderError) -> End {
    let policy = &inner.options.retry;
    let rate_limited = error.kind() == ErrorKind::RateLimited;
    let pause = match job.entry.lane.reopens_in() {
        Some(reopens) if rate_limited => reopens,
        _ if rate_limited => Duration::from_secs(1),
        _ => error.asked_to_wait().unwrap_or_default(),
    };
    let now = inner.due.now();
    let retried = if rate_limited {
        now
    } else {
        policy.durable_at(job.durable_retries, job.began_at, now)
    };
    End::Again {
        due_at: retried.max(now + pause),
        error: Some(LastError::from(error)),
        durable_retry: !rate_limited,
    }
}

/// End of a delivery that a stop cut short: the next process goes on at once, where it stood among
/// those that wait.
pub(crate) fn released(inner: &Inner, job: &Job) -> End {
    let error = job.history.last().and_then(|attempt| attempt.error.clone());
    End::Again {
        due_at: job.due_in_store(inner),
        error,
        durable_retry: false,
    }
}

/// End of a delivery that puts the action back into the store without a further attempt. Where the
/// row is no longer this process's, the fence keeps it as it is.
pub(crate) fn put_off(inner: &Inner, job: &Job, pause: Duration) -> End {
    let error = job.history.last().and_then(|attempt| attempt.error.clone());
    End::Again {
        due_at: inner.due.now() + pause,
        error,
        durable_retry: false,
    }
}
