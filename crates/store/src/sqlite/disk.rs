//! State of the disk under the store: how long it has not answered, whether the files at their paths are still those that are open, and what of them
//! cannot be read.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{SeekFrom, seek};

use crate::StoreError;
use crate::store::Damage;

/// State of the disk, shared by all threads that work on it.
pub(super) struct Disk {
    started: Instant,
    /// Milliseconds after the start at which the writer turned to the disk; zero while it does not wait for it.
    asked_at: AtomicU64,
    /// Error with which every write is refused, once the files are lost.
    lost: Mutex<Option<StoreError>>,
    damage: Mutex<Option<Damage>>,
}

impl Disk {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long real work takes, which decides no outcome"
    )]
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            asked_at: AtomicU64::new(0),
            lost: Mutex::default(),
            damage: Mutex::default(),
        }
    }

    /// Says that the writer turns to the disk, until the guard is dropped.
    pub(super) fn ask(&self) -> Asking<'_> {
        self.asked_at.store(self.now(), Ordering::Relaxed);
        Asking(self)
    }

    /// Time that the writer has been waiting for the disk.
    pub(super) fn stalled(&self) -> Duration {
        match self.asked_at.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            asked_at => Duration::from_millis(self.now().saturating_sub(asked_at)),
        }
    }

    /// Milliseconds after the start, from 1.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(1)
    }

    /// Error with which every write is refused; `None` as long as the files are there.
    pub(super) fn lost(&self) -> Option<StoreError> {
        held(&self.lost).clone()
    }

    pub(super) fn set_lost(&self, why: Option<StoreError>) {
        *held(&self.lost) = why;
    }

    /// Counts an error that says that a page cannot be read.
    pub(super) fn count_damage_of<T>(&self, result: &Result<T, StoreError>) {
        if let Err(StoreError::Damaged(why)) = result {
            self.count_damage(why);
        }
    }

    /// Counts damage, described by a text or a [`Cause`](crate::Cause). The first is logged.
    pub(super) fn count_damage(&self, why: &impl fmt::Display) {
        let mut damage = held(&self.damage);
        let found = damage.get_or_insert_with(|| Damage {
            count: 0,
            first: format!("{why:#}"),
        });
        found.count += 1;
        if found.count == 1 {
            tracing::error!(
                why = found.first,
                "the database is damaged: what can be read goes on. {}",
                crate::error::MEND
            );
        }
    }

    pub(super) fn damage(&self) -> Option<Damage> {
        held(&self.damage).clone()
    }
}

/// A wait for the disk.
pub(super) struct Asking<'a>(&'a Disk);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.asked_at.store(0, Ordering::Relaxed);
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files of a database beside it, by what is added to its name: its log, what its readers share, and its lock.
const BESIDE: [&str; 3] = ["-wal", "-shm", ".lock"];
/// Number of the first of a database's files that hold what was accepted.
const KEEPING: usize = 2;

/// Open files of a database. One that is deleted, moved away or replaced is written to all the same, and what is written cannot be found there.
pub(super) struct OpenFiles {
    files: Vec<(PathBuf, Identity)>,
    database: Option<Content>,
}

/// Contents of a database file, as far as its length and the beginning of its first page tell.
struct Content {
    /// Open as long as the database is: to close one file of it gives up the process's locks of all.
    file: File,
    /// Length in bytes at the last look.
    length: AtomicU64,
    /// Whether something else was ever found in it: what it had does not come back.
    overwritten: AtomicBool,
}

/// Of a database's header: its first bytes, which are always the same; where it says that it has a write-ahead log; where it says how many pages it has.
const MAGIC: &[u8] = b"SQLite format 3\0";
const LOGGED: (usize, u8) = (18, 2);
const PAGES: std::ops::Range<usize> = 28..32;
const PAGE_BYTES: u64 = 4096;

/// Device and number of a file, which no other file has while it is open.
type Identity = (u64, u64);

