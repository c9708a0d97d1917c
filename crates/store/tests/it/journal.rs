//! Admitting, settling, claiming, leases.

use std::sync::Arc;

use acteon_core::{Origin, Prepared, Scope};
use acteon_store::{
    ActionState, Admitted, ClaimRows, Conditions, DedupCheck, Disposition, Engine as _, Enqueue,
    Freed, Heartbeat, HistoryFilter, Hold, Jobs as _, Journal as _, NoteSwap, OwnerId, PageRequest,
    Record, Route, Seq, Settled, Settlement, Store, StoreError,
};

use crate::{
    Engine, admission, admit, again, at, claim, claim_rows, end, executed, failed, find, open,
    prepared, provider, route, settlement, with_disposition,
};

on_every_engine! {
    what_is_admitted_comes_back_whole_and_an_id_is_taken_once,
    only_the_owner_settles_and_only_once,
    due_rows_are_claimed_by_one_and_later_ones_wait,
    a_lease_that_ran_out_frees_and_marks_its_rows_and_cannot_be_renewed,
    who_is_no_process_any_more_writes_nothing,
    a_good_stop_gives_rows_back_unmarked_and_a_crash_marks_them,
    what_is_done_again_does_not_touch_what_was_claimed_since,
    a_note_is_swapped_by_one_only,
    large_and_strange_texts_come_back,
    overdue_rows_of_any_provider_can_be_claimed_and_notes_end,
    what_waits_is_counted_and_what_ended_is_found,
}

pub(crate) async fn what_is_admitted_comes_back_whole_and_an_id_is_taken_once(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    admit(&*store, "a", Enqueue::Claimed(owner)).await;
    let record = find(&*store, "a").await;
    assert_eq!(
        (record.state, record.owned, record.origin),
        (ActionState::Open, true, Origin::Api)
    );
    assert_eq!(
        record.action.payload.get(),
        r#"{"b":1,"a":"中"}"#,
        "the payload as it was written"
    );
    assert_eq!(record.prepared.as_deref(), Some(&prepared()));
    assert_eq!(
        (
            record.provider,
            record.caller.as_str(),
            record.auth_method.as_str()
        ),
        (provider("p"), "", "anonymous")
    );
    assert!(
        matches!(store.admit(admission("a", Enqueue::Claimed(owner))).await, Ok(Admitted::Existing(seq)) if seq == record.seq)
    );
    assert_eq!(store.open_count(), 1);
}

pub(crate) async fn only_the_owner_settles_and_only_once(engine: &Engine) {
    let store = engine.open().await;
    let (one, other) = (
        store.register().await.expect("an owner"),
        store.register().await.expect("an owner"),
    );
    let seq = admit(&*store, "a", Enqueue::Claimed(one)).await;
    assert_eq!(
        store.settle(settlement(seq, other, end(executed()))).await,
        Ok(Settled::Fenced)
    );
    assert_eq!(
        store.settle(settlement(seq, one, end(executed()))).await,
        Ok(Settled::Written)
    );
    assert_eq!(
        store.settle(settlement(seq, one, end(failed("X")))).await,
        Ok(Settled::Fenced)
    );
    let record = find(&*store, "a").await;
    assert_eq!(
        (record.state, record.finished_at, store.open_count()),
        (ActionState::Done, Some(at(200)), 0)
    );
}

pub(crate) async fn due_rows_are_claimed_by_one_and_later_ones_wait(engine: &Engine) {
    let store = engine.open().await;
    let (one, other) = (
        store.register().await.expect("an owner"),
        store.register().await.expect("an owner"),
    );
    for (id, due) in [("late", 300), ("second", 120), ("first", 110)] {
        admit(&*store, id, Enqueue::DueAt(at(due))).await;
    }
    assert_eq!(store.next_due(&[provider("p")]).await, Ok(Some(at(110))));
    let ids: Vec<String> = claim(&*store, one, 150)
        .await
        .iter()
        .map(|record| record.action.id.to_string())
        .collect();
    assert_eq!(ids, ["first", "second"]);
    assert!(claim(&*store, other, 150).await.is_empty());
    let first = find(&*store, "first").await;
    let again = Settlement {
        hold: held(&first, one),
        ..settlement(first.seq, one, again(160))
    };
    assert_eq!(store.settle(again).await, Ok(Settled::Written));
    let back = claim(&*store, other, 160).await.pop().expect("a record");
    assert_eq!(
        (back.attempts, back.rounds, back.possible_duplicate),
        (1, 1, false)
    );
}

