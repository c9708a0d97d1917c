//! Looking back, taking off the list, forgetting.

use std::sync::Arc;

use acteon_core::{Grant, Scope, Tenant};
use acteon_store::{
    ActionState, Admission, Admitted, Cursor, Disposition, Enqueue, HistoryFilter, PageRequest,
    Retention, Seq, Store, Tenants,
};

use crate::{Engine, action, admit, at, executed, failed, find, settlement, with_disposition};

on_every_engine! {
    pages_follow_one_another_without_gap_or_repeat,
    recent_sends_come_in_pages_without_gap_or_repeat,
    a_page_ends_where_it_has_its_bytes,
    every_filter_filters,
    scopes_hide_what_they_do_not_cover,
    what_a_search_reads_is_there_also_of_what_is_over,
    a_discarded_letter_leaves_the_list_and_stays_in_the_journal,
    what_is_old_goes_but_never_what_is_open,
}

/// Thirty actions, a second apart, of two tenants; every third failed, with one of two codes.
async fn filled(store: &dyn Store) {
    for number in 0..30 {
        let outcome = match number % 6 {
            0 => failed("CONFIGURATION"),
            3 => failed("TIMEOUT"),
            _ => executed(),
        };
        let tenant = if number % 2 == 0 { "t" } else { "t.us" };
        let admission = with_disposition("any", at(number), Disposition::Ended(outcome));
        let admission = Admission {
            action: Arc::new(action(&format!("a{number}"), tenant)),
            rule: Some("r".into()),
            ..admission
        };
        assert!(matches!(
            store.admit(admission).await,
            Ok(Admitted::Ended(_))
        ));
    }
}

fn first(limit: usize) -> PageRequest {
    PageRequest {
        after: None,
        offset: 0,
        limit,
        count: true,
    }
}

async fn ids(
    store: &dyn Store,
    filter: &HistoryFilter,
    page: PageRequest,
) -> (Vec<String>, Option<Cursor>, Option<usize>) {
    let page = store.history(filter.clone(), page).await.expect("a page");
    (
        page.records
            .iter()
            .map(|record| record.action.id.to_string())
            .collect(),
        page.next,
        page.total,
    )
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

pub(crate) async fn a_discarded_letter_leaves_the_list_and_stays_in_the_journal(engine: &Engine) {
    let store = engine.open().await;
    filled(&*store).await;
    let letter = find(&*store, "a0").await.seq;
    let delivered = find(&*store, "a1").await.seq;
    assert_eq!(
        store
            .discard(vec![letter, delivered, letter, Seq(999)])
            .await,
        Ok(1)
    );
    assert_eq!(store.count_dead(&Scope::everything(), 100).await, Ok(9));
    assert_eq!(
        (
            find(&*store, "a0").await.state,
            find(&*store, "a1").await.state
        ),
        (ActionState::Discarded, ActionState::Done)
    );
}

pub(crate) async fn what_is_old_goes_but_never_what_is_open(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let open_one = store
        .admit(with_disposition("open", at(0), sendable(owner)))
        .await;
    assert!(matches!(open_one, Ok(Admitted::Open { .. })));
    filled(&*store).await;
    let longer = vec!["t.us".to_owned()];
    let others = Retention {
        before: at(10),
        of: Tenants::AllBut(longer.clone()),
    };
    assert_eq!(prune(&*store, &others).await, 5);
    assert_eq!(
        prune(
            &*store,
            &Retention {
                before: at(20),
                of: Tenants::Only(longer)
            }
        )
        .await,
        10
    );
    assert_eq!(
        prune(&*store, &others).await,
        0,
        "what is left is looked at, and stays"
    );
    let (mut left, ..) = ids(&*store, &HistoryFilter::of(Scope::everything()), first(100)).await;
    left.sort();
    let mut expected: Vec<String> = (0..30)
        .filter(|n| *n >= if n % 2 == 0 { 10 } else { 20 })
        .map(|n| format!("a{n}"))
        .collect();
    expected.push("open".into());
    expected.sort();
    assert_eq!(left, expected);
    let seq = find(&*store, "open").await.seq;
    store
        .settle(settlement(seq, owner, crate::end(executed())))
        .await
        .expect("settled");
}

async fn prune(store: &dyn Store, retention: &Retention) -> usize {
    let (mut deleted, mut after) = (0, None);
    loop {
        let pruned = store.prune(retention.clone(), after).await.expect("pruned");
        deleted += pruned.deleted;
        after = pruned.next;
        if after.is_none() {
            return deleted;
        }
    }
}

fn sendable(owner: acteon_store::OwnerId) -> Disposition {
    Disposition::Send {
        conditions: acteon_store::Conditions::default(),
        routes: vec![crate::route("p", Enqueue::Claimed(owner))],
    }
}
