//! RECORD: the one place that writes what became of an action, tells it, and counts it.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_LISTED_ATTEMPTS;
use acteon_core::{Attempt, LastError, Outcome, Response, ResponseStatus};
use acteon_store::{Change, Settled, Settlement};

use crate::deliver::{End, Job};
use crate::dispatch::to_json;
use crate::gateway::Inner;
use crate::observe::{OutcomeEvent, OutcomeKind, emit};

/// Pause between tries to write what must not be lost.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Commits the end of a round, before others if a caller waits for it, and returns the outcome; `None` when the row is no longer this process's to change.
pub(crate) async fn record(inner: &Arc<Inner>, job: &mut Job, end: End, waited_for: bool) -> Option<Arc<str>> {
    job.rounds += u32::from(matches!(end, End::Again { round: true, .. }));
    let (outcome, kind) = outcome(job, end);
    let text = to_json(&outcome);
    let at = inner.clock.now();
    let change = || match &outcome {
        Outcome::Executed(_) | Outcome::DryRun { .. } => Change::Done(Arc::clone(&text)),
        Outcome::Failed { .. } => Change::Dead(Arc::clone(&text)),
        Outcome::Scheduled { scheduled_for, .. } => Change::Again(*scheduled_for, Arc::clone(&text)),
    };
    shorten(&mut job.history);
    let history = serde_json::to_string(&job.history).unwrap_or_else(|_| "[]".into());
    loop {
        let settlement = Settlement {
            seq: job.seq,
            owner: job.owner,
            at,
            attempts: job.attempts,
            rounds: job.rounds,
            takeovers: job.takeovers,
            history: history.clone(),
            possible_duplicate: job.possible_duplicate,
            waited_for,
            change: change(),
        };
        match inner.note_store(inner.store.settle(settlement).await) {
            Ok(Settled::Written) => break,
            Ok(Settled::Fenced) => {
                tracing::warn!(action = %job.action.id, "another process took this action over; what came of it here is not recorded");
                return None;
            }
            Err(error) if inner.is_stopping() => {
                tracing::error!(action = %job.action.id, %error, "the outcome could not be recorded before the stop; the next process tries the action again, marked possible_duplicate");
                return None;
            }
            Err(_) => inner.clock.sleep(STORE_PAUSE).await,
        }
    }
    announce(inner, job, &outcome, kind);
    Some(text)
}

fn announce(inner: &Inner, job: &Job, outcome: &Outcome, kind: OutcomeKind) {
    let error = match outcome {
        Outcome::Failed { code, message, .. } => Some((code.as_str(), message.as_str())),
        Outcome::Scheduled { last_error: Some(error), .. } => Some((error.code.as_str(), error.message.as_str())),
        _ => None,
    };
    if matches!(outcome, Outcome::Scheduled { .. }) {
        inner.work.notify_one();
    }
    let took = inner.clock.now().since(job.accepted_at);
    let possible_duplicate = job.possible_duplicate;
    emit(&*inner.observer, &OutcomeEvent { action: &job.action, kind, error, attempts: job.attempts, took, possible_duplicate });
}

fn outcome(job: &Job, end: End) -> (Outcome, OutcomeKind) {
    let attempts = job.attempts;
    match end {
        End::Executed(response) => {
            let kind = match response.status {
                ResponseStatus::Success => OutcomeKind::Executed,
                ResponseStatus::Partial => OutcomeKind::Partial,
            };
            (Outcome::Executed(with_facts(job, response)), kind)
        }
        End::Failed { code, message, retryable } => {
            (Outcome::Failed { code: code.into(), message, retryable, attempts }, OutcomeKind::Failed)
        }
        End::Again { due_at, error, .. } => {
            let last_error: Option<LastError> = error;
            let action_id = job.action.id.clone();
            (Outcome::Scheduled { action_id, scheduled_for: due_at, attempts, last_error }, OutcomeKind::Scheduled)
        }
    }
}

fn with_facts(job: &Job, mut response: Response) -> Response {
    if !job.prepared.warnings.is_empty() {
        let own = response.headers.remove("acteon-warning");
        let all: Vec<String> = job.prepared.warnings.iter().cloned().chain(own).collect();
        response.headers.insert("acteon-warning".into(), all.join("; "));
    }
    if job.possible_duplicate {
        response.headers.insert("possible_duplicate".into(), "true".into());
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
