//! Who works on which flows, and what becomes of those that a process left.

use acteon_store::{Advance, FlowClaim, FlowHold, FlowKey, Heartbeat, OwnerId, Store};

use super::{
    begins, begun, changed, changes, claim, find_flow, flow, ids, key, kinds, over, poke, waits,
    write,
};
use crate::{Engine, at};

on_every_engine! {
    due_flows_are_claimed_once_the_oldest_due_first,
    a_claim_takes_the_kinds_and_the_number_that_it_says,
    nobody_claims_who_is_not_registered,
    the_next_due_time_is_of_what_nobody_owns,
    a_process_that_died_is_counted_and_one_that_ended_is_not,
    a_step_forgets_who_died_before,
    what_is_owned_is_listed_in_pages_and_freed_only_as_it_is_held,
    a_restart_keeps_what_waits,
    many_processes_claim_each_flow_once,
}

fn of(owner: OwnerId, names: &[&str], limit: usize) -> FlowClaim {
    FlowClaim {
        owner,
        now: at(1000),
        kinds: kinds(names),
        limit,
    }
}

/// Begins a flow of a kind.
async fn begun_of(store: &dyn Store, kind: &str, id: &str, due: Option<i64>) {
    let begins = Advance {
        key: FlowKey::new(kind, id),
        ..begins(id, waits(due))
    };
    write(store, begins).await;
}

fn hold(flow: &acteon_store::Flow) -> FlowHold {
    FlowHold {
        key: flow.key.clone(),
        owner: flow.owner,
        version: flow.version,
    }
}

async fn beats_of(store: &dyn Store, owner: OwnerId) -> Vec<Heartbeat> {
    let beats = store.heartbeats().await.expect("beats");
    beats
        .into_iter()
        .filter(|beat| beat.owner == owner)
        .collect()
}

pub(crate) async fn due_flows_are_claimed_once_the_oldest_due_first(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    for (id, due) in [
        ("b", Some(120)),
        ("a", Some(130)),
        ("c", Some(110)),
        ("later", Some(141)),
        ("never", None),
    ] {
        begun(&*store, id, waits(due)).await;
    }
    let before = flow(&*store, "c").await;
    let claimed = claim(&*store, owner, 140).await;
    assert_eq!(ids(&claimed), ["c", "b", "a"]);
    let held = flow(&*store, "c").await;
    assert_eq!(claimed[0], held, "it is told as it is");
    assert!(held.version > before.version);
    assert_eq!((held.owner, &held.state), (owner, &before.state));
    assert!(claim(&*store, owner, 140).await.is_empty());
    // What is claimed is the owner's to step, by the version that the claim gave it.
    assert!(changed(&*store, changes(&before, over())).await.is_some());
    write(&*store, changes(&held, waits(Some(150)))).await;
    assert_eq!(ids(&claim(&*store, owner, 150).await), ["later", "c"]);
}

pub(crate) async fn a_claim_takes_the_kinds_and_the_number_that_it_says(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    for (kind, id, due) in [
        ("x", "1", 101),
        ("y", "2", 102),
        ("z", "3", 103),
        ("x", "4", 104),
        ("y", "5", 105),
        ("x", "6", 106),
    ] {
        begun_of(&*store, kind, id, Some(due)).await;
    }
    let claimed = async |names: &[&str], limit| {
        store
            .claim_flows(of(owner, names, limit))
            .await
            .expect("claimed")
    };
    assert!(claimed(&[], 10).await.is_empty());
    assert!(claimed(&["x"], 0).await.is_empty());
    assert_eq!(
        ids(&claimed(&["y", "x"], 3).await),
        ["1", "2", "4"],
        "over all kinds"
    );
    assert_eq!(ids(&claimed(&["x", "x"], 10).await), ["6"]);
    assert_eq!(ids(&claimed(&["none", "z", "y"], 10).await), ["3", "5"]);
}

