//! Opening the database.

pub(super) mod private;

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use acteon_core::{Timestamp, regular_file};
use rusqlite::{Connection, OpenFlags};

use self::private::{make_private, private_file};
use super::checkpoint::KEPT_LOG_BYTES;
use super::disk::{Disk, beside};
use super::faults::{FaultPoint, FaultPoints};
use super::log_check::{self, Broken};
use super::options::SqliteOptions;
use super::room::DiskSpace;
use super::system::{self, System};
use super::{flow_claims, holds, rescue};
use crate::model::Freed;
use crate::{Cause, StoreError};

/// Schema changes in order; a database's `user_version` says how many it has.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_journal.sql"),
    include_str!("0002_decisions.sql"),
    include_str!("0003_leases.sql"),
    include_str!("0004_documents.sql"),
    include_str!("0005_providers.sql"),
    include_str!("0006_priorities.sql"),
    include_str!("0007_scheduled.sql"),
    include_str!("0008_flows.sql"),
    include_str!("0009_events.sql"),
    include_str!("0010_event_rows.sql"),
];

/// The writer waits this long for the checkpointer to finish with the log, or for another program: not so long that the disk would seem not to answer, or
/// that one who asks again and again fails seldom.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// What is added to a database's name for the files that a start opens.
const OPENED: [&str; 5] = ["", ".lock", "-wal", "-shm", "-journal"];

/// Refuses a database with a named pipe, a folder or a device in the place of one of its files: a start would wait for ever for whoever opens the pipe too.
fn refuse_irregular(database: &Path) -> Result<(), StoreError> {
    for path in OPENED.map(|suffix| beside(database, suffix)) {
        match regular_file::check(&path) {
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                let message = format!(
                    "{}: {error}: move it elsewhere, or choose another --data-dir",
                    path.display()
                );
                return Err(StoreError::Refused(message.into()));
            }
            // What cannot be looked at cannot be opened either, and that is told then.
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Makes this the only process with the database open. Held until the file is closed, also by a crash.
pub(super) fn lock(database: &Path) -> Result<File, StoreError> {
    refuse_irregular(database)?;
    let path = database.with_added_extension("lock");
    let engine = |error| StoreError::Engine(failure_of(&path, error));
    let file = private_file(&path).map_err(engine)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(database.display().to_string())),
        Err(TryLockError::Error(error)) => Err(engine(error)),
    }
}

fn failure_of(path: &Path, error: std::io::Error) -> Cause {
    Cause::with_context(path.display().to_string(), error)
}

/// SQLite makes the files beside a database as private as the database is; those that were there before are made so.
fn keep_private(database: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::Engine(failure_of(database, error));
    drop(private_file(database).map_err(failed)?);
    for path in ["-wal", "-shm"].map(|suffix| beside(database, suffix)) {
        if path.exists() {
            make_private(&path).map_err(failed)?;
        }
    }
    Ok(())
}

/// Opens the database to write, on a full disk with what was kept in reserve for that.
pub(super) fn writer_making_room(
    options: &SqliteOptions,
    disk: &Disk,
    room: &DiskSpace,
) -> Result<Connection, StoreError> {
    match writer(options, disk).map_err(|error| System::default().explained(error, &options.path)) {
        Err(StoreError::Full) if room.give_up_reserve() => {
            tracing::warn!(
                free = room.free(),
                "no room is left for the database; it begins with what was kept in reserve: free some on its disk"
            );
            writer(options, disk)
        }
        opened => opened,
    }
}

pub(super) fn writer(options: &SqliteOptions, disk: &Disk) -> Result<Connection, StoreError> {
    FaultPoints::new(options.faults.as_ref()).meet(FaultPoint::Open)?;
    rescue::refuse_to_begin_wrongly(&options.path)?;
    system::remove_probe(&options.path);
    look_at_log(&options.path, disk);
    keep_private(&options.path)?;
    let mut connection = connect(options, OpenFlags::default())?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", KEPT_LOG_BYTES as i64)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection)?;
    // The lock is ours, so no earlier process lives.
    connection.execute("DELETE FROM processes", [])?;
    let Freed { maybe_sent, unsent } =
        holds::free_readable_orphans(&connection, disk, Timestamp::default())?;
    if maybe_sent + unsent > 0 {
        tracing::warn!(
            maybe_sent,
            unsent,
            "took over actions of a process that died; those it may have sent are marked possible_duplicate"
        );
    }
    let flows = flow_claims::free_readable_orphans(&connection, disk)?;
    if flows > 0 {
        tracing::warn!(flows, "took over flows of a process that died");
    }
    Ok(connection)
}

