//! Where and how to open the store.

use std::path::PathBuf;
use std::sync::Arc;

use super::faults::Faults;

/// Where and how to open the store.
#[derive(Clone, Debug, Default)]
pub struct SqliteOptions {
    /// The database file. Beside it lie `-wal`, `-shm` and `.lock`.
    pub path: PathBuf,
    /// Most pages the database may have, for tests of a full disk. `None` in earnest.
    pub max_pages: Option<u32>,
    /// Another file system for SQLite, for tests of power loss. `None` in earnest.
    pub vfs: Option<String>,
    /// Length at which the write-ahead log begins anew, in pages, for tests. `None` in earnest.
    pub log_pages: Option<u64>,
    /// What fails, for tests. `None` in earnest.
    pub faults: Option<Arc<dyn Faults>>,
}
