//! Age of an action, beyond which it is not worth sending.

use acteon_core::{Action, Attempt, Timestamp};

use crate::deliver::end::End;
use crate::deliver::job::Job;
use crate::shared::Inner;

/// Age of an action, and what else says how long it is worth sending.
pub(crate) struct Age<'a> {
    pub(crate) action: &'a Action,
    /// Due time from which its age counts.
    pub(crate) not_before: Timestamp,
    pub(crate) give_up_at: Timestamp,
    pub(crate) history: &'a [Attempt],
}

impl<'a> Age<'a> {
    pub(crate) fn of(job: &'a Job) -> Self {
        let Job {
            action,
            not_before,
            give_up_at,
            history,
            ..
        } = job;
        Age {
            action,
            not_before: *not_before,
            give_up_at: *give_up_at,
            history,
        }
    }
}

/// End of a job that is not worth sending any more.
pub(crate) fn overdue(inner: &Inner, job: &Job) -> Option<End> {
    too_old(inner, &Age::of(job), inner.clock.now(), inner.due.now())
}

/// End of an action that is not worth sending any more, at `now` by the wall clock and `due` by due
/// time. An instant that its caller named is one of the wall clock.
pub(crate) fn too_old(inner: &Inner, age: &Age<'_>, now: Timestamp, due: Timestamp) -> Option<End> {
    let Age {
        action,
        not_before,
        give_up_at,
        history,
    } = *age;
    let past = action.expires_at.filter(|expires| *expires <= now);
    // After a step back of the wall clock an instant that the caller named lies later than it did in due time.
    let named = action.expires_at.map(|expires| {
        inner
            .due
            .of_wall(expires)
            .min(not_before + inner.options.retry.max_age)
    });
    let is_over = due >= named.map_or(give_up_at, |named| named.max(give_up_at));
    if past.is_none() && !is_over {
        return None;
    }
    let age = due.since(not_before).as_secs();
    let last = history
        .iter()
        .rev()
        .find_map(|attempt| attempt.error.as_ref());
    let last = last.map_or(String::new(), |error| {
        format!(
            "; the last attempt failed with {}: {}",
            error.code, error.message
        )
    });
    let limit = match past {
        Some(expires) => format!("it expired at {expires}"),
        None => "that is over the largest age at which it is still sent".to_owned(),
    };
    // What waited for a repair in vain is found with the rest of its kind.
    let to_repair = history.last().is_some_and(|attempt| attempt.to_repair);
    Some(End::Failed {
        code: "EXPIRED",
        message: format!("not sent: it is {age} s old, and {limit}{last}"),
        retryable: false,
        to_repair,
    })
}
