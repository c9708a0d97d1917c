//! An action as it stands.

use std::sync::Arc;

use acteon_core::{Action, Attempt, Origin, Prepared, Priority, ProviderName, Timestamp};

use super::charges::Charges;
use super::ids::{ActionState, Seq};

/// An action as it stands.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its position.
    pub seq: Seq,
    /// The action.
    pub action: Arc<Action>,
    /// Where it came from.
    pub origin: Origin,
    /// Who posted it.
    pub caller: String,
    /// How they said who they are.
    pub auth_method: String,
    /// Name of the verdict as it is stored. A row that was damaged may have none, one of a later version may have another than `VerdictKind::ALL`.
    pub verdict: String,
    /// The rule that decided.
    pub rule: Option<Arc<str>>,
    /// The provider that it goes through.
    pub provider: ProviderName,
    /// What the gate took for it.
    pub charges: Charges,
    /// The request to send.
    pub prepared: Option<Arc<Prepared>>,
    /// How soon it goes, after what its rule says.
    pub priority: Priority,
    /// When it was written.
    pub accepted_at: Timestamp,
    /// From when its age counts.
    pub not_before: Timestamp,
    /// After this instant it is not sent any more.
    pub give_up_at: Timestamp,
    /// Its state.
    pub state: ActionState,
    /// Whether a process works on it.
    pub owned: bool,
    /// Whether that process may be sending it.
    pub in_flight: bool,
    /// Another after every claim; 0 before the first.
    pub fence: i64,
    /// When it is due, while open and unowned.
    pub due_at: Timestamp,
    /// Provider calls made.
    pub attempts: u32,
    /// Durable retries so far.
    pub rounds: u32,
    /// How often it was left behind by a process that died.
    pub takeovers: u32,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
    /// The calls.
    pub history: Vec<Attempt>,
    /// What was added to the request's text when it was last sent.
    pub note: Option<Arc<str>>,
    /// The outcome so far.
    pub outcome: Option<Arc<str>>,
    /// What kind of failure it ended with, where that has a word.
    pub class: Option<String>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What of the row cannot be read, in words that quote nothing of it. What stands in its place then is made up.
    pub unreadable: Option<String>,
}
