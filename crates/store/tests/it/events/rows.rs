//! Rows of PostgreSQL, which hold what one statement ended.

use std::path::Path;

use acteon_core::Timestamp;
use acteon_store::postgres::PostgresStore;
use acteon_store::{EventId, EventPosition, Events as _, EventsKept};
use acteon_testkit::postgres::TestDatabase;

use super::{end_at_once, end_together, events, ids};
use crate::at;

async fn database() -> Option<(TestDatabase, PostgresStore)> {
    let database = TestDatabase::find().await?;
    let store = PostgresStore::open(database.options())
        .await
        .expect("a store");
    Some((database, store))
}

async fn rows(database: &TestDatabase) -> i64 {
    let count = database.count("SELECT COUNT(*) FROM events").await;
    count.expect("a count")
}

#[tokio::test]
async fn what_one_statement_ends_is_one_row() {
    let Some((database, store)) = database().await else {
        return;
    };
    end_together(&store, "a", &["a1", "a2", "a3"]).await;
    assert_eq!(rows(&database).await, 1);
    // As if they had ended one behind the other.
    let apart = "UPDATE events SET ats = ARRAY[200000, 210000, 220000]";
    database.execute(apart).await.expect("changed");
    end_at_once(&store, "last", at(500)).await;
    assert_eq!(rows(&database).await, 2);
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
    let newest = store.newest_event().await.expect("an id").position();
    let far = EventId::new(at(500), newest);
    assert_eq!(store.has_event(far).await, Ok(false), "no event has it");
    let kept = |from| EventsKept {
        from: at(from),
        to: at(90_000),
    };
    assert_eq!(store.prune_events(kept(220)).await, Ok(0), "one is kept");
    assert_eq!(store.prune_events(kept(221)).await, Ok(3));
    assert_eq!(
        ids(&events(&store, EventPosition::START, 1).await),
        ["last"]
    );
}

#[tokio::test]
async fn a_step_of_housekeeping_ends_with_the_row_at_its_bound() {
    let Some((database, store)) = database().await else {
        return;
    };
    let many = "INSERT INTO events (xid, pos, kind, ats) \
                SELECT number, 0, 1, array_fill(1::bigint, ARRAY[1500]) FROM generate_series(1, 4) AS number";
    database.execute(many).await.expect("rows");
    let kept = EventsKept {
        from: at(100),
        to: at(200),
    };
    for (deleted, left) in [(3000, 2), (1500, 1), (0, 1)] {
        assert_eq!(store.prune_events(kept).await, Ok(deleted));
        assert_eq!(rows(&database).await, left, "the newest stays");
    }
}

/// Ids by which readers of the version before go on.
const BEFORE: [(&str, &str); 4] = [
    ("done", "00000003-0d40-7000-8000-0007d0000001"),
    ("dead", "00000003-0d40-7000-8000-0007d0000002"),
    ("letter", "00000003-0d41-7000-8000-0007d0000004"),
    ("refused", "00000003-0d40-7000-8000-0007d4100001"),
];

#[tokio::test]
async fn events_of_the_schema_before_keep_their_ids() {
    let Some((database, store)) = database().await else {
        return;
    };
    drop(store);
    let schema = &database.options().schema;
    let begun = format!(
        "DROP SCHEMA \"{schema}\" CASCADE; CREATE SCHEMA \"{schema}\"; SET search_path TO \"{schema}\"; \
         CREATE TABLE schema_version (only_row BOOLEAN PRIMARY KEY CHECK (only_row), version BIGINT NOT NULL); \
         INSERT INTO schema_version VALUES (TRUE, 7);"
    );
    database.execute(&begun).await.expect("an empty schema");
    let changes = crate::goldens::migrations("postgres").into_iter().take(7);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/postgres_schema_7.sql");
    for path in changes.chain([golden]) {
        let statements = std::fs::read_to_string(path).expect("a file");
        database.execute(&statements).await.expect("as it was");
    }
    let store = PostgresStore::open(database.options())
        .await
        .expect("a store");
    let kinds = database.count("SELECT COUNT(*) FROM events WHERE kind = 9 AND body = 'later'");
    assert_eq!(kinds.await.expect("a count"), 1);
    assert_eq!(rows(&database).await, 4, "a row each where they were apart");
    let found = events(&store, EventPosition::START, 4).await;
    let told: Vec<(&str, String)> = found
        .iter()
        .map(|event| {
            (
                &*event.action.id,
                EventId::new(event.at, event.position).to_string(),
            )
        })
        .collect();
    assert_eq!(told, BEFORE.map(|(name, id)| (name, id.to_owned())));
    for (place, (_, id)) in BEFORE.iter().enumerate() {
        let id = EventId::parse(id).expect("an id");
        assert_eq!(store.has_event(id).await, Ok(true));
        let behind = events(&store, id.position(), 3 - place).await;
        assert_eq!(behind, found[place + 1..]);
    }
}
