//! Whoever reads the database: beside the store, and through it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use acteon_core::{BoxFuture, Scope};
use acteon_store::{
    Admitted, Conditions, Disposition, DocumentKind, Documents as _, Enqueue, FaultPoint, Faults,
    FlowKey, Flows as _, History as _, HistoryFilter, Jobs as _, Journal as _, Notes as _, Overage,
    Processes as _, QuotaCheck, Route, SqliteOptions, SqliteStore, StoreError,
};
use rusqlite::{Connection, OpenFlags};

use crate::{at, open, route, with_disposition};

/// A reader that meets a commit may take the write lock for a moment, to see whether it must recover the log.
#[test]
fn readers_refuse_no_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path(), None).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let reader = Connection::open_with_flags(
                    folder.path().join("test.db"),
                    OpenFlags::SQLITE_OPEN_READ_ONLY,
                );
                let reader = reader.expect("a reader");
                let mut look = reader
                    .prepare("SELECT count(*) FROM processes")
                    .expect("a query");
                while !over.load(Ordering::Relaxed) {
                    drop(look.query_row([], |row| row.get::<_, i64>(0)));
                }
            });
        }
        let written: Vec<_> = (0..500)
            .map(|number| runtime.block_on(store.admit(admission(number))))
            .collect();
        over.store(true, Ordering::Relaxed);
        let refused = written
            .iter()
            .filter(|admitted| !matches!(admitted, Ok(Admitted::Open { .. })))
            .count();
        assert_eq!(
            refused,
            0,
            "{:?}",
            written.into_iter().find_map(Result::err)
        );
    });
}

/// One that reads a counter before it writes.
fn admission(number: usize) -> acteon_store::Admission {
    let tenant = acteon_core::Tenant::parse("t").expect("a name");
    let quota = QuotaCheck {
        counter: "q".into(),
        id: "q".into(),
        tenant,
        max_actions: 1 << 40,
        resets_at: at(3600),
        overage: Overage::Block,
    };
    let routes = vec![Route {
        quotas: vec![quota],
        ..route("p", Enqueue::DueAt(at(500)))
    }];
    with_disposition(
        &format!("a{number}"),
        at(100),
        Disposition::Send {
            conditions: Conditions::default(),
            routes,
        },
    )
}

/// Lets the first look-ups wait until they are let go.
#[derive(Debug, Default)]
struct Slow {
    /// How many wait.
    first: usize,
    begun: Mutex<usize>,
    let_go: Condvar,
    is_open: AtomicBool,
}

const SLOW_LOOKS: usize = 3;

impl Slow {
    fn store(self: &Arc<Self>, folder: &tempfile::TempDir) -> Arc<SqliteStore> {
        let faults = Arc::clone(self) as Arc<dyn Faults>;
        let options = SqliteOptions {
            path: folder.path().join("test.db"),
            faults: Some(faults),
            ..SqliteOptions::default()
        };
        Arc::new(SqliteStore::open(&options).expect("a store"))
    }

    async fn until_all_wait(&self) {
        while *self.begun.lock().unwrap_or_else(PoisonError::into_inner) < self.first {
            tokio::task::yield_now().await;
        }
    }

    fn let_go(&self) {
        self.is_open.store(true, Ordering::SeqCst);
        self.let_go.notify_all();
    }
}

impl Faults for Slow {
    fn meet(&self, point: FaultPoint) -> Result<(), StoreError> {
        if point != FaultPoint::Read {
            return Ok(());
        }
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        *begun += 1;
        if *begun <= self.first {
            while !self.is_open.load(Ordering::SeqCst) {
                begun = self
                    .let_go
                    .wait(begun)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_long_looks_hold_up_nothing_that_the_gateway_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let slow = Arc::new(Slow {
        first: SLOW_LOOKS,
        ..Slow::default()
    });
    let store = slow.store(&folder);
    let look = || {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            store
                .coverage(HistoryFilter::of(Scope::everything()), 10)
                .await
        })
    };
    let looks: Vec<_> = (0..SLOW_LOOKS * 2).map(|_| look()).collect();
    slow.until_all_wait().await;
    let needed = async {
        store.next_due(&[crate::provider("p")]).await?;
        store.heartbeats().await?;
        store.note("n", at(0)).await?;
        store.documents(DocumentKind::Silence).await?;
        store
            .owned(acteon_store::OwnerId(1), acteon_store::Seq(0), 1)
            .await?;
        store.recent_sends(at(0), None, 1).await?;
        store
            .find(
                &Scope::everything(),
                &acteon_core::ActionId::parse("a").expect("an id"),
            )
            .await
    };
    let answered = tokio::time::timeout(Duration::from_secs(20), needed).await;
    slow.let_go();
    assert!(
        matches!(answered, Ok(Ok(_))),
        "they waited for callers: {answered:?}"
    );
    for look in looks {
        assert_eq!(look.await.expect("a look"), Ok((Vec::new(), false)));
    }
}

/// Monitoring counts all that waits, which takes long where much does.
#[tokio::test(flavor = "multi_thread")]
async fn a_count_of_what_waits_holds_up_nothing_that_is_to_be_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let slow = Arc::new(Slow {
        first: 1,
        ..Slow::default()
    });
    let store = slow.store(&folder);
    let counting = Arc::clone(&store);
    let count = tokio::spawn(async move {
        counting
            .open_shares(acteon_core::Timestamp::default())
            .await
    });
    slow.until_all_wait().await;
    let answered = tokio::time::timeout(
        Duration::from_secs(20),
        store.records(vec![acteon_store::Seq(1)]),
    )
    .await;
    slow.let_go();
    assert!(
        matches!(answered, Ok(Ok(_))),
        "it waited for the count: {answered:?}"
    );
    assert_eq!(count.await.expect("a count"), Ok(Vec::new()));
}

