//! Events on a page that a disk damaged: they keep no other from being told.

use std::path::Path;

use acteon_core::Timestamp;
use acteon_store::{EventPosition, Events as _, EventsKept, Store};
use rusqlite::Connection;

use super::{end_at_once, ids};
use crate::flows::damage::damage_page_with;
use crate::{at, open};

/// Number of events of which some lie on a damaged page.
const MANY: i64 = 60;

/// A database with a page of events that cannot be read.
fn with_damaged_page(folder: &Path) {
    drop(open(folder, None).expect("a store"));
    let connection = Connection::open(folder.join("test.db")).expect("a connection");
    for number in 0..MANY {
        // A few on a page.
        let body = format!("m-{number:03}{}", "x".repeat(700));
        let insert = "INSERT INTO events (at, kind, body) VALUES (?1, 1, ?2)";
        connection
            .execute(insert, rusqlite::params![number, body])
            .expect("a row");
    }
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    connection
        .query_row(checkpoint, [], |_| Ok(()))
        .expect("all of it in the file");
    drop(connection);
    damage_page_with(&folder.join("test.db"), "m-030");
}

#[tokio::test]
async fn events_behind_a_damaged_page_are_told_and_those_before_it_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    with_damaged_page(folder.path());
    let store = open(folder.path(), None).expect("it opens");
    end_at_once(&store, "new", at(2000)).await;
    let kept = EventsKept {
        from: Timestamp::from_millis(10),
        to: at(9000),
    };
    assert_eq!(store.prune_events(kept).await, Ok(10));
    assert_eq!(store.prune_events(kept).await, Ok(0));
    let told: &dyn Store = &store;
    let mut after = EventPosition::START;
    loop {
        let page = told.events(after, 100).await.expect("a page");
        if !page.more {
            assert_eq!(ids(&page.events), ["new"]);
            return;
        }
        after = page.looked_to;
    }
}
