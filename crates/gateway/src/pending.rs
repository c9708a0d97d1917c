//! What a caller hears of an action that goes on after the wait is over: when, how often it was tried, and why it is not there yet.
//!
//! No instant is told that lies beyond the action's own end: then it is looked at for the last time, and becomes a dead letter.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, ActionId, ErrorKind, LastError, Outcome, Timestamp};
use acteon_store::{Record, State};

use crate::gateway::Inner;
use crate::plan::Route;
use crate::registry::Entry;
use crate::waiters::SoFar;

/// An action that this process works on, or is about to.
pub(crate) fn worked_on(
    inner: &Inner,
    id: &ActionId,
    (entry, give_up_at): (&Entry, Timestamp),
    so_far: SoFar,
) -> Arc<str> {
    let (wait, error) =
        held_up(inner, entry).map_or((Duration::ZERO, None), |(wait, error)| (wait, Some(error)));
    let earliest = inner.clock.now() + wait;
    let scheduled_for = so_far
        .due_at
        .map_or(earliest, |due_at| inner.due.to_wall(due_at).max(earliest));
    scheduled(
        id,
        scheduled_for.min(inner.due.to_wall(give_up_at)),
        so_far.attempts,
        so_far.last_error.or(error),
    )
}

/// An action that was just written to wait in the store.
pub(crate) fn left_for_later(
    inner: &Inner,
    id: &ActionId,
    route: &Route,
    due_at: Timestamp,
) -> Arc<str> {
    let next = inner.due.to_wall(due_at.min(route.give_up_at));
    scheduled(
        id,
        next,
        0,
        held_up(inner, &route.entry).map(|(_, error)| error),
    )
}

/// An action as the store has it: its outcome, if it is over.
pub(crate) fn recorded(inner: &Inner, record: &Record, so_far: SoFar) -> Arc<str> {
    if let (false, Some(outcome)) = (record.state == State::Open, &record.outcome) {
        return Arc::clone(outcome);
    }
    let before = record
        .outcome
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let last_error = match before {
        Some(Outcome::Scheduled { last_error, .. }) => last_error,
        _ => None,
    };
    let now = inner.clock.now();
    let held_up = inner
        .providers
        .get(&record.provider)
        .and_then(|entry| held_up(inner, entry));
    let (reopens_at, held_up) =
        held_up.map_or((now, None), |(wait, error)| (now + wait, Some(error)));
    let scheduled_for = if record.owned {
        reopens_at
    } else {
        inner.due.to_wall(record.due_at).max(reopens_at)
    };
    let scheduled_for = scheduled_for.min(inner.due.to_wall(record.give_up_at));
    let attempts = record.attempts.max(so_far.attempts);
    scheduled(
        &record.action.id,
        scheduled_for,
        attempts,
        so_far.last_error.or(last_error).or(held_up),
    )
}

/// What becomes of an action whose provider is left alone for `wait`.
pub(crate) fn left_alone(inner: &Inner, action: &Action, entry: &Entry, wait: Duration) -> Outcome {
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

/// The error that tells of a breaker. What failed is another's business: only who is left alone, and for how long.
pub(crate) fn circuit_open(entry: &Entry, wait: Duration) -> LastError {
    let message = format!(
        "{} failed again and again and is left alone for {} s",
        entry.name,
        wait.as_secs().max(1)
    );
    LastError {
        code: "CIRCUIT_OPEN".into(),
        message,
        retryable: true,
    }
}

/// What keeps all calls of a provider waiting, and for how long.
fn held_up(inner: &Inner, entry: &Entry) -> Option<(Duration, LastError)> {
    let breaker = entry
        .breaker
        .as_ref()
        .and_then(|breaker| breaker.closed_to_all(inner.clock.monotonic()));
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

/// The answer for an action that goes on.
pub(crate) fn scheduled(
    id: &ActionId,
    scheduled_for: Timestamp,
    attempts: u32,
    last_error: Option<LastError>,
) -> Arc<str> {
    Outcome::Scheduled {
        action_id: id.clone(),
        scheduled_for,
        attempts,
        last_error,
    }
    .to_json()
}
