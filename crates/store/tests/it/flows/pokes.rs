//! What makes a flow due.

use acteon_store::{Admission, Advance, Disposition, Enqueue, OwnerId, Settled, Settlement, Step};

use super::{
    advance, begins, begun, cancel, changed, changes, child, claim, ends_poking, find_flow, flow,
    key, over, poke, waits, write,
};
use crate::{Engine, at, executed, failed, find, with_disposition};

on_every_engine! {
    a_poke_makes_due_at_the_latest_then,
    a_poke_of_what_is_over_or_not_there_does_nothing,
    a_poke_of_what_is_owned_is_not_lost,
    the_end_of_an_action_pokes_its_flow,
    what_does_not_end_an_action_pokes_nobody,
    an_action_that_is_over_at_once_pokes_its_flow,
    several_pokes_of_one_flow_are_one_step,
}

pub(crate) async fn a_poke_makes_due_at_the_latest_then(engine: &Engine) {
    let store = engine.open().await;
    for (id, due, expected) in [
        ("later", Some(300), 150),
        ("sooner", Some(100), 100),
        ("unset", None, 150),
        ("same", Some(150), 150),
    ] {
        let before = begun(&*store, id, waits(due)).await;
        let other = Advance {
            pokes: vec![poke(id, 150)],
            ..begins(&format!("by-{id}"), over())
        };
        write(&*store, other).await;
        let now = flow(&*store, id).await;
        assert_eq!(now.state, waits(Some(expected)), "{id}");
        assert!(
            now.version > before.version,
            "{id}: whoever steps it must look again"
        );
        assert_eq!(
            (now.updated_at, now.owner),
            (before.updated_at, OwnerId::NOBODY)
        );
        assert_eq!(
            changed(&*store, changes(&before, over())).await,
            Some(now),
            "{id}"
        );
    }
}

pub(crate) async fn a_poke_of_what_is_over_or_not_there_does_nothing(engine: &Engine) {
    let store = engine.open().await;
    let before = begun(&*store, "over", over()).await;
    let step = Advance {
        pokes: vec![poke("over", 150), poke("none", 150)],
        ..begins("a", waits(None))
    };
    write(&*store, step).await;
    assert_eq!(flow(&*store, "over").await, before);
    assert_eq!(find_flow(&*store, "none").await, None);
    // A flow that ends with its own poke is over.
    let last = Advance {
        pokes: vec![poke("a", 150)],
        ..changes(&flow(&*store, "a").await, over())
    };
    write(&*store, last).await;
    assert_eq!(flow(&*store, "a").await.state, over());
}

pub(crate) async fn a_poke_of_what_is_owned_is_not_lost(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    begun(&*store, "a", waits(Some(100))).await;
    let held = claim(&*store, owner, 120).await.pop().expect("claimed");
    let other = Advance {
        pokes: vec![poke("a", 110)],
        ..begins("b", over())
    };
    write(&*store, other).await;
    let late = Advance {
        admissions: vec![child("c", "a")],
        ..changes(&held, waits(Some(900)))
    };
    let now = changed(&*store, late).await.expect("it is there");
    assert_eq!(now.owner, owner, "it is still the owner's to step");
    assert!(claim(&*store, owner, 500).await.is_empty());
    write(&*store, changes(&now, waits(Some(900)))).await;
    assert_eq!(flow(&*store, "a").await.state, waits(Some(900)));
}

