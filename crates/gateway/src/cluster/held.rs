//! Rows that this process holds in memory, so that they can be compared with those that the store
//! says it owns.
//!
//! A row is the process's from the commit that admits or claims it, and is known here only a moment
//! later. In between, whoever asked for that commit shows with a [`Taking`] that there may be rows
//! which nobody here knows yet.

use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acteon_store::Hold;

/// Rows in memory: actions by their holds, and flows by their names.
pub(crate) struct Held<K: Eq + Hash = Hold>(Mutex<HeldRows<K>>);

struct HeldRows<K> {
    holds: HashSet<K>,
    /// Number of the next taking.
    next: u64,
    /// Numbers of the takings under way.
    takings: BTreeSet<u64>,
}

/// Row in memory, until it is dropped.
pub(crate) struct Holding<K: Clone + Eq + Hash = Hold> {
    held: Arc<Held<K>>,
    hold: K,
}

/// Admission or claim under way, until it is dropped: after its rows are held.
pub(crate) struct Taking<K: Clone + Eq + Hash = Hold> {
    held: Arc<Held<K>>,
    number: u64,
    is_over: bool,
}

/// Instant among takings: all with a lower number began before it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark(u64);

impl<K: Eq + Hash> Default for Held<K> {
    fn default() -> Self {
        Self(Mutex::new(HeldRows {
            holds: HashSet::new(),
            next: 0,
            takings: BTreeSet::new(),
        }))
    }
}

impl<K: Clone + Eq + Hash> Held<K> {
    pub(crate) fn holds(&self, hold: &K) -> bool {
        self.lock().holds.contains(hold)
    }

    pub(crate) fn take(self: &Arc<Self>) -> Taking<K> {
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        inner.takings.insert(number);
        Taking {
            held: Arc::clone(self),
            number,
            is_over: false,
        }
    }

    /// Mark of this instant.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().next)
    }

    /// Whether all takings that began before a mark are over, so that all that they took is held or gone.
    pub(crate) fn has_taken_all_before(&self, mark: Mark) -> bool {
        self.lock()
            .takings
            .first()
            .is_none_or(|oldest| *oldest >= mark.0)
    }

    fn lock(&self) -> MutexGuard<'_, HeldRows<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Taking<K> {
    /// Holds one of the rows that were taken.
    pub(crate) fn hold(&self, hold: K) -> Holding<K> {
        self.held.lock().holds.insert(hold.clone());
        Holding {
            held: Arc::clone(&self.held),
            hold,
        }
    }

    /// Holds the only row that was taken.
    pub(crate) fn hold_only(mut self, hold: K) -> Holding<K> {
        {
            let mut inner = self.held.lock();
            inner.holds.insert(hold.clone());
            inner.takings.remove(&self.number);
        }
        self.is_over = true;
        Holding {
            held: Arc::clone(&self.held),
            hold,
        }
    }
}

impl Holding {
    pub(crate) fn hold(&self) -> Hold {
        self.hold
    }
}

impl<K: Clone + Eq + Hash> Drop for Holding<K> {
    fn drop(&mut self) {
        self.held.lock().holds.remove(&self.hold);
    }
}

impl<K: Clone + Eq + Hash> Drop for Taking<K> {
    fn drop(&mut self) {
        if !self.is_over {
            self.held.lock().takings.remove(&self.number);
        }
    }
}
