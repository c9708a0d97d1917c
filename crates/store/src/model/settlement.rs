//! A settlement: a change of a row by its owner, and what came of it.

use std::sync::Arc;

use acteon_core::{Outcome, Timestamp};

use super::charges::Charges;
use super::ids::Hold;

/// A change of a row by its owner.
pub struct Settlement {
    /// The row changes only if this is still how it is held.
    pub hold: Hold,
    /// Now.
    pub at: Timestamp,
    /// Provider calls made so far, in total.
    pub attempts: u32,
    /// Durable retries so far.
    pub rounds: u32,
    /// How often it was left behind by a process that died.
    pub takeovers: u32,
    /// The calls, as a JSON array; `None` leaves what is stored.
    pub history: Option<String>,
    /// Whether a send that failed may have arrived. Never unset again.
    pub possible_duplicate: bool,
    /// What was added to the request's text when it was last sent, as long as the next send must be equal to it.
    pub note: Option<Arc<str>>,
    /// Whether a caller waits for it. What nobody waits for may stand back behind admissions for a moment.
    pub waited_for: bool,
    /// What happens to the row.
    pub step: Step,
}

/// What a settlement does to its row.
pub enum Step {
    /// The owner keeps it.
    Progress {
        /// Whether it may be sent from now on.
        in_flight: bool,
    },
    /// It becomes nobody's, due at an instant.
    PutOff {
        /// When it is due.
        due_at: Timestamp,
        /// The outcome so far, as JSON.
        so_far: Arc<str>,
        /// From when its age counts, where that changes.
        age: Option<crate::age::Age>,
    },
    /// It is over.
    End {
        /// The outcome.
        outcome: Outcome,
        /// The outcome as JSON.
        text: Arc<str>,
        /// What kind of failure it is, where all of a kind are sent again together, such as [`acteon_core::TO_REPAIR`].
        class: Option<&'static str>,
        /// What it gives back, if it ended without having left.
        refund: Option<Charges>,
    },
}

impl Settlement {
    /// Whether the row is no longer open afterwards.
    pub fn ends(&self) -> bool {
        matches!(self.step, Step::End { .. })
    }
}

/// What came of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The row was changed.
    Written,
    /// The row is no longer the owner's.
    Fenced,
}
