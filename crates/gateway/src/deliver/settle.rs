//! SETTLE: the only module that writes the outcome of an action, tells it, and counts it.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, Outcome, with_causes};
use acteon_store::{FlowKey, Poke, Settled, Settlement, Step, StoreError};

use crate::deliver::end::{End, put_off};
use crate::deliver::job::Job;
use crate::observe::{OutcomeEvent, emit};
use crate::shared::Inner;
use outcome::{class, outcome, refund, shorten};

mod outcome;
pub(crate) mod row;

/// Pause between tries to write what must not be lost.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Commits the end of a delivery, before others if a caller waits for it, and returns the outcome; `None` when the row is no longer this process's to change.
pub(crate) async fn settle(
    inner: &Arc<Inner>,
    job: &mut Job,
    end: End,
    waited_for: bool,
) -> Option<Arc<str>> {
    job.durable_retries += u32::from(matches!(
        end,
        End::Again {
            durable_retry: true,
            ..
        }
    ));
    let due_at = match &end {
        End::Again { due_at, .. } | End::Postponed { due_at, .. } => Some(*due_at),
        End::Executed(_) | End::Failed { .. } | End::HeldBack(_) => None,
    };
    let class = class(&end);
    let age = new_age(&end);
    let outcome = outcome(inner, job, end);
    let text = outcome.to_json();
    let at = inner.clock.now();
    shorten(&mut job.history);
    let history = serde_json::to_string(&job.history).unwrap_or_else(|_| "[]".into());
    // A closure: the settlement is made afresh for each try, since the store takes it whole.
    let step = || {
        if let Some(due_at) = due_at {
            return Step::PutOff {
                due_at,
                so_far: Arc::clone(&text),
                age,
            };
        }
        let refund = refund(&job.charges, job.possible_duplicate, &outcome);
        Step::End {
            outcome: outcome.clone(),
            text: Arc::clone(&text),
            class,
            refund,
        }
    };
    let settlement = || Settlement {
        hold: job.hold(),
        at,
        attempts: job.attempts,
        durable_retries: job.durable_retries,
        takeovers: job.takeovers,
        history: Some(history.clone()),
        possible_duplicate: job.possible_duplicate,
        // From the first send on that may have arrived, all others are equal to it.
        late_mark: job.late_mark.clone().filter(|_| job.possible_duplicate),
        waited_for,
        poke: poke_of(inner, job.parent.as_ref()),
        step: step(),
    };
    if !write(inner, &job.action, settlement).await {
        return None;
    }
    if age.is_some() {
        inner.shares.postponed(&job.entry.name, &job.action.tenant);
    }
    if due_at.is_none() {
        // After the commit: while the row is open it takes its share.
        ended(inner, job);
    }
    announce(inner, job, &outcome, due_at.is_some());
    Some(text)
}

/// Gives back the share of an action that is over, and wakes the worker of flows where one was poked.
fn ended(inner: &Inner, job: &Job) {
    inner.shares.ended(&job.entry.name, &job.action.tenant);
    if job.parent.is_some() {
        inner.flow_work.notify_one();
    }
}

/// Poke of the flow that wanted an action, due now: the store makes it where the action ends.
pub(crate) fn poke_of(inner: &Inner, parent: Option<&FlowKey>) -> Option<Poke> {
    parent.map(|flow| Poke {
        flow: flow.clone(),
        due_at: inner.due.now(),
    })
}

/// Age that a row gets with the end of its delivery, where that changes.
fn new_age(end: &End) -> Option<acteon_store::Age> {
    match end {
        End::Postponed { age, .. } => Some(*age),
        End::Again { .. } | End::Executed(_) | End::Failed { .. } | End::HeldBack(_) => None,
    }
}

/// Writes that a job may be sent from now on, and with which late mark. `Some` is the end of the delivery, where that could not be written.
pub(crate) async fn mark_in_flight(
    inner: &Arc<Inner>,
    job: &mut Job,
    mark: Option<Arc<str>>,
) -> Option<End> {
    match write_progress(inner, job, true, mark.clone()).await {
        Ok(Settled::Written) => {
            (job.in_flight, job.late_mark) = (true, mark);
            None
        }
        // The fence also keeps what is put off as it is.
        Ok(Settled::Fenced) | Err(_) => Some(put_off(inner, job, STORE_PAUSE)),
    }
}

/// Writes that a job is not on its way after all: its last call surely did not arrive, and a process that dies before the next has sent nothing.
/// `Some` is the end of the delivery, where the row is no longer this process's.
pub(crate) async fn clear_in_flight(inner: &Arc<Inner>, job: &mut Job) -> Option<End> {
    let written = write_progress(inner, job, false, job.late_mark.clone()).await;
    // Also where it is not known whether that was written: then the mark is made once more before the next call.
    job.in_flight = false;
    matches!(written, Ok(Settled::Fenced)).then(|| put_off(inner, job, STORE_PAUSE))
}

async fn write_progress(
    inner: &Arc<Inner>,
    job: &Job,
    in_flight: bool,
    mark: Option<Arc<str>>,
) -> Result<Settled, StoreError> {
    let settlement = Settlement {
        hold: job.hold(),
        at: inner.clock.now(),
        attempts: job.attempts,
        durable_retries: job.durable_retries,
        takeovers: job.takeovers,
        history: None,
        possible_duplicate: job.possible_duplicate,
        late_mark: mark,
        waited_for: true,
        poke: None,
        step: Step::Progress { in_flight },
    };
    inner.store.settle(settlement).await
}

/// Writes a settlement, however often it takes. `false` when the row is no longer this process's to change, or the process stops.
///
/// Only an answer of the store ends the loop, or a stop: an outcome that was given up here would leave a send that nobody knows of.
async fn write(inner: &Arc<Inner>, action: &Action, settlement: impl Fn() -> Settlement) -> bool {
    loop {
        match inner.store.settle(settlement()).await {
            Ok(Settled::Written) => return true,
            // Whoever took the row over works on it now, and that outcome counts. To write over it
            // could end an action that goes on.
            Ok(Settled::Fenced) => {
                tracing::warn!(action = %action.id, "another process took this action over; what came of it here is not recorded");
                return false;
            }
            Err(error) if inner.is_stopping() => {
                tracing::error!(action = %action.id, error = %with_causes(&error), "the outcome could not be recorded before the stop; the next process tries the action again, marked possible_duplicate if it may have been sent");
                return false;
            }
            Err(_) => inner.clock.sleep(STORE_PAUSE).await,
        }
    }
}

/// Emits the one event of an outcome, and wakes the runner where the action goes on.
fn announce(inner: &Inner, job: &Job, outcome: &Outcome, goes_on: bool) {
    let error = match outcome {
        Outcome::Failed { code, message, .. } => Some((code.as_str(), message.as_str())),
        Outcome::Scheduled {
            last_error: Some(error),
            ..
        } => Some((error.code.as_str(), error.message.as_str())),
        _ => None,
    };
    if goes_on {
        inner.work.notify_one();
    }
    let took = inner.clock.now().since(job.accepted_at);
    let (kind, rule, possible_duplicate) =
        (outcome.into(), job.rule.as_deref(), job.possible_duplicate);
    emit(
        &*inner.observer,
        &OutcomeEvent {
            action: &job.action,
            provider: &job.entry.name,
            kind,
            rule,
            error,
            attempts: job.attempts,
            took,
            possible_duplicate,
        },
    );
}
