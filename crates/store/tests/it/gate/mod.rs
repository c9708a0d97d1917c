//! The gate: dedup keys, throttles and quotas, exact and all or nothing.

mod dedup_keys;
mod quotas;

use std::time::Duration;

use acteon_core::{Outcome, Tenant};
use acteon_store::{
    ActionState, Admission, Admitted, Conditions, DedupCheck, Disposition, Enqueue, Judged,
    Overage, QuotaCheck, Route, Store, ThrottleCheck,
};

use crate::{Engine, at, find, route, with_disposition};

on_every_engine! {
    what_was_refused_for_now_is_decided_anew_and_both_stay_in_the_journal,
    a_throttle_slides,
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
