//! When the files of a database were deleted, moved away or replaced beside the server that has them open: what is in them lives as long as the
//! process does. A *rescued copy* beside their path keeps it, and a start does not begin with nothing where there is one.

use std::path::{Path, PathBuf};

use acteon_core::with_causes;
use rusqlite::Connection;

use super::Result;
use super::disk::beside;
use super::faults::FaultPoints;
use super::room::DiskSpace;
use super::transfer::copy::copy_checked;
use crate::{Cause, StoreError};

/// Suffix of a rescued copy, behind the database's name.
const RESCUED: &str = ".rescued";
/// Suffix of a copy that is not whole: a start does not ask to go on with it.
const REMAINS: &str = ".remains";
/// Statement for the bytes of a database, with its log: a copy takes no pages that are free.
const SIZE: &str = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
/// Most copies beside each other.
const MAX_COPIES: u32 = 100;

/// Copies what a connection has open beside its path, unless there is no room for it; says where.
pub(super) fn rescue(
    connection: &Connection,
    room: &DiskSpace,
    faults: FaultPoints,
    overwritten: bool,
) -> Result<PathBuf> {
    let suffix = if overwritten { REMAINS } else { RESCUED };
    let to = unused(room.database(), suffix, MAX_COPIES);
    let to = to.ok_or_else(|| {
        StoreError::Refused(format!("there are {MAX_COPIES} rescued copies already").into())
    })?;
    // Where it cannot be told, the copy is tried.
    let needed = connection
        .query_row(SIZE, [], |row| row.get::<_, i64>(0))
        .ok()
        .map(i64::unsigned_abs);
    if let (Some(needed), Some(free)) = (needed, room.free())
        && free <= needed
    {
        let message =
            format!("a copy takes {needed} bytes, and its disk has {free} free: free some");
        return Err(StoreError::Refused(message.into()));
    }
    copy_checked(connection, &to, faults, |_| Ok(()))?;
    Ok(to)
}

/// The first name beside a database that no file has: it ends with `suffix`, and from the second on with a number.
pub(super) fn unused(database: &Path, suffix: &str, most: u32) -> Option<PathBuf> {
    let mut names = (1..=most).map(|number| match number {
        1 => beside(database, suffix),
        _ => beside(database, &format!("{suffix}-{number}")),
    });
    names.find(|path| !path.exists())
}

/// Message for operators: what happened, where what had been accepted is now, and what to do.
pub(super) fn told(
    moved: &str,
    database: &Path,
    rescued: Result<PathBuf>,
    overwritten: bool,
) -> String {
    let database = database.display();
    match rescued {
        Ok(copy) if overwritten => format!(
            "{moved}. Nothing more is accepted. What is left of what had been accepted - in the log and in memory, over what was written there - is in \
             {}, which is NOT whole: stop the server, keep that copy, and go back to the last backup",
            copy.display()
        ),
        Ok(copy) => format!(
            "{moved}. Nothing more is accepted. What had been accepted is in {}: stop the server, delete {database} with its -wal and -shm if \
             they are there, put that copy in the place of {database}, and start again",
            copy.display()
        ),
        Err(error) => format!(
            "{moved}. Nothing more is accepted, and what had been accepted could not be copied yet ({}); it is tried again while this \
             process lives. It is lost once that ends: mend what keeps it from being copied, or move the files back, or copy what /proc/{}/fd has open of \
             them, before you stop it",
            with_causes(&error),
            std::process::id()
        ),
    }
}

/// Error of an export, with what is left to do: the database may have been overwritten.
pub(super) fn with_ways_out(error: StoreError, database: &Path) -> StoreError {
    let (StoreError::Damaged(why) | StoreError::Engine(why)) = error else {
        return error;
    };
    let copies = [RESCUED, REMAINS].map(|suffix| beside(database, suffix));
    let copy = match copies.iter().find(|copy| copy.exists()) {
        Some(copy) => format!(
            "{} has what a server kept of it: copy that to acteon.db in a folder of its own, and `export --data-dir` that",
            copy.display()
        ),
        None => format!("no server has kept a copy as {}", copies[0].display()),
    };
    let message = format!(
        "{} cannot be written out: {why:#}. It may have been overwritten, or damaged where nothing can be read without. {copy}; or export the last file of \
         `acteon-server backup` so, and start on that",
        database.display()
    );
    StoreError::Refused(message.into())
}

/// Deletes a rescued copy whose original is back, and goes on: a start would ask which of the two is meant.
pub(super) fn forget(copy: &Path) {
    match std::fs::remove_file(copy) {
        Ok(()) => {
            tracing::info!(copy = %copy.display(), "the rescued copy is deleted: its original is back");
        }
        Err(error) => {
            tracing::warn!(copy = %copy.display(), %error, "the rescued copy is not needed any more, and could not be deleted");
        }
    }
}

/// Refuses to begin with nothing, or with another database, where there is one to go on with; and with one to which the log beside it does not belong.
pub(super) fn refuse_to_begin_wrongly(database: &Path) -> Result<()> {
    let length = |path: &Path| path.metadata().map_or(0, |file| file.len());
    let here = database.display();
    let found = length(database) > 0;
    let copy = beside(database, RESCUED);
    if copy.exists() {
        let copy = copy.display();
        let what = if found {
            "there may be less at"
        } else {
            "there is nothing at"
        };
        let elsewhere = if found {
            "go on without it"
        } else {
            "begin with nothing"
        };
        return Err(StoreError::Lost(format!(
            "{what} {here}, and {copy} has what a server kept whose files were taken away: delete {here}-wal and {here}-shm and \
             `mv {copy} {here}` to go on with it, or move it elsewhere to {elsewhere}"
        )));
    }
    let log = beside(database, "-wal");
    if length(&log) == 0 {
        return Ok(());
    }
    let log = log.display();
    match is_never_started(database) {
        _ if !found => Err(StoreError::Lost(format!(
            "there is nothing at {here}, and {log} has changes to what was there: put the database back, or move {log} elsewhere to begin \
             with nothing"
        ))),
        Ok(false) => Ok(()),
        Ok(true) => Err(StoreError::Lost(format!(
            "{here} is a copy that no server has used yet, and {log} has changes to another database, which would destroy it: move {log} and \
             {here}-shm elsewhere to begin with the copy; what is in that log is in the database that was here before"
        ))),
        Err(error) => Err(StoreError::Engine(Cause::with_context(
            here.to_string(),
            error,
        ))),
    }
}

/// Offset and value of the byte in a database's header that says that it has a write-ahead log. A server that uses a database sets it before it
/// writes the log; no copy has it.
const HAS_LOG: (u64, u8) = (18, 2);

fn is_never_started(database: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::FileExt as _;
    let mut byte = [0];
    let read = std::fs::File::open(database)?.read_at(&mut byte, HAS_LOG.0)?;
    Ok(read == 1 && byte[0] != HAS_LOG.1)
}
