//! Reroutes whose answers are lost, to the same provider, where only the charges tell whether they were done.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Priority, Tenant};
use acteon_store::postgres::PostgresStore;
use acteon_store::{Charges, Enqueue, Hold, Journal as _, Overage, QuotaCheck, Reroute, Rerouted};

use super::{at_commit, behind_a_proxy, end_in_the_middle, told_after_all};
use crate::{action, at, find, prepared, provider};

/// A reroute to the provider that the row goes through, which charges it to a quota.
fn charging(hold: Hold) -> Reroute {
    let quota = QuotaCheck {
        counter: "q".into(),
        id: "q".into(),
        tenant: Tenant::parse("t").expect("a name"),
        max_actions: 9,
        resets_at: at(3600),
        overage: Overage::Block,
    };
    Reroute {
        hold,
        action: Arc::new(action("a", "t")),
        priority: Priority::default(),
        provider: provider("p"),
        prepared: Arc::new(prepared()),
        charges: Charges {
            counters: vec!["q".into()],
            dedup: None,
        },
        quotas: vec![quota],
        refund: Vec::new(),
    }
}

async fn is_charged_once(store: &PostgresStore) {
    let charges = find(store, "a").await.charges;
    assert_eq!(
        (store.used("q").await, charges.counters),
        (Ok(1), vec!["q".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reroute_that_charges_is_told_as_done_and_charges_once() {
    let Some((database, proxy, store, owner)) = behind_a_proxy().await else {
        return;
    };
    let seq = crate::admit(&*store, "a", Enqueue::Claimed(owner)).await;
    let hold = Hold {
        seq,
        owner,
        fence: 0,
    };
    database
        .execute(&at_commit("UPDATE", "actions"))
        .await
        .expect("a trigger");
    let call = {
        let store = Arc::clone(&store);
        async move { store.reroute(charging(hold)).await }
    };
    let is_there = "EXISTS (SELECT 1 FROM actions WHERE charges IS NOT NULL)";
    let told = told_after_all((&database, &proxy), call, is_there).await;
    assert_eq!(told, Ok(Rerouted::Written));
    is_charged_once(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reroute_that_was_not_done_is_done_again() {
    let Some((database, proxy, store, owner)) = behind_a_proxy().await else {
        return;
    };
    let seq = crate::admit(&*store, "a", Enqueue::Claimed(owner)).await;
    let hold = Hold {
        seq,
        owner,
        fence: 0,
    };
    database
        .execute(&at_commit("UPDATE", "actions"))
        .await
        .expect("a trigger");
    let task = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.reroute(charging(hold)).await }
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
    assert_eq!(told, Ok(Rerouted::Written));
    is_charged_once(&store).await;
}
