//! Need of a provider for repair by people, and which failures show it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use acteon_core::{ErrorKind, ProviderError, Timestamp};
use serde::{Deserialize, Serialize};

/// What happens to an action whose provider is to be repaired, and that no fallback takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRepairable {
    /// The action becomes a dead letter.
    #[default]
    Fail,
    /// The action is owed until it is too old.
    Hold,
}

/// Repair that a provider needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToRepair {
    /// Instant at which it was first met.
    pub since: Timestamp,
    /// Code of the failure.
    pub code: String,
    /// What was wrong, and what to do, for a person.
    pub message: String,
    /// Advice on what to do, in one line.
    pub advice: Option<String>,
}

/// Whether a provider is to be repaired, and what is known of it.
#[derive(Default)]
pub(crate) struct Repair {
    /// Whether anything is needed, for those who ask often.
    is_needed: AtomicBool,
    /// Whether an earlier process may have held actions and died before it could tell.
    pub(crate) may_be_owed: AtomicBool,
    state: Mutex<RepairState>,
}

#[derive(Default)]
pub(crate) struct RepairState {
    pub(crate) needed: Option<ToRepair>,
    /// Due time at which that changed last, here or on another gateway.
    pub(crate) changed_at: Timestamp,
    /// Whether it is just being found that it works again.
    pub(crate) is_ending: bool,
    /// Whether another provider has taken its place since, of which nothing is known yet.
    pub(crate) is_replaced: bool,
}

/// Note by which gateways tell each other of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct RepairNote {
    pub(crate) needed: Option<ToRepair>,
    pub(crate) changed_at: Timestamp,
}

impl Repair {
    pub(crate) fn is_needed(&self) -> bool {
        self.is_needed.load(Ordering::Relaxed)
    }

    pub(crate) fn needed(&self) -> Option<ToRepair> {
        if !self.is_needed() {
            return None;
        }
        let state = self.lock();
        let mut needed = state.needed.clone()?;
        if state.is_replaced {
            needed.message.push_str(
                "; its settings have changed since, and the next call shows whether it works",
            );
        }
        Some(needed)
    }

    pub(crate) fn set(
        &self,
        state: &mut RepairState,
        needed: Option<ToRepair>,
        changed_at: Timestamp,
    ) {
        self.is_needed.store(needed.is_some(), Ordering::Relaxed);
        *state = RepairState {
            needed,
            changed_at,
            is_ending: false,
            is_replaced: false,
        };
    }

    /// Takes over what another gateway tells, or an earlier process told; says whether it was to be repaired and works again.
    pub(crate) fn adopt(&self, note: RepairNote) -> bool {
        let mut state = self.lock();
        if note.changed_at <= state.changed_at {
            return false;
        }
        let works_again = state.needed.is_some() && note.needed.is_none();
        self.set(&mut state, note.needed, note.changed_at);
        works_again
    }

    /// Has another provider take the place of the first, while nothing else changes about it. What the first did is no proof that the other works.
    pub(crate) fn replace(&self, replace: impl FnOnce()) {
        let mut state = self.lock();
        replace();
        (state.is_ending, state.is_replaced) = (false, state.needed.is_some());
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, RepairState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a failure, or none, says that what was to be repaired works.
pub(crate) fn shows_that_it_works(error: Option<&ProviderError>) -> bool {
    error.is_none_or(|error| !tells_of_provider(error) && !error.was_maybe_sent())
}

/// Whether a failure tells of the provider, so that others would meet it as well, and not of one action or of those that it is for.
pub(crate) fn tells_of_provider(error: &ProviderError) -> bool {
    error.is_to_repair()
        || match error.kind() {
            ErrorKind::Configuration
            | ErrorKind::RateLimited
            | ErrorKind::Timeout
            | ErrorKind::Connection => true,
            ErrorKind::ExecutionFailed | ErrorKind::NotFound | ErrorKind::Serialization => false,
        }
}
