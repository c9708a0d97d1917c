//! Databases of other versions.

use acteon_core::{ActionId, Scope};
use acteon_store::{HistoryFilter, PageRequest, State, Store, StoreError};

use crate::{find, open};

#[tokio::test]
async fn a_newer_schema_is_not_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path(), None).expect("a store"));
    let connection = rusqlite::Connection::open(folder.path().join("test.db")).expect("the database");
    connection.pragma_update(None, "user_version", 99).expect("a newer version");
    drop(connection);
    assert_eq!(open(folder.path(), None).map(drop), Err(StoreError::NewerSchema { found: 99, known: 3 }));
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_taken_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = rusqlite::Connection::open(folder.path().join("test.db")).expect("a database");
    connection.execute_batch(include_str!("../../src/sqlite/0001_journal.sql")).expect("the first schema");
    connection
        .execute_batch(
            r#"INSERT INTO actions VALUES
                 (1, 'done', 't', 'n', 100000, 'api', '{"id":"done","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{},"created_at":"2026-01-01T00:00:00Z"}', NULL, '{"is_action":true}'),
                 (2, 'dead', 't', 'n', 200000, 'replay', '{"id":"dead","namespace":"n","tenant":"t","provider":"q","action_type":"y","payload":{},"created_at":"2026-01-01T00:00:00Z"}', NULL, NULL),
                 (3, 'open', 't', 'n', 300000, 'api', '{"id":"open","namespace":"n","tenant":"t","provider":"p","action_type":"x","payload":{},"created_at":"2026-01-01T00:00:00Z"}', x'00', NULL);
               INSERT INTO jobs (seq, owner, lane, due_at, give_up_at) VALUES (3, 0, 'lane', 1, 2);
               INSERT INTO outcomes VALUES (1, 1, 100001, 1, 0, 0, NULL, '{"Executed":{"status":"success","body":1,"headers":{}}}'),
                 (2, 2, 200001, 1, 0, 0, NULL, '{"Failed":{"code":"CONFIGURATION","message":"no","retryable":false,"attempts":1}}');
               PRAGMA user_version = 1;"#,
        )
        .expect("rows");
    drop(connection);
    let store = open(folder.path(), None).expect("a store");
    assert_eq!(store.open_count(), 1);
    assert_eq!((find(&store, "done").await.state, find(&store, "open").await.state), (State::Done, State::Open));
    let code = HistoryFilter { code: Some("CONFIGURATION".into()), provider: Some("q".into()), ..HistoryFilter::of(Scope::everything()) };
    let page = store.history(code, PageRequest { after: None, offset: 0, limit: 10, count: true }).await.expect("a page");
    let ids: Vec<&ActionId> = page.records.iter().map(|record| &record.action.id).collect();
    assert_eq!((ids[0].as_str(), ids.len()), ("dead", 1));
}
