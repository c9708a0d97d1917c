//! Rows of the embedded store, which hold what one commit wrote.

use std::path::Path;

use acteon_core::Timestamp;
use acteon_store::{EventId, EventPosition, Events as _, EventsKept};
use rusqlite::Connection;

use super::{end_at_once, end_together, events, ids};
use crate::{at, open};

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("test.db")).expect("the database")
}

fn rows(folder: &Path) -> i64 {
    let count = "SELECT COUNT(*) FROM events";
    let count = database(folder).query_row(count, [], |row| row.get(0));
    count.expect("a count")
}

#[tokio::test]
async fn what_one_commit_ends_is_one_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    end_together(&store, "a", &["a1", "a2", "a3"]).await;
    assert_eq!(rows(folder.path()), 1);
    // As if they had ended one behind the other.
    let seqs: Vec<i64> = events(&store, EventPosition::START, 3)
        .await
        .iter()
        .map(|event| event.action.seq.0)
        .collect();
    let apart = [[200_000, seqs[0]], [210_000, seqs[1]]];
    let apart: Vec<u8> = apart
        .into_iter()
        .flatten()
        .flat_map(i64::to_le_bytes)
        .collect();
    let changed =
        database(folder.path()).execute("UPDATE events SET before = ?1, at = 220000", [apart]);
    assert_eq!(changed, Ok(1));
    end_at_once(&store, "last", at(500)).await;
    assert_eq!(rows(folder.path()), 2);
    let found = events(&store, EventPosition::START, 4).await;
    let instants: Vec<Timestamp> = found.iter().map(|event| event.at).collect();
    assert_eq!(instants, [200, 210, 220, 500].map(at));
    for (place, event) in found.iter().enumerate() {
        let has = async |id| store.has_event(id).await.expect("looked");
        assert!(has(EventId::new(event.at, event.position)).await, "{place}");
        assert!(!has(EventId::new(at(201), event.position)).await, "{place}");
        let early = Timestamp::from_millis(event.at.as_millis() - 1);
        assert!(has(EventId::of_position(event.at, event.position)).await);
        assert!(!has(EventId::of_position(early, event.position)).await);
    }
    let kept = |from| EventsKept {
        from: at(from),
        to: at(90_000),
    };
    assert_eq!(store.prune_events(kept(220)).await, Ok(0), "one is kept");
    assert_eq!(store.prune_events(kept(221)).await, Ok(3));
    assert_eq!(store.oldest_event().await, Ok(found[3].position));
    let left = events(&store, EventPosition::START, 1).await;
    assert_eq!(ids(&left), ["last"]);
}

#[tokio::test]
async fn what_fills_a_row_goes_on_in_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let names: Vec<String> = (0..250).map(|number| format!("a{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    end_together(&store, "a", &names).await;
    assert_eq!(rows(folder.path()), 3);
    let mut after = EventPosition::START;
    for names in names.chunks(100) {
        let page = store.events(after, 100).await.expect("a page");
        assert_eq!(ids(&page.events), names);
        after = page.looked_to;
    }
    end_at_once(&store, "last", at(500)).await;
    let all = EventsKept {
        from: at(90_000),
        to: at(90_000),
    };
    assert_eq!(store.prune_events(all).await, Ok(250));
    assert_eq!(rows(folder.path()), 1);
}

#[tokio::test]
async fn a_row_of_no_whole_number_of_events_hides_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    end_at_once(&store, "first", at(100)).await;
    let cut = "UPDATE events SET before = x'000102'";
    assert_eq!(database(folder.path()).execute(cut, []), Ok(1));
    end_at_once(&store, "last", at(500)).await;
    let page = store
        .events(EventPosition::START, 100)
        .await
        .expect("a page");
    assert!(page.events.is_empty() && page.more);
    let left = events(&store, page.looked_to, 1).await;
    assert_eq!(ids(&left), ["last"]);
}

/// Ids by which readers of the version before go on.
const BEFORE: [(&str, &str); 4] = [
    ("done", "00000003-0d40-7000-8000-000000000001"),
    ("dead", "00000003-0d40-7000-8000-000000000002"),
    ("letter", "00000003-0d41-7000-8000-000000000004"),
    ("refused", "00000003-0d40-7000-8000-000000000005"),
];

#[tokio::test]
async fn events_of_the_schema_before_keep_their_ids() {
    let folder = tempfile::tempdir().expect("a folder");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/sqlite_schema_9.sql");
    let statements = std::fs::read_to_string(golden).expect("a file");
    let made = database(folder.path()).execute_batch(&statements);
    made.expect("as it was");
    let store = open(folder.path(), None).expect("a store");
    let found = events(&store, EventPosition::START, 4).await;
    for ((name, id), event) in BEFORE.iter().zip(&found) {
        let own = EventId::new(event.at, event.position).to_string();
        assert_eq!((&*event.action.id, &*own), (*name, *id));
    }
    for (place, (_, id)) in BEFORE.iter().enumerate() {
        let id = EventId::parse(id).expect("an id");
        assert_eq!(store.has_event(id).await, Ok(true));
        let behind = events(&store, id.position(), 3 - place).await;
        assert_eq!(behind, found[place + 1..]);
    }
    end_together(&store, "new", &["new-1", "new-2"]).await;
    let all = events(&store, EventPosition::START, 6).await;
    assert_eq!(ids(&all[4..]), ["new-1", "new-2"]);
    assert_eq!(all[..4], found);
}
