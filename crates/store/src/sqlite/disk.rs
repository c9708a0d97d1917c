//! What is seen of the disk under the store: how long it has not answered, whether the files at their paths are still those that are open, and
//! what of them cannot be read.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::StoreError;
use crate::store::Damage;

/// What is seen of the disk, shared by all that work on it.
pub(super) struct Disk {
    started: Instant,
    /// When the writer turned to the disk, in milliseconds after the start; zero while it does not wait for it.
    asked_at: AtomicU64,
    /// Why nothing is written any more.
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

    /// How long the writer has been waiting for the disk.
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

    /// Why nothing is written any more; `None` as long as it is.
    pub(super) fn lost(&self) -> Option<StoreError> {
        held(&self.lost).clone()
    }

    pub(super) fn set_lost(&self, why: Option<StoreError>) {
        *held(&self.lost) = why;
    }

    /// Takes note of an error that says that a page cannot be read.
    pub(super) fn note<T>(&self, result: &Result<T, StoreError>) {
        if let Err(StoreError::Damaged(why)) = result {
            self.note_damage(why);
        }
    }

    pub(super) fn note_damage(&self, why: &str) {
        let mut damage = held(&self.damage);
        let found = damage.get_or_insert_with(|| Damage {
            count: 0,
            first: why.to_owned(),
        });
        found.count += 1;
        if found.count == 1 {
            tracing::error!(
                why,
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

/// The files of a database beside it, by what is added to its name.
const BESIDE: [&str; 3] = ["-wal", "-shm", ".lock"];

/// The files that are open. One that is deleted, moved away or replaced is written to all the same, and nobody will find there what was written.
pub(super) struct OpenFiles(Vec<(PathBuf, Identity)>);

/// Device and number of a file, which no other file has while it is open.
type Identity = (u64, u64);

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino())
}

impl OpenFiles {
    /// The files at these paths, which have just been opened.
    pub(super) fn of(database: &Path) -> Self {
        let paths = [database.to_owned()]
            .into_iter()
            .chain(BESIDE.map(|suffix| beside(database, suffix)));
        let opened = paths.filter_map(|path| {
            let identity = identity(&path.metadata().ok()?);
            Some((path, identity))
        });
        Self(opened.collect())
    }

    /// What became of the first that is not at its path any more. A disk that does not say is asked again at the next look.
    pub(super) fn moved(&self) -> Option<String> {
        self.0
            .iter()
            .find_map(|(path, opened)| match path.metadata() {
                Ok(found) if identity(&found) == *opened => None,
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
        for name in ["a.db", "a.db-wal", "a.db-shm", "a.db.lock"] {
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