/// Identity of the file at a path. Not by `Path::metadata`, which asks for its times as well: Linux gives a file whose times were looked at a new time with
/// the next write, and a log whose times change with each commit costs each of them a second write to the disk, of its inode.
#[cfg(target_os = "linux")]
fn identity(path: &Path) -> std::io::Result<Identity> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
    use rustix::io::Errno;
    match statx(CWD, path, AtFlags::empty(), StatxFlags::INO) {
        Ok(found) => Ok((
            makedev(found.stx_dev_major, found.stx_dev_minor),
            found.stx_ino,
        )),
        // Old kernels do not have it, and old sandboxes do not let it through.
        Err(Errno::NOSYS | Errno::PERM) => identity_by_metadata(path),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn identity(path: &Path) -> std::io::Result<Identity> {
    identity_by_metadata(path)
}

fn identity_by_metadata(path: &Path) -> std::io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let found = path.metadata()?;
    Ok((found.dev(), found.ino()))
}

impl OpenFiles {
    /// The files at these paths, which have just been opened.
    pub(super) fn of(database: &Path) -> Self {
        let paths = [database.to_owned()]
            .into_iter()
            .chain(BESIDE.map(|suffix| beside(database, suffix)));
        let opened = paths.filter_map(|path| match identity(&path) {
            Ok(identity) => Some((path, identity)),
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    tracing::warn!(%error, file = %path.display(), "whether this file is taken away while it is in use is not looked at");
                }
                None
            }
        });
        let database = match File::open(database) {
            Ok(file) => Some(Content {
                file,
                length: AtomicU64::new(0),
                overwritten: AtomicBool::new(false),
            }),
            Err(error) => {
                tracing::warn!(%error, "whether the database is overwritten while it is in use is not looked at");
                None
            }
        };
        Self {
            files: opened.collect(),
            database,
        }
    }

    /// Description of what happened to the first file that is not at its path any more. A disk that does not say is asked again at the next look.
    pub(super) fn moved(&self) -> Option<String> {
        self.moved_of(&self.files)
    }

    /// As [`Self::moved`], of the database and its log alone: a commit is acknowledged by these, and is to cost no more looks than that.
    pub(super) fn moved_with_content(&self) -> Option<String> {
        self.moved_of(self.files.get(..KEEPING).unwrap_or(&self.files))
    }

    /// Whether another database, or less of it, is in the file since: nothing more is to be written there.
    pub(super) fn overwritten(&self) -> bool {
        self.database.as_ref().is_some_and(Content::is_overwritten)
    }

    fn moved_of(&self, files: &[(PathBuf, Identity)]) -> Option<String> {
        if let Some(content) = &self.database
            && let Some((path, _)) = self.files.first()
            && content.is_overwritten()
        {
            return Some(format!(
                "{} was overwritten or cut short while in use",
                path.display()
            ));
        }
        files
            .iter()
            .find_map(|(path, opened)| match identity(path) {
                Ok(found) if found == *opened => None,
                Ok(_) => Some(format!(
                    "{} is another file than the one that is in use: it was replaced",
                    path.display()
                )),
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                    ) =>
                {
                    Some(format!(
                        "{} is not there any more: it was deleted or moved while in use",
                        path.display()
                    ))
                }
                Err(_) => None,
            })
    }
}

impl Content {
    /// Whether something else was written into the file, such as a copy that is to be gone back to, or less is left of it than there was. Whoever makes it
    /// shorter as SQLite does says so in its header. A disk that does not say is asked again at the next look.
    fn is_overwritten(&self) -> bool {
        if self.overwritten.load(Ordering::Relaxed) {
            return true;
        }
        let mut header = [0; PAGES.end];
        // Several look at once: what another one finds meanwhile is nothing to measure this look by.
        let before = self.length.load(Ordering::Relaxed);
        // The length first: whoever makes the file shorter writes the header before.
        let (Ok(length), Ok(read)) = (
            seek(&self.file, SeekFrom::End(0)),
            self.file.read_at(&mut header, 0),
        ) else {
            return false;
        };
        if read < header.len() || !header.starts_with(MAGIC) || header[LOGGED.0] != LOGGED.1 {
            self.overwritten.store(true, Ordering::Relaxed);
            return true;
        }
        let pages = header[PAGES]
            .iter()
            .fold(0, |pages, byte| pages << 8 | u64::from(*byte));
        if length < before && length < pages * PAGE_BYTES {
            self.overwritten.store(true, Ordering::Relaxed);
            return true;
        }
        self.length.store(length, Ordering::Relaxed);
        false
    }
}

