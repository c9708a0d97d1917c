//! Sweep for overdue rows: past their time, and claimed by nobody, since their provider is no
//! longer configured or its breaker is open.

use std::sync::Arc;
use std::time::Duration;

use acteon_store::{ClaimRows, Record};

use super::claim::{claim, memory_of};
use crate::cluster::held::Holding;
use crate::deliver::age::overdue;
use crate::deliver::end::put_off;
use crate::deliver::job::Job;
use crate::deliver::settle::row::end_unconfigured;
use crate::deliver::settle::settle;
use crate::shared::Inner;

/// Pause between two looks for overdue rows, which take a look at every open row.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Most overdue rows in one claim: each may have a request of a megabyte, and all are in memory until their ends are written.
const SWEEP_AT_MOST: usize = 16;
/// Pause before more are looked for, in which the ends of the last ones are written.
const SWEEP_AGAIN: Duration = Duration::from_millis(100);

/// Ends overdue rows, and says at which instant of the monotonic clock to look again.
pub(super) async fn sweep(inner: &Arc<Inner>) -> Duration {
    let begins = inner.clock.monotonic();
    if sweep_some(inner).await {
        inner.clock.monotonic() + SWEEP_AGAIN
    } else {
        begins + SWEEP_EVERY
    }
}

/// Ends as many overdue rows as one claim may have, and says whether there may be more.
async fn sweep_some(inner: &Arc<Inner>) -> bool {
    let rows = ClaimRows::Overdue {
        limit: SWEEP_AT_MOST,
    };
    match claim(inner, rows, |_| SWEEP_AT_MOST, give_up).await {
        Ok(counts) => counts.iter().sum::<usize>() >= SWEEP_AT_MOST,
        Err(error) => {
            inner.could_not("could not look for overdue actions; trying again", &error);
            false
        }
    }
}

/// Ends an overdue row as a dead letter, also when its provider is no longer configured. After the clock was set back, a row whose caller set the
/// instant at which it expires may not be overdue any more: it goes on as it was, or is looked at again where nobody here sends it.
fn give_up(inner: &Arc<Inner>, found: Record, holding: Holding) {
    let task = Arc::clone(inner);
    let Some(entry) = inner.providers.get(&found.provider).cloned() else {
        return inner
            .spawn(async move { end_unconfigured(&task, found, holding, SWEEP_EVERY).await });
    };
    let (now, due_again) = (inner.due.now(), found.due_at);
    let memory = memory_of(&entry, &found);
    let mut job = Job::claimed(found, entry, holding, memory);
    inner.spawn(async move {
        let end =
            overdue(&task, &job).unwrap_or_else(|| put_off(&task, &job, due_again.since(now)));
        if let Some(outcome) = settle(&task, &mut job, end, false).await {
            task.waiters.reply(job.seq(), &outcome);
        }
    });
}
