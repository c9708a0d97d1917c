//! Flows that are made due earlier, in batches: a wall clock that they wait for was set ahead.

use std::time::Duration;

use acteon_core::Timestamp;
use acteon_store::{FlowHasten, FlowKey, Store};

use super::{begins, begun, changes, claim, flow, ids, over, waits, write};
use crate::{Engine, at};

on_every_engine! {
    what_waits_is_due_earlier_by_the_step_and_not_before_now,
    only_what_waits_within_the_span_is_hastened,
    many_that_are_due_at_one_instant_are_hastened_once_each,
    what_is_worked_on_stays_as_it_is,
    hastening_changes_no_version_and_survives_a_restart,
}

fn by(seconds: u64, limit: usize) -> FlowHasten {
    FlowHasten {
        kind: "chain".into(),
        by: Duration::from_secs(seconds),
        now: at(200),
        from: at(200),
        until: at(10_000),
        limit,
    }
}

/// Hastens all of it; says in how many requests.
async fn hasten(store: &dyn Store, mut request: FlowHasten) -> usize {
    for number in 1.. {
        let next = store.hasten_flows(request.clone()).await.expect("hastened");
        let Some(next) = next else { return number };
        assert!(next >= request.from, "{next:?} lies before {request:?}");
        request.from = next;
    }
    unreachable!("requests without an end")
}

async fn due(store: &dyn Store, id: &str) -> Option<Timestamp> {
    flow(store, id).await.state.due_at
}

async fn what_waits_is_due_earlier_by_the_step_and_not_before_now(engine: &Engine) {
    let store = engine.open().await;
    for (id, instant) in [("soon", 250), ("later", 600), ("last", 9000)] {
        begun(&*store, id, waits(Some(instant))).await;
    }
    assert_eq!(hasten(&*store, by(300, 10)).await, 1);
    for (id, instant) in [("soon", 200), ("later", 300), ("last", 8700)] {
        assert_eq!(due(&*store, id).await, Some(at(instant)), "{id}");
    }
    let owner = store.register().await.expect("an owner");
    let claimed = claim(&*store, owner, 300).await;
    assert_eq!(ids(&claimed), ["soon", "later"]);
}

async fn only_what_waits_within_the_span_is_hastened(engine: &Engine) {
    let store = engine.open().await;
    for (id, instant) in [
        ("due", Some(150)),
        ("before", Some(400)),
        ("within", Some(500)),
        ("behind", Some(901)),
        ("poked", None),
    ] {
        begun(&*store, id, waits(instant)).await;
    }
    begun(&*store, "over", over()).await;
    let other = FlowKey::new("other", "o");
    let begins_other = acteon_store::Advance {
        key: other.clone(),
        ..begins("", waits(Some(500)))
    };
    write(&*store, begins_other).await;
    let span = FlowHasten {
        from: at(500),
        until: at(900),
        ..by(50, 10)
    };
    assert_eq!(hasten(&*store, span).await, 1);
    for (id, instant) in [
        ("due", Some(150)),
        ("before", Some(400)),
        ("within", Some(450)),
        ("behind", Some(901)),
        ("poked", None),
        ("over", None),
    ] {
        assert_eq!(due(&*store, id).await, instant.map(at), "{id}");
    }
    let found = store.flow(&other).await.expect("an answer");
    assert_eq!(found.and_then(|flow| flow.state.due_at), Some(at(500)));
}

async fn many_that_are_due_at_one_instant_are_hastened_once_each(engine: &Engine) {
    let store = engine.open().await;
    for number in 0..25 {
        let instant = if number < 20 { 5000 } else { 5003 };
        begun(&*store, &format!("f{number}"), waits(Some(instant))).await;
    }
    assert_eq!(hasten(&*store, by(2, 5)).await, 6);
    for number in 0..25 {
        let instant = if number < 20 { 4998 } else { 5001 };
        let id = format!("f{number}");
        assert_eq!(due(&*store, &id).await, Some(at(instant)), "{id}");
    }
}

async fn what_is_worked_on_stays_as_it_is(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    begun(&*store, "a", waits(Some(150))).await;
    let claimed = claim(&*store, owner, 160).await;
    let early = FlowHasten {
        now: at(100),
        from: at(100),
        ..by(20, 10)
    };
    assert_eq!(hasten(&*store, early).await, 1);
    assert_eq!(flow(&*store, "a").await, claimed[0]);
}

async fn hastening_changes_no_version_and_survives_a_restart(engine: &Engine) {
    let store = engine.open().await;
    let before = begun(&*store, "a", waits(Some(900))).await;
    hasten(&*store, by(300, 10)).await;
    drop(store);
    let store = engine.open().await;
    let now = flow(&*store, "a").await;
    assert_eq!(now.state.due_at, Some(at(600)));
    assert_eq!(
        (now.version, now.updated_at),
        (before.version, before.updated_at)
    );
    // A change that was on its way is written, and says anew when it is due.
    write(&*store, changes(&before, waits(Some(700)))).await;
    assert_eq!(due(&*store, "a").await, Some(at(700)));
}
