//! Copies of the database, and taking it along.

use std::io::{BufRead, Write};
use std::path::Path;

use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::{Result, SqliteOptions, SqliteStore, open};
use crate::StoreError;
use crate::transfer::{AFTER_IMPORT, Exporter, Importer, Kind, TABLES, Table, Value, bytes_of};

impl SqliteStore {
    /// Copies a database, in use or not, into a file that is not there yet, and checks the copy. The copy is of one instant.
    pub fn backup(database: &Path, to: &Path) -> Result<()> {
        if to.exists() {
            return Err(StoreError::Engine(format!("{} is there already; a backup overwrites nothing", to.display())));
        }
        let partial = to.with_added_extension("partial");
        drop(std::fs::remove_file(&partial));
        make_private(&partial).map_err(|error| StoreError::Engine(format!("{}: {error}", partial.display())))?;
        let source = open::reader(&existing(database)?)?;
        source.execute("VACUUM INTO ?1", [partial.to_string_lossy()])?;
        let copy = Connection::open(&partial)?;
        let found: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        drop(copy);
        if found != "ok" {
            return Err(StoreError::Engine(format!("the copy is not whole: {found}")));
        }
        let synced = std::fs::File::open(&partial).and_then(|file| file.sync_all());
        synced.and_then(|()| std::fs::rename(&partial, to)).map_err(|error| StoreError::Engine(format!("{}: {error}", to.display())))
    }

    /// Writes everything that a database keeps, in use or not, as of one instant; says how many rows.
    pub fn export(database: &Path, to: &mut (dyn Write + Send)) -> Result<u64> {
        let connection = open::reader(&existing(database)?)?;
        let transaction = connection.unchecked_transaction()?;
        let mut exporter = Exporter::begin(to)?;
        for table in TABLES {
            let mut select = transaction.prepare(&table.select())?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let mut values = Vec::with_capacity(table.columns.len());
                for (place, (_, kind)) in table.columns.iter().enumerate() {
                    values.push(match row.get_ref(place)? {
                        ValueRef::Integer(number) if *kind == Kind::Flag => Value::Flag(number != 0),
                        ValueRef::Integer(number) => Value::Integer(number),
                        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                        ValueRef::Blob(bytes) => Value::bytes(bytes),
                        ValueRef::Null | ValueRef::Real(_) => Value::Nothing(()),
                    });
                }
                exporter.row(table, values)?;
            }
        }
        exporter.end()
    }

    /// Reads everything into a database that is empty, or not there yet; says how many rows. All or nothing.
    pub fn import(options: &SqliteOptions, from: &mut (dyn BufRead + Send)) -> Result<u64> {
        let _lock = open::lock(&options.path)?;
        let connection = open::writer(options)?;
        let transaction = connection.unchecked_transaction()?;
        for table in ["actions", "documents"] {
            if transaction.prepare(&format!("SELECT 1 FROM {table}"))?.exists([])? {
                return Err(StoreError::Engine("the database is not empty; an import needs one that is".into()));
            }
        }
        let mut importer = Importer::begin(from)?;
        let mut rows = 0;
        while let Some((table, values)) = importer.next()? {
            let values = values.iter().map(|value| match value {
                Value::Nothing(()) => SqlValue::Null,
                Value::Flag(flag) => SqlValue::Integer((*flag).into()),
                Value::Integer(number) => SqlValue::Integer(*number),
                Value::Text(text) => SqlValue::Text(text.clone()),
                Value::Bytes { .. } => bytes_of(value).map_or(SqlValue::Null, SqlValue::Blob),
            });
            transaction.prepare_cached(&insert(table))?.execute(params_from_iter(values))?;
            rows += 1;
        }
        for statement in AFTER_IMPORT {
            transaction.execute(statement, [])?;
        }
        super::documents::count_change(&transaction)?;
        transaction.commit()?;
        Ok(rows)
    }
}

/// A reader would make a database that is not there.
fn existing(database: &Path) -> Result<SqliteOptions> {
    if database.is_file() {
        return Ok(SqliteOptions { path: database.to_owned(), ..SqliteOptions::default() });
    }
    Err(StoreError::Engine(format!("there is no database at {}", database.display())))
}

/// An empty file that others on the machine cannot read: payloads will lie in it.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn insert(table: &Table) -> String {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let values: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", table.name, columns.join(", "), values.join(", "))
}
