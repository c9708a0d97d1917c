//! Dedup keys.

use acteon_core::Outcome;
use acteon_store::{Admitted, Enqueue, Overage, OwnerId, Route, Step, Store};

use super::{admit, dedup, quota, send};
use crate::{Engine, end, executed, failed, find, route, settlement};

on_every_engine! {
    a_key_is_held_until_its_time_or_until_its_holder_gives_it_back,
}

pub(crate) async fn a_key_is_held_until_its_time_or_until_its_holder_gives_it_back(
    engine: &Engine,
) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let mine = |id: &str, now| {
        let quotas = vec![quota("q", 9, Overage::Block)];
        send(
            id,
            now,
            dedup("k", now + 100),
            vec![Route {
                quotas,
                ..route("p", Enqueue::Claimed(owner))
            }],
        )
    };
    let Admitted::Open { seq: first, .. } = store.admit(mine("a", 0)).await.expect("admitted")
    else {
        panic!("it goes")
    };
    let refused = admit(&*store, mine("b", 50)).await.expect_err("held");
    assert!(
        matches!(&refused, Outcome::Deduplicated { action_id } if action_id.as_str() == "a"),
        "{refused:?}"
    );
    assert!(
        admit(&*store, mine("c", 100)).await.is_ok(),
        "its time is over"
    );
    give_back(&*store, first, owner, failed("X")).await;
    assert!(
        admit(&*store, mine("d", 150)).await.is_err(),
        "another holds it by now"
    );
    let third = find(&*store, "c").await;
    assert_eq!(
        store.used("q-window").await,
        Ok(1),
        "the first gave its place back"
    );
    give_back(&*store, third.seq, owner, failed("X")).await;
    assert!(admit(&*store, mine("e", 160)).await.is_ok());
    let fifth = find(&*store, "e").await;
    store
        .settle(settlement(fifth.seq, owner, end(executed())))
        .await
        .expect("settled");
    assert!(
        admit(&*store, mine("f", 170)).await.is_err(),
        "what was delivered holds its key"
    );
    crate::sweep(&*store, 4000).await;
    assert_eq!(store.used("q-window").await, Ok(0));
}

async fn give_back(store: &dyn Store, seq: acteon_store::Seq, owner: OwnerId, outcome: Outcome) {
    let charges = acteon_store::Charges {
        counters: vec!["q-window".into()],
        dedup: Some("k".into()),
    };
    let step = Step::End {
        text: outcome.to_json(),
        outcome,
        class: None,
        refund: Some(charges),
    };
    let settlement = settlement(seq, owner, step);
    store.settle(settlement).await.expect("settled");
}
