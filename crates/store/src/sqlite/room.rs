//! Room on the disk: how much there is, and a reserve for when there is none.
//!
//! A write-ahead log that filled the disk could not be moved into the database, which must grow for that, and so could never be emptied. A
//! *reserve file* beside the database keeps that room. When a write finds none, the reserve is given up, the log is moved and cut, and work goes
//! on in what that leaves. The reserve is made again once there is plenty.

use std::fs::File;
use std::path::{Path, PathBuf};

/// Largest reserve, in bytes.
const RESERVE_BYTES: u64 = 16 << 20;
/// The reserve is at most this part of what is free when it is made.
const SHARE: u64 = 16;
/// A reserve smaller than this is not worth a file.
const LEAST_BYTES: u64 = 256 << 10;

/// Space on the disk under a database.
pub(super) struct DiskSpace {
    database: PathBuf,
    folder: PathBuf,
    reserve: PathBuf,
}

impl DiskSpace {
    pub(super) fn of(database: &Path) -> Self {
        let folder = database
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        Self {
            database: database.to_owned(),
            folder: folder.to_owned(),
            reserve: database.with_added_extension("reserve"),
        }
    }

    /// Path of the database file.
    pub(super) fn database(&self) -> &Path {
        &self.database
    }

    /// Free bytes, or `None` where the system does not say.
    pub(super) fn free(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(&self.folder).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Makes the reserve, unless it is there, or the disk has little left. One that cannot be made is missing, and that is all.
    pub(super) fn keep_reserve(&self) {
        if self.reserve.exists() {
            return;
        }
        let size = self
            .free()
            .map_or(0, |free| (free / SHARE).min(RESERVE_BYTES));
        if size < LEAST_BYTES {
            return;
        }
        if let Err(error) = self.make(size) {
            tracing::debug!(%error, "no room could be reserved on the disk of the database");
            drop(std::fs::remove_file(&self.reserve));
        }
    }

    fn make(&self, size: u64) -> std::io::Result<()> {
        let file: File = super::open::private::private_file(&self.reserve)?;
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, size)?;
        Ok(())
    }

    /// Gives the reserve up; says whether there was one.
    pub(super) fn give_up_reserve(&self) -> bool {
        std::fs::remove_file(&self.reserve).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(path: &Path) -> Option<u64> {
        path.metadata().ok().map(|file| file.len())
    }

    #[test]
    fn a_reserve_is_made_given_up_once_and_made_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let room = DiskSpace::of(&folder.path().join("test.db"));
        let reserve = folder.path().join("test.db.reserve");
        let free = room.free().expect("the system says");
        assert!(
            free / SHARE >= LEAST_BYTES,
            "the test needs a disk with some room"
        );
        assert!(!room.give_up_reserve(), "there is none yet");
        for _ in 0..2 {
            room.keep_reserve();
            let made = length(&reserve).expect("a reserve");
            assert!((LEAST_BYTES..=RESERVE_BYTES).contains(&made), "{made}");
            room.keep_reserve();
            assert_eq!(length(&reserve), Some(made), "it is kept as it is");
            assert!(room.give_up_reserve());
            assert!(!room.give_up_reserve() && length(&reserve).is_none());
        }
    }

    #[test]
    fn a_disk_of_which_nothing_is_known_has_no_reserve() {
        let folder = tempfile::tempdir().expect("a folder");
        let room = DiskSpace::of(&folder.path().join("none").join("test.db"));
        room.keep_reserve();
        assert_eq!((room.free(), room.give_up_reserve()), (None, false));
    }
}
