//! Record of an action: what was posted, decided and done so far.

use std::sync::Arc;

use acteon_core::{Action, Attempt, Origin, Prepared, Priority, ProviderName, Timestamp};

use super::charges::Charges;
use super::flow::FlowKey;
use super::ids::{ActionState, Seq};

/// Record of an action: what was posted, decided and done so far.
#[derive(Clone, Debug)]
pub struct Record {
    /// Position in the journal.
    pub seq: Seq,
    /// Action as it was posted.
    pub action: Arc<Action>,
    /// Origin of the action.
    pub origin: Origin,
    /// Id of the caller who posted it.
    pub caller: String,
    /// Method by which the caller was authenticated.
    pub auth_method: String,
    /// Name of the verdict as it is stored. A row that was damaged may have none, one of a later version may have another than `VerdictKind::ALL`.
    pub verdict: String,
    /// Name of the rule that decided.
    pub rule: Option<Arc<str>>,
    /// Provider that the action goes through.
    pub provider: ProviderName,
    /// Charges of the gate.
    pub charges: Charges,
    /// Request to send; `None` where nothing was to be sent.
    pub prepared: Option<Arc<Prepared>>,
    /// Priority, after what the rules say.
    pub priority: Priority,
    /// Instant of the admission, of the wall clock.
    pub accepted_at: Timestamp,
    /// Instant from which the age of the action counts, in due time.
    pub not_before: Timestamp,
    /// Instant, in due time, after which it is not sent any more.
    pub give_up_at: Timestamp,
    /// State of the action.
    pub state: ActionState,
    /// Whether a process owns the row.
    pub owned: bool,
    /// Whether that process may be sending it.
    pub in_flight: bool,
    /// Fence of the row: another after each claim; 0 before the first.
    pub fence: i64,
    /// Due time, while the row is open and unowned.
    pub due_at: Timestamp,
    /// Number of provider calls made.
    pub attempts: u32,
    /// Number of durable retries so far. Stored as `rounds`.
    pub durable_retries: u32,
    /// Number of processes that died while they may have been sending it.
    pub takeovers: u32,
    /// Whether a send may have happened that is not recorded.
    pub possible_duplicate: bool,
    /// Provider calls made, oldest first.
    pub history: Vec<Attempt>,
    /// Late mark that was added to the request's text when it was last sent. Stored as `note`.
    pub late_mark: Option<Arc<str>>,
    /// Outcome, or the one so far, as JSON.
    pub outcome: Option<Arc<str>>,
    /// Class of the failure that it ended with, such as [`acteon_core::TO_REPAIR`].
    pub class: Option<String>,
    /// Instant at which it ended, of the wall clock.
    pub finished_at: Option<Timestamp>,
    /// Flow that wanted the action.
    pub parent: Option<FlowKey>,
    /// Description of what cannot be read of the row, without a quotation of it. Stand-ins take the place of what cannot be read.
    pub unreadable: Option<String>,
}