pub(crate) async fn nobody_claims_who_is_not_registered(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let before = begun(&*store, "a", waits(Some(100))).await;
    for stranger in [OwnerId(owner.0 ^ 1), OwnerId::NOBODY] {
        assert!(claim(&*store, stranger, 150).await.is_empty());
    }
    store.retire(owner, at(110)).await.expect("retired");
    assert!(claim(&*store, owner, 150).await.is_empty());
    assert_eq!(flow(&*store, "a").await, before);
}

pub(crate) async fn the_next_due_time_is_of_what_nobody_owns(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let next = async |names: &[&str]| store.next_flow_due(&kinds(names)).await.expect("an answer");
    assert_eq!(next(&["chain"]).await, None);
    begun(&*store, "a", waits(Some(300))).await;
    begun(&*store, "b", waits(None)).await;
    begun_of(&*store, "other", "c", Some(200)).await;
    assert_eq!(next(&["chain"]).await, Some(at(300)));
    assert_eq!(next(&["chain", "other"]).await, Some(at(200)));
    assert_eq!((next(&[]).await, next(&["none"]).await), (None, None));
    let held = claim(&*store, owner, 400).await;
    assert_eq!(next(&["chain"]).await, None);
    store.free_flows(vec![hold(&held[0])]).await.expect("freed");
    assert_eq!(next(&["chain"]).await, Some(at(300)));
}

pub(crate) async fn a_process_that_died_is_counted_and_one_that_ended_is_not(engine: &Engine) {
    let store = engine.open().await;
    let lives = store.register().await.expect("an owner");
    begun(&*store, "kept", waits(Some(90))).await;
    let kept = claim(&*store, lives, 95).await.pop().expect("claimed");
    begun(&*store, "a", waits(Some(100))).await;
    for round in 1..4 {
        let dies = store.register().await.expect("an owner");
        let held = claim(&*store, dies, 150).await.pop().expect("claimed");
        let beats = beats_of(&*store, dies).await;
        assert!(store.renew(dies).await.expect("renewed"));
        store.take_over(beats, at(500)).await.expect("an answer");
        assert_eq!(flow(&*store, "a").await, held, "it still lives");
        let beats = beats_of(&*store, dies).await;
        store.take_over(beats, at(500)).await.expect("taken over");
        let free = flow(&*store, "a").await;
        assert_eq!(
            (free.owner, free.takeovers, free.state.due_at),
            (OwnerId::NOBODY, round, Some(at(100))),
            "due when it was"
        );
        assert!(
            changed(&*store, changes(&held, over())).await.is_some(),
            "whoever died may still write"
        );
    }
    let ends = store.register().await.expect("an owner");
    let held = claim(&*store, ends, 150).await.pop().expect("claimed");
    assert_eq!(held.takeovers, 3);
    store.retire(ends, at(500)).await.expect("retired");
    let free = flow(&*store, "a").await;
    assert_eq!(
        (free.owner, free.takeovers, free.state.due_at),
        (OwnerId::NOBODY, 3, Some(at(100)))
    );
    assert!(free.version > held.version);
    assert_eq!(flow(&*store, "kept").await, kept, "another's is left alone");
}

pub(crate) async fn a_step_forgets_who_died_before(engine: &Engine) {
    let store = engine.open().await;
    begun(&*store, "a", waits(Some(100))).await;
    let dies = store.register().await.expect("an owner");
    claim(&*store, dies, 150).await;
    let beats = beats_of(&*store, dies).await;
    store.take_over(beats, at(500)).await.expect("taken over");
    let owner = store.register().await.expect("an owner");
    let held = claim(&*store, owner, 150).await.pop().expect("claimed");
    assert_eq!(held.takeovers, 1);
    write(&*store, changes(&held, waits(Some(900)))).await;
    assert_eq!(flow(&*store, "a").await.takeovers, 0);
}

