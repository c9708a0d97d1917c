//! A layer over a store that lets calls fail on a test's command.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acteon_core::BoxFuture;
use acteon_store::{Layer, Layered, Store, StoreCall, StoreError};

/// How long a call fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fails {
    /// The next call fails.
    Once,
    /// Every call fails until the faults are lifted.
    UntilLifted,
    /// Calls never return, even after the faults are lifted.
    Hangs,
}

/// Switch for the failures of a store's calls, with a count of them. Clones switch the same store.
#[derive(Clone, Debug, Default)]
pub struct FaultSwitch(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    failing: BTreeMap<StoreCall, (Fails, StoreError)>,
    failed: BTreeMap<StoreCall, usize>,
}

impl FaultSwitch {
    /// Wraps a store in a layer whose calls this switch lets fail.
    pub fn around(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Layered(Faulty {
            store,
            switch: self.clone(),
        }))
    }

    /// Lets a call fail as if the database could not be reached.
    pub fn fail(&self, call: StoreCall, fails: Fails) {
        self.fail_with(call, fails, StoreError::Away("simulated".into()));
    }

    /// Lets a call fail with `error`.
    pub fn fail_with(&self, call: StoreCall, fails: Fails, error: StoreError) {
        self.lock().failing.insert(call, (fails, error));
    }

    /// Lifts all faults.
    pub fn lift(&self) {
        self.lock().failing.clear();
    }

    /// Number of times that a call failed.
    pub fn failed(&self, call: StoreCall) -> usize {
        self.lock().failed.get(&call).copied().unwrap_or(0)
    }

    /// Counts a call. Returns the error if it fails, and `None` as the error if it never returns.
    fn meet(&self, call: StoreCall) -> Result<(), Option<StoreError>> {
        let mut state = self.lock();
        let Some((fails, error)) = state.failing.get(&call).cloned() else {
            return Ok(());
        };
        if fails == Fails::Once {
            state.failing.remove(&call);
        }
        *state.failed.entry(call).or_default() += 1;
        Err((fails != Fails::Hangs).then_some(error))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Layer over a store that asks the switch before each call.
struct Faulty {
    store: Arc<dyn Store>,
    switch: FaultSwitch,
}

impl Layer for Faulty {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        call: StoreCall,
        work: impl FnOnce(&'a dyn Store) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        match self.switch.meet(call) {
            Ok(()) => work(&*self.store),
            Err(Some(error)) => Box::pin(std::future::ready(Err(error))),
            Err(None) => Box::pin(std::future::pending()),
        }
    }
}
