//! Texts that a disk damaged: they hurt nobody but their row, and every copy takes them along as they are.

use std::path::Path;

use acteon_core::{ActionId, Scope};
use acteon_store::{
    Enqueue, History as _, HistoryFilter, Jobs as _, Journal as _, PageRequest, Processes as _,
    Seq, SqliteOptions, SqliteStore,
};
use rusqlite::Connection;

use crate::{admit, at, end, executed, open, settlement};

/// What a text holds of which a bit was turned.
const BYTES: &str = "x'5b80'";

/// A store with damage in texts that lists and the start read, and in one that only a record has.
async fn damaged(folder: &Path) -> SqliteStore {
    let store = open(folder, None).expect("a store");
    let owner = store.register().await.expect("an owner");
    let done = admit(&store, "done", Enqueue::Claimed(owner)).await;
    store
        .settle(settlement(done, owner, end(executed())))
        .await
        .expect("settled");
    let over = admit(&store, "over", Enqueue::Claimed(owner)).await;
    store
        .settle(settlement(over, owner, end(executed())))
        .await
        .expect("settled");
    admit(&store, "named", Enqueue::DueAt(at(300))).await;
    admit(&store, "sound", Enqueue::DueAt(at(300))).await;
    let connection = Connection::open(folder.join("test.db")).expect("a connection");
    let damage = format!(
        "UPDATE outcomes SET history = CAST({BYTES} AS TEXT) WHERE seq = {}; \
         UPDATE outcomes SET outcome = CAST({BYTES} AS TEXT) WHERE seq = {}; \
         UPDATE actions SET tenant = CAST({BYTES} AS TEXT), rule = CAST({BYTES} AS TEXT), caller = CAST({BYTES} AS TEXT) WHERE id = 'named'",
        done.0, over.0
    );
    connection.execute_batch(&damage).expect("damaged");
    store
}

fn database(folder: &Path, name: &str) -> SqliteOptions {
    SqliteOptions {
        path: folder.join(name),
        ..SqliteOptions::default()
    }
}

/// Whether the damaged texts of a database are what they were, as texts.
fn is_as_damaged(path: &Path) -> bool {
    let connection = Connection::open(path).expect("a connection");
    let texts = format!(
        "SELECT COUNT(*) FROM (SELECT history AS text FROM outcomes UNION ALL SELECT outcome FROM outcomes \
         UNION ALL SELECT tenant FROM actions UNION ALL SELECT rule FROM actions UNION ALL SELECT caller FROM actions) \
         WHERE typeof(text) = 'text' AND CAST(text AS BLOB) = {BYTES}"
    );
    connection
        .query_row(&texts, [], |row| row.get::<_, i64>(0))
        .expect("a count")
        == 5
}

#[tokio::test]
async fn lists_and_the_start_go_on_past_a_damaged_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = damaged(folder.path()).await;
    let all = HistoryFilter::of(Scope::everything());
    let page = store
        .history(
            all.clone(),
            PageRequest {
                after: None,
                offset: 0,
                limit: 10,
                count: true,
            },
        )
        .await
        .expect("a page");
    assert_eq!((page.records.len(), page.total), (4, Some(4)));
    assert_eq!(store.coverage(all, 10).await.expect("rows").0.len(), 4);
    let shares = store
        .open_shares(acteon_core::Timestamp::default())
        .await
        .expect("shares");
    assert!(
        shares
            .iter()
            .any(|share| share.tenant.as_str() == "t" && share.count == 1),
        "{shares:?}"
    );
    let seqs: Vec<Seq> = page.records.iter().map(|record| record.seq).collect();
    let outcomes = store.outcomes_of(seqs).await.expect("outcomes");
    let said: Vec<bool> = outcomes
        .iter()
        .map(|(_, outcome)| outcome.contains("UNREADABLE"))
        .collect();
    assert_eq!(said.iter().filter(|said| **said).count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn a_backup_and_an_export_take_a_damaged_text_along_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = damaged(folder.path()).await;
    let copy = folder.path().join("copy.db");
    SqliteStore::backup(&database(folder.path(), "test.db"), &copy).expect("a copy");
    assert!(is_as_damaged(&copy));
    let mut export = Vec::new();
    let rows =
        SqliteStore::export(&database(folder.path(), "test.db"), &mut export).expect("an export");
    assert_eq!(
        SqliteStore::import(&database(folder.path(), "new.db"), &mut export.as_slice()),
        Ok(rows)
    );
    assert!(is_as_damaged(&folder.path().join("new.db")));
    drop(store);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_damaged_text_is_taken_for_sound_by_no_engine_that_it_comes_to() {
    use acteon_store::postgres::PostgresStore;
    use acteon_testkit::postgres::TestDatabase;

    let Some(test) = TestDatabase::find().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let store = damaged(folder.path()).await;
    let broken = r"UPDATE actions SET action = CAST(replace(CAST(action AS BLOB), x'62', x'80') AS TEXT) WHERE id = 'sound'";
    Connection::open(folder.path().join("test.db"))
        .and_then(|connection| connection.execute_batch(broken))
        .expect("damaged");
    drop(store);
    let mut export = Vec::new();
    let rows =
        SqliteStore::export(&database(folder.path(), "test.db"), &mut export).expect("an export");
    assert_eq!(
        PostgresStore::import(test.options(), &mut export.as_slice()).await,
        Ok(rows)
    );
    let moved = PostgresStore::open(test.options()).await.expect("a store");
    let found = moved
        .find(
            &Scope::everything(),
            &ActionId::parse("sound").expect("an id"),
        )
        .await
        .expect("found")
        .pop()
        .expect("a record");
    assert!(
        found
            .unreadable
            .is_some_and(|wrong| wrong.contains("action")),
        "what cannot be read is not sent"
    );
}
