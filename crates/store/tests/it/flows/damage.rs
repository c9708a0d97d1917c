//! Flows of the embedded store that a disk damaged: they hurt nobody but themselves.

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use acteon_core::Scope;
use acteon_store::{
    Engine as _, Flow, FlowFilter, FlowState, Flows as _, Order, OwnerId, Processes as _,
    SqliteOptions, SqliteStore, StoreError,
};
use rusqlite::Connection;

use super::{begun, claim, find_flow, flow, ids, key, kinds, waits};
use crate::{at, open};

/// What a text holds of which a bit was turned.
const BYTES: &str = "CAST(x'5b80' AS TEXT)";

fn change(folder: &Path, statement: &str) {
    Connection::open(folder.join("test.db"))
        .and_then(|connection| connection.execute_batch(statement))
        .expect("changed");
}

fn all() -> FlowFilter {
    FlowFilter {
        kind: "chain".into(),
        scope: Scope::everything(),
        status: None,
        after: None,
        order: Order::OldestFirst,
        limit: 1000,
        max_bytes: usize::MAX,
    }
}

#[tokio::test]
async fn a_damaged_flow_is_told_of_and_keeps_no_other_from_being_claimed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let owner = store.register().await.expect("an owner");
    for number in 0..20 {
        begun(&store, &format!("a{number:02}"), waits(Some(100 + number))).await;
    }
    // More than a claim asks for, and the oldest due.
    for (column, id) in [
        ("tenant", "a00"),
        ("namespace", "a01"),
        ("body", "a02"),
        ("status", "a03"),
    ] {
        change(
            folder.path(),
            &format!("UPDATE flows SET {column} = {BYTES} WHERE id = '{id}'"),
        );
    }
    change(
        folder.path(),
        "UPDATE flows SET takeovers = -1 WHERE id < 'a12' AND id >= 'a04'",
    );
    let claimed = claim(&store, owner, 500).await;
    assert_eq!(
        ids(&claimed),
        ["a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19"]
    );
    let damage = store.damage().expect("it is told");
    assert_eq!(damage.count, 12);
    assert!(
        damage.first.contains("chain:a00") && damage.first.contains("tenant"),
        "{damage:?}"
    );
    assert_eq!(
        store.next_flow_due(&kinds(&["chain"])).await,
        Ok(None),
        "nobody looks for it all the time"
    );
    assert!(claim(&store, owner, 500).await.is_empty());
    assert_eq!(store.damage().expect("it is told").count, 12, "once");
    let counts = store.flow_counts().await.expect("counts");
    let unreadable = counts.iter().filter(|count| *count.status == *"unreadable");
    let by_tenant: Vec<usize> = unreadable.map(|count| count.count).collect();
    assert_eq!(
        by_tenant.iter().sum::<usize>(),
        12,
        "also the one whose tenant is damaged: {counts:?}"
    );
    // One had nothing wrong but its status, which was replaced.
    assert_eq!(store.flows(all()).await.expect("a list").flows.len(), 9);
    assert!(matches!(
        store.flow(&key("a00")).await,
        Err(StoreError::Damaged(_))
    ));
}

#[tokio::test]
async fn an_export_takes_a_damaged_flow_along_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    begun(&store, "a", waits(Some(100))).await;
    begun(&store, "b", waits(Some(100))).await;
    let sound = flow(&store, "b").await;
    drop(store);
    change(
        folder.path(),
        &format!("UPDATE flows SET body = {BYTES} WHERE id = 'a'"),
    );
    let of = |name: &str| SqliteOptions {
        path: folder.path().join(name),
        ..SqliteOptions::default()
    };
    let copy = folder.path().join("copy.db");
    SqliteStore::backup(&of("test.db"), &copy).expect("a copy");
    let mut export = Vec::new();
    SqliteStore::export(&of("test.db"), &mut export).expect("an export");
    SqliteStore::import(&of("new.db"), &mut export.as_slice()).expect("an import");
    for name in ["copy.db", "new.db"] {
        let found = SqliteStore::open(&of(name)).expect("a store");
        assert_eq!(flow(&found, "b").await, sound, "{name}");
        drop(found);
        let connection = Connection::open(folder.path().join(name)).expect("a connection");
        let kept =
            format!("SELECT COUNT(*) FROM flows WHERE body = {BYTES} AND typeof(body) = 'text'");
        let kept: i64 = connection
            .query_row(&kept, [], |row| row.get(0))
            .expect("a count");
        assert_eq!(kept, 1, "{name}");
    }
}

