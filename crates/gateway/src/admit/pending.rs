//! Answers about an action that goes on after the wait is over: when it is tried next, how often it
//! was tried, and why it is not sent yet.
//!
//! No instant is told that lies beyond the action's own end: then it is looked at for the last
//! time, and becomes a dead letter.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, ActionId, ErrorKind, LastError, Outcome, Timestamp};
use acteon_store::{ActionState, Record, UNREADABLE};

use crate::admit::waiters::SoFar;
use crate::decide::route::Route;
use crate::deliver::schedule::is_scheduled;
use crate::policies::MUTED;
use crate::registry::ProviderEntry;
use crate::shared::Inner;

/// Answer about an action that this process works on, or is about to.
pub(crate) fn worked_on(
    inner: &Inner,
    id: &ActionId,
    (entry, give_up_at): (&ProviderEntry, Timestamp),
    so_far: SoFar,
) -> Arc<str> {
    let next = so_far
        .due_at
        .map_or_else(|| inner.clock.now(), |due_at| inner.due.to_wall(due_at));
    let (next, error) = next_look(inner, Some(entry), next, give_up_at);
    scheduled(id, next, so_far.attempts, so_far.last_error.or(error)).to_json()
}

/// Answer about an action that was just written to wait in the store.
pub(crate) fn left_for_later(
    inner: &Inner,
    id: &ActionId,
    route: &Route,
    due_at: Timestamp,
) -> Arc<str> {
    let (next, error) = next_look(
        inner,
        Some(&route.entry),
        inner.due.to_wall(due_at),
        route.give_up_at,
    );
    scheduled(id, next, 0, error).to_json()
}

/// Answer about an action as the store has it: its outcome, if it is over.
pub(crate) fn recorded(inner: &Inner, record: &Record, so_far: SoFar) -> Arc<str> {
    if !is_over(record) {
        return goes_on(inner, record, so_far).to_json();
    }
    match &record.outcome {
        // As it was answered first, to the byte.
        Some(text) if serde_json::from_str::<Outcome>(text).is_ok() => Arc::clone(text),
        Some(_) | None => unreadable(record).to_json(),
    }
}

/// Outcome of an action as the store has it, for whoever looks it up; `Scheduled` while it goes on.
pub(crate) fn outcome_of(inner: &Inner, record: &Record) -> Outcome {
    if !is_over(record) {
        return goes_on(inner, record, SoFar::default());
    }
    let text = record.outcome.as_deref();
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| unreadable(record))
}

fn is_over(record: &Record) -> bool {
    match record.state {
        ActionState::Open => false,
        ActionState::Done | ActionState::Dead | ActionState::Refused | ActionState::Discarded => {
            true
        }
    }
}

/// Outcome of an action that is over, where the store has it damaged. Whether it was sent, its
/// state says; nothing of it goes on.
fn unreadable(record: &Record) -> Outcome {
    Outcome::Failed {
        code: UNREADABLE.into(),
        message:
            "it is over, and its outcome in the store cannot be read; the row is kept as it is"
                .into(),
        retryable: false,
        attempts: record.attempts,
    }
}

/// Outcome of an action that goes on, as the store has it.
fn goes_on(inner: &Inner, record: &Record, so_far: SoFar) -> Outcome {
    let now = inner.clock.now();
    let due_at = if record.owned {
        now
    } else {
        inner.due.to_wall(record.due_at)
    };
    let before = record
        .outcome
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let (next, last_error) = match before {
        // The calendar's own instant. Once that is over, an interval is no reason any more.
        Some(Outcome::Scheduled {
            scheduled_for,
            last_error: Some(why),
            ..
        }) if why.code == MUTED => {
            if scheduled_for > now {
                (scheduled_for, Some(why))
            } else {
                (due_at, None)
            }
        }
        // The instant that was asked for, however the wall clock was set since.
        Some(Outcome::Scheduled {
            scheduled_for,
            last_error: None,
            ..
        }) if scheduled_for > now && record.attempts == 0 && is_scheduled(record) => {
            (scheduled_for, None)
        }
        Some(Outcome::Scheduled { last_error, .. }) => (due_at, last_error),
        _ => (due_at, None),
    };
    // One that is in flight waits for nothing: it may itself be what tries out whether the others may go.
    let last_error = last_error.filter(|why| !(record.in_flight && why.code == CIRCUIT_OPEN));
    let entry = inner
        .providers
        .get(&record.provider)
        .filter(|_| !record.in_flight);
    let (next, held_up) = next_look(inner, entry.map(Arc::as_ref), next, record.give_up_at);
    let attempts = record.attempts.max(so_far.attempts);
    scheduled(
        &record.action.id,
        next,
        attempts,
        so_far.last_error.or(last_error).or(held_up),
    )
}