pub(crate) async fn a_lease_that_ran_out_frees_and_marks_its_rows_and_cannot_be_renewed(
    engine: &Engine,
) {
    let store = engine.open().await;
    let (dead, alive) = (
        store.register().await.expect("an owner"),
        store.register().await.expect("an owner"),
    );
    let seq = admit(&*store, "a", Enqueue::InFlight(dead)).await;
    let before = beat_of(&*store, dead).await;
    assert_eq!(store.renew(dead).await, Ok(true));
    assert_eq!(
        store.take_over(vec![before], at(105)).await,
        Ok(Freed::default()),
        "it was renewed meanwhile"
    );
    assert_eq!(
        store
            .take_over(vec![beat_of(&*store, dead).await], at(111))
            .await,
        Ok(Freed {
            unsent: 0,
            maybe_sent: 1
        })
    );
    assert_eq!(store.renew(dead).await, Ok(false));
    assert_eq!(
        store.settle(settlement(seq, dead, end(executed()))).await,
        Ok(Settled::Fenced)
    );
    let record = claim(&*store, alive, 111).await.pop().expect("a record");
    assert_eq!((record.takeovers, record.possible_duplicate), (1, true));
    let forgetful = Settlement {
        hold: held(&record, alive),
        ..settlement(seq, alive, again(120))
    };
    store.settle(forgetful).await.expect("settled");
    assert!(
        find(&*store, "a").await.possible_duplicate,
        "the mark is never unset"
    );
}

pub(crate) async fn what_is_done_again_does_not_touch_what_was_claimed_since(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let seq = admit(&*store, "a", Enqueue::Claimed(owner)).await;
    assert_eq!(
        store.settle(settlement(seq, owner, again(110))).await,
        Ok(Settled::Written)
    );
    let claimed = claim(&*store, owner, 110).await.pop().expect("a record");
    assert_eq!(
        store.settle(settlement(seq, owner, again(110))).await,
        Ok(Settled::Fenced),
        "the same owner, but not the same hold"
    );
    let mine = Settlement {
        hold: held(&claimed, owner),
        ..settlement(seq, owner, end(executed()))
    };
    assert_eq!(store.settle(mine).await, Ok(Settled::Written));
}

fn held(record: &Record, owner: OwnerId) -> Hold {
    Hold {
        seq: record.seq,
        owner,
        fence: record.fence,
    }
}

async fn beat_of(store: &dyn Store, owner: OwnerId) -> Heartbeat {
    store
        .heartbeats()
        .await
        .expect("beats")
        .into_iter()
        .find(|beat| beat.owner == owner)
        .expect("a process")
}

pub(crate) async fn who_is_no_process_any_more_writes_nothing(engine: &Engine) {
    let store = engine.open().await;
    let lapsed = store.register().await.expect("an owner");
    let kept = admit(&*store, "kept", Enqueue::Claimed(lapsed)).await;
    let beat = beat_of(&*store, lapsed).await;
    assert_eq!(
        store.take_over(vec![beat], at(200)).await,
        Ok(Freed {
            unsent: 1,
            maybe_sent: 0
        })
    );
    assert!(claim(&*store, lapsed, 300).await.is_empty());
    assert_eq!(
        store
            .admit(admission("late", Enqueue::Claimed(lapsed)))
            .await
            .map(drop),
        Err(StoreError::Fenced)
    );
    assert_eq!(
        store.settle(settlement(kept, lapsed, again(400))).await,
        Ok(Settled::Fenced)
    );
    let page = PageRequest {
        after: None,
        offset: 0,
        limit: 10,
        count: true,
    };
    let all = store
        .history(HistoryFilter::of(Scope::everything()), page)
        .await
        .expect("a page");
    assert_eq!(
        (all.total, all.records[0].due_at),
        (Some(1), at(0)),
        "the row is as the take-over left it"
    );
    admit(&*store, "unowned", Enqueue::DueAt(at(150))).await;
}