/// Those who follow what happens are many, and read whole actions where something is redacted.
#[tokio::test(flavor = "multi_thread")]
async fn records_for_callers_hold_up_nothing_that_the_gateway_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let slow = Arc::new(Slow {
        first: 1,
        ..Slow::default()
    });
    let store = slow.store(&folder);
    let reading = Arc::clone(&store);
    let seqs = vec![acteon_store::Seq(1)];
    let read = tokio::spawn(async move { reading.first_records(seqs).await });
    slow.until_all_wait().await;
    let own = store.records(vec![acteon_store::Seq(1)]);
    let answered = tokio::time::timeout(Duration::from_secs(20), own).await;
    slow.let_go();
    assert!(matches!(answered, Ok(Ok(_))), "it waited: {answered:?}");
    let (records, count) = read.await.expect("a look").expect("records");
    assert_eq!((records.len(), count), (0, 1));
}

/// Callers' looks have every connection that is theirs, and wait for a table that somebody has locked.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn callers_looks_hold_up_nothing_that_a_gateway_on_a_shared_database_needs() {
    use acteon_store::postgres::PostgresStore;
    use acteon_testkit::postgres::TestDatabase;

    let Some(database) = TestDatabase::find().await else {
        return;
    };
    let options = database.options();
    let store = Arc::new(PostgresStore::open(options).await.expect("a store"));
    let (holder, connection) = tokio_postgres::connect(&options.url, tokio_postgres::NoTls)
        .await
        .expect("the database");
    tokio::spawn(connection);
    let locked = format!(
        "SET search_path TO \"{}\"; BEGIN; LOCK TABLE documents IN ACCESS EXCLUSIVE MODE",
        options.schema
    );
    holder.batch_execute(&locked).await.expect("locked");
    let look = || {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.documents(DocumentKind::Silence).await })
    };
    let looks: Vec<_> = (0..options.pool * 2).map(|_| look()).collect();
    let waiting =
        "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'documents'::regclass";
    // A third of the connections is the gateway's own.
    while database.count(waiting).await.expect("a count") < options.pool as i64 - 1 {
        tokio::task::yield_now().await;
    }
    let needed = async {
        store.heartbeats().await?;
        store
            .owned(acteon_store::OwnerId(1), acteon_store::Seq(0), 1)
            .await?;
        store.records(vec![acteon_store::Seq(1)]).await?;
        let id = acteon_core::ActionId::parse("a").expect("an id");
        store.action_for_step(&Scope::everything(), &id).await?;
        store.flow_for_step(&FlowKey::new("none", "x")).await?;
        store.note("n", at(0)).await
    };
    let answered = tokio::time::timeout(Duration::from_secs(4), needed).await;
    holder.batch_execute("COMMIT").await.expect("let go");
    assert_eq!(answered.expect("callers were waited for"), Ok(None));
    for look in looks {
        assert_eq!(look.await.expect("a look"), Ok(Vec::new()));
    }
}

/// As many callers as there may be ask how their actions stand, and none of them is answered yet.
#[tokio::test(flavor = "multi_thread")]
async fn callers_who_ask_for_an_id_hold_up_nothing_that_the_gateway_needs() {
    const CALLERS: usize = 300;
    let folder = tempfile::tempdir().expect("a folder");
    let slow = Arc::new(Slow {
        first: 1,
        ..Slow::default()
    });
    let store = slow.store(&folder);
    let id = acteon_core::ActionId::parse("a").expect("an id");
    let begun = Arc::<std::sync::atomic::AtomicUsize>::default();
    let ask = |number: usize| {
        let (store, begun, id) = (Arc::clone(&store), Arc::clone(&begun), id.clone());
        tokio::spawn(async move {
            let mut asked: BoxFuture<'_, Result<usize, StoreError>> = if number.is_multiple_of(2) {
                Box::pin(async {
                    store
                        .find(&Scope::everything(), &id)
                        .await
                        .map(|found| found.len())
                })
            } else {
                Box::pin(async {
                    store
                        .outcomes_of(vec![acteon_store::Seq(1)])
                        .await
                        .map(|found| found.len())
                })
            };
            let first = std::future::poll_fn(|context| {
                std::task::Poll::Ready(asked.as_mut().poll(context))
            })
            .await;
            begun.fetch_add(1, Ordering::SeqCst);
            match first {
                std::task::Poll::Ready(answer) => answer,
                std::task::Poll::Pending => asked.await,
            }
        })
    };
    let asked: Vec<_> = (0..CALLERS).map(ask).collect();
    while begun.load(Ordering::SeqCst) < CALLERS {
        tokio::task::yield_now().await;
    }
    slow.until_all_wait().await;
    let needed = async {
        store.next_due(&[crate::provider("p")]).await?;
        store.records(vec![acteon_store::Seq(1)]).await?;
        store.documents_since(0).await?;
        store.action_for_step(&Scope::everything(), &id).await?;
        store.flow_for_step(&FlowKey::new("none", "x")).await?;
        store.heartbeats().await
    };
    let answered = tokio::time::timeout(Duration::from_secs(20), needed).await;
    slow.let_go();
    assert!(
        matches!(answered, Ok(Ok(_))),
        "they waited for callers: {answered:?}"
    );
    for asked in asked {
        // Who is one too many is told so.
        assert!(matches!(
            asked.await.expect("an answer"),
            Ok(0) | Err(StoreError::Busy)
        ));
    }
}
