//! Taking a store along, and copying one that is in use.

use acteon_core::Timestamp;
use acteon_store::{
    ActionState, CLOCK_STEPS, Document, DocumentKind, Documents as _, Engine as _, Enqueue,
    Notes as _, Processes as _, SqliteOptions, SqliteStore, Store,
};

use crate::flows::{begins, over, waits, write};
use crate::{admit, end, executed, find, open, settlement};

fn sqlite(folder: &std::path::Path, name: &str) -> SqliteOptions {
    SqliteOptions {
        path: folder.join(name),
        ..SqliteOptions::default()
    }
}

/// A store with something of everything.
async fn filled(store: &dyn Store) {
    let owner = store.register().await.expect("an owner");
    let done = admit(store, "done", Enqueue::Claimed(owner)).await;
    store
        .settle(settlement(done, owner, end(executed())))
        .await
        .expect("settled");
    admit(store, "held", Enqueue::InFlight(owner)).await;
    admit(store, "kept", Enqueue::Claimed(owner)).await;
    admit(store, "owed", Enqueue::DueAt(crate::at(300))).await;
    let silence = Document {
        kind: DocumentKind::Silence,
        id: "s".into(),
        name: "s".into(),
        body: "{}".into(),
        version: 0,
    };
    store.put_document(silence).await.expect("written");
    write(store, begins("waits", waits(Some(300)))).await;
    write(store, begins("over", over())).await;
}

fn lines(export: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = String::from_utf8_lossy(export)
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_copy_of_a_store_in_use_is_whole_and_overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    filled(&store).await;
    let copy = folder.path().join("copy.db");
    let of = |name: &str| sqlite(folder.path(), name);
    SqliteStore::backup(&of("test.db"), &copy).expect("a copy");
    assert!(
        SqliteStore::backup(&of("test.db"), &copy).is_err(),
        "it is there already"
    );
    assert!(SqliteStore::backup(&of("none.db"), &folder.path().join("b.db")).is_err());
    admit(&store, "later", Enqueue::DueAt(crate::at(0))).await;
    let copied = SqliteStore::open(&SqliteOptions {
        path: copy,
        ..SqliteOptions::default()
    })
    .expect("the copy");
    assert_eq!(
        (copied.open_count(), find(&copied, "done").await.state),
        (3, ActionState::Done)
    );
}

#[tokio::test]
async fn what_was_exported_is_imported_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    filled(&store).await;
    let mut export = Vec::new();
    let rows =
        SqliteStore::export(&sqlite(folder.path(), "test.db"), &mut export).expect("an export");
    let into = |name: &str| SqliteOptions {
        path: folder.path().join(name),
        ..SqliteOptions::default()
    };
    let text = String::from_utf8(export.clone()).expect("text");
    let whole: Vec<&str> = text.lines().collect();
    let without_end = whole[..whole.len() - 1].join("\n");
    let without_row = [&whole[..2], &whole[3..]].concat().join("\n");
    let twice = format!("{text}{text}");
    let after_end = format!("{text}{}\n", whole[1]);
    for (name, bad) in [
        ("cut", without_end.as_str()),
        ("short", without_row.as_str()),
        ("twice", twice.as_str()),
        ("after", after_end.as_str()),
        ("other", "{}"),
        ("empty", ""),
    ] {
        let error = SqliteStore::import(&into(name), &mut bad.as_bytes())
            .expect_err(name)
            .to_string();
        assert!(
            error.contains("line ") && error.contains("nothing was imported"),
            "{name}: {error}"
        );
        assert_eq!(
            SqliteStore::open(&into(name))
                .expect("a store")
                .open_count(),
            0,
            "{name}"
        );
    }
    assert_eq!(
        SqliteStore::import(&into("new"), &mut export.as_slice()),
        Ok(rows)
    );
    assert!(
        SqliteStore::import(&into("new"), &mut export.as_slice()).is_err(),
        "it is not empty any more"
    );
    let new = SqliteStore::open(&into("new")).expect("a store");
    let (held, kept, owed) = (
        find(&new, "held").await,
        find(&new, "kept").await,
        find(&new, "owed").await,
    );
    assert_eq!(
        (
            held.owned,
            held.possible_duplicate,
            held.takeovers,
            owed.possible_duplicate
        ),
        (false, true, 1, false)
    );
    assert_eq!(
        (kept.owned, kept.possible_duplicate, kept.takeovers),
        (false, false, 0),
        "it only waited in memory"
    );
    assert_eq!(
        new.documents(DocumentKind::Silence)
            .await
            .map(|documents| documents.len()),
        Ok(1)
    );
}

