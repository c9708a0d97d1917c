//! Quotas.

use std::sync::Arc;

use acteon_core::Outcome;
use acteon_store::{ActionState, Admitted, Conditions, Overage};

use super::{admit, charged, dedup, quota, send};
use crate::{Engine, find, provider};

on_every_engine! {
    of_ten_thousand_at_once_exactly_a_quota_goes,
    a_refusal_charges_nothing_and_says_until_when,
    overages_block_before_they_degrade_and_degrade_before_they_pass,
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
