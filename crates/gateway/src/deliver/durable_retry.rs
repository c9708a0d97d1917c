//! ACT: one delivery of an action, which ends with an outcome or with the time of its next durable retry.
//!
//! It may also end with nothing, when this process may not go on: then the row is another's, and what it says counts.

use std::sync::Arc;

use acteon_store::Turn;

use crate::deliver::end::End;
use crate::deliver::job::Job;
use crate::deliver::quick_retry::attempts;
use crate::deliver::repair::was_held;
use crate::deliver::settle::settle;
use crate::shared::Inner;

/// Delivers `job`, records how that ended, and tells the callers who wait for it.
pub(crate) async fn deliver(inner: &Arc<Inner>, mut job: Job) {
    let end = attempts(inner, &mut job).await;
    let due_at = match &end {
        End::Again { due_at, .. } | End::Postponed { due_at, .. } if !inner.is_releasing() => {
            Some(*due_at)
        }
        End::Again { .. }
        | End::Postponed { .. }
        | End::Executed(_)
        | End::Failed { .. }
        | End::HeldBack(_) => None,
    };
    // Not one that was held before, and is put off for something else: it would be due again at once, for ever.
    let is_held = matches!(
        end,
        End::Again {
            durable_retry: true,
            ..
        }
    ) && job.history.last().is_some_and(|attempt| attempt.to_repair);
    let waited_for = job.turn == Turn::Single && inner.waiters.waits(job.seq());
    match settle(inner, &mut job, end, waited_for).await {
        Some(outcome) => match due_at {
            Some(due_at) => {
                let at = inner.clock.monotonic() + due_at.since(inner.due.now());
                inner.waiters.reply_put_off(job.seq(), &outcome, due_at, at);
            }
            None => inner.waiters.reply(job.seq(), &outcome),
        },
        None => inner.waiters.let_go(job.seq()),
    }
    if is_held {
        was_held(inner, &job.entry);
    }
}