pub(crate) async fn the_end_of_an_action_pokes_its_flow(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let step = Advance {
        admissions: vec![
            child("done", "a"),
            child("dead", "a"),
            child("called-off", "a"),
        ],
        ..begins("a", waits(Some(300)))
    };
    write(&*store, step).await;
    let called_off = find(&*store, "called-off").await;
    let called_off = Settlement {
        poke: Some(poke("a", 290)),
        ..cancel(&called_off)
    };
    assert_eq!(store.settle(called_off).await, Ok(Settled::Written));
    assert_eq!(flow(&*store, "a").await.state, waits(Some(290)));
    let claimed = crate::claim(&*store, owner, 200).await;
    for (due, outcome, record) in [
        (280, executed(), &claimed[0]),
        (270, failed("NO"), &claimed[1]),
    ] {
        let before = flow(&*store, "a").await;
        let ends = || ends_poking(record, owner, poke("a", due), outcome.clone());
        assert_eq!(store.settle(ends()).await, Ok(Settled::Written));
        let now = flow(&*store, "a").await;
        assert_eq!(now.state, waits(Some(due)));
        assert!(now.version > before.version);
        // Another's, or the same once more.
        assert_eq!(store.settle(ends()).await, Ok(Settled::Fenced));
        assert_eq!(flow(&*store, "a").await, now);
    }
    // A flow whose step cancels its own action.
    let step = Advance {
        admissions: vec![child("own", "a")],
        ..changes(&flow(&*store, "a").await, waits(None))
    };
    write(&*store, step).await;
    let own = Settlement {
        poke: Some(poke("a", 250)),
        ..cancel(&find(&*store, "own").await)
    };
    let step = Advance {
        cancels: vec![own],
        ..changes(&flow(&*store, "a").await, waits(Some(800)))
    };
    let written = write(&*store, step).await;
    let now = flow(&*store, "a").await;
    assert_eq!(
        (now.state.due_at, now.version),
        (Some(at(250)), written.version)
    );
}

pub(crate) async fn what_does_not_end_an_action_pokes_nobody(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let step = Advance {
        admissions: vec![child("c", "a")],
        ..begins("a", waits(Some(300)))
    };
    write(&*store, step).await;
    let before = flow(&*store, "a").await;
    let record = crate::claim(&*store, owner, 200)
        .await
        .pop()
        .expect("claimed");
    for step in [Step::Progress { in_flight: true }, crate::again(250)] {
        let settlement = Settlement {
            step,
            ..ends_poking(&record, owner, poke("a", 100), executed())
        };
        assert_eq!(store.settle(settlement).await, Ok(Settled::Written));
    }
    assert_eq!(flow(&*store, "a").await, before);
}

pub(crate) async fn an_action_that_is_over_at_once_pokes_its_flow(engine: &Engine) {
    let store = engine.open().await;
    let before = begun(&*store, "other", waits(Some(300))).await;
    let over_at_once = |id: &str, parent: &str| Admission {
        parent: Some(key(parent)),
        ..with_disposition(id, at(100), Disposition::Ended(executed()))
    };
    let step = Advance {
        admissions: vec![over_at_once("first", "a"), over_at_once("second", "other")],
        ..begins("a", waits(None))
    };
    let written = write(&*store, step).await;
    let now = flow(&*store, "a").await;
    assert_eq!(
        (now.state, now.version),
        (waits(Some(190)), written.version)
    );
    let other = flow(&*store, "other").await;
    assert_eq!(other.state, waits(Some(190)));
    assert!(other.version > before.version);
    // Outside of an advance no due time is known: it is due at once.
    store
        .admit(over_at_once("third", "other"))
        .await
        .map(drop)
        .expect("admitted");
    assert!(flow(&*store, "other").await.state.due_at <= Some(at(100)));
    let open = Admission {
        parent: Some(key("other")),
        ..crate::admission("fourth", Enqueue::DueAt(at(105)))
    };
    let before = flow(&*store, "other").await;
    store.admit(open).await.map(drop).expect("admitted");
    assert_eq!(flow(&*store, "other").await, before, "it is not over");
}

pub(crate) async fn several_pokes_of_one_flow_are_one_step(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let ids: Vec<String> = (0..10).map(|number| format!("c{number}")).collect();
    let step = Advance {
        admissions: ids.iter().map(|id| child(id, "a")).collect(),
        ..begins("a", waits(None))
    };
    write(&*store, step).await;
    let claimed = crate::claim(&*store, owner, 200).await;
    assert_eq!(claimed.len(), 10);
    let settles = claimed.iter().enumerate().map(|(number, record)| {
        let due = 290 - number as i64;
        store.settle(ends_poking(record, owner, poke("a", due), executed()))
    });
    for settled in futures_util::future::join_all(settles).await {
        assert_eq!(settled, Ok(Settled::Written));
    }
    let now = flow(&*store, "a").await;
    assert_eq!(now.state, waits(Some(281)), "the earliest of all");
    write(&*store, changes(&now, over())).await;
    let nobody = advance("a", acteon_store::Expect::Version(now.version), None);
    assert!(changed(&*store, nobody).await.is_some());
}
