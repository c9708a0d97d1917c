//! What can be seen of an action afterwards.

use std::sync::Arc;

use acteon_core::{Action, Attempt, Origin, Outcome, Timestamp};
use acteon_store::{Record, State};
use serde::Serialize;

/// An action, what became of it, and how.
#[derive(Clone, Debug, Serialize)]
pub struct ActionView {
    /// The action as it was accepted.
    pub action: Arc<Action>,
    /// Where it came from.
    pub origin: Origin,
    /// `open`, `done` or `dead`.
    pub state: &'static str,
    /// The outcome; `Scheduled` while it goes on.
    pub outcome: Outcome,
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
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Timestamp>,
}

/// A page of dead letters, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLetterList {
    /// The dead letters.
    pub entries: Vec<ActionView>,
    /// How many are on this page.
    pub count: usize,
    /// Pass it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl From<Record> for ActionView {
    fn from(record: Record) -> Self {
        let state = match record.state {
            State::Open => "open",
            State::Done => "done",
            State::Dead => "dead",
        };
        let so_far = Outcome::Scheduled {
            action_id: record.action.id.clone(),
            scheduled_for: record.due_at,
            attempts: record.attempts,
            last_error: None,
        };
        let outcome = record.outcome.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(so_far);
        Self {
            origin: record.origin,
            state,
            outcome,
            attempts: record.attempts,
            history: serde_json::from_str(&record.history).unwrap_or_default(),
            possible_duplicate: record.possible_duplicate,
            takeovers: record.takeovers,
            warnings: record.prepared.map(|prepared| prepared.warnings.clone()).unwrap_or_default(),
            accepted_at: record.accepted_at,
            finished_at: record.finished_at,
            next_attempt_at: (record.state == State::Open).then_some(record.due_at),
            action: record.action,
        }
    }
}
