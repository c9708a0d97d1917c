//! Every place where the embedded engine may fail, made to fail.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::Poll;
use std::time::Duration;

use acteon_core::{ActionId, Scope};
use acteon_store::{
    Admitted, Engine as _, Enqueue, FaultPoint, Faults, HistoryFilter, Journal as _, Notes as _,
    OwnerId, PageRequest, Processes as _, Retention, SqliteOptions, SqliteStore, Store, StoreError,
    Tenants,
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
            store.admit(admission(&id, Enqueue::Claimed(owner))).await
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
        FaultPoint::Open | FaultPoint::CopyPage | FaultPoint::Rescue => false,
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
            let after = store.admit(admission(&id, Enqueue::Claimed(owner))).await;
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
        .admit(admission("a", Enqueue::Claimed(owner)))
        .await
        .map(drop)
        .expect("admitted");
    faulty.switch.set(FaultPoint::CopyPage, Act::UntilLifted);
    let copy = faulty.folder.path().join("copy.db");
    assert_eq!(
        SqliteStore::backup(&faulty.options(), &copy),
        Err(StoreError::Full)
    );
    let partial = faulty.folder.path().join("copy.db.partial");
    assert!(
        !copy.exists() && !partial.exists(),
        "what is not whole takes no room"
    );
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

#[tokio::test]
async fn a_store_on_a_full_disk_begins_with_what_was_kept_in_reserve() {
    let faulty = Faulty::new();
    drop(SqliteStore::open(&faulty.options()).expect("a store"));
    assert!(faulty.folder.path().join("test.db.reserve").exists());
    faulty.switch.set(FaultPoint::Open, Act::Once);
    let store = SqliteStore::open(&faulty.options()).expect("it begins");
    let owner = store.register().await.expect("an owner");
    assert!(matches!(
        store.admit(admission("a", Enqueue::Claimed(owner))).await,
        Ok(Admitted::Open { .. })
    ));
    drop(store);
    faulty.switch.set(FaultPoint::Open, Act::UntilLifted);
    assert_eq!(
        SqliteStore::open(&faulty.options()).err(),
        Some(StoreError::Full),
        "once, and not for ever"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_panics_ends_the_store() {
    for point in [FaultPoint::Commit, FaultPoint::Checkpoint] {
        let faulty = Faulty::new();
        let store = SqliteStore::open(&faulty.options()).expect("a store");
        let owner = store.register().await.expect("an owner");
        faulty.switch.set(point, Act::Panic);
        let admitted = store.admit(admission("a", Enqueue::Claimed(owner))).await;
        let why = tokio::time::timeout(Duration::from_secs(20), store.ended())
            .await
            .expect("it has ended");
        assert!(
            matches!(&why, StoreError::Engine(why) if why.to_string().contains("panicked: simulated")),
            "{why:?}"
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
    let admit = |id: &str| store.admit(admission(id, Enqueue::Claimed(owner)));
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
        assert!(store.heartbeats().await.is_err());
        assert!(store.used("q").await.is_err());
    }
    faulty.switch.lift();
    assert_eq!(store.used("q").await, Ok(0));
    assert_eq!(store.heartbeats().await, Ok(Vec::new()));
}

/// Asks the store to write until it says that its files are gone, and what the message is to have.
async fn until_lost(store: &dyn Store, wanted: &str) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let said = store.put_note("n", "", at(4_000_000_000)).await;
        if matches!(&said, Err(StoreError::Lost(told)) if told.contains(wanted)) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{said:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescue_that_fails_is_tried_again_while_the_process_lives() {
    let faulty = Faulty::new();
    let store = SqliteStore::open(&faulty.options()).expect("a store");
    let owner = store.register().await.expect("an owner");
    store
        .admit(admission("a", Enqueue::Claimed(owner)))
        .await
        .map(drop)
        .expect("admitted");
    faulty.switch.set(FaultPoint::Rescue, Act::UntilLifted);
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(faulty.folder.path().join(format!("test.db{suffix}")))
            .expect("deleted");
    }
    until_lost(&store, "could not be copied yet (no space is left").await;
    let copy = faulty.folder.path().join("test.db.rescued");
    assert!(!copy.exists());
    faulty.switch.lift();
    until_lost(&store, "test.db.rescued").await;
    drop(store);
    std::fs::rename(&copy, faulty.options().path).expect("moved");
    all_are_there(
        &SqliteStore::open(&faulty.options()).expect("it opens"),
        &["a".to_owned()],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescue_that_finds_no_room_leaves_nothing_that_takes_some() {
    let faulty = Faulty::new();
    let store = SqliteStore::open(&faulty.options()).expect("a store");
    faulty.switch.set(FaultPoint::CopyPage, Act::UntilLifted);
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(faulty.folder.path().join(format!("test.db{suffix}")))
            .expect("deleted");
    }
    until_lost(&store, "could not be copied yet (no space is left").await;
    assert!(
        !faulty
            .folder
            .path()
            .join("test.db.rescued.partial")
            .exists()
    );
    faulty.switch.lift();
    until_lost(&store, "test.db.rescued").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_locked_database_is_refused_together() {
    let faulty = Faulty::new();
    let store = SqliteStore::open(&faulty.options()).expect("a store");
    let holder = rusqlite::Connection::open(faulty.options().path).expect("the database");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    let began = tokio::time::Instant::now();
    let names: Vec<String> = (0..8).map(|number| format!("n{number}")).collect();
    let calls = names
        .iter()
        .map(|name| store.put_note(name, "", at(4_000_000_000)));
    for result in futures_util::future::join_all(calls).await {
        assert_eq!(result, Err(StoreError::Locked));
    }
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "one wait or two for all of them: {:?}",
        began.elapsed()
    );
    holder.execute_batch("COMMIT").expect("let go");
    store
        .put_note("n", "", at(4_000_000_000))
        .await
        .expect("written");
}

/// Lets the first commit begin when it is told to, fails the second one, and has somebody else take the write lock then.
#[derive(Debug)]
struct LockedInBetween {
    begun: AtomicUsize,
    go_on: Mutex<mpsc::Receiver<()>>,
    holder: Mutex<rusqlite::Connection>,
}

impl Faults for LockedInBetween {
    fn meet(&self, point: FaultPoint) -> Result<(), StoreError> {
        if point != FaultPoint::Begin {
            return Ok(());
        }
        match self.begun.fetch_add(1, Ordering::SeqCst) {
            0 => lock(&self.go_on).recv().expect("told"),
            1 => {
                lock(&self.holder)
                    .execute_batch("BEGIN IMMEDIATE")
                    .expect("held");
                return Err(StoreError::Damaged("a page of one item".into()));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a call waits for the store, once it is asked.
async fn is_pending<T>(mut call: std::pin::Pin<&mut impl Future<Output = T>>) -> bool {
    std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_locked_database_is_refused_together_also_one_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&SqliteOptions {
        path: path.clone(),
        ..SqliteOptions::default()
    }));
    let holder = rusqlite::Connection::open(&path).expect("the database");
    let (tell, go_on) = mpsc::channel();
    let faults = LockedInBetween {
        // What a start commits is let through.
        begun: AtomicUsize::new(2),
        go_on: Mutex::new(go_on),
        holder: Mutex::new(holder),
    };
    let faults = Arc::new(faults);
    let store = SqliteStore::open(&SqliteOptions {
        path,
        faults: Some(Arc::clone(&faults) as Arc<dyn Faults>),
        ..SqliteOptions::default()
    })
    .expect("a store");
    faults.begun.store(0, Ordering::SeqCst);
    let mut first = std::pin::pin!(store.put_note("first", "", at(4_000_000_000)));
    assert!(is_pending(first.as_mut()).await, "it begins");
    while faults.begun.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let names: Vec<String> = (0..8).map(|number| format!("n{number}")).collect();
    let calls = names
        .iter()
        .map(|name| store.put_note(name, "", at(4_000_000_000)));
    let mut others = std::pin::pin!(futures_util::future::join_all(calls));
    assert!(is_pending(others.as_mut()).await, "they are behind it");
    tell.send(()).expect("heard");
    let began = tokio::time::Instant::now();
    assert_eq!(first.await, Ok(()));
    for result in others.await {
        assert_eq!(result, Err(StoreError::Locked));
    }
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "one wait for all of them: {:?}",
        began.elapsed()
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_what_the_system_says_touches_no_other_file() {
    let faulty = Faulty::new();
    let (probe, other) = (
        faulty.folder.path().join("test.db.probe"),
        faulty.folder.path().join("other"),
    );
    std::fs::write(&probe, "left by one that died").expect("a file");
    let store = SqliteStore::open(&faulty.options()).expect("a store");
    assert!(!probe.exists());
    std::fs::write(&other, "").expect("a file");
    std::os::unix::fs::symlink(&other, &probe).expect("a link");
    faulty.switch.set(FaultPoint::Begin, Act::Breaks);
    assert!(matches!(
        store.put_note("n", "", at(4_000_000_000)).await,
        Err(StoreError::Engine(_))
    ));
    assert_eq!(std::fs::metadata(&other).expect("it is there").len(), 0);
}
