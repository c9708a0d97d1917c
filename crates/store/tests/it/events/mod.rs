//! Events: each in the commit of what it tells, in an order in which none comes late.

#[cfg(feature = "postgres")]
mod concurrent;
mod damage;
mod embedded;
mod of_flows;
mod records;
#[cfg(feature = "postgres")]
mod rows;

use std::time::Duration;

use acteon_core::{ActionId, Outcome, Scope, Timestamp};
use acteon_store::{
    Admitted, Advance, Disposition, Enqueue, Event, EventId, EventKind, EventPosition, EventsKept,
    EventsPage, Retention, Seq, Settled, Step, Store, Tenants,
};

use crate::{
    Engine, admission, admit, again, at, end, executed, failed, flows, settlement, with_disposition,
};

on_every_engine! {
    what_ends_is_told_in_its_order,
    what_changes_nothing_is_not_told,
    a_look_is_bounded_and_goes_on,
    records_of_events_are_read_as_far_as_a_page_has_bytes,
    events_are_known_by_their_ids,
    who_waits_is_woken_by_a_commit,
    old_events_are_deleted_and_the_newest_stays,
    an_event_whose_action_is_gone_is_left_out,
    a_step_that_ends_two_actions_tells_of_both,
    what_ends_together_is_told_one_by_one,
    a_step_tells_what_happened_to_its_flow,
}

use of_flows::a_step_tells_what_happened_to_its_flow;
use records::records_of_events_are_read_as_far_as_a_page_has_bytes;

/// Longest that a test waits for others' transactions on the same server.
const PATIENCE: Duration = Duration::from_mins(1);

async fn look(store: &dyn Store, after: EventPosition) -> EventsPage {
    store.events(after, 100).await.expect("a page")
}

