//! Admitting, settling, claiming, leases.

mod counts;
mod embedded;
mod leases;

use std::sync::Arc;

use acteon_core::{Origin, Prepared};
use acteon_store::{
    ActionState, Admitted, ClaimRows, Conditions, DedupCheck, Disposition, Enqueue, Hold, NoteSwap,
    OwnerId, Record, Route, Settled, Settlement,
};

use crate::{
    Engine, admission, admit, again, at, claim, claim_rows, find, prepared, provider, route,
    settlement, with_disposition,
};

on_every_engine! {
    what_is_admitted_comes_back_whole_and_an_id_is_taken_once,
    due_rows_are_claimed_by_one_and_later_ones_wait,
    a_note_is_swapped_by_one_only,
    large_and_strange_texts_come_back,
    overdue_rows_of_any_provider_can_be_claimed_and_notes_end,
}

pub(crate) async fn what_is_admitted_comes_back_whole_and_an_id_is_taken_once(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    admit(&*store, "a", Enqueue::Claimed(owner)).await;
    let record = find(&*store, "a").await;
    assert_eq!(
        (record.state, record.owned, record.origin),
        (ActionState::Open, true, Origin::Api)
    );
    assert_eq!(
        record.action.payload.get(),
        r#"{"b":1,"a":"中"}"#,
        "the payload as it was written"
    );
    assert_eq!(record.prepared.as_deref(), Some(&prepared()));
    assert_eq!(
        (
            record.provider,
            record.caller.as_str(),
            record.auth_method.as_str()
        ),
        (provider("p"), "", "anonymous")
    );
    assert!(
        matches!(store.admit(admission("a", Enqueue::Claimed(owner))).await, Ok(Admitted::Existing(seq)) if seq == record.seq)
    );
    assert_eq!(store.open_count(), 1);
}

pub(crate) async fn due_rows_are_claimed_by_one_and_later_ones_wait(engine: &Engine) {
    let store = engine.open().await;
    let (one, other) = (
        store.register().await.expect("an owner"),
        store.register().await.expect("an owner"),
    );
    for (id, due) in [("late", 300), ("second", 120), ("first", 110)] {
        admit(&*store, id, Enqueue::DueAt(at(due))).await;
    }
    assert_eq!(store.next_due(&[provider("p")]).await, Ok(Some(at(110))));
    let ids: Vec<String> = claim(&*store, one, 150)
        .await
        .iter()
        .map(|record| record.action.id.to_string())
        .collect();
    assert_eq!(ids, ["first", "second"]);
    assert!(claim(&*store, other, 150).await.is_empty());
    let first = find(&*store, "first").await;
    let again = Settlement {
        hold: held(&first, one),
        ..settlement(first.seq, one, again(160))
    };
    assert_eq!(store.settle(again).await, Ok(Settled::Written));
    let back = claim(&*store, other, 160).await.pop().expect("a record");
    assert_eq!(
        (back.attempts, back.durable_retries, back.possible_duplicate),
        (1, 1, false)
    );
}

fn held(record: &Record, owner: OwnerId) -> Hold {
    Hold {
        seq: record.seq,
        owner,
        fence: record.fence,
    }
}

pub(crate) async fn a_note_is_swapped_by_one_only(engine: &Engine) {
    let store = engine.open().await;
    let swap = |expected: Option<&str>, text: &str, now| {
        store.swap_note(NoteSwap {
            name: "n".into(),
            expected: expected.map(Into::into),
            text: text.into(),
            now: at(now),
            until: at(now + 10),
        })
    };
    assert_eq!(swap(None, "mine", 100).await, Ok(true));
    assert_eq!(swap(None, "yours", 105).await, Ok(false), "it is held");
    assert_eq!(swap(Some("mine"), "still mine", 105).await, Ok(true));
    assert_eq!(swap(None, "yours", 115).await, Ok(true), "its time is over");
    assert_eq!(swap(Some("still mine"), "again mine", 116).await, Ok(false));
    assert_eq!(store.note("n", at(116)).await, Ok(Some("yours".into())));
}

pub(crate) async fn large_and_strange_texts_come_back(engine: &Engine) {
    let store = engine.open().await;
    let bytes: Vec<u8> = (0..1_000_000u32).map(|number| number as u8).collect();
    let routes = vec![Route {
        prepared: Arc::new(Prepared {
            bytes,
            ..Prepared::default()
        }),
        ..route("p", Enqueue::DueAt(at(0)))
    }];
    let long_key = "k\u{0}".repeat(5000);
    let conditions = Conditions {
        dedup: Some(DedupCheck {
            key: long_key.clone(),
            until: at(900),
        }),
        throttle: None,
    };
    let sent = |id: &str, routes| {
        with_disposition(
            id,
            at(100),
            Disposition::Send {
                conditions: conditions.clone(),
                routes,
            },
        )
    };
    assert!(matches!(
        store.admit(sent("large", routes)).await,
        Ok(Admitted::Open { .. })
    ));
    assert_eq!(
        find(&*store, "large")
            .await
            .prepared
            .map(|prepared| prepared.bytes.len()),
        Some(1_000_000)
    );
    let refused = store
        .admit(sent("again", vec![route("p", Enqueue::DueAt(at(0)))]))
        .await;
    assert!(
        matches!(
            refused,
            Ok(Admitted::Ended(acteon_core::Outcome::Deduplicated { .. }))
        ),
        "a key of any length, with any character"
    );
}

pub(crate) async fn overdue_rows_of_any_provider_can_be_claimed_and_notes_end(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    admit(&*store, "a", Enqueue::DueAt(at(4000))).await;
    let overdue = || ClaimRows::Overdue { limit: 10 };
    assert!(claim_rows(&*store, owner, 999, overdue()).await.is_empty());
    assert_eq!(claim_rows(&*store, owner, 1000, overdue()).await.len(), 1);
    store.put_note("n", "text", at(50)).await.expect("kept");
    assert_eq!(store.note("n", at(49)).await, Ok(Some("text".into())));
    assert_eq!(store.note("n", at(50)).await, Ok(None));
}
