//! Watcher of files, for rules and API keys.
//!
//! Changes are found by looking once a second: that also sees what is swapped in by links, and
//! works on every file system.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Pause between looks for changes.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time that a change must have been over.
const SETTLE: Duration = Duration::from_millis(100);

/// Looks of the files at a path, which differ once a file has changed.
pub(crate) type Fingerprint = Vec<(PathBuf, Option<Look>)>;

/// Look of a file, taken without opening it, which may hang. Tools keep lengths and times of
/// modification; the time of the change itself nobody can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    length: u64,
    modified: Option<SystemTime>,
    /// Seconds and nanoseconds of the last change, and the file's inode number.
    changed: (i64, i64, u64),
}

impl Look {
    /// Look of the file at `path`; `None` where there is none.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed: changed_at(&metadata),
        })
    }
}

#[cfg(unix)]
fn changed_at(metadata: &Metadata) -> (i64, i64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ctime(), metadata.ctime_nsec(), metadata.ino())
}

#[cfg(not(unix))]
fn changed_at(_: &Metadata) -> (i64, i64, u64) {
    (0, 0, 0)
}

/// Waits for a change at `path` that is over: what is still being written would be read in part,
/// and a second write within the same tick of the file system's clock would go unseen. `looks`
/// takes the fingerprint of `path`, `known` is the one from before the files were last read.
pub(crate) async fn changed(
    path: &Path,
    looks: fn(&Path) -> Fingerprint,
    known: impl Fn() -> Fingerprint,
) -> Fingerprint {
    let mut before = known();
    loop {
        // What somebody else had read meanwhile is known too.
        let known = known();
        tokio::time::sleep(if before == known { LOOK_EVERY } else { SETTLE }).await;
        let watched = path.to_owned();
        let found = tokio::task::spawn_blocking(move || looks(&watched))
            .await
            .unwrap_or_else(|_| before.clone());
        if found == before && found != known {
            return found;
        }
        before = found;
    }
}
