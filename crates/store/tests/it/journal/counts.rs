//! Counts of open actions and of dead letters.

use acteon_store::{Admitted, Conditions, Disposition, Enqueue, Route, Seq};

use crate::{Engine, admit, at, end, executed, failed, route, settlement, with_disposition};

on_every_engine! {
    what_waits_is_counted_and_what_ended_is_found,
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
            (share.count, share.later),
            share.oldest,
        )
    });
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [("t", "q", (0, 1), None), ("t", "p", (2, 0), Some(at(100)))],
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
        store.open_shares(at(200)).await.map(|shares| shares
            .iter()
            .map(|share| share.count + share.later)
            .sum::<usize>()),
        Ok(2)
    );
}