/// The path of a file beside a database.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_deleted_moved_or_replaced_is_seen_and_one_that_comes_back_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let mut database = [0; 4096];
        database[..MAGIC.len()].copy_from_slice(MAGIC);
        database[LOGGED.0] = LOGGED.1;
        std::fs::write(path("a.db"), database).expect("a file");
        for name in ["a.db-wal", "a.db-shm", "a.db.lock"] {
            std::fs::write(path(name), name).expect("a file");
        }
        let _open: Vec<_> = ["a.db", "a.db-wal"]
            .map(|name| std::fs::File::open(path(name)).expect("open"))
            .into();
        let files = OpenFiles::of(&path("a.db"));
        assert_eq!(files.moved(), None);
        for name in ["a.db", "a.db-wal", "a.db-shm", "a.db.lock"] {
            std::fs::rename(path(name), path("elsewhere")).expect("moved");
            assert!(
                files.moved().is_some_and(
                    |moved| moved.contains("not there any more") && moved.contains(name)
                )
            );
            std::fs::write(path(name), name).expect("a file");
            assert!(
                files
                    .moved()
                    .is_some_and(|moved| moved.contains("replaced") && moved.contains(name))
            );
            std::fs::rename(path("elsewhere"), path(name)).expect("moved back");
            assert_eq!(files.moved(), None);
        }
    }

    #[test]
    fn what_is_written_over_a_database_is_seen_and_what_sqlite_does_to_it_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let written = |pages: u32, length: usize, logged: u8| {
            let mut bytes = vec![0; length];
            bytes[..MAGIC.len()].copy_from_slice(MAGIC);
            bytes[LOGGED.0] = logged;
            bytes[PAGES].copy_from_slice(&pages.to_be_bytes());
            std::fs::write(&path, bytes).expect("written");
        };
        written(3, 3 * 4096, LOGGED.1);
        let files = OpenFiles::of(&path);
        assert_eq!(files.moved(), None);
        written(5, 3 * 4096, LOGGED.1);
        assert_eq!(
            files.moved(),
            None,
            "a checkpoint writes the first page before the others"
        );
        written(5, 5 * 4096, LOGGED.1);
        assert_eq!(files.moved(), None);
        written(2, 2 * 4096, LOGGED.1);
        assert_eq!(
            files.moved(),
            None,
            "a VACUUM makes it shorter, and says so"
        );
        written(2, 4096, LOGGED.1);
        assert!(
            files
                .moved()
                .is_some_and(|moved| moved.contains("cut short"))
        );
        written(2, 2 * 4096, LOGGED.1);
        assert!(
            files.overwritten() && files.moved().is_some(),
            "what was there does not come back"
        );
        let next = OpenFiles::of(&path);
        assert_eq!(next.moved(), None);
        written(9, 9 * 4096, 1);
        assert!(
            next.moved()
                .is_some_and(|moved| moved.contains("overwritten")),
            "a copy that no server has used"
        );
        let last = OpenFiles::of(&path);
        std::fs::write(&path, "").expect("emptied");
        assert!(last.moved().is_some());
    }

    #[test]
    fn a_wait_for_the_disk_lasts_until_it_ends() {
        let disk = Disk::new();
        assert_eq!(disk.stalled(), Duration::ZERO);
        let asking = disk.ask();
        while disk.stalled() < Duration::from_millis(2) {
            std::thread::yield_now();
        }
        drop(asking);
        assert_eq!(disk.stalled(), Duration::ZERO);
    }
}
