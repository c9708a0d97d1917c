//! The gate: dedup keys, throttles and quotas, exact and all or nothing.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Outcome, Tenant};
use acteon_store::{
    ActionState, Admission, Admitted, Conditions, DedupCheck, Disposition, Enqueue, Judged,
    Overage, OwnerId, QuotaCheck, Route, Step, Store, ThrottleCheck,
};

use crate::{
    Engine, at, end, executed, failed, find, provider, route, settlement, with_disposition,
};

on_every_engine! {
    of_ten_thousand_at_once_exactly_a_quota_goes,
    a_refusal_charges_nothing_and_says_until_when,
    what_was_refused_for_now_is_decided_anew_and_both_stay_in_the_journal,
    overages_block_before_they_degrade_and_degrade_before_they_pass,
    a_throttle_slides,
    a_key_is_held_until_its_time_or_until_its_holder_gives_it_back,
    looking_at_the_gate_changes_nothing,
}

fn quota(id: &str, max_actions: u64, overage: Overage) -> QuotaCheck {
    let tenant = Tenant::parse("t").expect("a name");
    QuotaCheck {
        counter: format!("{id}-window"),
        id: id.into(),
        tenant,
        max_actions,
        resets_at: at(3600),
        overage,
    }
}

fn charged(name: &str, quotas: Vec<QuotaCheck>) -> Route {
    Route {
        quotas,
        ..route(name, Enqueue::DueAt(at(500)))
    }
}

fn send(id: &str, now: i64, conditions: Conditions, routes: Vec<Route>) -> Admission {
    with_disposition(id, at(now), Disposition::Send { conditions, routes })
}

fn dedup(key: &str, until: i64) -> Conditions {
    Conditions {
        dedup: Some(DedupCheck {
            key: key.into(),
            until: at(until),
        }),
        throttle: None,
    }
}

fn throttle(max_count: u32, seconds: u64) -> Conditions {
    let check = ThrottleCheck {
        key: "window".into(),
        max_count,
        window: Duration::from_secs(seconds),
        rule: "r".into(),
    };
    Conditions {
        dedup: None,
        throttle: Some(check),
    }
}

async fn admit(store: &dyn Store, admission: Admission) -> Result<usize, Outcome> {
    match store.admit(admission).await.expect("admitted") {
        Admitted::Open { route, .. } => Ok(route),
        Admitted::Ended(outcome) => Err(outcome),
        Admitted::Existing(_) | Admitted::NoLetter => panic!("it was there"),
    }
}

pub(crate) async fn of_ten_thousand_at_once_exactly_a_quota_goes(engine: &Engine) {
    let store = engine.open().await;
    let clients: Vec<_> = (0..64)
        .map(|client| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut went = 0;
                for number in (client..10_000).step_by(64) {
                    let routes = vec![charged("p", vec![quota("q", 1000, Overage::Block)])];
                    went += usize::from(
                        admit(
                            &*store,
                            send(&format!("a{number}"), 100, Conditions::default(), routes),
                        )
                        .await
                        .is_ok(),
                    );
                }
                went
            })
        })
        .collect();
    let mut went = 0;
    for client in clients {
        went += client.await.expect("a count");
    }
    assert_eq!(
        (went, store.used("q-window").await, store.open_count()),
        (1000, Ok(1000), 1000)
    );
}

pub(crate) async fn a_refusal_charges_nothing_and_says_until_when(engine: &Engine) {
    let store = engine.open().await;
    let routes = || {
        vec![charged(
            "p",
            vec![
                quota("wide", 10, Overage::Block),
                quota("narrow", 1, Overage::Block),
            ],
        )]
    };
    assert_eq!(
        admit(&*store, send("a", 100, dedup("k", 900), routes()))
            .await
            .ok(),
        Some(0)
    );
    let refused = admit(&*store, send("b", 100, dedup("other", 900), routes()))
        .await
        .expect_err("refused");
    let Outcome::QuotaExceeded {
        limit: 1,
        used: 1,
        retry_after,
        overage_behavior,
        quota_id,
        ..
    } = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (
            retry_after.as_secs(),
            overage_behavior.as_str(),
            quota_id.as_str()
        ),
        (3500, "block", "narrow")
    );
    assert_eq!(
        (
            store.used("wide-window").await,
            store.used("narrow-window").await
        ),
        (Ok(1), Ok(1))
    );
    assert!(
        admit(
            &*store,
            send("c", 100, dedup("other", 900), vec![charged("p", vec![])])
        )
        .await
        .is_ok(),
        "the key was not taken"
    );
    assert_eq!(find(&*store, "b").await.state, ActionState::Refused);
}

