//! What every store promises, on a real one.

use std::path::Path;
use std::sync::Arc;

use acteon_core::{Action, Origin, Prepared, Timestamp};
use acteon_store::{
    Admission, Admitted, Birth, Change, Claim, ClaimLane, Fence, OwnerId, Record, Scope, Seq, Settled, Settlement, SqliteOptions,
    SqliteStore, State, Store, StoreError,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn open(folder: &Path, max_pages: Option<u32>) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&SqliteOptions { path: folder.join("test.db"), max_pages })
}

fn admission(id: &str, birth: Birth) -> Admission {
    let text = format!(
        r#"{{"id":"{id}","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{{"b":1,"a":"中"}},"created_at":"2026-01-01T00:00:00Z"}}"#
    );
    let action: Action = serde_json::from_str(&text).expect("an action");
    let prepared = Prepared { bytes: vec![0, 255, 7], recipients: vec!["1/u".into()], warnings: vec!["cut".into()], repeat_safe: true };
    Admission {
        action: Arc::new(action),
        origin: Origin::Api,
        prepared: Some(Arc::new(prepared)),
        lane: "lane".into(),
        accepted_at: at(100),
        give_up_at: at(1000),
        birth,
    }
}

fn settlement(seq: Seq, owner: OwnerId, change: Change) -> Settlement {
    Settlement {
        seq,
        owner,
        at: at(200),
        attempts: 1,
        rounds: 1,
        takeovers: 0,
        history: "[]".into(),
        possible_duplicate: false,
        waited_for: true,
        change,
    }
}

async fn admit(store: &dyn Store, id: &str, birth: Birth) -> Seq {
    match store.admit(admission(id, birth)).await {
        Ok(Admitted::New(seq)) => seq,
        Ok(Admitted::Existing(_)) => panic!("{id} was there"),
        Err(error) => panic!("{error}"),
    }
}

async fn claim(store: &dyn Store, owner: OwnerId, now: i64) -> Vec<Record> {
    store.claim(Claim { owner, now: at(now), lane: ClaimLane::Lane("lane".into()), limit: 10 }).await.expect("claimed")
}

async fn find(store: &dyn Store, id: &str) -> Record {
    let mut found = store.find(&Scope::default(), &acteon_core::ActionId::parse(id).expect("an id")).await.expect("found");
    found.pop().expect("a record")
}

#[tokio::test]
async fn what_is_admitted_comes_back_whole_and_an_id_is_taken_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let owner = store.register(at(500)).await.expect("an owner");
    admit(&store, "a", Birth::Owned(owner)).await;
    let record = find(&store, "a").await;
    assert_eq!((record.state, record.owned, record.origin), (State::Open, true, Origin::Api));
    assert_eq!(record.action.payload.get(), r#"{"b":1,"a":"中"}"#, "the payload as it was written");
    assert_eq!(record.prepared, admission("a", Birth::Owned(owner)).prepared);
    assert!(matches!(store.admit(admission("a", Birth::Owned(owner))).await, Ok(Admitted::Existing(_))));
    assert_eq!(store.open_count(), 1);
}

#[tokio::test]
async fn only_the_owner_settles_and_only_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let (one, other) = (store.register(at(500)).await.expect("an owner"), store.register(at(500)).await.expect("an owner"));
    let seq = admit(&store, "a", Birth::Owned(one)).await;
    let done = || Change::Done("{}".into());
    assert_eq!(store.settle(settlement(seq, other, done())).await, Ok(Settled::Fenced));
    assert_eq!(store.settle(settlement(seq, one, done())).await, Ok(Settled::Written));
    assert_eq!(store.settle(settlement(seq, one, Change::Dead("{}".into()))).await, Ok(Settled::Fenced));
    let record = find(&store, "a").await;
    assert_eq!((record.state, record.finished_at, store.open_count()), (State::Done, Some(at(200)), 0));
}

#[tokio::test]
async fn due_rows_are_claimed_by_one_and_later_ones_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let (one, other) = (store.register(at(500)).await.expect("an owner"), store.register(at(500)).await.expect("an owner"));
    for (id, due) in [("late", 300), ("second", 120), ("first", 110)] {
        admit(&store, id, Birth::Due(at(due))).await;
    }
    assert_eq!(store.next_due("lane").await, Ok(Some(at(110))));
    let ids: Vec<String> = claim(&store, one, 150).await.iter().map(|record| record.action.id.to_string()).collect();
    assert_eq!(ids, ["first", "second"]);
    assert!(claim(&store, other, 150).await.is_empty());
    let seq = find(&store, "first").await.seq;
    let again = settlement(seq, one, Change::Again(at(160), "{}".into()));
    assert_eq!(store.settle(again).await, Ok(Settled::Written));
    let back = claim(&store, other, 160).await.pop().expect("a record");
    assert_eq!((back.attempts, back.rounds, back.possible_duplicate), (1, 1, false));
}

#[tokio::test]
async fn a_lease_that_ran_out_frees_and_marks_its_rows_and_cannot_be_renewed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let (dead, alive) = (store.register(at(100)).await.expect("an owner"), store.register(at(500)).await.expect("an owner"));
    let seq = admit(&store, "a", Birth::Owned(dead)).await;
    assert_eq!(store.renew(Fence { owner: dead, until: at(110) }).await, Ok(true));
    assert_eq!(store.take_over(at(105)).await, Ok(0));
    assert_eq!(store.take_over(at(111)).await, Ok(1));
    assert_eq!(store.renew(Fence { owner: dead, until: at(900) }).await, Ok(false));
    assert_eq!(store.settle(settlement(seq, dead, Change::Done("{}".into()))).await, Ok(Settled::Fenced));
    let record = claim(&store, alive, 111).await.pop().expect("a record");
    assert_eq!((record.takeovers, record.possible_duplicate), (1, true));
    let forgetful = settlement(seq, alive, Change::Again(at(120), "{}".into()));
    store.settle(forgetful).await.expect("settled");
    assert!(find(&store, "a").await.possible_duplicate, "the mark is never unset");
}

