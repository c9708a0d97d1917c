//! Whoever reads the database file beside the store.

use std::sync::atomic::{AtomicBool, Ordering};

use acteon_store::{Admitted, Birth, Conditions, Fate, Overage, QuotaCheck, Store, Way};
use rusqlite::{Connection, OpenFlags};

use crate::{at, open, way, with_fate};

/// A reader that meets a commit may take the write lock for a moment, to see whether it must recover the log.
#[test]
fn readers_refuse_no_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let reader = Connection::open_with_flags(folder.path().join("test.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
                let reader = reader.expect("a reader");
                let mut look = reader.prepare("SELECT count(*) FROM processes").expect("a query");
                while !over.load(Ordering::Relaxed) {
                    drop(look.query_row([], |row| row.get::<_, i64>(0)));
                }
            });
        }
        let written: Vec<_> = (0..500).map(|number| runtime.block_on(store.admit(admission(number)))).collect();
        over.store(true, Ordering::Relaxed);
        let refused = written.iter().filter(|admitted| !matches!(admitted, Ok(Admitted::Open { .. }))).count();
        assert_eq!(refused, 0, "{:?}", written.into_iter().find_map(Result::err));
    });
}

/// One that reads a counter before it writes.
fn admission(number: usize) -> acteon_store::Admission {
    let tenant = acteon_core::Tenant::parse("t").expect("a name");
    let quota =
        QuotaCheck { counter: "q".into(), id: "q".into(), tenant, max_actions: 1 << 40, resets_at: at(3600), overage: Overage::Block };
    let ways = vec![Way { quotas: vec![quota], ..way("p", Birth::Due(at(500))) }];
    with_fate(&format!("a{number}"), at(100), Fate::Send { conditions: Conditions::default(), ways })
}
