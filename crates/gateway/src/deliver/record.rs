//! RECORD: the one place that writes what became of an action, tells it, and counts it.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_LISTED_ATTEMPTS;
use acteon_core::{Action, Attempt, Outcome, Response, TO_REPAIR, Timestamp};
use acteon_store::{Charges, Record, Settled, Settlement, Step, StoreError, UNREADABLE};

use crate::admit::pending::{next_look, scheduled};
use crate::cluster::held::Holding;
use crate::deliver::age::{Age, too_old};
use crate::deliver::end::{End, put_off};
use crate::deliver::job::Job;
use crate::observe::{OutcomeEvent, emit};
use crate::shared::Inner;

/// Pause between tries to write what must not be lost.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Commits the end of a delivery, before others if a caller waits for it, and returns the outcome; `None` when the row is no longer this process's to change.
pub(crate) async fn record(
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
    let age = if let End::Postponed { age, .. } = &end {
        Some(*age)
    } else {
        None
    };
    let outcome = outcome(inner, job, end);
    let text = outcome.to_json();
    let at = inner.clock.now();
    shorten(&mut job.history);
    let history = serde_json::to_string(&job.history).unwrap_or_else(|_| "[]".into());
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
        rounds: job.durable_retries,
        takeovers: job.takeovers,
        history: Some(history.clone()),
        possible_duplicate: job.possible_duplicate,
        // From the first send on that may have arrived, all others are equal to it.
        note: job.late_mark.clone().filter(|_| job.possible_duplicate),
        waited_for,
        step: step(),
    };
    if !settle(inner, &job.action, settlement).await {
        return None;
    }
    if due_at.is_none() {
        inner.shares.ended(&job.entry.name, &job.action.tenant);
    }
    announce(inner, job, &outcome, due_at.is_some());
    Some(text)
}

/// Ends a claimed row whose contents cannot be read as a dead letter. What is stored stays as it is.
pub(crate) async fn end_unreadable(inner: &Arc<Inner>, found: Record, holding: Holding) {
    let why = found.unreadable.as_deref().unwrap_or("unknown");
    let message = format!("its row in the store cannot be read ({why}); it is kept as it is");
    let outcome = Outcome::Failed {
        code: UNREADABLE.into(),
        message,
        retryable: false,
        attempts: found.attempts,
    };
    if end_row(inner, &found, &holding, (&outcome, None), (UNREADABLE, why)).await {
        inner.observer.unreadable();
    }
}

/// Ends a claimed row whose provider is not configured here and which is not worth sending any more. Any other is looked at again after a pause.
pub(crate) async fn end_unconfigured(
    inner: &Arc<Inner>,
    found: Record,
    holding: Holding,
    pause: Duration,
) {
    let Record {
        action,
        not_before,
        give_up_at,
        history,
        attempts,
        ..
    } = &found;
    let attempts = *attempts;
    let age = Age {
        action,
        not_before: *not_before,
        give_up_at: *give_up_at,
        history,
    };
    let end = too_old(inner, &age, inner.clock.now(), inner.due.now());
    let class = end.as_ref().and_then(class);
    if let Some(End::Failed {
        code,
        message,
        retryable,
        ..
    }) = end
    {
        let outcome = Outcome::Failed {
            code: code.into(),
            message: message.clone(),
            retryable,
            attempts,
        };
        end_row(inner, &found, &holding, (&outcome, class), (code, &message)).await;
        return;
    }
    let due_at = inner.due.now() + pause;
    let last_error = history.last().and_then(|attempt| attempt.error.clone());
    let so_far = scheduled(
        &action.id,
        inner.due.to_wall(due_at.min(*give_up_at)),
        attempts,
        last_error,
    )
    .to_json();
    let at = inner.clock.now();
    settle(inner, action, || {
        of_row(
            &found,
            &holding,
            at,
            Step::PutOff {
                due_at,
                so_far: Arc::clone(&so_far),
                age: None,
            },
        )
    })
    .await;
}

