//! What an advance writes, and when it writes nothing.

use std::sync::Arc;

use acteon_store::{
    Advance, Advanced, Enqueue, Expect, Flow, FlowKey, FlowState, OwnerId, StoreError,
};

use super::{
    advance, begins, begun, changed, changes, child, claim, find_flow, flow, key, namespace, over,
    poke, tenant, waits, write,
};
use crate::{Engine, admission, at, end, executed, settlement};

on_every_engine! {
    a_flow_is_kept_as_it_was_written,
    a_flow_of_a_name_begins_once,
    an_advance_by_another_version_writes_nothing,
    of_two_advances_of_one_version_one_is_written,
    an_advance_takes_the_flow_from_its_owner,
    a_deleted_flow_is_gone_and_may_begin_again,
    what_no_engine_writes_is_refused_whole,
    names_are_whole_and_told_apart,
}

pub(crate) async fn a_flow_is_kept_as_it_was_written(engine: &Engine) {
    let store = engine.open().await;
    let first = begun(&*store, "a", waits(Some(300))).await;
    let expected = Flow {
        key: key("a"),
        namespace: namespace(),
        tenant: tenant("t"),
        state: waits(Some(300)),
        version: first.version,
        owner: OwnerId::NOBODY,
        takeovers: 0,
        created_at: at(200),
        updated_at: at(200),
    };
    assert_eq!(first, expected);
    let written = write(
        &*store,
        Advance {
            at: at(250),
            ..changes(&first, over())
        },
    )
    .await;
    assert!(written.version > first.version);
    drop(store);
    let store = engine.open().await;
    let expected = Flow {
        state: over(),
        version: written.version,
        updated_at: at(250),
        ..expected
    };
    assert_eq!(flow(&*store, "a").await, expected);
}

pub(crate) async fn a_flow_of_a_name_begins_once(engine: &Engine) {
    let store = engine.open().await;
    let first = begun(&*store, "a", waits(Some(300))).await;
    let second = begins("a", over());
    assert_eq!(changed(&*store, second).await, Some(first.clone()));
    assert_eq!(flow(&*store, "a").await, first);
}

pub(crate) async fn an_advance_by_another_version_writes_nothing(engine: &Engine) {
    let store = engine.open().await;
    let before = begun(&*store, "a", waits(Some(300))).await;
    let other = begun(&*store, "other", waits(None)).await;
    write(&*store, changes(&before, waits(Some(400)))).await;
    let now = flow(&*store, "a").await;
    for expect in [
        Expect::Version(before.version),
        Expect::Version(now.version + 1),
        Expect::New(namespace(), tenant("t")),
    ] {
        let late = Advance {
            admissions: vec![child("c", "a")],
            begins: vec![super::begin("b", None)],
            pokes: vec![poke("other", 100)],
            ..advance("a", expect, Some(over()))
        };
        assert_eq!(changed(&*store, late).await, Some(now.clone()));
    }
    let nobodys = advance("none", Expect::Version(1), None);
    assert_eq!(changed(&*store, nobodys).await, None);
    assert_eq!(flow(&*store, "a").await, now);
    assert_eq!(flow(&*store, "other").await, other);
    assert_eq!(find_flow(&*store, "b").await, None);
    assert_eq!(store.open_count(), 0);
}

pub(crate) async fn of_two_advances_of_one_version_one_is_written(engine: &Engine) {
    let store = engine.open().await;
    for round in 0..20 {
        let id = format!("a{round}");
        let before = begun(&*store, &id, waits(Some(300))).await;
        let racers: Vec<_> = (0..4)
            .map(|number| {
                let status: Arc<str> = format!("by-{number}").into();
                let state = FlowState {
                    status,
                    ..waits(None)
                };
                let racing = Advance {
                    admissions: vec![child(&format!("c{round}-{number}"), &id)],
                    ..changes(&before, state)
                };
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.advance(racing).await.expect("an answer") })
            })
            .collect();
        let mut won = Vec::new();
        for (number, racer) in racers.into_iter().enumerate() {
            match racer.await.expect("an end") {
                Advanced::Written { .. } => won.push(format!("by-{number}")),
                Advanced::Changed(found) => {
                    assert!(found.is_some_and(|now| now.version > before.version));
                }
            }
        }
        assert_eq!(won.len(), 1, "{round}: {won:?}");
        assert_eq!(*flow(&*store, &id).await.state.status, *won[0]);
        assert_eq!(store.open_count(), round + 1, "the others admitted nothing");
    }
}