/// Writes over the page of the database that holds a text.
pub(crate) fn damage_page_with(database: &Path, text: &str) {
    const PAGE: usize = 4096;
    let bytes = std::fs::read(database).expect("a database");
    let place = bytes
        .windows(text.len())
        .rposition(|window| window == text.as_bytes())
        .expect("the text");
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(database)
        .expect("a database");
    file.write_all_at(&[0xa5; PAGE], (place / PAGE * PAGE) as u64)
        .expect("written");
}

fn state(number: i64) -> FlowState {
    FlowState {
        // A few on a page.
        body: format!(r#"{{"mark":"m-{number:03}","more":"{}"}}"#, "x".repeat(700)).into(),
        ..waits(Some(100 + number))
    }
}

/// Number of flows of which some lie on a damaged page.
const MANY: i64 = 60;

/// A database with a page of flows that cannot be read. A process that died holds all of them, or nobody does.
async fn with_damaged_page(folder: &Path, are_held: bool) {
    let store = open(folder, None).expect("a store");
    let owner = store.register().await.expect("an owner");
    for number in 0..MANY {
        begun(&store, &format!("a{number:03}"), state(number)).await;
    }
    while are_held && !claim(&store, owner, 500).await.is_empty() {}
    drop(store);
    // All of it into the file, without a log.
    let connection = Connection::open(folder.join("test.db")).expect("a connection");
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("moved");
    drop(connection);
    damage_page_with(&folder.join("test.db"), "m-030");
}

/// Claims until nothing is found any more.
async fn claim_all(store: &SqliteStore, owner: OwnerId) -> Vec<Flow> {
    let mut all = Vec::new();
    for _ in 0..MANY {
        let claimed = claim(store, owner, 500).await;
        all.extend(claimed);
    }
    all
}

#[tokio::test]
async fn flows_on_a_damaged_page_keep_no_other_from_going_on() {
    for are_held in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        with_damaged_page(folder.path(), are_held).await;
        let store = open(folder.path(), None).expect("it opens");
        let owner = store.register().await.expect("an owner");
        let claimed = claim_all(&store, owner).await;
        let lost = MANY as usize - claimed.len();
        assert!((1..12).contains(&lost), "held {are_held}: {lost} are lost");
        assert!(store.damage().is_some());
        let (before, behind) = (flow(&store, "a000").await, flow(&store, "a059").await);
        assert_eq!((before.owner, behind.owner), (owner, owner));
        assert_eq!(before.takeovers, u32::from(are_held));
        assert!(matches!(
            store.flow(&key("a030")).await,
            Err(StoreError::Damaged(_))
        ));
        assert_eq!(find_flow(&store, "none").await, None);
    }
}

#[tokio::test]
async fn an_export_leaves_out_only_the_flows_of_a_damaged_page() {
    let folder = tempfile::tempdir().expect("a folder");
    with_damaged_page(folder.path(), false).await;
    let of = |name: &str| SqliteOptions {
        path: folder.path().join(name),
        ..SqliteOptions::default()
    };
    let mut export = Vec::new();
    SqliteStore::export(&of("test.db"), &mut export).expect("an export");
    SqliteStore::import(&of("new.db"), &mut export.as_slice()).expect("an import");
    let new = SqliteStore::open(&of("new.db")).expect("a store");
    let kept = new.flows(all()).await.expect("a list").flows;
    let lost = MANY as usize - kept.len();
    assert!((1..12).contains(&lost), "{lost} are lost");
    assert_eq!(kept[0].state, state(0));
    assert_eq!(
        kept.last().map(|flow| flow.state.due_at),
        Some(Some(at(100 + MANY - 1)))
    );
}
