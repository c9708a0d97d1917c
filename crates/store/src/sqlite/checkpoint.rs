//! Moving the write-ahead log into the database, beside the writer.
//!
//! A passive checkpoint takes no lock that a commit needs, so commits go on meanwhile; but under steady writes it never catches up with the
//! end of the log, and the log grows. Past a ceiling the writer therefore restarts the log itself, which is short because most
//! of it was moved already.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::StoreError;

const EVERY: Duration = Duration::from_millis(250);
/// 16 MB of 4 KB pages. A log that is used again and again needs no new blocks from the file system, so a low ceiling is also fast.
const CEILING_PAGES: u64 = 16384;

/// What the writer and the checkpointer know of each other.
#[derive(Default)]
pub(super) struct Signal {
    commits: AtomicU64,
    log_pages: AtomicU64,
}

impl Signal {
    pub(super) fn committed(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the log passed its ceiling, told once.
    pub(super) fn take_over_ceiling(&self) -> bool {
        self.log_pages.load(Ordering::Relaxed) > CEILING_PAGES && self.log_pages.swap(0, Ordering::Relaxed) > CEILING_PAGES
    }
}

pub(super) struct Checkpointer {
    signal: Arc<Signal>,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let signal = Arc::new(Signal::default());
        let (stop, stopped) = mpsc::channel();
        let shared = Arc::clone(&signal);
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".into())
            .spawn(move || run(&connection, &shared, &stopped))
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Self { signal, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn signal(&self) -> Arc<Signal> {
        Arc::clone(&self.signal)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn run(connection: &Connection, signal: &Signal, stopped: &mpsc::Receiver<()>) {
    let mut seen = 0;
    while stopped.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        let commits = signal.commits.load(Ordering::Relaxed);
        if commits == seen {
            continue;
        }
        seen = commits;
        match connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1)) {
            Ok(pages) => signal.log_pages.store(u64::try_from(pages).unwrap_or(0), Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "checkpoint failed; it is tried again"),
        }
    }
}
