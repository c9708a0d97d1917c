//! A copy of everything in a database, beside whoever works on it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use crate::sqlite::faults::FaultPoints;
use crate::sqlite::open::private::private_file;
use crate::sqlite::pages::{Pages, Unreadable};
use crate::sqlite::{Result, pages};
use crate::{Cause, StoreError};

/// Copies everything into a file, which has its name once it is whole, changed by `finish`, checked and on the disk.
pub(in crate::sqlite) fn copy_checked(
    source: &Connection,
    to: &Path,
    faults: FaultPoints,
    finish: fn(&Connection) -> Result<()>,
) -> Result<()> {
    let partial = to.with_added_extension("partial");
    drop(std::fs::remove_file(&partial));
    let failed = |error| unwritable(to, error);
    drop(private_file(&partial).map_err(failed)?);
    let copied = copy_into(&partial, source, faults, finish);
    let copied = copied.and_then(|()| {
        std::fs::rename(&partial, to)
            .and_then(|()| sync_folder_of(to))
            .map_err(failed)
    });
    if copied.is_err() {
        // What is not whole is of no use, and takes room.
        drop(std::fs::remove_file(&partial));
    }
    copied
}

fn copy_into(
    file: &Path,
    source: &Connection,
    faults: FaultPoints,
    finish: fn(&Connection) -> Result<()>,
) -> Result<()> {
    let copy = Connection::open(file)?;
    copy_everything(source, &copy, faults)?;
    finish(&copy)?;
    let found: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    drop(copy);
    if found != "ok" {
        return Err(StoreError::Damaged(
            format!("the copy is not whole: {found}").into(),
        ));
    }
    let synced = std::fs::File::open(file).and_then(|file| file.sync_all());
    synced.map_err(|error| unwritable(file, error))
}

fn unwritable(file: &Path, error: std::io::Error) -> StoreError {
    StoreError::Refused(Cause::with_context(
        format!("{} cannot be written", file.display()),
        error,
    ))
}

/// Syncs the folder of a file: its name is not on disk before.
fn sync_folder_of(file: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Copies tables, indexes, rows and version. Each page is on the disk before the next is read: a large write at the end would hold up
/// everybody else's.
fn copy_everything(source: &Connection, copy: &Connection, faults: FaultPoints) -> Result<()> {
    copy.pragma_update(None, "journal_mode", "OFF")?;
    copy.pragma_update(None, "synchronous", "FULL")?;
    let tables = pages::all_tables(source)?;
    for sql in schema(source, "type = 'table'")? {
        copy.execute_batch(&sql)?;
    }
    let inserts: Vec<String> = tables
        .iter()
        .map(|table| insert_into(&table.table, &table.names))
        .collect();
    Pages::new(source, &tables, faults, Unreadable::Ends).each(|page| {
        let Some(insert) = inserts.get(page.table) else {
            return Ok(());
        };
        let transaction = copy.unchecked_transaction()?;
        for row in page.rows {
            transaction
                .prepare_cached(insert)?
                .execute(params_from_iter(row))?;
        }
        Ok(transaction.commit()?)
    })?;
    for sql in schema(source, "type <> 'table'")? {
        copy.execute_batch(&sql)?;
    }
    // Where the numbers of processes go on.
    let owners = "SELECT seq FROM sqlite_sequence WHERE name = 'processes'";
    if let Some(last) = source
        .query_row(owners, [], |row| row.get::<_, i64>(0))
        .optional()?
    {
        copy.execute("DELETE FROM sqlite_sequence WHERE name = 'processes'", [])?;
        copy.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES ('processes', ?1)",
            [last],
        )?;
    }
    let version: i64 = source.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(copy.pragma_update(None, "user_version", version)?)
}

/// The statements that make what a database has.
fn schema(connection: &Connection, which: &str) -> Result<Vec<String>> {
    let select = format!(
        "SELECT sql FROM sqlite_schema WHERE {which} AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
    );
    let mut select = connection.prepare(&select)?;
    Ok(select
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

pub(super) fn insert_into(table: &str, columns: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    let values: Vec<String> = (1..=columns.len())
        .map(|place| format!("?{place}"))
        .collect();
    format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    )
}
