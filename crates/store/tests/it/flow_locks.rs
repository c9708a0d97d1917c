//! Locks of flows on PostgreSQL: everybody takes them first, so that nobody waits for a flow whose holder waits for what he holds; and two processes that
//! step the same flows.

use std::sync::Arc;

use acteon_store::postgres::PostgresStore;
use acteon_store::{
    Admission, Advance, Advanced, Conditions, Disposition, Enqueue, Expect, Flow, FlowState,
    Flows as _, Hold, Journal as _, OwnerId, Poke, Processes as _, QuotaCheck, Route, Settled,
    Settlement, StoreError,
};
use acteon_testkit::postgres::TestDatabase;

use crate::lost_answers::flows::{FIRST, advance, begun, flow, key, new, state};
use crate::{at, end, executed, route, settlement, with_disposition};

/// Locks the flow `f` until somebody waits for it, and fails if that one has locked what `query` looks for.
fn holding_the_flow(query: &str) -> String {
    let is_waited_for = "EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)";
    format!(
        "SET statement_timeout = '20s'; BEGIN; UPDATE flows SET version = version WHERE id = 'f'; DO $$ BEGIN WHILE NOT {is_waited_for} LOOP PERFORM pg_sleep(0.01); \
         END LOOP; PERFORM 1 FROM {query} FOR UPDATE NOWAIT; END $$; COMMIT"
    )
}

/// Runs a call while the flow `f` is locked by another; it must wait for that before it locks anything that `query` looks for.
async fn waits_first<T: Send + 'static>(
    database: &Arc<TestDatabase>,
    query: &str,
    call: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> T {
    let (holding, held) = (holding_the_flow(query), Arc::clone(database));
    let other = tokio::spawn(async move { held.execute(&holding).await });
    let is_locked = "DO $$ BEGIN PERFORM 1 FROM flows WHERE id = 'f' FOR UPDATE NOWAIT; RAISE EXCEPTION 'not yet'; \
         EXCEPTION WHEN lock_not_available THEN NULL; END $$";
    while database.execute(is_locked).await.is_err() {
        tokio::task::yield_now().await;
    }
    let done = call.await.expect("done");
    other
        .await
        .expect("an end")
        .expect("nothing was locked before the flow");
    done
}

