//! What is asked of a running store, and fails.

use std::time::Duration;

use acteon_core::{ActionId, Scope};
use acteon_store::{
    Admitted, Engine as _, Enqueue, FaultPoint, HistoryFilter, Journal as _, Notes as _, OwnerId,
    PageRequest, Processes as _, Retention, SqliteStore, Store, StoreError, Tenants,
};

use super::{Act, Faulty, all_are_there};
use crate::{admission, at, executed, settlement};

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
