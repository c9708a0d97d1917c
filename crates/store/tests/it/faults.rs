//! Every place where the embedded engine may fail, made to fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acteon_core::{ActionId, Scope};
use acteon_store::{
    Admitted, Birth, FaultPoint, Faults, HistoryFilter, OwnerId, PageRequest, Retention,
    SqliteOptions, SqliteStore, Store, StoreError, Tenants,
};

use crate::{admission, at, executed, settlement};

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

/// Does something of everything, and keeps the ids of what the store said it had accepted.
async fn work(store: &dyn Store, owner: OwnerId, number: &mut usize, accepted: &mut Vec<String>) {
    for _ in 0..5 {
        *number += 1;
        let id = format!("a{number}");
        if let Ok(Admitted::Open { seq, .. }) =
            store.admit(admission(&id, Birth::Owned(owner))).await
        {
            accepted.push(id);
            drop(
                store
                    .settle(settlement(seq, owner, crate::end(executed())))
                    .await,
            );
        }
    }
    drop(store.renew(owner).await);
    drop(store.next_due(&[crate::provider("p")]).await);
    drop(
        store
            .find(&Scope::everything(), &ActionId::parse("a1").expect("an id"))
            .await,
    );
    let page = PageRequest {
        after: None,
        offset: 0,
        limit: 10,
        count: false,
    };
    drop(
        store
            .history(HistoryFilter::of(Scope::everything()), page)
            .await,
    );
    drop(
        store
            .prune(
                Retention {
                    before: at(0),
                    of: Tenants::everybody(),
                },
                None,
            )
            .await,
    );
    drop(store.sweep(at(0), None).await);
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

/// Which points fail what is asked of the running store, and so can be made to fail by asking.
fn is_of_the_running_store(point: FaultPoint) -> bool {
    match point {
        FaultPoint::Begin
        | FaultPoint::Apply
        | FaultPoint::Commit
        | FaultPoint::Read
        | FaultPoint::Checkpoint
        | FaultPoint::Restart
        | FaultPoint::MakeRoom => true,
        FaultPoint::Open | FaultPoint::CopyPage => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_once_or_for_a_while_loses_nothing_and_goes_on_by_itself() {
    let faulty = Faulty::new();
    let store = SqliteStore::open(&faulty.options()).expect("a store");
    let owner = store.register().await.expect("an owner");
    let (mut number, mut accepted) = (0, Vec::new());
    for point in FaultPoint::ALL
        .iter()
        .copied()
        .filter(|point| is_of_the_running_store(*point))
    {
        for act in [Act::Once, Act::UntilLifted] {
            let before = faulty.switch.met(point);
            faulty.switch.set(point, act);
            // Room is made only for a commit that found none.
            if point == FaultPoint::MakeRoom {
                faulty.switch.set(FaultPoint::Commit, act);
            }
            let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
            while faulty.switch.met(point) == before {
                assert!(
                    tokio::time::Instant::now() < deadline,
                    "{} was never reached",
                    point.as_str()
                );
                work(&store, owner, &mut number, &mut accepted).await;
                faulty.switch.set(point, act);
            }
            work(&store, owner, &mut number, &mut accepted).await;
            faulty.switch.lift();
            let id = format!("after-{}-{act:?}", point.as_str());
            let after = store.admit(admission(&id, Birth::Owned(owner))).await;
            assert!(
                matches!(after, Ok(Admitted::Open { .. })),
                "it goes on after {} failed",
                point.as_str()
            );
            accepted.push(id);
            all_are_there(&store, &accepted).await;
        }
    }
    drop(store);
    all_are_there(
        &SqliteStore::open(&faulty.options()).expect("it opens"),
        &accepted,
    )
    .await;
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_or_copied_says_so_and_leaves_nothing_half_done() {
    let faulty = Faulty::new();
    faulty.switch.set(FaultPoint::Open, Act::Once);
    assert_eq!(
        SqliteStore::open(&faulty.options()).err(),
        Some(StoreError::Full)
    );
    let store = SqliteStore::open(&faulty.options()).expect("a store, the second time");
    let owner = store.register().await.expect("an owner");
    store
        .admit(admission("a", Birth::Owned(owner)))
        .await
        .map(drop)
        .expect("admitted");
    faulty.switch.set(FaultPoint::CopyPage, Act::UntilLifted);
    let copy = faulty.folder.path().join("copy.db");
    assert_eq!(
        SqliteStore::backup(&faulty.options(), &copy),
        Err(StoreError::Full)
    );
    assert!(!copy.exists());
    let mut export = Vec::new();
    assert_eq!(
        SqliteStore::export(&faulty.options(), &mut export),
        Err(StoreError::Full)
    );
    assert!(
        !String::from_utf8_lossy(&export).contains("end"),
        "a file that was cut short can be told from a whole one"
    );
    faulty.switch.lift();
    SqliteStore::backup(&faulty.options(), &copy).expect("a copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_panics_ends_the_store() {
    for point in [FaultPoint::Commit, FaultPoint::Checkpoint] {
        let faulty = Faulty::new();
        let store = SqliteStore::open(&faulty.options()).expect("a store");
        let owner = store.register().await.expect("an owner");
        faulty.switch.set(point, Act::Panic);
        let admitted = store.admit(admission("a", Birth::Owned(owner))).await;
        let why = tokio::time::timeout(Duration::from_secs(20), store.ended())
            .await
            .expect("it has ended");
        assert!(
            matches!(&why, StoreError::Engine(why) if why.contains("panicked: simulated")),
            "{why}"
        );
        if point == FaultPoint::Commit {
            assert!(
                matches!(
                    admitted.map(drop),
                    Err(StoreError::Closed | StoreError::Unknown(_))
                ),
                "nobody is told that it was accepted"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_commit_that_the_disk_broke_off_nobody_is_told_that_nothing_was_stored() {
    let faulty = Faulty::new();
    let store = SqliteStore::open(&faulty.options()).expect("a store");
    let owner = store.register().await.expect("an owner");
    let admit = |id: &str| store.admit(admission(id, Birth::Owned(owner)));
    faulty.switch.set(FaultPoint::Commit, Act::Breaks);
    let admitted = futures_util::future::join_all(["a", "b", "c"].map(admit)).await;
    for admitted in admitted {
        assert!(
            matches!(admitted.map(drop), Err(StoreError::Unknown(_))),
            "a crash may bring it back out of the log"
        );
    }
    faulty.switch.lift();
    faulty.switch.set(FaultPoint::Apply, Act::Breaks);
    assert!(
        matches!(admit("d").await.map(drop), Err(StoreError::Engine(_))),
        "nothing of it was written"
    );
    faulty.switch.lift();
    for id in ["a", "b", "c", "d"] {
        assert!(
            matches!(admit(id).await, Ok(Admitted::Open { .. })),
            "{id} is asked for again"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_panics_takes_no_reader_away() {
    let faulty = Faulty::new();
    let store = SqliteStore::open(&faulty.options()).expect("a store");
    faulty.switch.set(FaultPoint::Read, Act::Panic);
    for _ in 0..8 {
        assert!(store.beats().await.is_err());
        assert!(store.used("q").await.is_err());
    }
    faulty.switch.lift();
    assert_eq!(store.used("q").await, Ok(0));
    assert_eq!(store.beats().await, Ok(Vec::new()));
}
