//! A database that another process has locked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use acteon_store::{FaultPoint, Faults, Notes as _, SqliteOptions, SqliteStore, StoreError};

use super::{Faulty, lock};
use crate::at;

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_locked_database_is_refused_together() {
    let faulty = Faulty::new();
    let store = SqliteStore::open(&faulty.options()).expect("a store");
    let holder = rusqlite::Connection::open(faulty.options().path).expect("the database");
    holder.execute_batch("BEGIN IMMEDIATE").expect("held");
    let began = tokio::time::Instant::now();
    let names: Vec<String> = (0..8).map(|number| format!("n{number}")).collect();
    let calls = names
        .iter()
        .map(|name| store.put_note(name, "", at(4_000_000_000)));
    for result in futures_util::future::join_all(calls).await {
        assert_eq!(result, Err(StoreError::Locked));
    }
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "one wait or two for all of them: {:?}",
        began.elapsed()
    );
    holder.execute_batch("COMMIT").expect("let go");
    store
        .put_note("n", "", at(4_000_000_000))
        .await
        .expect("written");
}

/// Lets the first commit begin when it is told to, fails the second one, and has somebody else take the write lock then.
#[derive(Debug)]
struct LockedInBetween {
    begun: AtomicUsize,
    go_on: Mutex<mpsc::Receiver<()>>,
    holder: Mutex<rusqlite::Connection>,
}

impl Faults for LockedInBetween {
    fn meet(&self, point: FaultPoint) -> Result<(), StoreError> {
        if point != FaultPoint::Begin {
            return Ok(());
        }
        match self.begun.fetch_add(1, Ordering::SeqCst) {
            0 => lock(&self.go_on).recv().expect("told"),
            1 => {
                lock(&self.holder)
                    .execute_batch("BEGIN IMMEDIATE")
                    .expect("held");
                return Err(StoreError::Damaged("a page of one item".into()));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a call waits for the store, once it is asked.
async fn is_pending<T>(mut call: std::pin::Pin<&mut impl Future<Output = T>>) -> bool {
    std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_locked_database_is_refused_together_also_one_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&SqliteOptions {
        path: path.clone(),
        ..SqliteOptions::default()
    }));
    let holder = rusqlite::Connection::open(&path).expect("the database");
    let (tell, go_on) = mpsc::channel();
    let faults = LockedInBetween {
        // What a start commits is let through.
        begun: AtomicUsize::new(2),
        go_on: Mutex::new(go_on),
        holder: Mutex::new(holder),
    };
    let faults = Arc::new(faults);
    let store = SqliteStore::open(&SqliteOptions {
        path,
        faults: Some(Arc::clone(&faults) as Arc<dyn Faults>),
        ..SqliteOptions::default()
    })
    .expect("a store");
    faults.begun.store(0, Ordering::SeqCst);
    let mut first = std::pin::pin!(store.put_note("first", "", at(4_000_000_000)));
    assert!(is_pending(first.as_mut()).await, "it begins");
    while faults.begun.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let names: Vec<String> = (0..8).map(|number| format!("n{number}")).collect();
    let calls = names
        .iter()
        .map(|name| store.put_note(name, "", at(4_000_000_000)));
    let mut others = std::pin::pin!(futures_util::future::join_all(calls));
    assert!(is_pending(others.as_mut()).await, "they are behind it");
    tell.send(()).expect("heard");
    let began = tokio::time::Instant::now();
    assert_eq!(first.await, Ok(()));
    for result in others.await {
        assert_eq!(result, Err(StoreError::Locked));
    }
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "one wait for all of them: {:?}",
        began.elapsed()
    );
}
