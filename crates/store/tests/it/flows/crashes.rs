//! Advances on the embedded store that fail, or break off, in the middle.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use acteon_core::Timestamp;
use acteon_store::{
    Admission, Advance, Advanced, Conditions, DedupCheck, Disposition, Engine as _, Enqueue,
    FaultPoint, Faults, Flow, Flows as _, Notes as _, Overage, Processes as _, QuotaCheck, Route,
    Settlement, SqliteOptions, SqliteStore, Step, Store, StoreError,
};
use rusqlite::Connection;

use super::{
    begin, begins, begun, cancel, changes, child, claim, flow, key, over, poke, tenant, waits,
    write,
};
use crate::{at, executed, find, open, route, with_disposition};

/// Child that takes something of everything that the gate gives.
fn charged(id: &str) -> Admission {
    let quota = QuotaCheck {
        counter: "q".into(),
        id: "q".into(),
        tenant: tenant("t"),
        max_actions: 100,
        resets_at: at(3600),
        overage: Overage::Block,
    };
    let conditions = Conditions {
        dedup: Some(DedupCheck {
            key: format!("key-{id}"),
            until: at(3600),
        }),
        throttle: None,
    };
    let route = Route {
        quotas: vec![quota],
        ..route("p", Enqueue::DueAt(at(105)))
    };
    let send = Disposition::Send {
        conditions,
        routes: vec![route],
    };
    Admission {
        parent: Some(key("a")),
        begins: vec![begin(&format!("of-{id}"), Some(300))],
        ..with_disposition(id, at(100), send)
    }
}

/// What the tests step: a flow that a process has, its action that waits, and a flow beside it.
async fn filled(store: &dyn Store) -> Flow {
    let owner = store.register().await.expect("an owner");
    let first = Advance {
        admissions: vec![charged("waits"), child("there", "a")],
        ..begins("a", waits(Some(100)))
    };
    write(store, first).await;
    begun(store, "beside", waits(None)).await;
    claim(store, owner, 150).await.pop().expect("claimed")
}

/// An advance that does something of everything.
async fn everything(store: &dyn Store, held: &Flow) -> Advance {
    let waiting = find(store, "waits").await;
    let mut called_off = Settlement {
        poke: Some(poke("a", 150)),
        ..cancel(&waiting)
    };
    if let Step::End { refund, .. } = &mut called_off.step {
        *refund = Some(waiting.charges.clone());
    }
    let over_at_once = Admission {
        parent: Some(key("beside")),
        ..with_disposition("over", at(100), Disposition::Ended(executed()))
    };
    Advance {
        admissions: vec![charged("new"), over_at_once, child("there", "a")],
        begins: vec![begin("b", Some(400))],
        cancels: vec![called_off],
        pokes: vec![poke("beside", 170)],
        ..changes(held, waits(Some(900)))
    }
}

