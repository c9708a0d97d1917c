//! Advances of flows whose answers are lost.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::Outcome;
use acteon_store::postgres::PostgresStore;
use acteon_store::{
    Admission, Admitted, Advance, Advanced, Enqueue, Expect, Flows as _, Hold, Journal as _,
    OwnerId, Seq, Settled, Settlement, StoreError,
};

use super::flows::{
    FIRST, advance, begin, begun, first, flow, key, new, over_its_quota, poke, state, version,
};
use super::{
    behind_a_proxy, end_in_the_middle, lose_the_answer, slow, slow_at, told_after_all, until_open,
};
use crate::{at, end, find, settlement};

fn cancel(seq: Seq) -> Settlement {
    let outcome = Outcome::Cancelled {
        by: "flow".into(),
        at: at(300),
    };
    Settlement {
        attempts: 0,
        durable_retries: 0,
        history: None,
        hold: Hold {
            seq,
            owner: OwnerId::NOBODY,
            fence: 0,
        },
        poke: Some(poke("other", 330)),
        ..settlement(seq, OwnerId::NOBODY, end(outcome))
    }
}

/// Everything that an advance may do beside its flow.
async fn with_everything(store: &PostgresStore) -> Advance {
    begun(store, &["f", "other"]).await;
    let waiting = crate::admit(store, "waiting", Enqueue::DueAt(at(900))).await;
    let gone = crate::admit(store, "gone", Enqueue::DueAt(at(900))).await;
    let cancelled = store.settle(cancel(gone)).await;
    assert_eq!(cancelled, Ok(Settled::Written));
    let child = Admission {
        parent: Some(key("f")),
        ..over_its_quota("child")
    };
    let first = Admission {
        begins: vec![begin("of-action")],
        ..over_its_quota("first")
    };
    Advance {
        admissions: vec![child, first],
        begins: vec![begin("new"), begin("other")],
        cancels: vec![cancel(waiting), cancel(gone)],
        pokes: vec![poke("other", 320)],
        ..advance("f", Expect::Version(FIRST), Some(state("next", Some(400))))
    }
}

/// Checks what [`with_everything`] came to, and that it was done once.
async fn is_done_once(store: &PostgresStore, told: Result<Advanced, StoreError>) {
    let Ok(Advanced::Written {
        version,
        admitted,
        cancelled,
    }) = told
    else {
        panic!("it was written");
    };
    assert_eq!(
        (version, cancelled),
        (FIRST + 1, vec![Settled::Written, Settled::Fenced])
    );
    for admitted in &admitted {
        assert!(
            matches!(admitted, Admitted::Open { over, .. } if *over == [0]),
            "as it was decided"
        );
    }
    let (advanced, other) = (flow(store, "f").await, flow(store, "other").await);
    assert_eq!(
        (advanced.version, &*advanced.state.status),
        (FIRST + 1, "next")
    );
    // One poke was by the cancel of the row that was gone already.
    assert_eq!(
        (other.version, other.state.due_at),
        (FIRST + 3, Some(at(320))),
        "poked once by each"
    );
    assert_eq!(flow(store, "new").await.version, FIRST);
    assert_eq!(flow(store, "of-action").await.version, first(100));
    assert_eq!(
        find(store, "child").await.parent,
        Some(key("f")),
        "who wanted it"
    );
    assert_eq!(store.used("q").await, Ok(2), "charged once");
    until_open(store, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_advance_is_found_and_told_as_it_was_written() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    let everything = with_everything(&store).await;
    database
        .execute(&slow_at("UPDATE", "flows"))
        .await
        .expect("a trigger");
    let call = {
        let store = Arc::clone(&store);
        async move { store.advance(everything).await }
    };
    let is_there = "EXISTS (SELECT 1 FROM flows WHERE status = 'next')";
    let told = told_after_all((&database, &proxy), call, is_there).await;
    is_done_once(&store, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_advance_that_was_not_written_is_done_again() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    let everything = with_everything(&store).await;
    database
        .execute(&slow_at("UPDATE", "flows"))
        .await
        .expect("a trigger");
    let task = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.advance(everything).await }
    });
    end_in_the_middle(&database, &proxy).await;
    database
        .execute("INSERT INTO let_go VALUES (1)")
        .await
        .expect("let go");
    proxy.close_all();
    let told = tokio::time::timeout(Duration::from_secs(40), task)
        .await
        .expect("an answer")
        .expect("an answer");
    is_done_once(&store, told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_whose_beginning_is_lost_has_begun() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    database.execute(&slow("flows")).await.expect("a trigger");
    let call = {
        let store = Arc::clone(&store);
        async move {
            store
                .advance(advance("f", new(), Some(state("waits", Some(400)))))
                .await
        }
    };
    let told = told_after_all((&database, &proxy), call, "EXISTS (SELECT 1 FROM flows)").await;
    assert_eq!(
        version(told),
        Ok(Some(FIRST)),
        "not that there is one already"
    );
    let other = store
        .advance(advance("f", new(), Some(state("theirs", None))))
        .await;
    assert_eq!(version(other), Ok(None), "it is there, once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_deletion_is_told_as_done() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    begun(&store, &["f"]).await;
    let trigger = slow_at("DELETE", "flows").replace("RETURN NEW", "RETURN OLD");
    database.execute(&trigger).await.expect("a trigger");
    let call = {
        let store = Arc::clone(&store);
        async move {
            store
                .advance(advance("f", Expect::Version(FIRST), None))
                .await
        }
    };
    let is_gone = "NOT EXISTS (SELECT 1 FROM flows)";
    let told = told_after_all((&database, &proxy), call, is_gone).await;
    assert_eq!(version(told), Ok(Some(FIRST + 1)));
    let later = store
        .advance(advance("f", Expect::Version(FIRST), None))
        .await;
    assert_eq!(version(later), Ok(None), "another finds none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_advance_of_a_flow_that_went_on_is_told_that_it_changed() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    begun(&store, &["f"]).await;
    let other = PostgresStore::open(database.options())
        .await
        .expect("a store");
    database
        .execute(&slow_at("UPDATE", "flows"))
        .await
        .expect("a trigger");
    let task = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            store
                .advance(advance(
                    "f",
                    Expect::Version(FIRST),
                    Some(state("mine", None)),
                ))
                .await
        }
    });
    let meanwhile = "UPDATE flows SET version = 3, status = 'theirs', mark = 7";
    lose_the_answer(
        &database,
        &proxy,
        "EXISTS (SELECT 1 FROM flows WHERE status = 'mine')",
        meanwhile,
    )
    .await;
    let told = tokio::time::timeout(Duration::from_secs(40), task)
        .await
        .expect("an answer")
        .expect("an answer");
    let Ok(Advanced::Changed(Some(found))) = told else {
        panic!("it is another's by now");
    };
    assert_eq!((found.version, &*found.state.status), (3, "theirs"));
    assert_eq!(found, flow(&other, "f").await, "body and all");
}
