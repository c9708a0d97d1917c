//! Views of actions, as they may be seen afterwards.

use std::sync::Arc;

use acteon_core::{
    Action, Attachment, Attempt, LastError, Origin, Outcome, Priority, ProviderName, Timestamp,
};
use acteon_flows::chain::chain_of;
use acteon_store::{ActionState, Cursor, Record, Seq};
use serde::Serialize;

/// View of an action with its verdict, its outcome and its attempts.
#[derive(Clone, Debug, Serialize)]
pub struct ActionView {
    /// Position in the journal.
    #[serde(skip)]
    pub seq: Seq,
    /// Action as it was accepted, without what is hidden.
    pub action: Arc<Action>,
    /// Origin of the action.
    pub origin: Origin,
    /// Name of the API key that posted it; empty where none is asked for.
    pub caller: String,
    /// How the caller was told, such as `api_key`.
    pub auth_method: String,
    /// Verdict of the rules.
    pub verdict: String,
    /// Name of the rule that decided.
    pub matched_rule: Option<Arc<str>>,
    /// Provider that it goes through.
    pub provider: ProviderName,
    /// State: `open`, `done`, `dead`, `refused` or `discarded`.
    pub state: &'static str,
    /// Priority, after what its rule says.
    pub priority: Priority,
    /// Outcome; `Scheduled` while it goes on.
    pub outcome: Outcome,
    /// Class of the failure that it ended with, such as `to_repair`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_class: Option<String>,
    /// Number of calls of a provider.
    pub attempts: u32,
    /// Calls, oldest first; of very many, the first and the latest.
    pub history: Vec<Attempt>,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
    /// Number of processes that died while they held it.
    pub takeovers: u32,
    /// Warnings about the message that its sender should know, such as of a cut text.
    pub warnings: Vec<String>,
    /// Recipients in the service's own names, without those that are hidden; empty where no request
    /// was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// Instant at which it was accepted.
    pub accepted_at: Timestamp,
    /// Instant at which it ended; `None` while it is open.
    pub finished_at: Option<Timestamp>,
    /// Instant at which the next attempt is due.
    pub next_attempt_at: Option<Timestamp>,
}

/// Page of actions, newest first.
#[derive(Clone, Debug)]
pub struct ActionPage {
    /// Views of the actions on this page.
    pub views: Vec<ActionView>,
    /// Cursor of the next page; `None` on the last.
    pub next: Option<Cursor>,
    /// Number of actions that match, if that was asked; at least so many if the look was cut short.
    pub total: Option<usize>,
    /// Whether the look was cut short.
    pub cut: bool,
}

impl ActionView {
    /// View of a record, whose action has come to this outcome and goes to these recipients.
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
            action: without_files(record.action),
        }
    }

    /// Id of the execution of a chain that the action started, or is a step of.
    pub fn chain_id(&self) -> Option<&str> {
        match (&self.outcome, self.origin) {
            (Outcome::ChainStarted { chain_id, .. }, _) => Some(chain_id),
            (_, Origin::Chain) => chain_of(self.action.id.as_str()),
            _ => None,
        }
    }

    /// Whether the action is over.
    pub fn is_over(&self) -> bool {
        self.state != "open"
    }

    /// Bytes that it takes of an answer, about.
    pub(crate) fn weight(&self) -> usize {
        let labels = self.action.metadata.iter();
        let labels: usize = labels.map(|(name, value)| name.len() + value.len()).sum();
        let attempts: usize = self.history.iter().map(attempt_weight).sum();
        let recipients: usize = self.recipients.iter().map(String::len).sum();
        let warnings: usize = self.warnings.iter().map(String::len).sum();
        let outcome = outcome_weight(&self.outcome);
        self.action.content_bytes() + labels + attempts + recipients + warnings + outcome
    }
}

/// Action without the bytes of its attachments, which are sent and not looked at: what is redacted may stand in them.
fn without_files(action: Arc<Action>) -> Arc<Action> {
    if action.attachments.is_empty() {
        return action;
    }
    let attachments = action.attachments.iter().map(Attachment::without_data);
    Arc::new(Action {
        attachments: attachments.collect(),
        ..Action::clone(&action)
    })
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
        | Outcome::Muted { .. }
        | Outcome::ChainStarted { .. }
        | Outcome::PendingApproval { .. }
        | Outcome::Cancelled { .. } => 0,
    }
}
