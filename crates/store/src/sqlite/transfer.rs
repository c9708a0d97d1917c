//! Copies of the database, and taking it along.

pub(super) mod copy;

use std::io::{BufRead, Write};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use self::copy::{copy_checked, insert_into};
use super::disk::Disk;
use super::faults::FaultPoints;
use super::options::SqliteOptions;
use super::pages::{self, Cell, Pages, Unreadable};
use super::store::SqliteStore;
use super::{Result, open, rescue};
use crate::StoreError;
use crate::transfer::{
    AFTER_IMPORT, Exporter, Importer, Kind, POKE_PARENTS, SELECT_CLOCK_STEPS, TABLES, Table, Value,
    bytes_of, clock_steps,
};

impl SqliteStore {
    /// Copies a database, in use or not, into a file that is not there yet, and checks the copy. Everything that was accepted before is in it.
    pub fn backup(options: &SqliteOptions, to: &Path) -> Result<()> {
        if to.exists() {
            let message = format!(
                "{} is there already, and a backup overwrites nothing: name another file, or move that one away",
                to.display()
            );
            return Err(StoreError::Refused(message.into()));
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
        )
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
        for table in ["actions", "documents", "flows"] {
            if transaction
                .prepare(&format!("SELECT 1 FROM {table}"))?
                .exists([])?
            {
                let message = format!(
                    "{} is not empty, and an import needs a database that is: choose another --data-dir",
                    options.path.display()
                );
                return Err(StoreError::Refused(message.into()));
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
        for statement in AFTER_IMPORT {
            transaction.execute(statement, [])?;
        }
        let revision = super::revision::count_change(&transaction)?;
        transaction.execute("UPDATE documents SET revision = ?1", [revision])?;
        transaction.commit()?;
        Ok(rows)
    }
}

/// Marks what is owed in a copy: whoever starts on it sends that again, and the original may have sent it since.
fn mark_everything_owed(copy: &Connection) -> Result<()> {
    copy.execute("UPDATE jobs SET possible_duplicate = 1", [])?;
    poke_parents(copy)
}

/// Pokes the flows of a copy of which an action ended: they were read before it.
fn poke_parents(copy: &Connection) -> Result<()> {
    copy.execute(POKE_PARENTS, [])?;
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
    Err(StoreError::Refused(message.into()))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Columns that stay behind: they are about gateways that run, and count from the beginning where the rows go.
    const STAY_BEHIND: [(&str, &str); 2] = [("documents", "revision"), ("jobs", "fence")];

    #[test]
    fn every_column_is_taken_along_unless_it_stays_behind_on_purpose() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteOptions {
            path: folder.path().join("a.db"),
            ..SqliteOptions::default()
        };
        drop(SqliteStore::open(&options).expect("a store"));
        let connection = open::reader(&options).expect("a connection");
        let built = pages::all_tables(&connection).expect("tables");
        for table in TABLES {
            let there = built.iter().find(|built| built.table == table.name);
            let there = there.expect(table.name).names.iter().map(String::as_str);
            let taken = table.columns.iter().map(|(name, _)| *name);
            let left = STAY_BEHIND.iter().filter(|(of, _)| *of == table.name);
            let listed: BTreeSet<&str> = taken.chain(left.map(|(_, name)| *name)).collect();
            assert_eq!(there.collect::<BTreeSet<_>>(), listed, "{}", table.name);
        }
    }
}
