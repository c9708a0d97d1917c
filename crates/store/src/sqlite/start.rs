//! Opening the store: its lock, its database, and the threads that work on it.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::{Notify, watch};

use super::checkpoint::{Checkpointer, Signal, Worker};
use super::disk::{Disk, OpenFiles};
use super::faults::FaultPoints;
use super::options::SqliteOptions;
use super::readers::Readers;
use super::store::SqliteStore;
use super::writer::{Tools, Writer};
use super::{Result, open, open_rows, revision, room, system};
use crate::queue_bytes::QueueBytes;

impl SqliteStore {
    /// Opens or makes the database, and wins its lock: what earlier processes owned is free from then on.
    pub fn open(options: &SqliteOptions) -> Result<Self> {
        Self::open_or_fail(options).map_err(|error| {
            system::System::default()
                .explained(error, &options.path)
                .advised()
        })
    }

    fn open_or_fail(options: &SqliteOptions) -> Result<Self> {
        let lock = open::lock(&options.path)?;
        let disk = Arc::new(Disk::new());
        let room = Arc::new(room::DiskSpace::of(&options.path));
        let connection = open::writer_making_room(options, &disk, &room)?;
        let open = Arc::new(AtomicUsize::new(open_rows::count(&connection)?));
        let (revision, _) = watch::channel(revision::revision(&connection)?);
        let readers = Readers::open(options, &disk)?;
        let files = Arc::new(OpenFiles::of(&options.path));
        room.keep_reserve();
        let faults = FaultPoints::new(options.faults.as_ref());
        let (ended, _) = watch::channel(None);
        let worker = Worker {
            connection: open::checkpointer(options)?,
            signal: Arc::new(Signal::new(options.log_pages)),
            room,
            disk: Arc::clone(&disk),
            files: Arc::clone(&files),
            path: options.path.clone(),
            rescue: RefCell::default(),
            faults,
        };
        let written = Arc::new(Notify::new());
        let tools = Tools {
            connection,
            written: Arc::clone(&written),
            open: Arc::clone(&open),
            signal: Arc::clone(&worker.signal),
            room: Arc::clone(&worker.room),
            disk: Arc::clone(&disk),
            files,
            faults: worker.faults.clone(),
        };
        let checkpointer = Checkpointer::start(worker, ended.clone())?;
        let writer = Writer::start(tools, ended.clone())?;
        let queue_bytes = QueueBytes::default();
        Ok(Self {
            writer,
            readers,
            queue_bytes,
            open,
            written,
            revision,
            disk,
            ended,
            _checkpointer: checkpointer,
            _lock: lock,
        })
    }
}
