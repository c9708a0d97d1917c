//! Settlement: a change of a row by its owner, and its result.

use std::sync::Arc;

use acteon_core::{Outcome, Timestamp};

use super::charges::Charges;
use super::flow::Poke;
use super::ids::Hold;

/// Change of a row by its owner.
pub struct Settlement {
    /// Owner and fence that the row must still have to be changed.
    pub hold: Hold,
    /// Instant of the settlement, of the wall clock.
    pub at: Timestamp,
    /// Number of provider calls so far, in total.
    pub attempts: u32,
    /// Number of durable retries so far.
    pub durable_retries: u32,
    /// Number of processes that died while they may have been sending it.
    pub takeovers: u32,
    /// Provider calls so far, as a JSON array; `None` leaves what is stored.
    pub history: Option<String>,
    /// Whether a send may have arrived that is not recorded as such. Once set in the row it stays.
    pub possible_duplicate: bool,
    /// Late mark that was added to the request's text when it was last sent, as long as the next send must be equal to it.
    pub late_mark: Option<Arc<str>>,
    /// Whether a caller waits for it. Other settlements may stand back behind admissions for a moment.
    pub waited_for: bool,
    /// Poke of the flow that wanted the action, in the commit that ends it. Other steps poke nobody.
    pub poke: Option<Poke>,
    /// Change of the row's state.
    pub step: Step,
}

/// Change of a row's state by a settlement.
pub enum Step {
    /// The owner keeps the row.
    Progress {
        /// Whether it may be sent from now on.
        in_flight: bool,
    },
    /// The row becomes unowned, due at an instant.
    PutOff {
        /// Due time.
        due_at: Timestamp,
        /// Outcome so far, as JSON.
        so_far: Arc<str>,
        /// New beginning and end of its age, where these change.
        age: Option<crate::age::Age>,
    },
    /// The action is over: the row leaves the open ones.
    End {
        /// Outcome that the action ends with.
        outcome: Outcome,
        /// Same outcome as JSON.
        text: Arc<str>,
        /// Class of the failure, where all of a class are sent again together, such as [`acteon_core::TO_REPAIR`].
        class: Option<&'static str>,
        /// Charges that are given back, where it ended without having left.
        refund: Option<Charges>,
    },
}

impl Settlement {
    /// Whether the row is no longer open afterwards.
    pub fn ends(&self) -> bool {
        matches!(self.step, Step::End { .. })
    }
}

/// Result of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The row was changed.
    Written,
    /// Nothing was changed: the process does not own the row any more.
    Fenced,
}