#[tokio::test]
async fn who_is_no_process_any_more_claims_nothing_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let lapsed = store.register(at(100)).await.expect("an owner");
    assert_eq!(store.take_over(at(200)).await, Ok(0));
    admit(&store, "due", Birth::Due(at(150))).await;
    assert!(claim(&store, lapsed, 200).await.is_empty());
    // Admitted by a process that has not yet noticed, and then died.
    admit(&store, "orphan", Birth::Owned(lapsed)).await;
    drop(store);
    let store = open(folder.path(), None).expect("a store");
    let alive = store.register(at(900)).await.expect("an owner");
    let mut ids: Vec<(String, bool)> =
        claim(&store, alive, 300).await.iter().map(|record| (record.action.id.to_string(), record.possible_duplicate)).collect();
    ids.sort();
    assert_eq!(ids, [("due".to_owned(), false), ("orphan".to_owned(), true)]);
}

#[tokio::test]
async fn a_good_stop_gives_rows_back_unmarked_and_a_crash_marks_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let (good, crashed) = (store.register(at(500)).await.expect("an owner"), store.register(at(500)).await.expect("an owner"));
    admit(&store, "good", Birth::Owned(good)).await;
    admit(&store, "crashed", Birth::Owned(crashed)).await;
    store.retire(good, at(120)).await.expect("retired");
    assert!(matches!(open(folder.path(), None), Err(StoreError::InUse(_))), "one process at a time");
    drop(store);
    let store = open(folder.path(), None).expect("a store");
    assert_eq!(store.open_count(), 2);
    assert_eq!(store.take_over(at(130)).await, Ok(1), "winning the lock ended every earlier lease");
    let (good, crashed) = (find(&store, "good").await, find(&store, "crashed").await);
    assert_eq!((good.takeovers, good.possible_duplicate), (0, false));
    assert_eq!((crashed.takeovers, crashed.possible_duplicate), (1, true));
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers_and_keeps_what_it_had() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Some(60)).expect("a store");
    let mut accepted = 0;
    let error = loop {
        match store.admit(admission(&format!("a{accepted}"), Birth::Due(at(0)))).await {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, StoreError::Full);
    assert_eq!(store.open_count(), accepted);
    assert!(store.next_due("lane").await.is_ok(), "reads go on");
    drop(store);
    let store = open(folder.path(), None).expect("a store");
    assert_eq!(store.open_count(), accepted, "nothing that was accepted is gone");
    admit(&store, "after", Birth::Due(at(0))).await;
}

#[tokio::test]
async fn one_bad_item_does_not_fail_its_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(open(folder.path(), Some(200)).expect("a store"));
    // So large that it alone cannot fit; the small ones around it share its batch.
    let large = {
        let mut admission = admission("large", Birth::Due(at(0)));
        admission.prepared = Some(Arc::new(Prepared { bytes: vec![1; 2_000_000], ..Prepared::default() }));
        admission
    };
    let mut small: Vec<_> = (0..10).map(|number| store.admit(admission(&format!("s{number}"), Birth::Due(at(0))))).collect();
    let large = store.admit(large);
    small.extend((10..20).map(|number| store.admit(admission(&format!("s{number}"), Birth::Due(at(0))))));
    for answer in small {
        assert!(matches!(answer.await, Ok(Admitted::New(_))));
    }
    assert_eq!(large.await.map(|_| ()), Err(StoreError::Full));
}

#[tokio::test]
async fn scopes_hide_what_they_do_not_cover() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    admit(&store, "a", Birth::Dead("{}".into())).await;
    let scope = |tenant: &str| Scope { tenant: acteon_core::Tenant::parse(tenant).ok(), ..Scope::default() };
    let id = acteon_core::ActionId::parse("a").expect("an id");
    assert_eq!(store.find(&scope("t"), &id).await.expect("found").len(), 1);
    assert_eq!(store.find(&scope("other"), &id).await.expect("found").len(), 0);
    assert_eq!(store.dead_letters(&scope("other"), None, 10).await.expect("a page").records.len(), 0);
    assert_eq!(store.dead_letters(&scope("t"), None, 10).await.expect("a page").records.len(), 1);
}

#[tokio::test]
async fn overdue_rows_of_any_lane_can_be_claimed_and_notes_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let owner = store.register(at(5000)).await.expect("an owner");
    admit(&store, "a", Birth::Due(at(4000))).await;
    let overdue = |now| Claim { owner, now: at(now), lane: ClaimLane::Overdue, limit: 10 };
    assert!(store.claim(overdue(999)).await.expect("claimed").is_empty());
    assert_eq!(store.claim(overdue(1000)).await.expect("claimed").len(), 1);
    store.put_note("n", "text", at(50)).await.expect("kept");
    assert_eq!(store.note("n", at(49)).await, Ok(Some("text".into())));
    assert_eq!(store.note("n", at(50)).await, Ok(None));
}

#[tokio::test]
async fn a_newer_schema_is_not_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path(), None).expect("a store"));
    let connection = rusqlite::Connection::open(folder.path().join("test.db")).expect("the database");
    connection.pragma_update(None, "user_version", 99).expect("a newer version");
    drop(connection);
    assert_eq!(open(folder.path(), None).map(drop), Err(StoreError::NewerSchema { found: 99, known: 1 }));
}