/// Instant at which an action is looked at next that is due at an instant of the wall clock, and
/// what keeps all calls of its provider waiting, if anything does. Never in the past, nor before
/// such calls go; at its own end, which is in due time, at the latest.
pub(crate) fn next_look(
    inner: &Inner,
    entry: Option<&ProviderEntry>,
    next: Timestamp,
    give_up_at: Timestamp,
) -> (Timestamp, Option<LastError>) {
    let now = inner.clock.now();
    let (wait, error) = entry.and_then(|entry| held_up(inner, entry)).unzip();
    let next = next.max(now + wait.unwrap_or_default());
    (next.min(inner.due.to_wall(give_up_at)).max(now), error)
}

/// Outcome of an action whose provider's breaker stays open for `wait`.
pub(crate) fn left_alone(
    inner: &Inner,
    action: &Action,
    entry: &ProviderEntry,
    wait: Duration,
) -> Outcome {
    if !inner.options.retry.durable {
        return Outcome::CircuitOpen {
            provider: entry.name.clone(),
            fallback_chain: Vec::new(),
        };
    }
    let last_error = Some(circuit_open(entry, wait));
    let next = inner.clock.now() + wait;
    let scheduled_for = action.expires_at.map_or(next, |expires| next.min(expires));
    Outcome::Scheduled {
        action_id: action.id.clone(),
        scheduled_for,
        attempts: 0,
        last_error,
    }
}

/// Code of what a breaker keeps waiting.
const CIRCUIT_OPEN: &str = "CIRCUIT_OPEN";

/// Error of an action that waits for a breaker. It names the provider and the wait, and not what
/// failed, which is another action's affair.
pub(crate) fn circuit_open(entry: &ProviderEntry, wait: Duration) -> LastError {
    let message = format!(
        "{} failed again and again and is left alone for {} s",
        entry.name,
        wait.as_secs().max(1)
    );
    LastError {
        code: CIRCUIT_OPEN.into(),
        message,
        retryable: true,
    }
}

/// Time for which all calls of a provider are kept waiting, and the error that says why.
fn held_up(inner: &Inner, entry: &ProviderEntry) -> Option<(Duration, LastError)> {
    let breaker = entry
        .breaker
        .as_ref()
        .and_then(|breaker| breaker.open_for(inner.clock.monotonic()));
    let lane = entry.lane.reopens_in();
    match (breaker, lane) {
        (Some(wait), lane) if lane.is_none_or(|lane| lane <= wait) => {
            Some((wait, circuit_open(entry, wait)))
        }
        (_, Some(wait)) => {
            let message = format!(
                "sends through {} are paused for {} s: the service had too many",
                entry.name,
                wait.as_secs().max(1)
            );
            Some((
                wait,
                LastError {
                    code: ErrorKind::RateLimited.code().into(),
                    message,
                    retryable: true,
                },
            ))
        }
        (_, None) => None,
    }
}

/// Answer for an action that goes on.
pub(crate) fn scheduled(
    id: &ActionId,
    scheduled_for: Timestamp,
    attempts: u32,
    last_error: Option<LastError>,
) -> Outcome {
    Outcome::Scheduled {
        action_id: id.clone(),
        scheduled_for,
        attempts,
        last_error,
    }
}
