//! Filters and scopes of a search, and the texts that it reads.

use acteon_core::{Grant, Scope, Tenant};
use acteon_store::{ActionState, Admitted, Disposition, Enqueue, HistoryFilter, PageRequest};

use super::{filled, first, ids};
use crate::{Engine, admit, at, executed, failed, settlement, with_disposition};

on_every_engine! {
    every_filter_filters,
    scopes_hide_what_they_do_not_cover,
    what_a_search_reads_is_there_also_of_what_is_over,
}

/// Whom it went to, the service's answer, and the payload; of open, sent, failed and held-back actions.
pub(crate) async fn what_a_search_reads_is_there_also_of_what_is_over(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    admit(&*store, "open", Enqueue::Claimed(owner)).await;
    for (id, outcome) in [("sent", executed()), ("failed", failed("TIMEOUT"))] {
        let seq = admit(&*store, id, Enqueue::Claimed(owner)).await;
        store
            .settle(settlement(seq, owner, crate::end(outcome)))
            .await
            .expect("settled");
    }
    let held = with_disposition(
        "held",
        at(100),
        Disposition::Ended(acteon_core::Outcome::Suppressed { rule: "r".into() }),
    );
    assert!(matches!(store.admit(held).await, Ok(Admitted::Ended(_))));
    let all = HistoryFilter::of(Scope::everything());
    let page = store
        .history(
            all,
            PageRequest {
                after: None,
                offset: 0,
                limit: 2,
                count: false,
            },
        )
        .await
        .expect("a page");
    let rest = PageRequest {
        after: page.next,
        offset: 0,
        limit: 200,
        count: false,
    };
    let rest = store
        .history(HistoryFilter::of(Scope::everything()), rest)
        .await
        .expect("a page");
    assert_eq!(
        (page.records.len(), rest.records.len(), rest.next),
        (2, 2, None)
    );
    for (record, (id, answer)) in page.records.iter().chain(&rest.records).zip([
        ("held", Some(r#"{"Suppressed""#)),
        ("failed", Some(r#"{"Failed""#)),
        (
            "sent",
            Some(r#"{"Executed":{"status":"success","body":true"#),
        ),
        ("open", None),
    ]) {
        assert_eq!(
            (record.action.id.as_str(), record.action.payload.get()),
            (id, r#"{"b":1,"a":"中"}"#)
        );
        assert_eq!(
            record.prepared.as_deref(),
            (id != "held").then(crate::prepared).as_ref(),
            "{id}"
        );
        let outcome = record.outcome.as_deref();
        assert!(
            answer.map_or(outcome.is_none(), |answer| outcome
                .is_some_and(|text| text.starts_with(answer))),
            "{id}: {outcome:?}"
        );
    }
}

pub(crate) async fn every_filter_filters(engine: &Engine) {
    let store = engine.open().await;
    filled(&*store).await;
    let owner = store.register().await.expect("an owner");
    admit(&*store, "open", Enqueue::Claimed(owner)).await;
    let all = || HistoryFilter::of(Scope::everything());
    let some = |text: &str| Some(text.to_owned());
    for (filter, count) in [
        (all(), 31),
        (
            HistoryFilter {
                code: some("TIMEOUT"),
                ..all()
            },
            5,
        ),
        (
            HistoryFilter {
                outcome: some("executed"),
                ..all()
            },
            20,
        ),
        (
            HistoryFilter {
                outcome: some("scheduled"),
                ..all()
            },
            1,
        ),
        (
            HistoryFilter {
                state: Some(ActionState::Open),
                ..all()
            },
            1,
        ),
        (
            HistoryFilter {
                state: Some(ActionState::Dead),
                from: Some(at(12)),
                to: Some(at(18)),
                ..all()
            },
            3,
        ),
        (
            HistoryFilter {
                from: Some(at(10)),
                to: Some(at(12)),
                ..all()
            },
            3,
        ),
        (
            HistoryFilter {
                rule: some("r"),
                verdict: some("allow"),
                caller: some(""),
                provider: some("p"),
                action_type: some("x"),
                ..all()
            },
            30,
        ),
        (
            HistoryFilter {
                caller: some("ci"),
                ..all()
            },
            0,
        ),
        (
            HistoryFilter {
                provider: some("other"),
                ..all()
            },
            0,
        ),
    ] {
        let (found, _, total) = ids(&*store, &filter, first(100)).await;
        assert_eq!((found.len(), total), (count, Some(count)), "{filter:?}");
    }
}

pub(crate) async fn scopes_hide_what_they_do_not_cover(engine: &Engine) {
    let store = engine.open().await;
    filled(&*store).await;
    let granted = |tenant: &str| {
        let grants = [Grant {
            tenants: vec![tenant.to_owned()],
            ..Grant::everything()
        }];
        Scope::of(&grants.into())
    };
    let asked = |tenant: &str| {
        let mut scope = Scope::everything();
        scope.tenant = Tenant::parse(tenant).ok();
        scope
    };
    for (scope, count) in [
        (granted("t"), 30),
        (granted("t.us"), 15),
        (granted("other"), 0),
        (asked("t"), 15),
        (asked("other"), 0),
    ] {
        let filter = HistoryFilter::of(scope.clone());
        assert_eq!(
            ids(&*store, &filter, first(100)).await.0.len(),
            count,
            "{scope:?}"
        );
        assert_eq!(
            store
                .coverage(filter, 100)
                .await
                .map(|(found, more)| (found.len(), more)),
            Ok((count, false))
        );
        let id = acteon_core::ActionId::parse("a1").expect("an id");
        let expected = usize::from(scope.covers("n", "t.us", "p", "x"));
        assert_eq!(
            store.find(&scope, &id).await.map(|found| found.len()),
            Ok(expected)
        );
    }
    assert_eq!(store.count_dead(&Scope::everything(), 100).await, Ok(10));
    assert_eq!(store.count_dead(&granted("t.us"), 100).await, Ok(5));
}
