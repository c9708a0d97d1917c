//! Connections that only read, used by one caller at a time, off the threads of the runtime.
//!
//! One is kept for what the gateway itself must know to go on. Nothing goes through it that callers can multiply, so it never has a queue. Short
//! look-ups that answer a caller have their own, so that callers' long looks at the journal do not hold them up. Every look is bounded in time, and
//! ends when whoever asked has gone.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use acteon_core::BoxFuture;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::disk::Disk;
use super::faults::{FaultPoint, FaultPoints};
use super::open;
use super::options::SqliteOptions;
use crate::{Cause, StoreError};

/// Connections for the gateway itself, for short look-ups that answer a caller, and for callers' looks.
const OWN: usize = 1;
const ANSWERS: usize = 2;
const CALLERS: usize = 3;
/// Longest that a look may take: many times what the longest bounded look needs.
const LOOK_LIMIT: Duration = Duration::from_secs(8);
/// Most looks that wait for a connection. Beyond it callers hear that the store is busy.
const MAX_WAITING: usize = 256;
/// Steps of SQLite's machine between two looks at the time.
const STEPS: i32 = 5000;

pub(super) struct Readers {
    own: Pool,
    answers: Pool,
    callers: Pool,
}

impl Readers {
    pub(super) fn open(options: &SqliteOptions, disk: &Arc<Disk>) -> Result<Self, StoreError> {
        let pool = |size| Pool::open(options, disk, size);
        Ok(Self {
            own: pool(OWN)?,
            answers: pool(ANSWERS)?,
            callers: pool(CALLERS)?,
        })
    }

    /// Look-ups that the gateway needs to go on: short, by a key, and never more at a time than the gateway has tasks of its own.
    pub(super) fn own<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        self.own.read(query)
    }

    /// Look-ups that the answer to a dispatch or a change needs: short, by a key, as many as there are callers.
    pub(super) fn answers<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        self.answers.read(query)
    }

    /// Look-ups that callers ask for, and whatever else may take long.
    pub(super) fn callers<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        self.callers.read(query)
    }
}

struct Pool {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    disk: Arc<Disk>,
    faults: FaultPoints,
}

impl Pool {
    fn open(options: &SqliteOptions, disk: &Arc<Disk>, size: usize) -> Result<Self, StoreError> {
        let connections = (0..size)
            .map(|_| open::reader(options))
            .collect::<Result<Vec<_>, _>>()?;
        let faults = FaultPoints::new(options.faults.as_ref());
        let (idle, permits) = (
            Arc::new(Mutex::new(connections)),
            Arc::new(Semaphore::new(size)),
        );
        Ok(Self {
            idle,
            permits,
            waiting: AtomicUsize::new(0),
            disk: Arc::clone(disk),
            faults,
        })
    }

    fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        Box::pin(async move {
            let permit = {
                let waits = Waits::begin(&self.waiting).ok_or(StoreError::Busy)?;
                let permit = Arc::clone(&self.permits)
                    .acquire_owned()
                    .await
                    .map_err(|_| StoreError::Closed)?;
                drop(waits);
                permit
            };
            let (idle, faults) = (Arc::clone(&self.idle), self.faults.clone());
            let asked = Asked(Arc::new(AtomicBool::new(true)));
            let still_asked = Arc::clone(&asked.0);
            let task = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                let mut lent = Lent::take(idle)?;
                faults.meet(FaultPoint::Read)?;
                lent.bounded(still_asked, query)
            });
            let result = task.await.unwrap_or_else(|error| {
                Err(StoreError::Engine(Cause::with_context(
                    "a look-up failed",
                    error,
                )))
            });
            drop(asked);
            self.disk.count_damage_of(&result);
            result
        })
    }
}

/// Counts a look that waits for a connection.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Option<Self> {
        let waits = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING).then_some(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Ends the look when whoever asked does not wait for it any more.
struct Asked(Arc<AtomicBool>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A connection that goes back whatever happens, also in a panic.
struct Lent {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Lent {
    fn take(idle: Arc<Mutex<Vec<Connection>>>) -> Result<Self, StoreError> {
        let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if connection.is_none() {
            return Err(StoreError::Busy);
        }
        Ok(Self { connection, idle })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a limit on real work, which decides no outcome"
    )]
    fn bounded<T>(
        &mut self,
        still_asked: Arc<AtomicBool>,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_mut().ok_or(StoreError::Busy)?;
        let began = Instant::now();
        let ends = move || !still_asked.load(Ordering::Relaxed) || began.elapsed() > LOOK_LIMIT;
        connection.progress_handler(STEPS, Some(ends))?;
        query(connection)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
    }
}
