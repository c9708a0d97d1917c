//! Outcome of a delivery, and what goes into the store with it. Pure, but for the look at when a
//! provider takes calls again.

use acteon_core::limits::MAX_LISTED_ATTEMPTS;
use acteon_core::{Attempt, Outcome, Response, TO_REPAIR};
use acteon_store::Charges;

use crate::admit::pending::{next_look, scheduled};
use crate::deliver::end::End;
use crate::deliver::job::Job;
use crate::shared::Inner;

/// Charges that an action gives back when it ends without having left: its place in the quotas, and
/// its dedup key, so that the next one may go. If it may have left after all it stays counted, but
/// the key goes: a message too many is better than one too few.
pub(super) fn refund(
    charges: &Charges,
    possible_duplicate: bool,
    outcome: &Outcome,
) -> Option<Charges> {
    match outcome {
        Outcome::Failed { .. }
        | Outcome::Silenced { .. }
        | Outcome::Muted { .. }
        | Outcome::PendingApproval { .. }
        | Outcome::Cancelled { .. }
        | Outcome::QuotaExceeded { .. }
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
        | Outcome::ChainStarted { .. }
        | Outcome::DryRun(_) => None,
    }
}

/// Class of a failure, by which all failures of a kind are replayed together.
pub(super) fn class(end: &End) -> Option<&'static str> {
    matches!(
        end,
        End::Failed {
            to_repair: true,
            ..
        }
    )
    .then_some(TO_REPAIR)
}

/// Outcome that an end comes to, as callers and the journal have it.
pub(super) fn outcome(inner: &Inner, job: &Job, end: End) -> Outcome {
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
        End::Postponed { until, why, .. } => scheduled(&job.action.id, until, attempts, why),
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

/// Response with what its sender should know: warnings, and whether it may be a duplicate.
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
pub(super) fn shorten(history: &mut Vec<Attempt>) {
    if history.len() > MAX_LISTED_ATTEMPTS {
        let excess = history.len() - MAX_LISTED_ATTEMPTS;
        let keep = MAX_LISTED_ATTEMPTS / 4;
        history.drain(keep..keep + excess);
    }
}

#[cfg(test)]
mod tests;
