//! Steps ahead of the wall clock: what waits for an instant of that clock is due earlier by them.
//!
//! Rows say when they are due in due time, which no step moves (`cluster/due_clock.rs`). That of an instant of the wall clock is computed from how the
//! clock stood then: where it is set ahead, or goes on while the machine sleeps, the instant comes before the row is due. So each gateway that sees a
//! step ahead makes such rows due earlier. Where several see one step they all do: a look that is too early changes nothing but when the next one is.
//! Each must, since another may have computed an instant by the clock as it was before, until it saw the step itself.
//!
//! The sum of the steps up to which this was done is a note in the store. Where it lies behind the sum of the steps, whoever saw them died before it was
//! done, and the next one does it.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Scope, Timestamp};
use acteon_store::{
    Age, Cursor, FlowHasten, Record, ScheduledRequest, Settlement, Step, StoreError,
};

use crate::cluster::due_clock::is_step;
use crate::deliver::schedule::Schedule;
use crate::flows::due::LOOK_AGAIN;
use crate::operate::call_off::{change_of_waiting, is_untouched};
use crate::shared::Inner;

/// Pause between two looks for a step.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Pause before a store that could not be asked is asked again.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Flows of one commit: few enough that callers' commits do not wait for them.
const FLOWS_AT_A_TIME: usize = 200;
/// Scheduled actions of one look, which reads their payloads.
const ACTIONS_AT_A_TIME: usize = 50;
/// Time beyond [`LOOK_AGAIN`] up to which flows are looked for: another gateway's due time may be a little ahead of this one's.
const AHEAD: Duration = Duration::from_mins(1);
/// Name of the note with the sum of the steps that were taken in, in milliseconds.
const NOTE: &str = "clock:taken-in";

/// Takes in steps of the wall clock, until a stop begins.
pub(crate) async fn follow(inner: Arc<Inner>) {
    let mut taken_in = None;
    loop {
        match take_in(&inner, taken_in).await {
            Ok(steps) => taken_in = steps,
            Err(error) => inner.could_not(
                "a step of the wall clock could not be taken in; trying again",
                &error,
            ),
        }
        if !inner.sleep(LOOK_EVERY).await {
            return;
        }
    }
}

/// Takes in the steps since `before`, and those that nobody took in before this gateway began. Returns the sum that is taken in now.
async fn take_in(inner: &Arc<Inner>, before: Option<i64>) -> Result<Option<i64>, StoreError> {
    let steps = inner.due.steps();
    if before.is_some_and(|before| !is_step(steps.saturating_sub(before))) {
        return Ok(before);
    }
    let noted = noted(inner).await?;
    let least = before.into_iter().chain(noted).min();
    let ahead = least.map_or(0, |least| steps.saturating_sub(least));
    if let Some(by) = u64::try_from(ahead).ok().filter(|_| is_step(ahead)) {
        tracing::info!(
            step_ms = by,
            "what waits for an instant of the wall clock is due earlier by a step of that clock"
        );
        let by = Duration::from_millis(by);
        if !hasten_flows(inner, by).await || !hasten_actions(inner).await {
            return Ok(before);
        }
    }
    if noted != Some(steps) {
        let text = steps.to_string();
        inner.store.put_note(NOTE, &text, Timestamp::MAX).await?;
    }
    Ok(Some(steps))
}

/// The sum that was taken in last, by whomever.
async fn noted(inner: &Inner) -> Result<Option<i64>, StoreError> {
    let Some(text) = inner.store.note(NOTE, inner.clock.now()).await? else {
        return Ok(None);
    };
    let steps = text.parse().ok();
    if steps.is_none() {
        tracing::error!(
            note = NOTE,
            text,
            "the note is no number of milliseconds, and is written anew; what waits for an instant may be up to a day late"
        );
    }
    Ok(steps)
}

