//! Changes of flows by others than their advances, whose answers are lost.

use std::sync::Arc;

use acteon_store::{
    Admission, Admitted, Enqueue, FlowClaim, Flows as _, Journal as _, Settled, Settlement,
    StoreError,
};

use super::flows::{
    FIRST, advance, begin, begun, first, flow, new, over_its_quota, poke, state, version,
};
use super::{at_commit, behind_a_proxy, slow, slow_at, told_after_all};
use crate::{at, end, executed, settlement};

#[tokio::test(flavor = "multi_thread")]
async fn an_action_whose_lost_admission_began_a_flow_begins_it_once() {
    let Some((database, proxy, store, _)) = behind_a_proxy().await else {
        return;
    };
    database.execute(&slow("flows")).await.expect("a trigger");
    let admission = Admission {
        begins: vec![begin("f")],
        ..over_its_quota("a")
    };
    let call = {
        let store = Arc::clone(&store);
        async move { store.admit(admission).await }
    };
    let told = told_after_all((&database, &proxy), call, "EXISTS (SELECT 1 FROM flows)").await;
    assert!(matches!(told, Ok(Admitted::Open { .. })), "it is new");
    assert_eq!(flow(&store, "f").await.version, first(100));
    assert_eq!(store.used("q").await, Ok(1), "charged once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_settlement_pokes_once() {
    let Some((database, proxy, store, owner)) = behind_a_proxy().await else {
        return;
    };
    begun(&store, &["f"]).await;
    let seq = crate::admit(&*store, "a", Enqueue::Claimed(owner)).await;
    database
        .execute(&slow_at("UPDATE", "flows"))
        .await
        .expect("a trigger");
    let ended = Settlement {
        poke: Some(poke("f", 330)),
        ..settlement(seq, owner, end(executed()))
    };
    let call = {
        let store = Arc::clone(&store);
        async move { store.settle(ended).await }
    };
    let told = told_after_all((&database, &proxy), call, "EXISTS (SELECT 1 FROM outcomes)").await;
    assert_eq!(told, Ok(Settled::Written));
    let poked = flow(&store, "f").await;
    assert_eq!(
        (poked.version, poked.state.due_at),
        (FIRST + 1, Some(at(330)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_claim_of_flows_is_undone() {
    let Some((database, proxy, store, owner)) = behind_a_proxy().await else {
        return;
    };
    let due = advance("f", new(), Some(state("waits", Some(200))));
    assert_eq!(version(store.advance(due).await), Ok(Some(FIRST)));
    database
        .execute(&at_commit("UPDATE", "flows"))
        .await
        .expect("a trigger");
    let claim = FlowClaim {
        owner,
        now: at(300),
        kinds: vec!["k".into()],
        limit: 10,
    };
    let call = {
        let (store, claim) = (Arc::clone(&store), claim.clone());
        async move { store.claim_flows(claim).await }
    };
    let is_claimed = "EXISTS (SELECT 1 FROM flows WHERE owner <> 0)";
    let told = told_after_all((&database, &proxy), call, is_claimed).await;
    assert!(matches!(told, Err(StoreError::Away(_))), "{told:?}");
    let claimed = store.claim_flows(claim).await.expect("claimed");
    // Claimed, freed and claimed again: three changes.
    assert_eq!(
        (claimed.len(), claimed[0].version, claimed[0].owner),
        (1, FIRST + 3, owner)
    );
}