/// Ends a claimed row as it is, with no provider, and tells it. Says whether it was this process's to end.
async fn end_row(
    inner: &Arc<Inner>,
    found: &Record,
    holding: &Holding,
    (outcome, class): (&Outcome, Option<&'static str>),
    error: (&str, &str),
) -> bool {
    let (at, text) = (inner.clock.now(), outcome.to_json());
    let end = || Step::End {
        outcome: outcome.clone(),
        text: Arc::clone(&text),
        class,
        refund: refund(&found.charges, found.possible_duplicate, outcome),
    };
    if !settle(inner, &found.action, || of_row(found, holding, at, end())).await {
        return false;
    }
    let (kind, rule, possible_duplicate) = (
        outcome.into(),
        found.rule.as_deref(),
        found.possible_duplicate,
    );
    let (error, took) = (Some(error), inner.clock.now().since(found.accepted_at));
    emit(
        &*inner.observer,
        &OutcomeEvent {
            action: &found.action,
            provider: &found.provider,
            kind,
            rule,
            error,
            attempts: found.attempts,
            took,
            possible_duplicate,
        },
    );
    inner.shares.ended(&found.provider, &found.action.tenant);
    inner.waiters.reply(found.seq, &text);
    true
}

/// The settlement of a row of which nothing changes but what `step` says.
fn of_row(found: &Record, holding: &Holding, at: Timestamp, step: Step) -> Settlement {
    Settlement {
        hold: holding.hold(),
        at,
        attempts: found.attempts,
        rounds: found.rounds,
        takeovers: found.takeovers,
        history: None,
        possible_duplicate: found.possible_duplicate,
        note: found.note.clone(),
        waited_for: false,
        step,
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
        rounds: job.durable_retries,
        takeovers: job.takeovers,
        history: None,
        possible_duplicate: job.possible_duplicate,
        note: mark,
        waited_for: true,
        step: Step::Progress { in_flight },
    };
    inner.store.settle(settlement).await
}

/// Writes a settlement, however often it takes. `false` when the row is no longer this process's to change, or it stops.
async fn settle(inner: &Arc<Inner>, action: &Action, settlement: impl Fn() -> Settlement) -> bool {
    loop {
        match inner.store.settle(settlement()).await {
            Ok(Settled::Written) => return true,
            Ok(Settled::Fenced) => {
                tracing::warn!(action = %action.id, "another process took this action over; what came of it here is not recorded");
                return false;
            }
            Err(error) if inner.is_stopping() => {
                tracing::error!(action = %action.id, %error, "the outcome could not be recorded before the stop; the next process tries the action again, marked possible_duplicate if it may have been sent");
                return false;
            }
            Err(_) => inner.clock.sleep(STORE_PAUSE).await,
        }
    }
}

/// What an action gives back that ends without having left: its place in the quotas, and its dedup key, so that the next one may go. If it
/// may have left after all it stays counted, but the key goes: a message too many is better than one too few.
fn refund(charges: &Charges, possible_duplicate: bool, outcome: &Outcome) -> Option<Charges> {
    match outcome {
        Outcome::Failed { .. }
        | Outcome::Silenced { .. }
        | Outcome::Muted { .. }
        | Outcome::CircuitOpen { .. } => {
            let counters = if possible_duplicate {
                Vec::new()
            } else {
                charges.counters.clone()
            };
            Some(Charges {
                counters,
                dedup: charges.dedup.clone(),
            })
            .filter(|charges| !charges.is_empty())
        }
        Outcome::Executed(_)
        | Outcome::Rerouted { .. }
        | Outcome::Scheduled { .. }
        | Outcome::Suppressed { .. }
        | Outcome::Deduplicated { .. }
        | Outcome::Throttled { .. }
        | Outcome::QuotaExceeded { .. }
        | Outcome::DryRun(_) => None,
    }
}

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

/// What kind of failure it is, where all of a kind are sent again together.
fn class(end: &End) -> Option<&'static str> {
    matches!(
        end,
        End::Failed {
            to_repair: true,
            ..
        }
    )
    .then_some(TO_REPAIR)
}

fn outcome(inner: &Inner, job: &Job, end: End) -> Outcome {
    let attempts = job.attempts;
    match end {
        End::Executed(response) => {
            let response = with_facts(job, response);
            if job.entry.name == job.action.provider {
                return Outcome::Executed(response);
            }
            let (original_provider, new_provider) =
                (job.action.provider.clone(), job.entry.name.clone());
            let matched_rule = job.rule.as_deref().map(str::to_owned);
            Outcome::Rerouted {
                original_provider,
                new_provider,
                response,
                matched_rule,
            }
        }
        End::Failed {
            code,
            message,
            retryable,
            ..
        } => Outcome::Failed {
            code: code.into(),
            message,
            retryable,
            attempts,
        },
        End::HeldBack(outcome) => outcome,
        End::Postponed { until, why, .. } => scheduled(&job.action.id, until, attempts, Some(why)),
        End::Again { due_at, error, .. } => {
            let (next, _) = next_look(
                inner,
                Some(&job.entry),
                inner.due.to_wall(due_at),
                job.give_up_at,
            );
            scheduled(&job.action.id, next, attempts, error)
        }
    }
}

fn with_facts(job: &Job, mut response: Response) -> Response {
    if !job.prepared.warnings.is_empty() {
        let own = response.headers.remove("acteon-warning");
        let all: Vec<String> = job.prepared.warnings.iter().cloned().chain(own).collect();
        response
            .headers
            .insert("acteon-warning".into(), all.join("; "));
    }
    if job.possible_duplicate {
        response
            .headers
            .insert("possible_duplicate".into(), "true".into());
    }
    response
}

/// Keeps the first and the latest attempts; their numbers show what was left out.
fn shorten(history: &mut Vec<Attempt>) {
    if history.len() > MAX_LISTED_ATTEMPTS {
        let excess = history.len() - MAX_LISTED_ATTEMPTS;
        let keep = MAX_LISTED_ATTEMPTS / 4;
        history.drain(keep..keep + excess);
    }
}
