//! What people of a run were told, to be compared with what came of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use acteon_flows::approval::{Choice, Status};

/// Decision that somebody was told counts.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub(super) approval: String,
    pub(super) choice: Choice,
    /// Where the approval stood then.
    pub(super) status: Status,
}

/// What people were told that counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) decisions: Vec<Decided>,
    /// Chains that took a signal.
    pub(super) signalled: Vec<String>,
    /// Chains that were cancelled.
    pub(super) cancelled: Vec<String>,
}

/// Record of what people were told, in the order of the answers.
#[derive(Default)]
pub(super) struct Ledger(Mutex<Told>);

impl Ledger {
    pub(super) fn told(&self) -> Told {
        self.lock().clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
