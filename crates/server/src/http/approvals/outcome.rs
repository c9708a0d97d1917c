//! Outcomes of what was approved, as the page tells them.

use acteon_core::Outcome;
use acteon_gateway::Came;

use super::payload::cut;
use super::words::Words;

/// Most bytes of what a provider said that the page shows.
const MAX_OUTCOME_BYTES: usize = 400;

/// What became of what was approved.
pub(super) fn became(words: &Words, came: &Came) -> String {
    let undone = undone(words, came);
    match &came.outcome {
        Outcome::Executed(_) | Outcome::Rerouted { .. } => words.sent.to_owned(),
        Outcome::ChainStarted { .. } => words.chain_started.to_owned(),
        Outcome::Scheduled { .. } | Outcome::PendingApproval { .. } => {
            let said = if came.possible_duplicate {
                words.later_again
            } else {
                words.later
            };
            said.to_owned()
        }
        Outcome::Failed { code, message, .. } => {
            let message = cut(words, message, MAX_OUTCOME_BYTES);
            format!("{undone}: {code}: {message}")
        }
        Outcome::Suppressed { .. }
        | Outcome::Deduplicated { .. }
        | Outcome::Throttled { .. }
        | Outcome::QuotaExceeded { .. }
        | Outcome::CircuitOpen { .. }
        | Outcome::Silenced { .. }
        | Outcome::Muted { .. }
        | Outcome::Cancelled { .. }
        | Outcome::DryRun(_) => format!("{undone}: {}", came.outcome.as_str()),
    }
}

/// How far what did not go may have come. What was tried may have arrived all the same, whatever ended it after that.
fn undone(words: &Words, came: &Came) -> &'static str {
    let tried = match came.outcome {
        Outcome::Failed { attempts, .. } => attempts.max(came.attempts),
        _ => came.attempts,
    };
    match tried {
        _ if came.possible_duplicate => words.may_have_arrived,
        0 => words.not_sent,
        _ => words.failed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::Language;
    use super::*;

    #[test]
    fn what_may_have_arrived_is_never_called_unsent() {
        let words = Language::English.words();
        let outcome = |text: &str| serde_json::from_str::<Outcome>(text).expect("an outcome");
        let failed = outcome(
            r#"{"Failed":{"code":"POISONED","message":"m","retryable":true,"attempts":0}}"#,
        );
        let silenced = outcome(r#"{"Silenced":{"silence_id":"s","matched_rule":null}}"#);
        let waiting = outcome(
            r#"{"Scheduled":{"action_id":"a","scheduled_for":"2026-01-01T00:00:00Z","attempts":1}}"#,
        );
        for (outcome, attempts, possible_duplicate, said) in [
            (&failed, 0, true, "It may have arrived: POISONED: m"),
            (&failed, 2, false, "It failed: POISONED: m"),
            (&failed, 0, false, "It was not sent: POISONED: m"),
            (&silenced, 1, true, "It may have arrived: silenced"),
            (&silenced, 1, false, "It failed: silenced"),
            (&silenced, 0, false, "It was not sent: silenced"),
            (&waiting, 1, true, "It may have arrived, and is tried again"),
            (&waiting, 0, false, "It is on its way"),
        ] {
            let came = Came {
                outcome: outcome.clone(),
                attempts,
                possible_duplicate,
            };
            assert_eq!(became(words, &came), said);
        }
    }
}