pub(crate) async fn a_good_stop_gives_rows_back_unmarked_and_a_crash_marks_them(engine: &Engine) {
    let store = engine.open().await;
    let (good, crashed) = (
        store.register().await.expect("an owner"),
        store.register().await.expect("an owner"),
    );
    admit(&*store, "good", Enqueue::Claimed(good)).await;
    admit(&*store, "crashed", Enqueue::InFlight(crashed)).await;
    store.retire(good, at(120)).await.expect("retired");
    drop(store);
    let store = engine.open().await;
    assert_eq!(store.open_count(), 2);
    for beat in store.heartbeats().await.expect("beats") {
        store
            .take_over(vec![beat], at(130))
            .await
            .expect("taken over");
    }
    let (good, crashed) = (find(&*store, "good").await, find(&*store, "crashed").await);
    assert_eq!((good.takeovers, good.possible_duplicate), (0, false));
    assert_eq!((crashed.takeovers, crashed.possible_duplicate), (1, true));
}

pub(crate) async fn a_note_is_swapped_by_one_only(engine: &Engine) {
    let store = engine.open().await;
    let swap = |expected: Option<&str>, text: &str, now| {
        store.swap_note(NoteSwap {
            name: "n".into(),
            expected: expected.map(Into::into),
            text: text.into(),
            now: at(now),
            until: at(now + 10),
        })
    };
    assert_eq!(swap(None, "mine", 100).await, Ok(true));
    assert_eq!(swap(None, "yours", 105).await, Ok(false), "it is held");
    assert_eq!(swap(Some("mine"), "still mine", 105).await, Ok(true));
    assert_eq!(swap(None, "yours", 115).await, Ok(true), "its time is over");
    assert_eq!(swap(Some("still mine"), "again mine", 116).await, Ok(false));
    assert_eq!(store.note("n", at(116)).await, Ok(Some("yours".into())));
}

pub(crate) async fn large_and_strange_texts_come_back(engine: &Engine) {
    let store = engine.open().await;
    let bytes: Vec<u8> = (0..1_000_000u32).map(|number| number as u8).collect();
    let routes = vec![Route {
        prepared: Arc::new(Prepared {
            bytes,
            ..Prepared::default()
        }),
        ..route("p", Enqueue::DueAt(at(0)))
    }];
    let long_key = "k\u{0}".repeat(5000);
    let conditions = Conditions {
        dedup: Some(DedupCheck {
            key: long_key.clone(),
            until: at(900),
        }),
        throttle: None,
    };
    let sent = |id: &str, routes| {
        with_disposition(
            id,
            at(100),
            Disposition::Send {
                conditions: conditions.clone(),
                routes,
            },
        )
    };
    assert!(matches!(
        store.admit(sent("large", routes)).await,
        Ok(Admitted::Open { .. })
    ));
    assert_eq!(
        find(&*store, "large")
            .await
            .prepared
            .map(|prepared| prepared.bytes.len()),
        Some(1_000_000)
    );
    let refused = store
        .admit(sent("again", vec![route("p", Enqueue::DueAt(at(0)))]))
        .await;
    assert!(
        matches!(
            refused,
            Ok(Admitted::Ended(acteon_core::Outcome::Deduplicated { .. }))
        ),
        "a key of any length, with any character"
    );
}

#[tokio::test]
async fn a_file_is_opened_by_one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let _store = open(folder.path(), None).expect("a store");
    assert!(matches!(
        open(folder.path(), None),
        Err(StoreError::InUse(_))
    ));
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers_and_keeps_what_it_had() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), Some(60)).expect("a store");
    let mut accepted = 0;
    let error = loop {
        match store
            .admit(admission(&format!("a{accepted}"), Enqueue::DueAt(at(0))))
            .await
        {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, StoreError::Full);
    assert_eq!(store.open_count(), accepted);
    assert!(
        store.next_due(&[provider("p")]).await.is_ok(),
        "reads go on"
    );
    drop(store);
    let store = open(folder.path(), None).expect("a store");
    assert_eq!(
        store.open_count(),
        accepted,
        "nothing that was accepted is gone"
    );
    admit(&store, "after", Enqueue::DueAt(at(0))).await;
}

