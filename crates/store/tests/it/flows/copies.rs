//! Flows in copies, exports and imports.

use std::path::Path;

use acteon_core::Timestamp;
use acteon_store::{
    Advance, CLOCK_STEPS, Flow, Journal as _, Notes as _, OwnerId, Processes as _, Settled,
    SqliteOptions, SqliteStore,
};
use rusqlite::Connection;

use super::{
    begins, begun, changes, child, claim, ends_poking, flow, key, over, poke, waits, write,
};
use crate::{at, executed, open};

const HOUR: i64 = 3_600_000;

fn of(folder: &Path, name: &str) -> SqliteOptions {
    SqliteOptions {
        path: folder.join(name),
        ..SqliteOptions::default()
    }
}

fn opened(folder: &Path, name: &str) -> SqliteStore {
    SqliteStore::open(&of(folder, name)).expect("a store")
}

/// Writes a store out, and into a new database.
fn moved(folder: &Path, into: &str) {
    let mut export = Vec::new();
    SqliteStore::export(&of(folder, "test.db"), &mut export).expect("an export");
    SqliteStore::import(&of(folder, into), &mut export.as_slice()).expect("an import");
}

#[tokio::test]
async fn flows_move_with_their_store_and_are_due_by_its_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let owner = store.register().await.expect("an owner");
    begun(&store, "held", waits(Some(100))).await;
    claim(&store, owner, 150).await;
    begun(&store, "waits", waits(Some(300))).await;
    begun(&store, "never", waits(None)).await;
    begun(&store, "over", over()).await;
    let steps = format!("{HOUR} 0");
    store
        .put_note(CLOCK_STEPS, &steps, Timestamp::MAX)
        .await
        .expect("kept");
    let there = opened(folder.path(), "new.db");
    let steps = (-HOUR).to_string();
    there
        .put_note(CLOCK_STEPS, &steps, Timestamp::MAX)
        .await
        .expect("kept");
    drop(there);
    moved(folder.path(), "new.db");
    let new = opened(folder.path(), "new.db");
    for id in ["held", "waits", "never", "over"] {
        let (before, now) = (flow(&store, id).await, flow(&new, id).await);
        let mut expected = Flow {
            owner: OwnerId::NOBODY,
            version: now.version,
            ..before
        };
        let later = |due: Timestamp| Timestamp::from_millis(due.as_millis() + 2 * HOUR);
        expected.state.due_at = expected.state.due_at.map(later);
        assert_eq!(now, expected, "{id}");
    }
    let mut export = Vec::new();
    SqliteStore::export(&of(folder.path(), "test.db"), &mut export).expect("an export");
    let only_flows = opened(folder.path(), "flows.db");
    begun(&only_flows, "there", waits(None)).await;
    drop(only_flows);
    let refused = SqliteStore::import(&of(folder.path(), "flows.db"), &mut export.as_slice());
    assert!(refused.is_err(), "it is not empty");
}

#[tokio::test]
async fn a_flow_that_was_copied_before_its_action_ended_looks_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let owner = store.register().await.expect("an owner");
    for id in ["later", "never", "open", "over", "looked"] {
        let step = Advance {
            at: at(150),
            admissions: vec![child(&format!("of-{id}"), id)],
            ..begins(id, waits(Some(900)))
        };
        write(&store, step).await;
    }
    for record in crate::claim(&store, owner, 250).await {
        let parent = record.parent.clone().expect("a parent");
        if *parent.id != *"open" {
            let ends = ends_poking(&record, owner, poke(&parent.id, 240), executed());
            assert_eq!(store.settle(ends).await, Ok(Settled::Written));
        }
    }
    write(&store, changes(&flow(&store, "over").await, over())).await;
    let looked = Advance {
        at: at(201),
        ..changes(&flow(&store, "looked").await, waits(Some(900)))
    };
    write(&store, looked).await;
    // As a page has them that was read before the actions ended.
    let earlier = "UPDATE flows SET due_at = 900000 WHERE id = 'later'; UPDATE flows SET due_at = NULL WHERE id = 'never'";
    Connection::open(folder.path().join("test.db"))
        .and_then(|connection| connection.execute_batch(earlier))
        .expect("changed");
    let copy = folder.path().join("copy.db");
    SqliteStore::backup(&of(folder.path(), "test.db"), &copy).expect("a copy");
    moved(folder.path(), "new.db");
    for name in ["copy.db", "new.db"] {
        let found = opened(folder.path(), name);
        for (id, due) in [
            ("later", Some(0)),
            ("never", Some(0)),
            ("open", Some(900)),
            ("over", None),
            ("looked", Some(900)),
        ] {
            let (before, now) = (flow(&store, id).await, flow(&found, id).await);
            assert_eq!(now.state.due_at, due.map(at), "{name}: {id}");
            assert_eq!(now.version > before.version, due == Some(0), "{name}: {id}");
        }
        let parent = crate::find(&found, "of-open").await.parent;
        assert_eq!(parent, Some(key("open")), "{name}");
    }
}

/// Pages of a copy that meet what a process commits meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_copied_flow_admitted_is_in_the_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = std::sync::Arc::new(open(folder.path(), None).expect("a store"));
    for number in 0..600 {
        begun(&*store, &format!("a{number:03}"), waits(None)).await;
    }
    let (ends, has_ended) = tokio::sync::watch::channel(false);
    let stepping = {
        let store = std::sync::Arc::clone(&store);
        tokio::spawn(async move {
            let mut number = 0;
            while !*has_ended.borrow() {
                number += 1;
                let before = flow(&*store, &format!("a{:03}", (number * 7) % 600)).await;
                let action = format!("{}-{number}", before.key.id);
                let state = acteon_store::FlowState {
                    body: format!(r#"{{"admitted":"{action}"}}"#).into(),
                    ..waits(None)
                };
                let step = Advance {
                    admissions: vec![child(&action, &before.key.id)],
                    ..changes(&before, state)
                };
                write(&*store, step).await;
            }
            number
        })
    };
    for round in 0..5 {
        let name = format!("copy-{round}.db");
        let (options, to) = (of(folder.path(), "test.db"), folder.path().join(&name));
        let copy = move || SqliteStore::backup(&options, &to);
        tokio::task::spawn_blocking(copy)
            .await
            .expect("an end")
            .expect("a copy");
        let connection = Connection::open(folder.path().join(&name)).expect("the copy");
        let lost = "SELECT COUNT(*) FROM flows WHERE json_extract(body, '$.admitted') NOT IN (SELECT id FROM actions)";
        let lost: i64 = connection
            .query_row(lost, [], |row| row.get(0))
            .expect("a count");
        assert_eq!(
            lost, 0,
            "round {round}: of what a flow says that it admitted"
        );
    }
    ends.send(true).expect("it listens");
    assert!(stepping.await.expect("an end") > 5);
}
