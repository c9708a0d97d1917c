//! Owners, leases and fences.

use acteon_core::Scope;
use acteon_store::{
    ActionState, Enqueue, Freed, Heartbeat, HistoryFilter, OwnerId, PageRequest, Settled,
    Settlement, Store, StoreError,
};

use super::held;
use crate::{Engine, admission, admit, again, at, claim, end, executed, failed, find, settlement};

on_every_engine! {
    only_the_owner_settles_and_only_once,
    a_lease_that_ran_out_frees_and_marks_its_rows_and_cannot_be_renewed,
    who_is_no_process_any_more_writes_nothing,
    a_good_stop_gives_rows_back_unmarked_and_a_crash_marks_them,
    what_is_done_again_does_not_touch_what_was_claimed_since,
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
