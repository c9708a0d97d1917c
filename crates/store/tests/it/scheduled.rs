//! Actions that wait for their instants: listed, changed by nobody's hand, and claimed when they are due.

use std::sync::Arc;

use acteon_core::{Outcome, Scope, Timestamp};
use acteon_store::{
    Admission, Admitted, Age, Conditions, Cursor, Disposition, Enqueue, Hold, OwnerId, Route,
    ScheduledPage, ScheduledRequest, Seq, Settled, Settlement, Step, Store,
};

use crate::{Engine, action, at, claim, find, route, with_disposition};

on_every_engine! {
    what_waits_is_listed_by_its_instant,
    nobody_changes_what_waits_until_somebody_has_it,
    what_waits_is_counted_apart,
}

/// An action of a tenant that waits until an instant.
fn waiting(id: &str, tenant: &str, until: Timestamp) -> Admission {
    let route = Route {
        not_before: until,
        give_up_at: until + std::time::Duration::from_secs(1000),
        so_far: Some("{}".into()),
        ..route("p", Enqueue::DueAt(until))
    };
    let send = Disposition::Send {
        conditions: Conditions::default(),
        routes: vec![route],
    };
    Admission {
        action: Arc::new(action(id, tenant)),
        ..with_disposition(id, at(100), send)
    }
}

async fn admit(store: &dyn Store, admission: Admission) -> Seq {
    match store.admit(admission).await {
        Ok(Admitted::Open { seq, .. }) => seq,
        Ok(_) => panic!("it is not open"),
        Err(error) => panic!("{error}"),
    }
}

fn request(scope: Scope, limit: usize) -> ScheduledRequest {
    ScheduledRequest {
        scope,
        now: at(150),
        after: None,
        limit,
    }
}

fn cursors(page: &ScheduledPage) -> Vec<Cursor> {
    page.rows.iter().map(|row| row.cursor).collect()
}

/// A change of a row by nobody.
fn by_nobody(seq: Seq, fence: i64, step: Step) -> Settlement {
    Settlement {
        hold: Hold {
            seq,
            owner: OwnerId::NOBODY,
            fence,
        },
        at: at(160),
        attempts: 0,
        durable_retries: 0,
        takeovers: 0,
        history: None,
        possible_duplicate: false,
        late_mark: None,
        waited_for: true,
        poke: None,
        step,
    }
}

fn cancelled() -> Step {
    let outcome = Outcome::Cancelled {
        by: "ops".into(),
        at: at(160),
    };
    Step::End {
        text: outcome.to_json(),
        outcome,
        class: None,
        refund: None,
    }
}

pub(crate) async fn what_waits_is_listed_by_its_instant(engine: &Engine) {
    let store = engine.open().await;
    let late = admit(&*store, waiting("late", "t", at(300))).await;
    let soon = admit(&*store, waiting("soon", "t", at(200))).await;
    let other = admit(&*store, waiting("other", "u", at(250))).await;
    // What is due by now, or was only put off, does not wait for its instant.
    admit(&*store, waiting("due", "t", at(150))).await;
    let put_off = Disposition::Send {
        conditions: Conditions::default(),
        routes: vec![route("p", Enqueue::DueAt(at(400)))],
    };
    admit(&*store, with_disposition("put-off", at(100), put_off)).await;
    let listed = async |request| store.scheduled(request).await.expect("a page");
    let everything = listed(request(Scope::everything(), 10)).await;
    let seqs: Vec<Seq> = everything.rows.iter().map(|row| row.cursor.seq).collect();
    let first = &everything.rows[0];
    assert_eq!(
        (
            first.action_id.as_str(),
            first.tenant.as_str(),
            first.provider.as_str()
        ),
        ("soon", "t", "p")
    );
    assert_eq!((seqs, everything.next), (vec![soon, other, late], None));
    let tenant = acteon_core::Tenant::parse("t").expect("a name");
    let namespace = acteon_core::Namespace::parse("n").expect("a name");
    let own = listed(request(Scope::exactly(&namespace, &tenant), 1)).await;
    assert_eq!(
        cursors(&own),
        [Cursor {
            at: at(200),
            seq: soon
        }]
    );
    let next = listed(ScheduledRequest {
        after: own.next,
        ..request(Scope::exactly(&namespace, &tenant), 1)
    })
    .await;
    assert_eq!(
        cursors(&next),
        [Cursor {
            at: at(300),
            seq: late
        }]
    );
    // Time goes on while somebody reads: what came due meanwhile is passed over.
    let later = listed(ScheduledRequest {
        now: at(260),
        after: own.next,
        ..request(Scope::everything(), 10)
    })
    .await;
    assert_eq!(
        cursors(&later),
        [Cursor {
            at: at(300),
            seq: late
        }]
    );
}

pub(crate) async fn nobody_changes_what_waits_until_somebody_has_it(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let moved = admit(&*store, waiting("moved", "t", at(200))).await;
    let gone = admit(&*store, waiting("gone", "t", at(200))).await;
    let taken = admit(&*store, waiting("taken", "t", at(200))).await;
    let settle = async |settlement| store.settle(settlement).await;
    let to_300 = || Step::PutOff {
        due_at: at(300),
        so_far: "{}".into(),
        age: Some(Age {
            not_before: at(300),
            give_up_at: at(900),
        }),
    };
    assert_eq!(
        settle(by_nobody(moved, 0, to_300())).await,
        Ok(Settled::Written)
    );
    assert_eq!(
        settle(by_nobody(gone, 0, cancelled())).await,
        Ok(Settled::Written)
    );
    let record = find(&*store, "moved").await;
    assert_eq!(
        (record.due_at, record.not_before, record.give_up_at),
        (at(300), at(300), at(900))
    );
    let ended = find(&*store, "gone").await;
    assert_eq!(ended.state, acteon_store::ActionState::Done);
    let claimed = claim(&*store, owner, 250).await;
    assert_eq!(
        claimed.len(),
        1,
        "only what was neither moved nor called off"
    );
    assert_eq!(claimed[0].seq, taken);
    for fence in [0, 1] {
        let late = settle(by_nobody(taken, fence, cancelled())).await;
        assert_eq!(late, Ok(Settled::Fenced), "it has begun");
    }
}

pub(crate) async fn what_waits_is_counted_apart(engine: &Engine) {
    let store = engine.open().await;
    for (id, until) in [("a", 140), ("b", 200), ("c", 300)] {
        admit(&*store, waiting(id, "t", at(until))).await;
    }
    for (now, counts) in [(150, (1, 2)), (250, (2, 1)), (300, (3, 0))] {
        let shares = store.open_shares(at(now)).await.expect("shares");
        assert_eq!(shares.len(), 1);
        assert_eq!((shares[0].count, shares[0].later), counts, "at {now}");
    }
}
