//! Admitting, settling, claiming, leases.

use std::sync::Arc;

use acteon_core::{Origin, Prepared};
use acteon_store::{Admitted, Birth, Claim, ClaimLane, Conditions, Fate, Fence, Settled, State, Store, StoreError, Way};

use crate::{admission, admit, again, at, claim, executed, failed, find, open, prepared, provider, settlement, way, with_fate};

#[tokio::test]
async fn what_is_admitted_comes_back_whole_and_an_id_is_taken_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let owner = store.register(at(500)).await.expect("an owner");
    admit(&store, "a", Birth::Owned(owner)).await;
    let record = find(&store, "a").await;
    assert_eq!((record.state, record.owned, record.origin), (State::Open, true, Origin::Api));
    assert_eq!(record.action.payload.get(), r#"{"b":1,"a":"中"}"#, "the payload as it was written");
    assert_eq!(record.prepared.as_deref(), Some(&prepared()));
    assert_eq!((record.provider, record.caller.as_str(), record.auth_method.as_str()), (provider("p"), "", "anonymous"));
    assert!(matches!(store.admit(admission("a", Birth::Owned(owner))).await, Ok(Admitted::Existing(_))));
    assert_eq!(store.open_count(), 1);
}

#[tokio::test]
async fn only_the_owner_settles_and_only_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let (one, other) = (store.register(at(500)).await.expect("an owner"), store.register(at(500)).await.expect("an owner"));
    let seq = admit(&store, "a", Birth::Owned(one)).await;
    assert_eq!(store.settle(settlement(seq, other, executed())).await, Ok(Settled::Fenced));
    assert_eq!(store.settle(settlement(seq, one, executed())).await, Ok(Settled::Written));
    assert_eq!(store.settle(settlement(seq, one, failed("X"))).await, Ok(Settled::Fenced));
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
    let again = settlement(seq, one, again(160));
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
    assert_eq!(store.settle(settlement(seq, dead, executed())).await, Ok(Settled::Fenced));
    let record = claim(&store, alive, 111).await.pop().expect("a record");
    assert_eq!((record.takeovers, record.possible_duplicate), (1, true));
    let forgetful = settlement(seq, alive, again(120));
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
        let prepared = Arc::new(Prepared { bytes: vec![1; 2_000_000], ..Prepared::default() });
        let ways = vec![Way { prepared, ..way("p", Birth::Due(at(0))) }];
        with_fate("large", at(100), Fate::Send { conditions: Conditions::default(), ways })
    };
    let mut small: Vec<_> = (0..10).map(|number| store.admit(admission(&format!("s{number}"), Birth::Due(at(0))))).collect();
    let large = store.admit(large);
    small.extend((10..20).map(|number| store.admit(admission(&format!("s{number}"), Birth::Due(at(0))))));
    for answer in small {
        assert!(matches!(answer.await, Ok(Admitted::Open { .. })));
    }
    assert_eq!(large.await.map(|_| ()), Err(StoreError::Full));
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
