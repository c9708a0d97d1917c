//! What the system says where SQLite says only that the disk failed, or that a file cannot be opened.

use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::disk::beside;
use super::open::private::PRIVATE;
use crate::{Cause, StoreError};

/// Bytes beyond its longest file that a database must be able to write.
const FURTHER: u64 = 1 << 20;
/// Bytes that the probe writes there: a file system counts what is in a file, and not how long it is.
const PAGE: [u8; 4096] = [0; 4096];
/// Time for which a finding counts: a batch that fails item by item is no reason to look once for each.
const FRESH: Duration = Duration::from_secs(1);
/// Suffix of the probe's file, behind the database's name.
const PROBE: &str = ".probe";

/// Latest finding of a probe of the file system.
#[derive(Default)]
pub(super) struct System {
    last: Option<(Instant, Option<Trouble>)>,
}

#[derive(Clone, Copy)]
enum Trouble {
    NoRoom,
    Other(&'static str),
}

impl System {
    /// Same failure in the words of the system, with what to do, where a probe as long as the database's files fails too.
    pub(super) fn explained(&mut self, error: StoreError, database: &Path) -> StoreError {
        let StoreError::Engine(cause) = error else {
            return error;
        };
        match self.trouble(database) {
            Some(Trouble::NoRoom) => StoreError::Full,
            Some(Trouble::Other(told)) => StoreError::Engine(Cause::with_context(told, cause)),
            None => StoreError::Engine(cause),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the thread's own pace, which decides no outcome"
    )]
    fn trouble(&mut self, database: &Path) -> Option<Trouble> {
        if let Some((_, found)) = self.last.filter(|(at, _)| at.elapsed() < FRESH) {
            return found;
        }
        let found = probe(database).err().and_then(|error| trouble_of(&error));
        self.last = Some((Instant::now(), found));
        found
    }
}

/// Removes a probe that a process left when it died.
pub(super) fn remove_probe(database: &Path) {
    drop(std::fs::remove_file(beside(database, PROBE)));
}

/// Writes behind where the longest file of a database ends, in a file of its own.
fn probe(database: &Path) -> std::io::Result<()> {
    let length = |suffix| {
        beside(database, suffix)
            .metadata()
            .map_or(0, |file| file.len())
    };
    let longest = length("").max(length("-wal"));
    remove_probe(database);
    let mut options = OpenOptions::new();
    options
        .create_new(true)
        .write(true)
        .mode(PRIVATE)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32);
    let probe = options.open(beside(database, PROBE))?;
    let written = probe.write_all_at(&PAGE, longest + FURTHER);
    remove_probe(database);
    written
}

fn trouble_of(error: &std::io::Error) -> Option<Trouble> {
    let told = match Errno::from_io_error(error)? {
        Errno::NOSPC => return Some(Trouble::NoRoom),
        Errno::FBIG => {
            "a file of the database is as large as this process may make one: raise its limit on the size of files (ulimit -f, LimitFSIZE=), or \
             that of the file system"
        }
        Errno::MFILE => {
            "this process may open no more files: raise its limit on open files (ulimit -n, LimitNOFILE=)"
        }
        Errno::NFILE => {
            "the machine may open no more files: raise fs.file-max, or end what holds so many"
        }
        Errno::DQUOT => {
            "the disk quota of this user is used up: raise it, or free some of what the user holds"
        }
        Errno::ROFS => {
            "the file system of the database can only be read: mount it so that it can be written"
        }
        Errno::ACCESS | Errno::PERM => {
            "this process may not write where the database lies: see who owns that folder, and its mode"
        }
        _ => return None,
    };
    Some(Trouble::Other(told))
}
