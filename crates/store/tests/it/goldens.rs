//! Golden files: databases and exports of earlier versions, which are taken along and gone on with.
//!
//! Each was written by the last version that had its schema, or its format, and has a row of each kind. `golden/sqlite_schema_7.sql` is a database as
//! `sqlite3 acteon.db .dump` prints it, with its version; `golden/postgres_schema_5.sql` has the rows alone.

use std::path::{Path, PathBuf};

use acteon_core::{Outcome, Scope};
use acteon_store::{
    ActionState, Admitted, Advance, ClaimRows, Conditions, DedupCheck, Disposition, DocumentKind,
    Enqueue, Hold, Notes as _, Room, ScheduledRequest, Settled, Settlement, SqliteOptions,
    SqliteStore, Store,
};

use crate::flows::{begins, child, waits, write};
use crate::{
    at, claim_rows, end, executed, find, open, provider, route, settlement, with_disposition,
};

/// The first schema of each engine of which there is a golden file with a row of each kind.
const FIRST: [(&str, usize); 2] = [("sqlite", 7), ("postgres", 5)];

fn in_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn golden(engine: &str, version: usize) -> PathBuf {
    in_crate(&format!("tests/golden/{engine}_schema_{version}.sql"))
}

/// The migrations of an engine, in their order.
pub(crate) fn migrations(engine: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(in_crate(&format!("src/{engine}"))).expect("a folder");
    let mut files: Vec<PathBuf> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    files
}

/// Versions of an engine's schema that came before the newest, and have golden files.
fn earlier(engine: &str) -> std::ops::Range<usize> {
    let (_, first) = FIRST
        .into_iter()
        .find(|(name, _)| *name == engine)
        .expect("an engine");
    first..migrations(engine).len()
}

