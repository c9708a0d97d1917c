//! Pages of actions and of recent sends.

use std::sync::Arc;

use acteon_core::Scope;
use acteon_store::{ActionState, Admission, Admitted, Disposition, HistoryFilter, PageRequest};

use super::{filled, first, ids};
use crate::{Engine, action, at, executed, failed, with_disposition};

on_every_engine! {
    pages_follow_one_another_without_gap_or_repeat,
    recent_sends_come_in_pages_without_gap_or_repeat,
    a_page_ends_where_it_has_its_bytes,
}

pub(crate) async fn pages_follow_one_another_without_gap_or_repeat(engine: &Engine) {
    let store = engine.open().await;
    filled(&*store).await;
    let all = HistoryFilter::of(Scope::everything());
    for filter in [
        all.clone(),
        HistoryFilter {
            state: Some(ActionState::Dead),
            ..all.clone()
        },
    ] {
        let (whole, _, total) = ids(&*store, &filter, first(100)).await;
        assert_eq!(total, Some(whole.len()));
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let (page, next, _) = ids(
                &*store,
                &filter,
                PageRequest {
                    after,
                    count: false,
                    ..first(7)
                },
            )
            .await;
            walked.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(walked, whole);
        let (skipped, ..) = ids(
            &*store,
            &filter,
            PageRequest {
                offset: 3,
                ..first(2)
            },
        )
        .await;
        assert_eq!(skipped, whole[3..5]);
    }
    assert_eq!(ids(&*store, &all, first(1)).await.0, ["a29"]);
}

/// Sends that ended at `at(200)`, of actions accepted before, one of them of nobody's.
pub(crate) async fn recent_sends_come_in_pages_without_gap_or_repeat(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    for number in 0..10 {
        let seq = crate::admit(
            &*store,
            &format!("s{number}"),
            acteon_store::Enqueue::Claimed(owner),
        )
        .await;
        let outcome = if number == 4 {
            failed("TIMEOUT")
        } else {
            executed()
        };
        store
            .settle(crate::settlement(seq, owner, crate::end(outcome)))
            .await
            .expect("settled");
    }
    for limit in [1, 3, 10, 100] {
        let (mut sends, mut before, mut pages) = (0, None, 0);
        loop {
            let page = store
                .recent_sends(at(0), before, limit)
                .await
                .expect("a page");
            assert!(
                page.sends.len() <= limit
                    && page.sends.iter().all(|send| send.finished_at == at(200))
            );
            sends += page.sends.len();
            pages += 1;
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!((sends, pages), (9, 10 / limit + 1), "pages of {limit}");
    }
    assert!(
        store
            .recent_sends(at(200), None, 100)
            .await
            .expect("a page")
            .sends
            .is_empty()
    );
}

pub(crate) async fn a_page_ends_where_it_has_its_bytes(engine: &Engine) {
    let store = engine.open().await;
    let payload = serde_json::value::to_raw_value(&"x".repeat(900_000)).expect("JSON");
    for number in 0..12 {
        let outcome = if number % 2 == 0 {
            failed("TIMEOUT")
        } else {
            executed()
        };
        let mut large = action(&format!("a{number}"), "t");
        large.payload.clone_from(&payload);
        let admission = with_disposition("any", at(number), Disposition::Ended(outcome));
        let admission = Admission {
            action: Arc::new(large),
            ..admission
        };
        assert!(matches!(
            store.admit(admission).await,
            Ok(Admitted::Ended(_))
        ));
    }
    let all = HistoryFilter::of(Scope::everything());
    let timed = HistoryFilter {
        from: Some(at(0)),
        ..all.clone()
    };
    for (filter, expected) in [
        (all.clone(), 12),
        (timed, 12),
        (
            HistoryFilter {
                state: Some(ActionState::Dead),
                ..all.clone()
            },
            6,
        ),
    ] {
        let (mut walked, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let (page, next, total) = ids(
                &*store,
                &filter,
                PageRequest {
                    after,
                    count: after.is_none(),
                    ..first(1000)
                },
            )
            .await;
            assert!(
                (1..=5).contains(&page.len()) || next.is_none(),
                "{} rows",
                page.len()
            );
            assert!(
                total.is_none_or(|total| total == expected),
                "all are counted all the same: {total:?}"
            );
            walked.extend(page);
            (after, pages) = (next, pages + 1);
            if after.is_none() {
                break;
            }
        }
        walked.dedup();
        assert_eq!(walked.len(), expected);
        assert!(pages >= 2, "{pages} pages");
    }
    assert_eq!(ids(&*store, &all, first(2)).await.0, ["a11", "a10"]);
}
