//! Copies of the database, and taking it along.

use std::io::{BufRead, Write};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::disk::Disk;
use super::faults::FaultPoints;
use super::options::SqliteOptions;
use super::pages::{self, Cell, Pages, Unreadable};
use super::store::SqliteStore;
use super::{Result, open, rescue};
use crate::StoreError;
use crate::transfer::{
    AFTER_IMPORT, Exporter, Importer, Kind, SELECT_CLOCK_STEPS, TABLES, Table, Value, bytes_of,
    clock_steps,
};

impl SqliteStore {
    /// Copies a database, in use or not, into a file that is not there yet, and checks the copy. Everything that was accepted before is in it.
    pub fn backup(options: &SqliteOptions, to: &Path) -> Result<()> {
        if to.exists() {
            let message = format!(
                "{} is there already, and a backup overwrites nothing: name another file, or move that one away",
                to.display()
            );
            return Err(StoreError::Refused(message));
        }
        let source = open::reader(existing(options)?)?;
        copy_checked(
            &source,
            to,
            FaultPoints::new(options.faults.as_ref()),
            mark_everything_owed,
        )
        .map_err(StoreError::advised)
    }

    /// Writes everything that a database keeps, in use or not, and was accepted before; says how many rows. What lies on damaged pages is left
    /// out, and the log says so.
    pub fn export(options: &SqliteOptions, to: &mut (dyn Write + Send)) -> Result<u64> {
        Self::export_or_fail(options, to)
            .map_err(|error| rescue::with_ways_out(error, &options.path))
    }

    fn export_or_fail(options: &SqliteOptions, to: &mut (dyn Write + Send)) -> Result<u64> {
        let connection = open::reader(existing(options)?)?;
        let tables = TABLES.iter().map(|table| {
            let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
            pages::some_columns(&connection, table.name, &names)
        });
        let tables = tables.collect::<Result<Vec<_>>>()?;
        let mut exporter = Exporter::begin(to, steps(&connection)?)?;
        Pages::new(
            &connection,
            &tables,
            FaultPoints::new(options.faults.as_ref()),
            Unreadable::LeftOut,
        )?
        .each(|page| {
            let Some(table) = TABLES.get(page.table) else {
                return Ok(());
            };
            page.rows
                .into_iter()
                .try_for_each(|row| exporter.row(table, exported(table, row)))
        })?;
        exporter.end()
    }

    /// Reads everything into a database that is empty, or not there yet; says how many rows. All or nothing.
    pub fn import(options: &SqliteOptions, from: &mut (dyn BufRead + Send)) -> Result<u64> {
        let _lock = open::lock(&options.path)?;
        let connection = open::writer(options, &Disk::new())?;
        let transaction = connection.unchecked_transaction()?;
        for table in ["actions", "documents"] {
            if transaction
                .prepare(&format!("SELECT 1 FROM {table}"))?
                .exists([])?
            {
                let message = format!(
                    "{} is not empty, and an import needs a database that is: choose another --data-dir",
                    options.path.display()
                );
                return Err(StoreError::Refused(message));
            }
        }
        let mut importer = Importer::begin(from, steps(&transaction)?)?;
        let mut rows = 0;
        while let Some((table, values)) = importer.next()? {
            let values =
                values
                    .iter()
                    .zip(table.columns)
                    .map(|(value, (_, kind))| match (value, kind) {
                        (Value::Nothing(()), _) => Cell::Null,
                        (Value::Flag(flag), _) => Cell::Integer((*flag).into()),
                        (Value::Integer(number), _) => Cell::Integer(*number),
                        (Value::Text(text), _) => Cell::Text(text.clone().into_bytes()),
                        // A damaged text comes as what it was.
                        (Value::Bytes { .. }, Kind::Text) => {
                            bytes_of(value).map_or(Cell::Null, Cell::Text)
                        }
                        (Value::Bytes { .. }, _) => bytes_of(value).map_or(Cell::Null, Cell::Blob),
                    });
            transaction
                .prepare_cached(&insert(table))?
                .execute(params_from_iter(values))?;
            rows += 1;
        }
        transaction.execute(AFTER_IMPORT, [])?;
        let revision = super::documents::count_change(&transaction)?;
        transaction.execute("UPDATE documents SET revision = ?1", [revision])?;
        transaction.commit()?;
        Ok(rows)
    }
}

/// Marks what is owed in a copy: whoever starts on it sends that again, and the original may have sent it since.
fn mark_everything_owed(copy: &Connection) -> Result<()> {
    copy.execute("UPDATE jobs SET possible_duplicate = 1", [])?;
    Ok(())
}

/// Copies everything into a file, which has its name once it is whole, changed by `finish`, checked and on the disk.
pub(super) fn copy_checked(
    source: &Connection,
    to: &Path,
    faults: FaultPoints,
    finish: fn(&Connection) -> Result<()>,
) -> Result<()> {
    let partial = to.with_added_extension("partial");
    drop(std::fs::remove_file(&partial));
    let failed = |error: std::io::Error| {
        StoreError::Refused(format!("{} cannot be written: {error}", to.display()))
    };
    drop(open::private_file(&partial).map_err(failed)?);
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
        return Err(StoreError::Damaged(format!(
            "the copy is not whole: {found}"
        )));
    }
    let synced = std::fs::File::open(file).and_then(|file| file.sync_all());
    synced.map_err(|error| {
        StoreError::Refused(format!("{} cannot be written: {error}", file.display()))
    })
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

/// The sum of the clock's steps.
fn steps(connection: &Connection) -> Result<i64> {
    let note: Option<String> = connection
        .query_row(SELECT_CLOCK_STEPS, [], |row| row.get(0))
        .optional()?;
    clock_steps(note.as_deref())
}

/// A reader would make a database that is not there.
fn existing(options: &SqliteOptions) -> Result<&SqliteOptions> {
    if options.path.is_file() {
        return Ok(options);
    }
    let message = format!(
        "there is no database at {}: name its folder with --data-dir, or its configuration with -c",
        options.path.display()
    );
    Err(StoreError::Refused(message))
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
    Pages::new(source, &tables, faults, Unreadable::Ends)?.each(|page| {
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

/// A row for an export. A text that is no UTF-8 goes as its bytes.
fn exported(table: &Table, row: Vec<Cell>) -> Vec<Value> {
    let place = row.first().and_then(|cell| {
        if let Cell::Integer(seq) = cell {
            Some(*seq)
        } else {
            None
        }
    });
    let value = |(value, (column, kind)): (Cell, &(&str, Kind))| match value {
        Cell::Integer(number) if *kind == Kind::Flag => Value::Flag(number != 0),
        Cell::Integer(number) => Value::Integer(number),
        Cell::Text(bytes) => String::from_utf8(bytes).map_or_else(
            |damaged| {
                let seq = place;
                tracing::warn!(
                    table = table.name,
                    column,
                    seq,
                    "a text is damaged and no UTF-8; it is written as its bytes"
                );
                Value::bytes(damaged.as_bytes())
            },
            Value::Text,
        ),
        Cell::Blob(bytes) => Value::bytes(&bytes),
        Cell::Null | Cell::Real(_) => Value::Nothing(()),
    };
    row.into_iter().zip(table.columns).map(value).collect()
}

fn insert(table: &Table) -> String {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    insert_into(table.name, &columns)
}

fn insert_into(table: &str, columns: &[impl AsRef<str>]) -> String {
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
