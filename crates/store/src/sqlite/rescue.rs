//! When the files of a database were deleted, moved away or replaced beside the server that has them open: what is in them lives as long as the
//! process does. A *rescued copy* beside their path keeps it, and a start does not begin with nothing where there is one.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::Result;
use super::disk::beside;
use super::faults::FaultPoints;
use super::transfer::copy_checked;
use crate::StoreError;

/// What is added to a database's name for a rescued copy.
const RESCUED: &str = ".rescued";
/// Most copies beside each other.
const MAX_COPIES: u32 = 100;

/// Copies what a connection has open beside its path; says where.
pub(super) fn rescue(connection: &Connection, database: &Path) -> Result<PathBuf> {
    let to = unused(database, RESCUED, MAX_COPIES);
    let to = to.ok_or_else(|| {
        StoreError::Refused(format!("there are {MAX_COPIES} rescued copies already"))
    })?;
    copy_checked(connection, &to, FaultPoints::default())?;
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

/// What happened, what became of what had been accepted, and what to do.
pub(super) fn told(moved: &str, database: &Path, rescued: Result<PathBuf>) -> String {
    let database = database.display();
    match rescued {
        Ok(copy) => format!(
            "{moved}. Nothing more is accepted. What had been accepted is in {}: stop the server, delete {database} with its -wal and -shm if \
             they are there, put that copy in the place of {database}, and start again",
            copy.display()
        ),
        Err(error) => format!(
            "{moved}. Nothing more is accepted, and what had been accepted could not be copied ({error}). It is lost once this process ends: \
             move the files back, or copy what /proc/{}/fd has open of them, before you stop it",
            std::process::id()
        ),
    }
}

/// Refuses to begin with nothing where there is something to go on with.
pub(super) fn refuse_to_begin_anew(database: &Path) -> Result<()> {
    let length = |path: &Path| path.metadata().map_or(0, |file| file.len());
    if length(database) > 0 {
        return Ok(());
    }
    let here = database.display();
    let copy = beside(database, RESCUED);
    if copy.exists() {
        let copy = copy.display();
        return Err(StoreError::Lost(format!(
            "there is nothing at {here}, and {copy} has what a server kept whose files were taken away: `mv {copy} {here}` to go on with it, \
             or move it elsewhere to begin with nothing"
        )));
    }
    let log = beside(database, "-wal");
    if length(&log) > 0 {
        let log = log.display();
        return Err(StoreError::Lost(format!(
            "there is nothing at {here}, and {log} has changes to what was there: put the database back, or move {log} elsewhere to begin \
             with nothing"
        )));
    }
    Ok(())
}