#[test]
fn each_schema_before_the_newest_has_a_golden_file() {
    for (engine, _) in FIRST {
        let missing: Vec<PathBuf> = earlier(engine)
            .map(|version| golden(engine, version))
            .filter(|path| !path.exists())
            .collect();
        assert!(
            missing.is_empty(),
            "a migration was added, and {missing:?} is not there: before it is, open the golden file of the schema before with this version, \
             add a row of what came with its schema, and keep what it holds then under that name; see the head of goldens.rs"
        );
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a golden file")
}

/// What every golden file holds, after it was brought up to date.
async fn goes_on(store: &dyn Store) {
    for (id, state) in [
        ("done", ActionState::Done),
        ("dead", ActionState::Dead),
        ("letter", ActionState::Discarded),
        ("refused", ActionState::Refused),
        ("scheduled", ActionState::Open),
    ] {
        let found = find(store, id).await;
        assert_eq!((found.state, found.unreadable), (state, None), "{id}");
        // Since there are flows, one of them sent the letter.
        let parent = found.parent.map(|flow| flow.to_string());
        assert!(parent.is_none_or(|flow| id == "letter" && flow == "chain:waits"));
    }
    assert_eq!(
        find(store, "dead").await.class.as_deref(),
        Some("to_repair")
    );
    assert_eq!((store.open_count(), store.used("c").await), (6, Ok(7)));
    let silences = store
        .documents(DocumentKind::Silence)
        .await
        .expect("documents");
    assert_eq!((silences.len(), silences[0].version), (1, 2));
    let request = ScheduledRequest {
        scope: Scope::everything(),
        now: at(250),
        after: None,
        limit: 10,
    };
    let scheduled = store.scheduled(request).await.expect("a page");
    assert_eq!(scheduled.rows.len(), 1);
    assert_eq!(scheduled.rows[0].action_id, "scheduled");
    is_held(store, "key").await;
    jobs_go_on(store).await;
    flows_begin(store).await;
}

async fn is_held(store: &dyn Store, key: &str) {
    let conditions = Conditions {
        dedup: Some(DedupCheck {
            key: key.into(),
            until: at(900),
        }),
        throttle: None,
    };
    let send = Disposition::Send {
        conditions,
        routes: vec![route("p", Enqueue::DueAt(at(105)))],
    };
    let told = store.admit(with_disposition("again", at(250), send)).await;
    assert!(matches!(
        told,
        Ok(Admitted::Ended(Outcome::Deduplicated { .. }))
    ));
}

async fn jobs_go_on(store: &dyn Store) {
    let owner = store.register().await.expect("an owner");
    let others = store.heartbeats().await.expect("beats");
    let others = others
        .into_iter()
        .filter(|beat| beat.owner != owner)
        .collect();
    store.take_over(others, at(250)).await.expect("taken over");
    let rooms = ["q", "p"].map(|name| Room::of(vec![provider(name)], 10));
    let claimed = claim_rows(store, owner, 400, ClaimRows::Due(rooms.to_vec())).await;
    let names: Vec<&str> = claimed
        .iter()
        .map(|record| record.action.id.as_str())
        .collect();
    assert_eq!(names[..2], ["rerouted", "kept"], "{names:?}");
    assert_eq!(claimed.len(), 5, "{names:?}");
    for record in &claimed {
        assert_eq!(record.unreadable, None);
        let (takeovers, possible_duplicate, late_mark) = match record.action.id.as_str() {
            "held" => (1, true, None),
            "retried" => (0, true, Some("late")),
            _ => (0, false, None),
        };
        assert_eq!(
            (
                record.takeovers,
                record.possible_duplicate,
                record.late_mark.as_deref()
            ),
            (takeovers, possible_duplicate, late_mark),
            "{}",
            record.action.id
        );
        let hold = Hold {
            seq: record.seq,
            owner,
            fence: record.fence,
        };
        let ends = Settlement {
            hold,
            ..settlement(record.seq, owner, end(executed()))
        };
        assert_eq!(store.settle(ends).await, Ok(Settled::Written));
    }
    assert_eq!(store.open_count(), 1);
}

async fn flows_begin(store: &dyn Store) {
    let step = Advance {
        admissions: vec![child("of-a-flow", "new")],
        ..begins("new", waits(Some(100)))
    };
    let written = write(store, step).await;
    assert!(matches!(written.admitted[0], Admitted::Open { .. }));
    let owner = store.register().await.expect("an owner");
    let claimed = crate::flows::claim(store, owner, 120).await;
    assert!(claimed.iter().any(|flow| *flow.key.id == *"new"));
}

fn database(folder: &Path) -> SqliteOptions {
    SqliteOptions {
        path: folder.join("test.db"),
        ..SqliteOptions::default()
    }
}

#[tokio::test]
async fn a_database_of_each_schema_goes_on() {
    for version in earlier("sqlite") {
        let folder = tempfile::tempdir().expect("a folder");
        let path = golden("sqlite", version);
        let connection = rusqlite::Connection::open(folder.path().join("test.db"));
        connection
            .and_then(|connection| connection.execute_batch(&read(&path)))
            .expect("the database as it was");
        let store = open(folder.path(), None).expect("a store");
        let note = store.note("n", at(250)).await;
        assert_eq!(note, Ok(Some("kept".into())));
        goes_on(&store).await;
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_database_of_each_postgresql_schema_goes_on() {
    for version in earlier("postgres") {
        let Some(crate::Engine::Postgres(database)) = crate::engine::postgres().await else {
            return;
        };
        let schema = &database.options().schema;
        let begun = format!(
            "DROP SCHEMA \"{schema}\" CASCADE; CREATE SCHEMA \"{schema}\"; SET search_path TO \"{schema}\"; \
             CREATE TABLE schema_version (only_row BOOLEAN PRIMARY KEY CHECK (only_row), version BIGINT NOT NULL); \
             INSERT INTO schema_version VALUES (TRUE, {version});"
        );
        database.execute(&begun).await.expect("an empty schema");
        let changes = migrations("postgres").into_iter().take(version);
        for path in changes.chain([golden("postgres", version)]) {
            database
                .execute(&read(&path))
                .await
                .expect("the schema as it was");
        }
        let store = acteon_store::postgres::PostgresStore::open(database.options())
            .await
            .expect("a store");
        goes_on(&store).await;
    }
}

#[tokio::test]
async fn an_export_of_the_version_before_flows_is_imported() {
    let folder = tempfile::tempdir().expect("a folder");
    let export = read(&in_crate("tests/golden/export_3.jsonl"));
    assert_eq!(
        SqliteStore::import(&database(folder.path()), &mut export.as_bytes()),
        Ok(25)
    );
    goes_on(&open(folder.path(), None).expect("a store")).await;
}

/// A store with a row of each kind, the same each time.
async fn filled(store: &dyn Store) {
    let owner = store.register().await.expect("an owner");
    crate::admit(store, "held", Enqueue::InFlight(owner)).await;
    let done = crate::admit(store, "done", Enqueue::Claimed(owner)).await;
    let done = settlement(done, owner, end(executed()));
    assert_eq!(store.settle(done).await, Ok(Settled::Written));
    let step = Advance {
        admissions: vec![child("of-a-flow", "waits")],
        ..begins("waits", waits(Some(500)))
    };
    write(store, step).await;
    write(store, begins("poked", waits(None))).await;
    write(store, begins("over", crate::flows::over())).await;
    write(store, begins("held", waits(Some(100)))).await;
    crate::flows::claim(store, owner, 120).await;
}

#[tokio::test]
async fn the_lines_of_an_export_are_what_they_are_until_their_version_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    filled(&store).await;
    let mut export = Vec::new();
    SqliteStore::export(&database(folder.path()), &mut export).expect("an export");
    let export = String::from_utf8(export).expect("text");
    let path = in_crate("tests/golden/export_4.jsonl");
    if std::env::var_os("ACTEON_BLESS").is_some() {
        std::fs::write(&path, &export).expect("written");
    }
    assert_eq!(
        export,
        read(&path),
        "a change of the lines needs a version of its own in transfer.rs, and a golden file; ACTEON_BLESS=1 writes that"
    );
}
