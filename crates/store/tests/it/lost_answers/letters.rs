//! Dead letters that are discarded or replayed, and the answer is lost.

use std::sync::Arc;

use acteon_store::{
    ActionState, Admission, Admitted, Enqueue, History as _, Journal as _, OwnerId, Store,
};

use super::{behind_a_proxy, slow, slow_at, told_after_all, until_open};
use crate::{at, failed, find, settlement};

/// A dead letter.
async fn letter(store: &dyn Store, owner: OwnerId) -> acteon_store::Seq {
    let seq = crate::admit(store, "letter", Enqueue::Claimed(owner)).await;
    store
        .settle(settlement(seq, owner, crate::end(failed("CONNECTION"))))
        .await
        .expect("settled");
    seq
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_discard_is_told_with_what_it_took_off_the_list() {
    let Some((database, proxy, store, owner)) = behind_a_proxy().await else {
        return;
    };
    let seq = letter(&*store, owner).await;
    database
        .execute(&slow_at("UPDATE", "outcomes"))
        .await
        .expect("a trigger");
    let discard = {
        let store = Arc::clone(&store);
        async move { store.discard(vec![seq]).await }
    };
    let told = told_after_all(
        (&database, &proxy),
        discard,
        "EXISTS (SELECT 1 FROM outcomes WHERE state = 4)",
    )
    .await;
    assert_eq!((told, store.discard(vec![seq]).await), (Ok(1), Ok(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_replay_is_told_as_written_and_its_letter_is_off_the_list() {
    let Some((database, proxy, store, owner)) = behind_a_proxy().await else {
        return;
    };
    let seq = letter(&*store, owner).await;
    database.execute(&slow("actions")).await.expect("a trigger");
    let replay = Admission {
        letter: Some(seq),
        ..crate::admission("again", Enqueue::DueAt(at(500)))
    };
    let admit = {
        let store = Arc::clone(&store);
        async move { store.admit(replay).await }
    };
    let told = told_after_all(
        (&database, &proxy),
        admit,
        "EXISTS (SELECT 1 FROM actions WHERE id = 'again')",
    )
    .await;
    assert!(
        matches!(told, Ok(Admitted::Open { .. })),
        "neither that it is there, nor that there is no letter"
    );
    assert_eq!(
        (
            find(&*store, "letter").await.state,
            find(&*store, "again").await.state
        ),
        (ActionState::Discarded, ActionState::Open)
    );
    until_open(&store, 1).await;
}
