//! Actions that an advance admits and cancels.

use std::sync::Arc;

use acteon_core::{Outcome, Prepared};
use acteon_store::{
    ActionState, Admission, Admitted, Advance, Conditions, DedupCheck, Disposition, Enqueue,
    Overage, QuotaCheck, Route, Settled, Settlement, Step, Store,
};

use super::{begins, cancel, changes, child, flow, key, over, tenant, waits, write};
use crate::{Engine, action, at, claim, executed, find, route, with_disposition};

on_every_engine! {
    what_a_flow_wants_is_admitted_with_its_step,
    an_id_that_is_there_is_admitted_once,
    the_gate_judges_what_a_flow_wants,
    what_nobody_has_begun_is_cancelled_with_its_charges,
    what_somebody_has_begun_is_not_cancelled,
}

fn quota(max_actions: u64) -> QuotaCheck {
    QuotaCheck {
        counter: "q".into(),
        id: "q".into(),
        tenant: tenant("t"),
        max_actions,
        resets_at: at(3600),
        overage: Overage::Block,
    }
}

/// Child that is charged to a quota, and holds a dedup key.
fn charged(id: &str, max_actions: u64) -> Admission {
    let route = Route {
        quotas: vec![quota(max_actions)],
        ..route("p", Enqueue::DueAt(at(105)))
    };
    let dedup = DedupCheck {
        key: format!("key-{id}"),
        until: at(3600),
    };
    let conditions = Conditions {
        dedup: Some(dedup),
        throttle: None,
    };
    let send = Disposition::Send {
        conditions,
        routes: vec![route],
    };
    Admission {
        parent: Some(key("a")),
        ..with_disposition(id, at(100), send)
    }
}

fn is_open(admitted: &Admitted) -> bool {
    matches!(admitted, Admitted::Open { .. })
}

pub(crate) async fn what_a_flow_wants_is_admitted_with_its_step(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let mut large = child("second", "a");
    let prepared = Arc::new(Prepared {
        bytes: vec![7; 100_000],
        ..Prepared::default()
    });
    if let Disposition::Send { routes, .. } = &mut large.disposition {
        routes[0].prepared = prepared;
    }
    let step = Advance {
        admissions: vec![
            child("first", "a"),
            large,
            crate::admission("free", Enqueue::DueAt(at(105))),
        ],
        ..begins("a", waits(Some(300)))
    };
    let written = write(&*store, step).await;
    assert!(written.admitted.iter().all(is_open));
    assert_eq!((written.admitted.len(), store.open_count()), (3, 3));
    let claimed = claim(&*store, owner, 150).await;
    let parents: Vec<_> = claimed.iter().map(|record| record.parent.clone()).collect();
    assert_eq!(parents, [Some(key("a")), Some(key("a")), None]);
    let first = find(&*store, "first").await;
    assert_eq!((first.unreadable, first.parent), (None, Some(key("a"))));
    assert_eq!(
        flow(&*store, "a").await.state,
        waits(Some(300)),
        "nothing poked it"
    );
}

pub(crate) async fn an_id_that_is_there_is_admitted_once(engine: &Engine) {
    let store = engine.open().await;
    let step = || vec![charged("first", 10), charged("second", 10)];
    let first = Advance {
        admissions: step(),
        ..begins("a", waits(Some(300)))
    };
    let Written { admitted, .. } = write(&*store, first).await;
    let seqs: Vec<_> = admitted
        .iter()
        .map(|admitted| match admitted {
            Admitted::Open { seq, .. } => *seq,
            _ => panic!("it was there"),
        })
        .collect();
    let mut admissions = step();
    admissions.push(charged("third", 10));
    let again = Advance {
        admissions,
        ..changes(&flow(&*store, "a").await, waits(Some(400)))
    };
    let again = write(&*store, again).await;
    let existing: Vec<_> = again
        .admitted
        .iter()
        .filter_map(|admitted| match admitted {
            Admitted::Existing(seq) => Some(*seq),
            _ => None,
        })
        .collect();
    assert_eq!(existing, seqs);
    assert!(
        is_open(&again.admitted[2]),
        "the others are admitted all the same"
    );
    assert_eq!((store.open_count(), store.used("q").await), (3, Ok(3)));
    let now = flow(&*store, "a").await;
    assert_eq!(
        now.state.due_at,
        Some(at(190)),
        "what was there may be over, and nobody would tell"
    );
    assert_eq!(now.version, again.version);
}

