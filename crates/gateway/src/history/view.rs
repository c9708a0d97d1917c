//! What can be seen of an action afterwards.

use std::sync::Arc;

use acteon_core::{Action, Attempt, LastError, Origin, Outcome, Priority, ProviderName, Timestamp};
use acteon_store::{ActionState, Cursor, Record, Seq};
use serde::Serialize;

/// An action with its verdict, its outcome and its attempts.
#[derive(Clone, Debug, Serialize)]
pub struct ActionView {
    /// Its position in the journal.
    #[serde(skip)]
    pub seq: Seq,
    /// The action as it was accepted, without what is hidden.
    pub action: Arc<Action>,
    /// Where it came from.
    pub origin: Origin,
    /// Who posted it.
    pub caller: String,
    /// How they said who they are.
    pub auth_method: String,
    /// The verdict of the rules.
    pub verdict: String,
    /// The rule that decided.
    pub matched_rule: Option<Arc<str>>,
    /// The provider that it goes through.
    pub provider: ProviderName,
    /// `open`, `done`, `dead`, `refused` or `discarded`.
    pub state: &'static str,
    /// How soon it goes, after what its rule says.
    pub priority: Priority,
    /// The outcome; `Scheduled` while it goes on.
    pub outcome: Outcome,
    /// What kind of failure it ended with, such as `to_repair`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<String>,
    /// Provider calls made.
    pub attempts: u32,
    /// The calls, oldest first; of very many, the first and the latest.
    pub history: Vec<Attempt>,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
    /// How often it was left behind by a process that died.
    pub takeovers: u32,
    /// What the sender should know about the message, such as a cut text.
    pub warnings: Vec<String>,
    /// Whom it went to or is to go to, in the service's own names, without those that are hidden; empty where no request was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Timestamp>,
}

/// A page of actions, newest first.
#[derive(Clone, Debug)]
pub struct ActionPage {
    /// The actions.
    pub views: Vec<ActionView>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
    /// How many match, if that was asked; at least so many if the look was cut short.
    pub total: Option<usize>,
    /// Whether the look was cut short.
    pub cut: bool,
}

impl ActionView {
    /// What a record holds, of an action that has come to this and goes to these.
    pub(crate) fn of(record: Record, outcome: Outcome, recipients: Vec<String>) -> Self {
        let state = match record.state {
            ActionState::Open => "open",
            ActionState::Done => "done",
            ActionState::Dead => "dead",
            ActionState::Refused => "refused",
            ActionState::Discarded => "discarded",
        };
        let next_attempt_at = match &outcome {
            Outcome::Scheduled { scheduled_for, .. } => Some(*scheduled_for),
            _ => None,
        };
        Self {
            seq: record.seq,
            origin: record.origin,
            caller: record.caller,
            auth_method: record.auth_method,
            verdict: record.verdict,
            matched_rule: record.rule,
            provider: record.provider,
            state,
            priority: record.priority,
            outcome,
            failure_class: record.class,
            attempts: record.attempts,
            history: record.history,
            possible_duplicate: record.possible_duplicate,
            takeovers: record.takeovers,
            warnings: record
                .prepared
                .map(|prepared| prepared.warnings.clone())
                .unwrap_or_default(),
            recipients,
            accepted_at: record.accepted_at,
            finished_at: record.finished_at,
            next_attempt_at,
            action: record.action,
        }
    }
    /// About how many bytes of an answer it takes.
    pub(crate) fn weight(&self) -> usize {
        let labels = self.action.metadata.iter();
        let labels: usize = labels.map(|(name, value)| name.len() + value.len()).sum();
        let attempts: usize = self.history.iter().map(attempt_weight).sum();
        let recipients: usize = self.recipients.iter().map(String::len).sum();
        let warnings: usize = self.warnings.iter().map(String::len).sum();
        let outcome = outcome_weight(&self.outcome);
        self.action.payload.get().len() + labels + attempts + recipients + warnings + outcome
    }
}

fn attempt_weight(attempt: &Attempt) -> usize {
    let error = attempt.error.as_ref().map_or(0, error_weight);
    size_of::<Attempt>() + error + attempt.hint.as_ref().map_or(0, String::len)
}

fn error_weight(error: &LastError) -> usize {
    error.code.len() + error.message.len()
}

/// Bytes of what a service said. What else an outcome tells is short.
fn outcome_weight(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Executed(response) | Outcome::Rerouted { response, .. } => {
            response.body.get().len()
        }
        Outcome::Failed { message, .. } => message.len(),
        Outcome::Scheduled { last_error, .. } => last_error.as_ref().map_or(0, error_weight),
        Outcome::DryRun(_)
        | Outcome::Suppressed { .. }
        | Outcome::Deduplicated { .. }
        | Outcome::Throttled { .. }
        | Outcome::QuotaExceeded { .. }
        | Outcome::CircuitOpen { .. }
        | Outcome::Silenced { .. }
        | Outcome::Muted { .. } => 0,
    }
}
