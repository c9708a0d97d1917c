//! RECORD: the one place that writes what became of an action, tells it, and counts it.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::limits::MAX_LISTED_ATTEMPTS;
use acteon_core::{Attempt, Outcome, Response};
use acteon_store::{Charges, Settled, Settlement};

use crate::deliver::{End, Job};
use crate::gateway::Inner;
use crate::observe::{OutcomeEvent, emit};

/// Pause between tries to write what must not be lost.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Commits the end of a round, before others if a caller waits for it, and returns the outcome; `None` when the row is no longer this process's to change.
pub(crate) async fn record(inner: &Arc<Inner>, job: &mut Job, end: End, waited_for: bool) -> Option<Arc<str>> {
    job.rounds += u32::from(matches!(end, End::Again { round: true, .. }));
    let outcome = outcome(job, end);
    let text = outcome.to_json();
    let at = inner.clock.now();
    shorten(&mut job.history);
    let history = serde_json::to_string(&job.history).unwrap_or_else(|_| "[]".into());
    loop {
        let settlement = Settlement {
            seq: job.seq,
            owner: job.owner,
            fence: job.fence,
            at,
            attempts: job.attempts,
            rounds: job.rounds,
            takeovers: job.takeovers,
            history: history.clone(),
            possible_duplicate: job.possible_duplicate,
            waited_for,
            outcome: outcome.clone(),
            text: Arc::clone(&text),
            refund: refund(job, &outcome),
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
    announce(inner, job, &outcome);
    Some(text)
}

/// What an action gives back that ends without having left: its place in the quotas, and its dedup key, so that the next one may go. If it
/// may have left after all it stays counted, but the key goes: a message too many is better than one too few.
fn refund(job: &Job, outcome: &Outcome) -> Option<Charges> {
    match outcome {
        Outcome::Failed { .. } | Outcome::Silenced { .. } | Outcome::Muted { .. } | Outcome::CircuitOpen { .. } => {
            let counters = if job.possible_duplicate { Vec::new() } else { job.charges.counters.clone() };
            Some(Charges { counters, dedup: job.charges.dedup.clone() }).filter(|charges| !charges.is_empty())
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

fn announce(inner: &Inner, job: &Job, outcome: &Outcome) {
    let error = match outcome {
        Outcome::Failed { code, message, .. } => Some((code.as_str(), message.as_str())),
        Outcome::Scheduled { last_error: Some(error), .. } => Some((error.code.as_str(), error.message.as_str())),
        _ => None,
    };
    if matches!(outcome, Outcome::Scheduled { .. }) {
        inner.work.notify_one();
    }
    let took = inner.clock.now().since(job.accepted_at);
    let (kind, rule, possible_duplicate) = (outcome.into(), job.rule.as_deref(), job.possible_duplicate);
    emit(&*inner.observer, &OutcomeEvent { action: &job.action, kind, rule, error, attempts: job.attempts, took, possible_duplicate });
}

fn outcome(job: &Job, end: End) -> Outcome {
    let attempts = job.attempts;
    match end {
        End::Executed(response) => {
            let response = with_facts(job, response);
            if job.entry.name == job.action.provider {
                return Outcome::Executed(response);
            }
            let (original_provider, new_provider) = (job.action.provider.clone(), job.entry.name.clone());
            let matched_rule = job.rule.as_deref().map(str::to_owned);
            Outcome::Rerouted { original_provider, new_provider, response, matched_rule }
        }
        End::Failed { code, message, retryable } => Outcome::Failed { code: code.into(), message, retryable, attempts },
        End::HeldBack(outcome) => outcome,
        End::Again { due_at, error, .. } => {
            let action_id = job.action.id.clone();
            Outcome::Scheduled { action_id, scheduled_for: due_at, attempts, last_error: error }
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