pub(crate) async fn the_gate_judges_what_a_flow_wants(engine: &Engine) {
    let store = engine.open().await;
    let step = Advance {
        admissions: vec![charged("goes", 1), charged("blocked", 1)],
        ..begins("a", waits(Some(300)))
    };
    let written = write(&*store, step).await;
    assert!(is_open(&written.admitted[0]));
    assert!(
        matches!(
            &written.admitted[1],
            Admitted::Ended(Outcome::QuotaExceeded { .. })
        ),
        "an action of the same step counts"
    );
    assert_eq!(find(&*store, "blocked").await.state, ActionState::Refused);
    let now = flow(&*store, "a").await;
    assert_eq!(
        (now.state.due_at, now.version),
        (Some(at(190)), written.version)
    );
    assert_eq!((store.open_count(), store.used("q").await), (1, Ok(1)));
}

/// Makes a process claim an action, and put it off after a try.
async fn try_once(store: &dyn Store, id: &str) {
    let owner = store.register().await.expect("an owner");
    let claimed = claim(store, owner, 150).await;
    let record = claimed
        .iter()
        .find(|record| record.action.id.as_str() == id)
        .expect("claimed");
    let put_off = Settlement {
        hold: acteon_store::Hold {
            seq: record.seq,
            owner,
            fence: record.fence,
        },
        ..crate::settlement(record.seq, owner, crate::again(300))
    };
    assert_eq!(store.settle(put_off).await, Ok(Settled::Written));
}

pub(crate) async fn what_nobody_has_begun_is_cancelled_with_its_charges(engine: &Engine) {
    let store = engine.open().await;
    let step = Advance {
        admissions: vec![charged("first", 10), charged("second", 10)],
        ..begins("a", waits(Some(300)))
    };
    write(&*store, step).await;
    let record = find(&*store, "first").await;
    let mut cancels = cancel(&record);
    if let Step::End { refund, .. } = &mut cancels.step {
        *refund = Some(record.charges.clone());
    }
    let ends = Advance {
        cancels: vec![cancels],
        ..changes(&flow(&*store, "a").await, over())
    };
    assert_eq!(write(&*store, ends).await.cancelled, [Settled::Written]);
    assert_eq!(find(&*store, "first").await.state, ActionState::Done);
    assert_eq!((store.open_count(), store.used("q").await), (1, Ok(1)));
    let again = Admission {
        action: Arc::new(action("again", "t")),
        ..charged("first", 10)
    };
    let free = store.admit(again).await.expect("admitted");
    assert!(is_open(&free), "its dedup key is free again");
}

pub(crate) async fn what_somebody_has_begun_is_not_cancelled(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let step = Advance {
        admissions: vec![
            child("tried", "a"),
            child("held", "a"),
            child("ended", "a"),
            child("waits", "a"),
        ],
        ..begins("a", waits(Some(300)))
    };
    write(&*store, step).await;
    let names = ["tried", "held", "ended", "waits"];
    let mut before = Vec::new();
    for name in names {
        before.push(find(&*store, name).await);
    }
    let ended = write(
        &*store,
        Advance {
            cancels: vec![cancel(&before[2]), cancel(&before[2])],
            ..changes(&flow(&*store, "a").await, waits(None))
        },
    )
    .await;
    assert_eq!(ended.cancelled, [Settled::Written, Settled::Fenced], "once");
    try_once(&*store, "tried").await;
    // Whoever tried has the others as well.
    let gone = store.heartbeats().await.expect("beats");
    let gone = gone
        .into_iter()
        .filter(|beat| beat.owner != owner)
        .collect();
    store.take_over(gone, at(160)).await.expect("taken over");
    let claimed = claim(&*store, owner, 200).await;
    assert_eq!(claimed.len(), 2, "held and waits");
    let (tried, held) = (find(&*store, "tried").await, find(&*store, "held").await);
    let late = Advance {
        cancels: before.iter().map(cancel).collect(),
        ..changes(&flow(&*store, "a").await, over())
    };
    let written = write(&*store, late).await;
    assert_eq!(written.cancelled, [Settled::Fenced; 4]);
    for (before, now) in [
        (tried, find(&*store, "tried").await),
        (held, find(&*store, "held").await),
    ] {
        assert_eq!(
            (now.state, now.attempts, now.owned, now.fence, now.due_at),
            (
                ActionState::Open,
                before.attempts,
                before.owned,
                before.fence,
                before.due_at
            )
        );
    }
    assert!(
        flow(&*store, "a").await.state.is_over,
        "the step is written all the same"
    );
    for record in claimed {
        let done = super::ends_poking(&record, owner, super::poke("a", 100), executed());
        assert_eq!(store.settle(done).await, Ok(Settled::Written));
    }
}

use super::Written;