/// Makes the flows due earlier that wait for the wall clock; `false` where a stop began before it was done. A request that is made twice because its
/// answer was lost makes flows due too early, which does no harm.
async fn hasten_flows(inner: &Arc<Inner>, by: Duration) -> bool {
    for kind in inner.options.flows.waiting_for_the_wall_clock() {
        let now = inner.due.now();
        let mut hasten = FlowHasten {
            kind,
            by,
            now,
            from: now,
            until: now + LOOK_AGAIN + AHEAD,
            limit: FLOWS_AT_A_TIME,
        };
        loop {
            match inner.store.hasten_flows(hasten.clone()).await {
                Ok(next) => {
                    inner.flow_work.notify_one();
                    let Some(next) = next else { break };
                    hasten.from = next;
                }
                Err(error) => match after_error(inner, &error).await {
                    Next::Stop => return false,
                    Next::PassOver => break,
                    Next::TryAgain => {}
                },
            }
        }
    }
    true
}

/// Makes the scheduled actions due earlier whose instants come before they are due; `false` where a stop began before it was done.
async fn hasten_actions(inner: &Arc<Inner>) -> bool {
    let mut after = None;
    loop {
        match hasten_page(inner, after).await {
            Ok(None) => return true,
            Ok(next) => after = next,
            Err(error) => match after_error(inner, &error).await {
                Next::Stop => return false,
                Next::PassOver => return true,
                Next::TryAgain => {}
            },
        }
    }
}

/// What is done after an error of the store.
enum Next {
    TryAgain,
    /// It would fail each time: what is behind the damage is looked at when it is due.
    PassOver,
    Stop,
}

/// Tells of an error, and waits a little.
async fn after_error(inner: &Inner, error: &StoreError) -> Next {
    inner.could_not(
        "what waits for an instant of the wall clock could not be made due earlier; trying again unless it is damaged",
        error,
    );
    match error {
        StoreError::Damaged(_) => Next::PassOver,
        _ if inner.sleep(STORE_PAUSE).await => Next::TryAgain,
        _ => Next::Stop,
    }
}

/// Makes a page of scheduled actions due earlier; says where the next begins.
async fn hasten_page(
    inner: &Arc<Inner>,
    after: Option<Cursor>,
) -> Result<Option<Cursor>, StoreError> {
    let request = ScheduledRequest {
        scope: Scope::everything(),
        now: inner.due.now(),
        after,
        limit: ACTIONS_AT_A_TIME,
    };
    let page = inner.store.scheduled(request).await?;
    let seqs = page.rows.iter().map(|row| row.cursor.seq).collect();
    let records = inner.store.records(seqs).await?;
    let changes = records.iter().filter_map(|record| earlier(inner, record));
    // All are queued before the first is waited for, so that they are committed together.
    let settled: Vec<_> = changes.map(|change| inner.store.settle(change)).collect();
    for settled in settled {
        // One that was claimed, moved or called off meanwhile stays as it then is.
        settled.await?;
    }
    inner.work.notify_one();
    Ok(page.next)
}

/// Change of a row that waits for an instant of the wall clock, and would be due later than that.
fn earlier(inner: &Inner, record: &Record) -> Option<Settlement> {
    if !is_untouched(record) {
        return None;
    }
    let due_at = inner.due.of_wall(Schedule::of(record).at?);
    let late = record.due_at.as_millis().saturating_sub(due_at.as_millis());
    if late <= 0 || !is_step(late) {
        return None;
    }
    let oldest = due_at + inner.options.retry.max_age;
    let expires = record.action.expires_at;
    let give_up_at = expires.map_or(oldest, |expires| inner.due.of_wall(expires).min(oldest));
    let step = Step::PutOff {
        due_at,
        so_far: record.outcome.clone()?,
        age: Some(Age {
            not_before: due_at,
            give_up_at,
        }),
    };
    Some(Settlement {
        waited_for: false,
        ..change_of_waiting(inner, record, inner.clock.now(), step)
    })
}