pub(crate) async fn what_is_owned_is_listed_in_pages_and_freed_only_as_it_is_held(engine: &Engine) {
    let store = engine.open().await;
    let (owner, other) = (
        store.register().await.expect("an owner"),
        store.register().await.expect("an owner"),
    );
    for (kind, id) in [("y", "1"), ("x", "2"), ("x", "1"), ("y", "2"), ("z", "1")] {
        begun_of(&*store, kind, id, Some(100)).await;
    }
    store
        .claim_flows(of(owner, &["x", "y"], 10))
        .await
        .expect("claimed");
    store
        .claim_flows(of(other, &["z"], 10))
        .await
        .expect("claimed");
    let page = async |after| store.owned_flows(owner, after, 3).await.expect("a page");
    let first = page(None).await;
    let rest = page(first.last().map(|hold| hold.key.clone())).await;
    let names: Vec<String> = first
        .iter()
        .chain(&rest)
        .map(|hold| hold.key.to_string())
        .collect();
    assert_eq!(names, ["x:1", "x:2", "y:1", "y:2"]);
    assert!(first.iter().all(|hold| hold.owner == owner));
    let nobodys = store.owned_flows(OwnerId::NOBODY, None, 10).await;
    assert_eq!(nobodys, Ok(Vec::new()));
    // One that was poked since has another version, which the list says.
    let poked = Advance {
        pokes: vec![acteon_store::Poke {
            flow: first[1].key.clone(),
            due_at: at(50),
        }],
        ..begins("by", over())
    };
    write(&*store, poked).await;
    let wrong = [
        FlowHold {
            owner: other,
            ..first[0].clone()
        },
        FlowHold {
            version: first[0].version + 1,
            ..first[0].clone()
        },
        first[1].clone(),
        FlowHold {
            owner: OwnerId::NOBODY,
            ..first[2].clone()
        },
    ];
    assert_eq!(store.free_flows(wrong.to_vec()).await, Ok(0));
    let now = page(None).await;
    assert_eq!((&now[0], now.len()), (&first[0], 3));
    assert_ne!(now[1], first[1]);
    assert_eq!(
        store.free_flows(vec![now[0].clone(), now[1].clone()]).await,
        Ok(2)
    );
    assert_eq!(store.free_flows(vec![now[0].clone()]).await, Ok(0), "once");
    let claimed = store
        .claim_flows(of(other, &["x", "y", "z"], 10))
        .await
        .expect("claimed");
    let names: Vec<String> = claimed.iter().map(|flow| flow.key.to_string()).collect();
    assert_eq!(names, ["x:2", "x:1"], "due by the poke, and when it was");
    assert!(claimed.iter().all(|flow| flow.takeovers == 0));
}

pub(crate) async fn a_restart_keeps_what_waits(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    begun(&*store, "held", waits(Some(100))).await;
    claim(&*store, owner, 120).await;
    begun(&*store, "waits", waits(Some(300))).await;
    let waits_before = flow(&*store, "waits").await;
    store.retire(owner, at(130)).await.expect("retired");
    let held_before = flow(&*store, "held").await;
    drop(store);
    let store = engine.open().await;
    assert_eq!(flow(&*store, "waits").await, waits_before);
    assert_eq!(flow(&*store, "held").await, held_before);
    let owner = store.register().await.expect("an owner");
    assert_eq!(ids(&claim(&*store, owner, 400).await), ["held", "waits"]);
    assert_eq!(find_flow(&*store, "none").await, None);
}

pub(crate) async fn many_processes_claim_each_flow_once(engine: &Engine) {
    let store = engine.open().await;
    for number in 0..60 {
        begun(&*store, &format!("a{number}"), waits(Some(100 + number))).await;
    }
    let processes: Vec<_> = (0..4)
        .map(|_| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                let owner = store.register().await.expect("an owner");
                let mut mine = Vec::new();
                loop {
                    let claimed = store
                        .claim_flows(of(owner, &["chain"], 7))
                        .await
                        .expect("claimed");
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed);
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for process in processes {
        all.extend(process.await.expect("an end"));
    }
    let mut names: Vec<String> = all.iter().map(|flow| flow.key.id.to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!((all.len(), names.len()), (60, 60));
    let poked = Advance {
        pokes: vec![poke("a7", 50)],
        ..begins("by", over())
    };
    write(&*store, poked).await;
    let held = flow(&*store, "a7").await;
    assert_eq!(
        (held.key.clone(), held.owner == OwnerId::NOBODY),
        (key("a7"), false)
    );
}
