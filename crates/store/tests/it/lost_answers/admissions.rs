//! Admissions whose answers are lost.

use std::sync::Arc;
use std::time::Duration;

use acteon_store::{Admitted, Journal as _};

use super::{behind_a_proxy, charged, lose_the_answer, slow, until_open};

/// Actions that are charged before, so that the counter is there.
const BEFORE: u64 = 40;

/// One of many whose quota has room for so many is admitted; says which quotas it was told to go over.
async fn admitted_though_its_answer_was_lost(
    max_actions: u64,
    meanwhile: &str,
    after: &str,
) -> Option<Vec<usize>> {
    let (database, proxy, store, owner) = behind_a_proxy().await?;
    for number in 0..BEFORE {
        assert!(
            store
                .admit(charged(&format!("b{number}"), owner, max_actions))
                .await
                .is_ok()
        );
    }
    database.execute(&slow("actions")).await.expect("a trigger");
    let task = tokio::spawn({
        let (store, admission) = (Arc::clone(&store), charged("a", owner, max_actions));
        async move { store.admit(admission).await }
    });
    lose_the_answer(
        &database,
        &proxy,
        "EXISTS (SELECT 1 FROM actions WHERE id = 'a')",
        meanwhile,
    )
    .await;
    let told = tokio::time::timeout(Duration::from_secs(40), task)
        .await
        .expect("an answer")
        .expect("an answer");
    database.execute(after).await.expect("done after");
    assert_eq!(store.used("q").await, Ok(BEFORE + 1), "charged once");
    until_open(&store, 41).await;
    match told {
        Ok(Admitted::Open { route: 0, over, .. }) => Some(over),
        Ok(_) => panic!("it is open"),
        Err(error) => panic!("it was stored, and told that {error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_admission_is_found_and_told_as_it_was_decided() {
    if let Some(over) = admitted_though_its_answer_was_lost(5, "SELECT 1", "SELECT 1").await {
        assert_eq!(over, [0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_admission_that_fits_is_found_and_told_as_it_was_decided() {
    if let Some(over) = admitted_though_its_answer_was_lost(1000, "SELECT 1", "SELECT 1").await {
        assert_eq!(over, [0; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_admission_is_found_also_where_it_could_not_be_done_again() {
    let (away, back) = (
        "ALTER TABLE counters RENAME TO counted",
        "ALTER TABLE counted RENAME TO counters",
    );
    if let Some(over) = admitted_though_its_answer_was_lost(5, away, back).await {
        assert_eq!(over, [0]);
    }
}