#[tokio::test]
async fn one_bad_item_does_not_fail_its_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(open(folder.path(), Some(200)).expect("a store"));
    // So large that it alone cannot fit; the small ones around it share its batch.
    let large = {
        let prepared = Arc::new(Prepared {
            bytes: vec![1; 2_000_000],
            ..Prepared::default()
        });
        let routes = vec![Route {
            prepared,
            ..route("p", Enqueue::DueAt(at(0)))
        }];
        with_disposition(
            "large",
            at(100),
            Disposition::Send {
                conditions: Conditions::default(),
                routes,
            },
        )
    };
    let mut small: Vec<_> = (0..10)
        .map(|number| store.admit(admission(&format!("s{number}"), Enqueue::DueAt(at(0)))))
        .collect();
    let large = store.admit(large);
    small.extend(
        (10..20).map(|number| store.admit(admission(&format!("s{number}"), Enqueue::DueAt(at(0))))),
    );
    for answer in small {
        assert!(matches!(answer.await, Ok(Admitted::Open { .. })));
    }
    assert_eq!(large.await.map(|_| ()), Err(StoreError::Full));
}

pub(crate) async fn overdue_rows_of_any_provider_can_be_claimed_and_notes_end(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    admit(&*store, "a", Enqueue::DueAt(at(4000))).await;
    let overdue = || ClaimRows::Overdue { limit: 10 };
    assert!(claim_rows(&*store, owner, 999, overdue()).await.is_empty());
    assert_eq!(claim_rows(&*store, owner, 1000, overdue()).await.len(), 1);
    store.put_note("n", "text", at(50)).await.expect("kept");
    assert_eq!(store.note("n", at(49)).await, Ok(Some("text".into())));
    assert_eq!(store.note("n", at(50)).await, Ok(None));
}

pub(crate) async fn what_waits_is_counted_and_what_ended_is_found(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let first = admit(&*store, "a", Enqueue::Claimed(owner)).await;
    let second = admit(&*store, "b", Enqueue::DueAt(at(500))).await;
    let later = Route {
        not_before: at(300),
        ..route("q", Enqueue::DueAt(at(500)))
    };
    let through = with_disposition(
        "c",
        at(100),
        Disposition::Send {
            conditions: Conditions::default(),
            routes: vec![later],
        },
    );
    assert!(matches!(
        store.admit(through).await,
        Ok(Admitted::Open { .. })
    ));
    let mut shares = store.open_shares(at(200)).await.expect("shares");
    shares.sort_by_key(|share| share.count);
    let seen = shares.iter().map(|share| {
        (
            share.tenant.as_str(),
            share.provider.as_str(),
            share.count,
            share.oldest,
        )
    });
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [("t", "q", 1, None), ("t", "p", 2, Some(at(100)))],
        "what may not go yet is not late"
    );
    let then = store.open_shares(at(300)).await.expect("shares");
    assert!(
        then.iter().all(|share| share.oldest == Some(at(100))),
        "{then:?}"
    );
    let outcome = executed();
    store
        .settle(settlement(first, owner, end(outcome.clone())))
        .await
        .expect("settled");
    assert_eq!(store.dead_shares(10).await, Ok(Vec::new()));
    for (id, code) in [
        ("d", "CONFIGURATION"),
        ("e", "HELD"),
        ("f", "CONFIGURATION"),
    ] {
        let letter = admit(&*store, id, Enqueue::Claimed(owner)).await;
        store
            .settle(settlement(letter, owner, end(failed(code))))
            .await
            .expect("settled");
    }
    let mut dead = store.dead_shares(10).await.expect("shares");
    dead.sort_by_key(|share| share.count);
    let dead: Vec<_> = dead
        .iter()
        .map(|share| (share.provider.as_str(), share.code.as_str(), share.count))
        .collect();
    assert_eq!(dead, [("p", "HELD", 1), ("p", "CONFIGURATION", 2)]);
    let newest = store
        .dead_shares(2)
        .await
        .map(|shares| shares.iter().map(|share| share.count).sum::<usize>());
    assert_eq!(
        newest,
        Ok(2),
        "the newest are counted, and no more than asked for"
    );
    assert_eq!(
        store.outcomes_of(vec![first, second, Seq(999)]).await,
        Ok(vec![(first, outcome.to_json())])
    );
    assert_eq!(
        store
            .open_shares(at(200))
            .await
            .map(|shares| shares.iter().map(|share| share.count).sum::<usize>()),
        Ok(2)
    );
}
