//! Opening and copying a store, which fail.

use acteon_store::{
    Admitted, Enqueue, FaultPoint, Journal as _, Processes as _, SqliteStore, StoreError,
};

use super::{Act, Faulty};
use crate::admission;

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
