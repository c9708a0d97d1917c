//! Every place where the embedded engine may fail, made to fail.

mod locked;
mod opening;
mod rescue;
mod running;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acteon_core::{ActionId, Scope};
use acteon_store::{FaultPoint, Faults, SqliteOptions, Store, StoreError};

/// What a point does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Once,
    UntilLifted,
    /// The disk fails, which says nothing of its room.
    Breaks,
    Panic,
}

#[derive(Debug, Default)]
struct Switch {
    acts: Mutex<BTreeMap<FaultPoint, Act>>,
    met: Mutex<BTreeMap<FaultPoint, usize>>,
}

impl Switch {
    fn set(&self, point: FaultPoint, act: Act) {
        lock(&self.acts).insert(point, act);
    }

    fn lift(&self) {
        lock(&self.acts).clear();
    }

    /// How often a point failed.
    fn met(&self, point: FaultPoint) -> usize {
        lock(&self.met).get(&point).copied().unwrap_or(0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Faults for Switch {
    fn meet(&self, point: FaultPoint) -> Result<(), StoreError> {
        let mut acts = lock(&self.acts);
        let Some(act) = acts.get(&point).copied() else {
            return Ok(());
        };
        if matches!(act, Act::Once) {
            acts.remove(&point);
        }
        drop(acts);
        *lock(&self.met).entry(point).or_default() += 1;
        match act {
            Act::Once | Act::UntilLifted => Err(StoreError::Full),
            Act::Breaks => Err(StoreError::Engine("simulated".into())),
            Act::Panic => panic!("simulated"),
        }
    }
}

/// A store on which faults can be switched on, in a log that is restarted soon.
struct Faulty {
    folder: tempfile::TempDir,
    switch: Arc<Switch>,
}

impl Faulty {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            switch: Arc::default(),
        }
    }

    fn options(&self) -> SqliteOptions {
        let faults = Arc::clone(&self.switch) as Arc<dyn Faults>;
        SqliteOptions {
            path: self.folder.path().join("test.db"),
            faults: Some(faults),
            log_pages: Some(8),
            ..SqliteOptions::default()
        }
    }
}

async fn all_are_there(store: &dyn Store, accepted: &[String]) {
    for id in accepted {
        let found = store
            .find(&Scope::everything(), &ActionId::parse(id).expect("an id"))
            .await
            .expect("found");
        assert_eq!(found.len(), 1, "{id} was accepted");
    }
}