pub(crate) async fn an_advance_takes_the_flow_from_its_owner(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    begun(&*store, "a", waits(Some(100))).await;
    let held = claim(&*store, owner, 150).await.pop().expect("claimed");
    // Somebody who decides from outside, by the version that is there.
    let decided = flow(&*store, "a").await;
    assert_eq!(decided, held);
    write(&*store, changes(&decided, waits(Some(500)))).await;
    let now = flow(&*store, "a").await;
    assert_eq!((now.owner, now.takeovers), (OwnerId::NOBODY, 0));
    let late = changed(&*store, changes(&held, over())).await;
    assert_eq!(late, Some(now), "the owner hears how it stands");
}

pub(crate) async fn a_deleted_flow_is_gone_and_may_begin_again(engine: &Engine) {
    let store = engine.open().await;
    let first = begun(&*store, "a", waits(Some(300))).await;
    let deletes = advance("a", Expect::Version(first.version), None);
    let deletes = Advance {
        admissions: vec![child("last", "a")],
        pokes: vec![poke("a", 100)],
        ..deletes
    };
    write(&*store, deletes).await;
    assert_eq!(find_flow(&*store, "a").await, None);
    assert_eq!(store.open_count(), 1, "its last action goes");
    let again = Advance {
        at: at(250),
        ..begins("a", over())
    };
    write(&*store, again).await;
    let again = flow(&*store, "a").await;
    assert!(again.state.is_over);
    let late = changes(&first, waits(None));
    assert_eq!(changed(&*store, late).await, Some(again), "it is another");
}

pub(crate) async fn what_no_engine_writes_is_refused_whole(engine: &Engine) {
    let store = engine.open().await;
    let owner = store.register().await.expect("an owner");
    let before = begun(&*store, "a", waits(Some(300))).await;
    let seq = crate::admit(&*store, "held", Enqueue::Claimed(owner)).await;
    let sound = || Advance {
        admissions: vec![child("sound", "a")],
        ..changes(&before, over())
    };
    let mut sent = sound();
    sent.admissions
        .push(admission("owned", Enqueue::InFlight(owner)));
    let mut claimed = sound();
    claimed
        .admissions
        .push(admission("owned", Enqueue::Claimed(owner)));
    let mut without_route = sound();
    let nowhere = acteon_store::Disposition::Send {
        conditions: acteon_store::Conditions::default(),
        routes: Vec::new(),
    };
    without_route
        .admissions
        .push(crate::with_disposition("nowhere", at(100), nowhere));
    let mut ends_anothers = sound();
    ends_anothers
        .cancels
        .push(settlement(seq, owner, end(executed())));
    let mut ends_nothing = sound();
    ends_nothing
        .cancels
        .push(settlement(seq, OwnerId::NOBODY, crate::again(300)));
    let stateless = advance("b", Expect::New(namespace(), tenant("t")), None);
    let mut begins_itself = sound();
    begins_itself.begins.push(super::begin("a", None));
    let mut begins_itself_too = sound();
    begins_itself_too.admissions[0]
        .begins
        .push(super::begin("a", None));
    for (what, refused) in [
        ("itself", begins_itself),
        ("itself with an action", begins_itself_too),
        ("sent at once", sent),
        ("claimed", claimed),
        ("without a route", without_route),
        ("another's end", ends_anothers),
        ("no end", ends_nothing),
        ("no state", stateless),
    ] {
        let told = store.advance(refused).await.map(drop);
        assert!(
            matches!(told, Err(StoreError::Engine(_))),
            "{what}: {told:?}"
        );
    }
    assert_eq!(flow(&*store, "a").await, before);
    assert_eq!(store.open_count(), 1);
}

pub(crate) async fn names_are_whole_and_told_apart(engine: &Engine) {
    let store = engine.open().await;
    let names = [
        ("k", "a:b:一"),
        ("k", "A:b:一"),
        ("k2", "a:b:一"),
        ("k", " a"),
    ];
    for (kind, id) in names {
        let key = FlowKey::new(kind, id);
        assert_eq!(FlowKey::parse(&key.to_string()), Some(key.clone()));
        let begins = Advance {
            key: key.clone(),
            ..begins("", waits(None))
        };
        write(&*store, begins).await;
    }
    for (kind, id) in names {
        let key = FlowKey::new(kind, id);
        let found = store.flow(&key).await.expect("an answer").expect("a flow");
        assert_eq!(found.key, key);
    }
    let absent = store.flow(&FlowKey::new("k", "a")).await;
    assert_eq!(absent, Ok(None));
}
