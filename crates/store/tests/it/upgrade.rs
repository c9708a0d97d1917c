//! Databases of other versions.

use acteon_core::{ActionId, Scope};
use acteon_store::{
    ActionState, ClaimRows, Engine as _, History as _, HistoryFilter, Hold, PageRequest, Room,
    Settled, Settlement, Store, StoreError,
};

use crate::{at, claim_rows, end, executed, find, open, provider, settlement};

#[tokio::test]
async fn a_newer_schema_is_not_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path(), None).expect("a store"));
    let connection =
        rusqlite::Connection::open(folder.path().join("test.db")).expect("the database");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("a newer version");
    drop(connection);
    assert_eq!(
        open(folder.path(), None).map(drop),
        Err(StoreError::NewerSchema {
            found: 99,
            known: 10
        })
    );
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_taken_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = rusqlite::Connection::open(folder.path().join("test.db")).expect("a database");
    connection
        .execute_batch(include_str!("../../src/sqlite/0001_journal.sql"))
        .expect("the first schema");
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
    assert_eq!(
        (
            find(&store, "done").await.state,
            find(&store, "open").await.state
        ),
        (ActionState::Done, ActionState::Open)
    );
    let code = HistoryFilter {
        code: Some("CONFIGURATION".into()),
        provider: Some("q".into()),
        ..HistoryFilter::of(Scope::everything())
    };
    let page = store
        .history(
            code,
            PageRequest {
                after: None,
                offset: 0,
                limit: 10,
                count: true,
            },
        )
        .await
        .expect("a page");
    let ids: Vec<&ActionId> = page
        .records
        .iter()
        .map(|record| &record.action.id)
        .collect();
    assert_eq!((ids[0].as_str(), ids.len()), ("dead", 1));
}

/// What the databases of the schema before providers hold, after they were brought up to date, on every engine.
async fn goes_on_from_the_schema_before_providers(store: &dyn Store) {
    assert_eq!(
        (
            find(store, "done").await.state,
            find(store, "dead").await.state
        ),
        (ActionState::Done, ActionState::Dead)
    );
    let owner = store.register().await.expect("an owner");
    for beat in store
        .heartbeats()
        .await
        .expect("beats")
        .into_iter()
        .filter(|beat| beat.owner != owner)
    {
        store
            .take_over(vec![beat], at(250))
            .await
            .expect("taken over");
    }
    let due = store.next_due(&[provider("p")]).await.expect("a due time");
    assert!(due.is_some_and(|due| due <= at(250)), "{due:?}");
    let rooms = || {
        ["q", "p"]
            .map(|name| Room::of(vec![provider(name)], 10))
            .to_vec()
    };
    let claimed = claim_rows(store, owner, 400, ClaimRows::Due(rooms())).await;
    let names: Vec<(&str, &str)> = claimed
        .iter()
        .map(|found| (found.action.id.as_str(), found.provider.as_str()))
        .collect();
    assert_eq!(names[0], ("rerouted", "q"), "{names:?}");
    let found = |id: &str| {
        claimed
            .iter()
            .find(|record| record.action.id.as_str() == id)
            .expect("claimed")
    };
    let (held, waiting, retried) = (found("held"), found("waiting"), found("retried"));
    assert_eq!(
        (held.takeovers, held.possible_duplicate),
        (1, true),
        "until then nothing told what had been sent from what waited"
    );
    assert_eq!(
        (
            waiting.takeovers,
            waiting.possible_duplicate,
            waiting.late_mark.clone()
        ),
        (0, false, None)
    );
    assert_eq!(
        (
            retried.attempts,
            retried.charges.dedup.as_deref(),
            claimed.len()
        ),
        (1, Some("key"), 4)
    );
    for found in &claimed {
        assert_eq!(found.unreadable, None);
        let mine = Hold {
            seq: found.seq,
            owner,
            fence: found.fence,
        };
        let settled = store
            .settle(Settlement {
                hold: mine,
                ..settlement(found.seq, owner, end(executed()))
            })
            .await;
        assert_eq!(settled, Ok(Settled::Written));
    }
    assert_eq!(store.open_count(), 0);
}

#[tokio::test]
async fn a_database_of_the_schema_before_providers_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = rusqlite::Connection::open(folder.path().join("test.db")).expect("a database");
    connection
        .execute_batch(include_str!("../golden/sqlite_schema_3.sql"))
        .expect("the database as it was");
    drop(connection);
    goes_on_from_the_schema_before_providers(&open(folder.path(), None).expect("a store")).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_schema_before_providers_goes_on() {
    let Some(crate::Engine::Postgres(database)) = crate::engine::postgres().await else {
        return;
    };
    let begun = "CREATE TABLE schema_version (only_row BOOLEAN PRIMARY KEY CHECK (only_row), version BIGINT NOT NULL); \
                 INSERT INTO schema_version VALUES (TRUE, 1);";
    let schema = &database.options().schema;
    database
        .execute(&format!(
            "DROP SCHEMA \"{schema}\" CASCADE; CREATE SCHEMA \"{schema}\""
        ))
        .await
        .expect("an empty schema");
    for statements in [
        begun,
        include_str!("../../src/postgres/0001_schema.sql"),
        include_str!("../golden/postgres_schema_1.sql"),
    ] {
        database
            .execute(statements)
            .await
            .expect("the schema as it was");
    }
    let store = acteon_store::postgres::PostgresStore::open(database.options())
        .await
        .expect("a store");
    goes_on_from_the_schema_before_providers(&store).await;
}

#[tokio::test]
async fn an_export_of_the_version_before_providers_is_imported() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = acteon_store::SqliteOptions {
        path: folder.path().join("test.db"),
        ..acteon_store::SqliteOptions::default()
    };
    let mut export = include_str!("../golden/export_1.jsonl").as_bytes();
    assert_eq!(
        acteon_store::SqliteStore::import(&options, &mut export),
        Ok(13)
    );
    goes_on_from_the_schema_before_providers(&open(folder.path(), None).expect("a store")).await;
}
