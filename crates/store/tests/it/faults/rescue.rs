//! The rescue of a database whose files were deleted, which fails.

use std::time::Duration;

use acteon_store::{
    Enqueue, FaultPoint, Journal as _, Processes as _, SqliteStore, Store, StoreError,
};

use super::{Act, Faulty, all_are_there};
use crate::{admission, at};

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