pub(crate) async fn what_was_refused_for_now_is_decided_anew_and_both_stay_in_the_journal(
    engine: &Engine,
) {
    let store = engine.open().await;
    let full = || vec![charged("p", vec![quota("q", 0, Overage::Block)])];
    assert!(
        admit(&*store, send("a", 100, Conditions::default(), full()))
            .await
            .is_err()
    );
    assert!(
        admit(&*store, send("a", 101, Conditions::default(), full()))
            .await
            .is_err(),
        "refused anew"
    );
    assert!(
        admit(
            &*store,
            send("a", 102, Conditions::default(), vec![charged("p", vec![])])
        )
        .await
        .is_ok()
    );
    assert!(matches!(
        store
            .admit(send("a", 103, Conditions::default(), full()))
            .await,
        Ok(Admitted::Existing(_))
    ));
    let filter = acteon_store::HistoryFilter::of(acteon_core::Scope::everything());
    let page = acteon_store::PageRequest {
        after: None,
        offset: 0,
        limit: 10,
        count: true,
    };
    let states: Vec<ActionState> = store
        .history(filter, page)
        .await
        .expect("a page")
        .records
        .iter()
        .map(|record| record.state)
        .collect();
    assert_eq!(
        states,
        [
            ActionState::Open,
            ActionState::Refused,
            ActionState::Refused
        ]
    );
    assert_eq!(find(&*store, "a").await.state, ActionState::Open);
}

pub(crate) async fn overages_block_before_they_degrade_and_degrade_before_they_pass(
    engine: &Engine,
) {
    let store = engine.open().await;
    let degrade = |to: &str| Overage::Degrade(provider(to));
    let used_up = |id: &str, overage| quota(id, 0, overage);
    let passes = vec![charged(
        "p",
        vec![
            used_up("w", Overage::Warn),
            used_up("n", Overage::Notify(provider("ops"))),
        ],
    )];
    let Admitted::Open { route: 0, over, .. } = store
        .admit(send("a", 1, Conditions::default(), passes))
        .await
        .expect("admitted")
    else {
        panic!("it goes")
    };
    assert_eq!(over, [0, 1]);
    let hops = || {
        vec![
            charged(
                "p",
                vec![used_up("w", Overage::Warn), used_up("d", degrade("q"))],
            ),
            charged("q", vec![used_up("e", degrade("r"))]),
            charged("r", vec![quota("f", 1, Overage::Block)]),
        ]
    };
    assert_eq!(
        admit(&*store, send("b", 1, Conditions::default(), hops()))
            .await
            .ok(),
        Some(2)
    );
    assert_eq!(find(&*store, "b").await.provider, provider("r"));
    assert_eq!(
        (store.used("d-window").await, store.used("f-window").await),
        (Ok(0), Ok(1)),
        "charged where it goes"
    );
    let refused = admit(&*store, send("c", 1, Conditions::default(), hops()))
        .await
        .expect_err("the last way blocks");
    assert!(
        matches!(&refused, Outcome::QuotaExceeded { quota_id, .. } if quota_id == "f"),
        "{refused:?}"
    );
    let nowhere = vec![charged("p", vec![used_up("d", degrade("gone"))])];
    let refused = admit(&*store, send("d", 1, Conditions::default(), nowhere))
        .await
        .expect_err("no way to go");
    assert!(
        matches!(&refused, Outcome::QuotaExceeded { overage_behavior, .. } if overage_behavior == "degrade"),
        "{refused:?}"
    );
    let strict = vec![
        charged(
            "p",
            vec![used_up("d", degrade("q")), used_up("b", Overage::Block)],
        ),
        charged("q", vec![]),
    ];
    assert!(
        admit(&*store, send("e", 1, Conditions::default(), strict))
            .await
            .is_err()
    );
}

pub(crate) async fn a_throttle_slides(engine: &Engine) {
    let store = engine.open().await;
    let mut went = Vec::new();
    for now in 0..40 {
        let id = format!("a{now}");
        match admit(
            &*store,
            send(&id, now, throttle(3, 10), vec![charged("p", vec![])]),
        )
        .await
        {
            Ok(_) => went.push(now),
            Err(Outcome::Throttled { retry_after, rule }) => {
                let opens = went[went.len() - 3] + 10;
                assert_eq!(
                    (retry_after.as_secs() as i64, rule.as_deref()),
                    (opens - now, Some("r"))
                );
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(
        went,
        [0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32],
        "three in any ten seconds, also under steady traffic"
    );
    let later = admit(
        &*store,
        send("b", 5, throttle(3, 10), vec![charged("p", vec![])]),
    )
    .await
    .expect_err("the clock was set back");
    assert!(matches!(later, Outcome::Throttled { retry_after, .. } if retry_after.as_secs() <= 10));
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

pub(crate) async fn looking_at_the_gate_changes_nothing(engine: &Engine) {
    let store = engine.open().await;
    let conditions = Conditions {
        throttle: throttle(1, 10).throttle,
        ..dedup("k", 100)
    };
    let routes = || vec![charged("p", vec![quota("q", 1, Overage::Block)])];
    for _ in 0..3 {
        assert!(matches!(
            store.judge(conditions.clone(), routes(), at(1)).await,
            Ok(Judged::Go { route: 0, .. })
        ));
    }
    assert!(
        admit(&*store, send("a", 1, conditions.clone(), routes()))
            .await
            .is_ok()
    );
    assert!(matches!(
        store.judge(conditions, routes(), at(1)).await,
        Ok(Judged::Refused(Outcome::Deduplicated { .. }))
    ));
    let judged = store.judge(Conditions::default(), routes(), at(1)).await;
    assert!(matches!(
        judged,
        Ok(Judged::Refused(Outcome::QuotaExceeded { .. }))
    ));
}