/// Events after a position, once there are so many: on a shared server the transactions of others are waited for.
async fn events(store: &dyn Store, after: EventPosition, count: usize) -> Vec<Event> {
    let found = async {
        loop {
            let page = look(store, after).await;
            if page.events.len() >= count {
                return page.events;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await.expect("events");
    assert_eq!(found.len(), count, "{found:?}");
    found
}

fn ids(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.action.id.as_str())
        .collect()
}

/// Has an action end at the gate.
async fn end_at_once(store: &dyn Store, id: &str, at: Timestamp) {
    let suppressed = Outcome::Suppressed { rule: "r".into() };
    let admission = with_disposition(id, at, Disposition::Ended(suppressed));
    let admitted = store.admit(admission).await.expect("admitted");
    assert!(matches!(admitted, Admitted::Ended(_)));
}

pub(crate) async fn what_ends_is_told_in_its_order(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let begin = store.newest_event().await.expect("an id").position();
    let seq = admit(&*store, "sent", Enqueue::Claimed(owner)).await;
    end_at_once(&*store, "suppressed", at(150)).await;
    let settle = async |step| {
        let settled = store.settle(settlement(seq, owner, step)).await;
        assert_eq!(settled, Ok(Settled::Written));
    };
    settle(Step::Progress { in_flight: true }).await;
    settle(end(executed())).await;
    let found = events(&*store, begin, 2).await;
    assert_eq!(ids(&found), ["suppressed", "sent"]);
    let told: Vec<_> = found.iter().map(|event| (event.at, event.kind)).collect();
    let kind = EventKind::ActionDispatched;
    assert_eq!(told, [(at(150), kind), (at(200), kind)]);
    let action = &found[1].action;
    assert_eq!(
        (
            action.seq,
            action.namespace.as_str(),
            action.tenant.as_str(),
            action.provider.as_str(),
            action.action_type.as_str(),
            &*action.outcome
        ),
        (seq, "n", "t", "p", "x", &*executed().to_json())
    );
    assert!(found[0].position < found[1].position);
    // Another process on the same store tells the same.
    drop(store);
    let store = engine.open().await;
    assert_eq!(events(&*store, begin, 2).await, found);
}

pub(crate) async fn what_changes_nothing_is_not_told(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let seq = admit(&*store, "open", Enqueue::Claimed(owner)).await;
    let strange = settlement(seq, acteon_store::OwnerId(owner.0 + 1), end(executed()));
    assert_eq!(store.settle(strange).await, Ok(Settled::Fenced));
    store
        .admit(admission("open", Enqueue::Claimed(owner)))
        .await
        .expect("it is there");
    store
        .settle(settlement(seq, owner, again(300)))
        .await
        .expect("put off");
    end_at_once(&*store, "last", at(150)).await;
    end_at_once_again(&*store, "last").await;
    let found = events(&*store, EventPosition::START, 1).await;
    assert_eq!(ids(&found), ["last"]);
}

/// Asks for what has ended once more.
async fn end_at_once_again(store: &dyn Store, id: &str) {
    let suppressed = Outcome::Suppressed { rule: "r".into() };
    let again = with_disposition(id, at(160), Disposition::Ended(suppressed));
    let admitted = store.admit(again).await.expect("admitted");
    assert!(matches!(admitted, Admitted::Existing(_)));
}

pub(crate) async fn a_look_is_bounded_and_goes_on(engine: &Engine) {
    let store = engine.open().await;
    for number in 0..5 {
        end_at_once(&*store, &format!("a{number}"), at(100 + number)).await;
    }
    events(&*store, EventPosition::START, 5).await;
    let (mut after, mut found, mut looks) = (EventPosition::START, Vec::new(), 0);
    loop {
        let page = store.events(after, 2).await.expect("a page");
        assert!(page.settled >= page.looked_to && page.events.len() <= 2);
        found.extend(page.events);
        (after, looks) = (page.looked_to, looks + 1);
        if !page.more {
            break;
        }
    }
    assert_eq!(
        (ids(&found), looks),
        (vec!["a0", "a1", "a2", "a3", "a4"], 3)
    );
    let long = Outcome::Failed {
        code: "TIMEOUT".into(),
        message: "x".repeat(700_000),
        retryable: false,
        attempts: 1,
    };
    for id in ["long-1", "long-2", "long-3"] {
        let ended = with_disposition(id, at(200), Disposition::Ended(long.clone()));
        store.admit(ended).await.expect("admitted");
    }
    let page = tokio::time::timeout(PATIENCE, async {
        loop {
            let page = look(&*store, after).await;
            if page.events.len() >= 2 && page.pending.is_none() {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let page = page.await.expect("events");
    assert_eq!(
        (ids(&page.events), page.more),
        (vec!["long-1", "long-2"], true)
    );
    assert_eq!(ids(&events(&*store, page.looked_to, 1).await), ["long-3"]);
}

pub(crate) async fn events_are_known_by_their_ids(engine: &Engine) {
    let store = engine.open().await;
    for id in ["a", "b"] {
        end_at_once(&*store, id, at(100)).await;
    }
    let found = events(&*store, EventPosition::START, 2).await;
    let has = async |id: EventId| store.has_event(id).await.expect("looked");
    let id = EventId::new(found[0].at, found[0].position);
    assert!(has(id).await);
    let parsed = EventId::parse(&id.to_string()).expect("an id");
    assert_eq!(ids(&events(&*store, parsed.position(), 1).await), ["b"]);
    // The same place in another database.
    assert!(!has(EventId::new(at(101), found[0].position)).await);
    assert!(!has(EventId::new(at(100), EventPosition::START)).await);
    let of_action = EventId::of_action(found[0].at, found[0].action.seq);
    assert!(!has(of_action).await, "it is of no event");
    // A position has an id as well, by which nothing is told twice.
    let of_newest = store.newest_event().await.expect("an id");
    assert_eq!(of_newest.at(), at(100));
    assert!(has(of_newest).await);
    let newest = of_newest.position();
    let of_position = EventId::of_position(at(100), newest);
    let parsed = EventId::parse(&of_position.to_string()).expect("an id");
    assert!(parsed.is_of_position() && parsed.position() == newest);
    assert!(has(parsed).await);
    assert!(
        !has(EventId::of_position(at(99), newest)).await,
        "another store came to it"
    );
    let oldest = store.oldest_event().await;
    assert_eq!(oldest, Ok(found[0].position));
}

pub(crate) async fn who_waits_is_woken_by_a_commit(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let seq = admit(&*store, "a", Enqueue::Claimed(owner)).await;
    // What was committed before somebody waits is told as well.
    for round in 0..2 {
        if round == 0 {
            end_at_once(&*store, "b", at(100)).await;
        } else {
            let ended = store
                .settle(settlement(seq, owner, end(failed("TIMEOUT"))))
                .await;
            assert_eq!(ended, Ok(Settled::Written));
        }
        tokio::time::timeout(PATIENCE, store.events_written())
            .await
            .expect("woken");
    }
}

pub(crate) async fn old_events_are_deleted_and_the_newest_stays(engine: &Engine) {
    let store = engine.open().await;
    // One was written while the clock was years ahead.
    for (id, time) in [("a", 100), ("b", 110), ("ahead", 900_000), ("c", 120)] {
        end_at_once(&*store, id, at(time)).await;
    }
    let before = events(&*store, EventPosition::START, 4).await;
    let kept = |from| EventsKept {
        from: at(from),
        to: at(90_000),
    };
    assert_eq!(store.prune_events(kept(105)).await, Ok(1));
    // One that would be kept for longer is there as long as those before it are.
    let left = events(&*store, EventPosition::START, 3).await;
    assert_eq!(ids(&left), ["b", "ahead", "c"]);
    assert_eq!(store.prune_events(kept(105)).await, Ok(0));
    assert_eq!(store.prune_events(kept(1000)).await, Ok(2));
    assert_eq!(store.prune_events(kept(1000)).await, Ok(0));
    if let Some(rows) = engine.rows(&["events"]).await {
        assert_eq!(rows, 1, "the newest is there");
    }
    let gone = EventId::new(before[1].at, before[1].position);
    assert_eq!(store.has_event(gone).await, Ok(false));
    // Positions go on from it, also after a restart.
    drop(store);
    let store = engine.open().await;
    end_at_once(&*store, "d", at(2000)).await;
    let next = events(&*store, before[3].position, 1).await;
    assert_eq!(ids(&next), ["d"]);
}

pub(crate) async fn an_event_whose_action_is_gone_is_left_out(engine: &Engine) {
    let store = engine.open().await;
    for (id, time) in [("old", 100), ("new", 200), ("newest", 300)] {
        end_at_once(&*store, id, at(time)).await;
    }
    let before = events(&*store, EventPosition::START, 3).await;
    let retention = Retention {
        before: at(250),
        of: Tenants::everybody(),
    };
    let pruned = store.prune(retention, None).await.expect("pruned");
    assert_eq!(pruned.deleted, 2);
    assert_eq!(
        ids(&events(&*store, EventPosition::START, 1).await),
        ["newest"]
    );
    let first = store.events(EventPosition::START, 2).await.expect("a page");
    assert_eq!((first.events.len(), first.more), (0, true));
    assert_eq!(
        first.looked_to, before[1].position,
        "the look goes on behind them"
    );
}

pub(crate) async fn a_step_that_ends_two_actions_tells_of_both(engine: &Engine) {
    let store = engine.open().await;
    let begins = Advance {
        admissions: vec![flows::child("called-off", "a")],
        ..flows::begins("a", flows::waits(Some(300)))
    };
    flows::write(&*store, begins).await;
    let id = ActionId::parse("called-off").expect("an id");
    let found = store.find(&Scope::everything(), &id).await;
    let record = found.expect("looked").pop().expect("a record");
    let suppressed = Outcome::Suppressed { rule: "r".into() };
    let step = Advance {
        admissions: vec![with_disposition(
            "at-the-gate",
            at(200),
            Disposition::Ended(suppressed),
        )],
        cancels: vec![flows::cancel(&record)],
        ..flows::changes(&flows::flow(&*store, "a").await, flows::over())
    };
    let before = store.newest_event().await.expect("an id").position();
    let written = flows::write(&*store, step).await;
    assert!(matches!(written.admitted[..], [Admitted::Ended(_)]));
    assert_eq!(written.cancelled, [Settled::Written]);
    tokio::time::timeout(PATIENCE, store.events_written())
        .await
        .expect("who waits is woken");
    let found = events(&*store, before, 2).await;
    let mut told = ids(&found);
    told.sort_unstable();
    assert_eq!(told, ["at-the-gate", "called-off"]);
    assert!(found[0].position < found[1].position);
}

/// Ends actions with one step of a flow.
async fn end_together(store: &dyn Store, flow: &str, names: &[&str]) {
    let begins = Advance {
        admissions: names.iter().map(|id| flows::child(id, flow)).collect(),
        ..flows::begins(flow, flows::waits(Some(300)))
    };
    flows::write(store, begins).await;
    let mut cancels = Vec::new();
    for id in names {
        cancels.push(flows::cancel(&crate::find(store, id).await));
    }
    let step = Advance {
        cancels,
        ..flows::changes(&flows::flow(store, flow).await, flows::over())
    };
    let written = flows::write(store, step).await;
    assert_eq!(written.cancelled, vec![Settled::Written; names.len()]);
}

pub(crate) async fn what_ends_together_is_told_one_by_one(engine: &Engine) {
    let store = engine.open().await;
    let (first, second) = (["a1", "a2", "a3", "a4", "a5"], ["b1", "b2"]);
    end_together(&*store, "a", &first).await;
    end_together(&*store, "b", &second).await;
    let all = events(&*store, EventPosition::START, 7).await;
    assert_eq!(ids(&all), [&first[..], &second[..]].concat());
    assert_eq!(store.oldest_event().await, Ok(all[0].position));
    // From behind each of them go on those behind it, however few a look has.
    for (place, event) in all.iter().enumerate() {
        let id = EventId::new(event.at, event.position);
        assert_eq!(store.has_event(id).await, Ok(true), "{place}");
        for limit in 1..=8 {
            let (mut after, mut left) = (event.position, &all[place + 1..]);
            while !left.is_empty() {
                let page = store.events(after, limit).await.expect("a page");
                let (told, others) = left.split_at(limit.min(left.len()));
                assert_eq!(page.events, told, "{place}, {limit}");
                assert_eq!(page.looked_to, told[told.len() - 1].position);
                assert!(page.more || others.is_empty());
                (after, left) = (page.looked_to, others);
            }
            assert_eq!(look(&*store, after).await.events, []);
        }
    }
}

/// Position of an action that an owner has.
#[cfg(feature = "postgres")]
async fn claimed(store: &dyn Store, id: &str, owner: acteon_store::OwnerId) -> Seq {
    admit(store, id, Enqueue::Claimed(owner)).await
}
