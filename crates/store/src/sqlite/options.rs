//! Settings of an embedded store.

use std::path::PathBuf;
use std::sync::Arc;

use super::faults::Faults;

/// Settings of an embedded store.
#[derive(Clone, Debug, Default)]
pub struct SqliteOptions {
    /// The database file. Beside it lie `-wal`, `-shm` and `.lock`.
    pub path: PathBuf,
    /// Most pages the database may have, for tests of a full disk. `None` in earnest.
    pub max_pages: Option<u32>,
    /// Another file system for SQLite, for tests of power loss. `None` in earnest.
    pub vfs: Option<String>,
    /// Length in pages at which the write-ahead log is restarted, for tests. `None` in production.
    pub log_pages: Option<u64>,
    /// Faults, for tests. `None` in production.
    pub faults: Option<Arc<dyn Faults>>,
}