/// All rows of all tables, as text.
fn content(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).expect("a connection");
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('crash', 'notes', 'sqlite_sequence')";
    let mut select = connection.prepare(names).expect("a query");
    let names = select
        .query_map([], |row| row.get::<_, String>(0))
        .expect("names");
    let mut all = Vec::new();
    for name in names {
        let name = name.expect("a name");
        let mut select = connection
            .prepare(&format!("SELECT * FROM {name}"))
            .expect("a query");
        let columns = select.column_count();
        let rows = select.query_map([], |row| {
            (0..columns)
                .map(|column| row.get::<_, rusqlite::types::Value>(column))
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        for row in rows.expect("rows") {
            all.push(format!("{name} {:?}", row.expect("a row")));
        }
    }
    all.sort();
    all
}

/// Triggers that fail the statement which makes so many changes of rows.
fn crash_triggers() -> String {
    let table = "CREATE TABLE crash (n INTEGER, stop INTEGER); INSERT INTO crash VALUES (0, 0);";
    let mut all = vec![table.to_owned()];
    for table in [
        "flows",
        "actions",
        "jobs",
        "outcomes",
        "counters",
        "dedup_keys",
    ] {
        all.extend(["INSERT", "UPDATE", "DELETE"].map(|change| {
            format!(
                "CREATE TRIGGER crash_{table}_{change} AFTER {change} ON {table} BEGIN UPDATE crash SET n = n + 1; \
                 SELECT RAISE(ABORT, 'simulated') FROM crash WHERE n = stop; END;"
            )
        }));
    }
    all.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_fails_leaves_nothing_of_an_advance() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.db");
    let store = open(folder.path(), None).expect("a store");
    let held = filled(&store).await;
    let side = Connection::open(&path).expect("a connection");
    side.execute_batch(&crash_triggers()).expect("triggers");
    let (before, open_before) = (content(&path), store.open_count());
    let mut stop = 0;
    loop {
        stop += 1;
        side.execute("UPDATE crash SET n = 0, stop = ?1", [stop])
            .expect("armed");
        let advance = everything(&store, &held).await;
        let name = stop.to_string();
        // Another's write, which may share the commit.
        let (advanced, noted) = tokio::join!(
            store.advance(advance),
            store.put_note(&name, "", Timestamp::MAX)
        );
        assert_eq!(noted, Ok(()), "the fault of one is no other's");
        match advanced {
            Err(StoreError::Engine(_)) => {
                assert_eq!(content(&path), before, "after {stop} changes");
                assert_eq!(store.open_count(), open_before);
            }
            Ok(Advanced::Written { .. }) => break,
            Ok(Advanced::Changed(found)) => panic!("{found:?}"),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(stop > 15, "each change was made to fail: {stop}");
    assert_ne!(content(&path), before);
    assert_eq!(
        store.open_count(),
        open_before,
        "one opened, one called off"
    );
    let now = flow(&store, "a").await;
    assert_eq!(
        now.state.due_at,
        Some(at(150)),
        "by the action that it called off"
    );
}

/// Takes a copy of the database's files at each point that is met.
#[derive(Debug)]
struct Copies {
    from: PathBuf,
    to: PathBuf,
    taken: Mutex<Vec<(FaultPoint, PathBuf)>>,
    is_on: std::sync::atomic::AtomicBool,
}

impl Faults for Copies {
    fn meet(&self, point: FaultPoint) -> Result<(), StoreError> {
        if !self.is_on.load(std::sync::atomic::Ordering::SeqCst) {
            return Ok(());
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.to.join(taken.len().to_string());
        std::fs::create_dir(&folder).expect("a folder");
        for name in ["test.db", "test.db-wal"] {
            std::fs::copy(self.from.join(name), folder.join(name)).expect("a copy");
        }
        taken.push((point, folder));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_leaves_all_of_an_advance_or_nothing() {
    let (folder, copies) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let faults = Arc::new(Copies {
        from: folder.path().to_owned(),
        to: copies.path().to_owned(),
        taken: Mutex::default(),
        is_on: std::sync::atomic::AtomicBool::new(false),
    });
    let store = SqliteStore::open(&SqliteOptions {
        path: folder.path().join("test.db"),
        faults: Some(Arc::clone(&faults) as Arc<dyn Faults>),
        ..SqliteOptions::default()
    })
    .expect("a store");
    let held = filled(&store).await;
    let advance = everything(&store, &held).await;
    faults
        .is_on
        .store(true, std::sync::atomic::Ordering::SeqCst);
    write(&store, advance).await;
    // The next write meets the points behind the advance.
    store
        .put_note("n", "", Timestamp::MAX)
        .await
        .expect("written");
    faults
        .is_on
        .store(false, std::sync::atomic::Ordering::SeqCst);
    let taken = faults
        .taken
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let mut seen = Vec::new();
    for (point, copy) in taken {
        let found = open(&copy, None).expect("it opens");
        let now = flow(&found, "a").await;
        let (b, ended) = (
            found.flow(&key("b")).await.expect("an answer").is_some(),
            find(&found, "waits").await.outcome.is_some(),
        );
        let is_written = now.state.due_at == Some(at(150));
        assert_eq!((b, ended), (is_written, is_written), "{}", point.as_str());
        let takeovers = u32::from(!is_written);
        assert_eq!(
            now.takeovers,
            takeovers,
            "{}: whoever had it died",
            point.as_str()
        );
        assert_eq!(found.open_count(), 2, "{}", point.as_str());
        seen.push(is_written);
    }
    assert!(seen.contains(&true) && seen.contains(&false), "{seen:?}");
    // Whoever goes on does the step again.
    let owner = store.register().await.expect("an owner");
    let again = claim(&store, owner, 500).await;
    let again = again
        .into_iter()
        .find(|flow| *flow.key.id == *"a")
        .expect("claimed");
    let once = everything(&store, &again).await;
    let once = Advance {
        cancels: Vec::new(),
        ..once
    };
    write(&store, once).await;
    assert_eq!(store.open_count(), 2, "nothing is admitted twice");
    write(&store, changes(&flow(&store, "a").await, over())).await;
}