#[tokio::test]
async fn what_waits_is_due_by_the_clock_of_the_store_that_it_comes_to() {
    const HOUR: i64 = 3_600_000;
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    admit(&store, "owed", Enqueue::DueAt(crate::at(300))).await;
    store
        .put_note(CLOCK_STEPS, &format!("{HOUR} 0"), Timestamp::MAX)
        .await
        .expect("kept");
    let mut export = Vec::new();
    SqliteStore::export(&sqlite(folder.path(), "test.db"), &mut export).expect("an export");
    let there = sqlite(folder.path(), "there.db");
    let other = SqliteStore::open(&there).expect("a store");
    other
        .put_note(CLOCK_STEPS, &(-HOUR).to_string(), Timestamp::MAX)
        .await
        .expect("kept");
    drop(other);
    SqliteStore::import(&there, &mut export.as_slice()).expect("an import");
    let owed = find(&SqliteStore::open(&there).expect("a store"), "owed").await;
    assert_eq!(
        owed.due_at,
        Timestamp::from_millis(crate::at(300).as_millis() + 2 * HOUR)
    );
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_store_moves_between_engines_and_back_without_a_change() {
    use acteon_store::postgres::PostgresStore;
    use acteon_testkit::postgres::TestDatabase;

    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    filled(&store).await;
    store
        .retire(acteon_store::OwnerId(1), crate::at(250))
        .await
        .expect("retired");
    drop(store);
    let mut export = Vec::new();
    let rows =
        SqliteStore::export(&sqlite(folder.path(), "test.db"), &mut export).expect("an export");
    assert_eq!(
        PostgresStore::import(database.options(), &mut export.as_slice()).await,
        Ok(rows)
    );
    assert!(
        PostgresStore::import(database.options(), &mut export.as_slice())
            .await
            .is_err(),
        "it is not empty any more"
    );
    let moved = PostgresStore::open(database.options())
        .await
        .expect("a store");
    assert_eq!(
        (moved.open_count(), find(&moved, "done").await.state),
        (3, ActionState::Done)
    );
    let owner = moved.register().await.expect("an owner");
    assert_eq!(
        crate::claim(&moved, owner, 300).await.len(),
        3,
        "what was owed is owed"
    );
    moved.retire(owner, crate::at(250)).await.expect("retired");
    let mut back = Vec::new();
    PostgresStore::export(database.options(), &mut back)
        .await
        .expect("an export");
    // Due times are what the retirement made of them; everything else is as it was.
    let without_due = |export: &[u8]| {
        lines(
            &String::from_utf8_lossy(export)
                .replace("300000", "250000")
                .into_bytes(),
        )
    };
    assert_eq!(without_due(&back), without_due(&export));
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn gateways_that_run_on_an_empty_schema_see_what_is_imported() {
    use acteon_store::postgres::PostgresStore;
    use acteon_testkit::postgres::TestDatabase;

    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    filled(&store).await;
    let mut export = Vec::new();
    SqliteStore::export(&sqlite(folder.path(), "test.db"), &mut export).expect("an export");
    let there = PostgresStore::open(database.options())
        .await
        .expect("a store");
    let known = there.documents_since(0).await.expect("documents").revision;
    PostgresStore::import(database.options(), &mut export.as_slice())
        .await
        .expect("an import");
    let changes = there.documents_since(known).await.expect("documents");
    assert!(changes.revision > known);
    assert_eq!(
        changes.documents.len(),
        1,
        "a silence that was taken along holds from now on"
    );
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    use acteon_store::postgres::{PostgresOptions, PostgresStore};
    use acteon_testkit::postgres::TestDatabase;

    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let url = &database.options().url;
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("a connection");
    tokio::spawn(connection);
    let name = format!("latin_{}", uuid::Uuid::new_v4().simple());
    let make = format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    );
    client.batch_execute(&make).await.expect("a database");
    let (server, _) = url.rsplit_once('/').expect("a database's name");
    let error = PostgresStore::open(&PostgresOptions::new(&format!("{server}/{name}")))
        .await
        .err()
        .expect("refused");
    let error = acteon_core::with_causes(&error).to_string();
    client
        .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .expect("dropped");
    assert!(
        error.contains("LATIN1") && error.contains("UTF8"),
        "{error}"
    );
}

/// A pipe that nobody reads from, after its first bytes.
struct FullPipe {
    written: usize,
    is_full: std::sync::mpsc::Sender<()>,
    goes_on: std::sync::mpsc::Receiver<()>,
}

impl std::io::Write for FullPipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.written += bytes.len();
        if self.written > 64 << 10 && self.is_full.send(()).is_ok() {
            self.goes_on.recv().ok();
            // Nobody waits for it a second time.
            self.is_full = std::sync::mpsc::channel().0;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_export_that_nobody_reads_keeps_no_log_from_being_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SqliteOptions {
        log_pages: Some(64),
        ..sqlite(folder.path(), "test.db")
    };
    let store = SqliteStore::open(&options).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let fill = |numbers: std::ops::Range<usize>| {
        for number in numbers {
            runtime.block_on(admit(
                &store,
                &format!("a{number}"),
                Enqueue::DueAt(crate::at(300)),
            ));
        }
    };
    fill(0..1000);
    let (is_full, told) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel();
    let reading = options.clone();
    let export = std::thread::spawn(move || {
        SqliteStore::export(
            &reading,
            &mut FullPipe {
                written: 0,
                is_full,
                goes_on,
            },
        )
    });
    told.recv().expect("it writes");
    let log = folder.path().join("test.db-wal");
    let size = || std::fs::metadata(&log).expect("a log").len();
    let before = size();
    // Many times what the log may become.
    let mut largest = 0;
    for part in 1..9 {
        fill(part * 1000..part * 1000 + 1000);
        largest = largest.max(size());
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    go_on.send(()).expect("it waits");
    let rows = export.join().expect("a thread").expect("an export");
    assert_eq!(
        rows, 2000,
        "what was accepted before it began, each with its job"
    );
    // A checkpoint is late on a busy machine; a pinned log would have every commit of them.
    assert!(
        largest < before.max(16 << 20) * 2,
        "the log grew from {before} to {largest} bytes"
    );
}