fn poke() -> Poke {
    Poke {
        flow: key("f"),
        due_at: at(330),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changes_a_flow_locks_it_before_anything_else() {
    let Some(database) = TestDatabase::find().await.map(Arc::new) else {
        return;
    };
    let store = PostgresStore::open(database.options())
        .await
        .expect("a store");
    let store = Arc::new(store);
    let owner = store.register().await.expect("an owner");
    begun(&store, &["f"]).await;

    let seq = crate::admit(&*store, "owned", Enqueue::Claimed(owner)).await;
    let ends = Settlement {
        poke: Some(poke()),
        ..settlement(seq, owner, end(executed()))
    };
    let settling = {
        let store = Arc::clone(&store);
        async move { store.settle(ends).await }
    };
    let settled = waits_first(&database, "jobs", settling).await;
    assert_eq!(settled, Settled::Written);

    let seq = crate::admit(&*store, "waits", Enqueue::DueAt(at(900))).await;
    let cancel = Settlement {
        hold: Hold {
            seq,
            owner: OwnerId::NOBODY,
            fence: 0,
        },
        attempts: 0,
        ..settlement(seq, OwnerId::NOBODY, end(executed()))
    };
    let stepping = {
        let (store, version) = (Arc::clone(&store), flow(&store, "f").await.version);
        let step = Advance {
            cancels: vec![cancel],
            ..advance("f", Expect::Version(version), Some(state("next", None)))
        };
        async move { store.advance(step).await }
    };
    let advanced = waits_first(&database, "jobs", stepping).await;
    assert!(
        matches!(advanced, Advanced::Written { cancelled, .. } if cancelled == [Settled::Written])
    );

    // The counter is there, so that there is something to lock.
    let charged = |id: &str| Admission {
        parent: Some(key("f")),
        ..charged_child(id)
    };
    assert!(store.admit(charged("first")).await.is_ok());
    let admitting = {
        let (store, admission) = (Arc::clone(&store), charged("second"));
        async move { store.admit(admission).await }
    };
    waits_first(&database, "counters", admitting).await;
}

/// An unowned action with a gate to pass: a dedup key and a quota.
fn charged_child(id: &str) -> Admission {
    let quota = QuotaCheck {
        counter: "q".into(),
        id: "q".into(),
        tenant: acteon_core::Tenant::parse("t").expect("a name"),
        max_actions: 9,
        resets_at: at(3600),
        overage: acteon_store::Overage::Block,
    };
    let conditions = Conditions {
        dedup: Some(acteon_store::DedupCheck {
            key: id.to_owned(),
            until: at(3600),
        }),
        throttle: None,
    };
    let routes = vec![Route {
        quotas: vec![quota],
        ..route("p", Enqueue::DueAt(at(320)))
    }];
    with_disposition(id, at(100), Disposition::Send { conditions, routes })
}

/// Flows that two processes step, and steps that each takes.
const FLOWS: usize = 4;
const STEPS: usize = 40;

fn counted(count: usize) -> FlowState {
    FlowState {
        body: count.to_string().into(),
        ..state("counts", None)
    }
}

fn count_of(flow: &Flow) -> usize {
    flow.state.body.parse().expect("a count")
}

/// Takes steps of all flows, each by what it reads, and says how many were written. Each pokes the next flow and admits a child.
async fn step_all(store: Arc<PostgresStore>) -> usize {
    let mut written = 0;
    for number in 0..STEPS * FLOWS {
        let id = format!("f{}", number % FLOWS);
        let found = flow(&store, &id).await;
        let count = count_of(&found) + 1;
        let child = Admission {
            parent: Some(key(&id)),
            ..charged_child(&format!("{id}:{count}"))
        };
        let child = without_quotas(child);
        let next = Poke {
            flow: key(&format!("f{}", (number + 1) % FLOWS)),
            due_at: at(400),
        };
        let step = Advance {
            admissions: vec![child],
            pokes: vec![next],
            ..advance(&id, Expect::Version(found.version), Some(counted(count)))
        };
        match store.advance(step).await {
            Ok(Advanced::Written { .. }) => written += 1,
            Ok(Advanced::Changed(changed)) => {
                let changed = changed.expect("a flow");
                assert!(changed.version > found.version, "another was before");
            }
            Err(error) => panic!("{error}"),
        }
    }
    written
}

fn without_quotas(mut admission: Admission) -> Admission {
    if let Disposition::Send { routes, .. } = &mut admission.disposition {
        for route in routes {
            route.quotas.clear();
        }
    }
    admission
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_steps_of_two_processes_none_is_lost_and_none_is_done_twice() {
    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let open = async || {
        Arc::new(
            PostgresStore::open(database.options())
                .await
                .expect("a store"),
        )
    };
    let (store, other) = (open().await, open().await);
    for number in 0..FLOWS {
        let begins = advance(&format!("f{number}"), new(), Some(counted(0)));
        store.advance(begins).await.expect("begun");
    }
    let steps = [&store, &store, &other, &other].map(|store| step_all(Arc::clone(store)));
    let written: usize = futures_util::future::join_all(steps).await.iter().sum();
    let mut counts = 0;
    let mut changes = 0;
    for number in 0..FLOWS {
        let found = flow(&store, &format!("f{number}")).await;
        counts += count_of(&found);
        changes += found.version - FIRST;
    }
    let children = database
        .count("SELECT COUNT(*) FROM actions a JOIN jobs j ON j.seq = a.seq WHERE a.parent IS NOT NULL")
        .await
        .expect("a count");
    assert_eq!((counts, children), (written, written as i64));
    assert_eq!(changes, 2 * written as i64, "a step and a poke each");
    assert!(written > 0, "some steps were written");
}