/// Suffix of a damaged log that is kept, behind the database's name.
const DAMAGED_LOG: &str = "-wal.damaged";
/// Most damaged logs beside each other.
const MAX_DAMAGED_LOGS: u32 = 10;

/// Says what a damaged log will not give back, and keeps it for whoever may find more in it.
fn look_at_log(database: &Path, disk: &Disk) {
    let log = beside(database, "-wal");
    let Broken { offset, commits } = match log_check::check(&log) {
        Ok(Some(broken)) => broken,
        Ok(None) => return,
        Err(error) => {
            return tracing::warn!(%error, log = %log.display(), "the write-ahead log could not be checked");
        }
    };
    let copy = |kept: &Path| private_file(kept).and_then(|_| std::fs::copy(&log, kept));
    let where_kept = match rescue::unused(database, DAMAGED_LOG, MAX_DAMAGED_LOGS)
        .map(|kept| (copy(&kept), kept))
    {
        Some((Ok(_), kept)) => format!("it is kept as {}", kept.display()),
        Some((Err(error), kept)) => format!("it could not be kept as {}: {error}", kept.display()),
        None => format!("it is not kept: there are {MAX_DAMAGED_LOGS} such logs already"),
    };
    let certainty = if commits > 1 {
        "what they accepted or recorded is lost"
    } else {
        "it may be one that a crash left half-written"
    };
    disk.count_damage(&format!(
        "the write-ahead log {} is damaged at byte {offset}: {commits} commit(s) behind that are not read; unless they were moved into the database \
         before, {certainty}; {where_kept}",
        log.display()
    ));
}

fn connect(options: &SqliteOptions, flags: OpenFlags) -> rusqlite::Result<Connection> {
    match &options.vfs {
        None => Connection::open_with_flags(&options.path, flags),
        Some(vfs) => Connection::open_with_flags_and_vfs(&options.path, flags, vfs.as_str()),
    }
}

pub(super) fn reader(options: &SqliteOptions) -> Result<Connection, StoreError> {
    // It maps no part of the file: pages that were looked at would count as the gateway's memory, and a file that was cut short would end it.
    let connection = connect(
        options,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    open_log(&connection)?;
    Ok(connection)
}

pub(super) fn checkpointer(options: &SqliteOptions) -> Result<Connection, StoreError> {
    let connection = connect(options, OpenFlags::default())?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    open_log(&connection)?;
    Ok(connection)
}

/// SQLite opens the log with the first read, by its name: later another file may have that.
fn open_log(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |_| Ok(()))?)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (index, migration) in MIGRATIONS
        .iter()
        .enumerate()
        .skip(usize::try_from(found).unwrap_or(0))
    {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_log_takes_the_place_of_none_that_was_kept_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("a.db");
        let connection = Connection::open(&database).expect("a database");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x)",
            )
            .expect("a table");
        for number in 0..10 {
            connection
                .execute("INSERT INTO t VALUES (?1)", [number])
                .expect("a row");
        }
        let log = beside(&database, "-wal");
        let mut bytes = std::fs::read(&log).expect("a log");
        let mut kept = Vec::new();
        for (number, suffix) in (0..=MAX_DAMAGED_LOGS)
            .zip(std::iter::once(String::new()).chain((2..).map(|number| format!("-{number}"))))
        {
            bytes[200] = bytes[200].wrapping_add(1);
            std::fs::write(&log, &bytes).expect("written");
            look_at_log(&database, &Disk::new());
            let path = beside(&database, &format!("{DAMAGED_LOG}{suffix}"));
            assert_eq!(
                path.exists(),
                number < MAX_DAMAGED_LOGS,
                "{}",
                path.display()
            );
            if path.exists() {
                kept.push((path, bytes.clone()));
            }
        }
        for (path, bytes) in kept {
            assert!(
                std::fs::read(&path).expect("a copy") == bytes,
                "{} is what it was",
                path.display()
            );
        }
    }
}
