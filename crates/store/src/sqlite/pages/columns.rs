//! Tables, and the columns of them that are read.

use rusqlite::Connection;

use super::cell::Cell;
use crate::sqlite::Result;

/// A table and the columns of it that are read.
#[derive(Clone, Debug)]
pub(in crate::sqlite) struct Columns {
    pub(in crate::sqlite) table: String,
    pub(in crate::sqlite) names: Vec<String>,
    /// The columns of its key, in order.
    pub(in crate::sqlite) key: Vec<String>,
}

/// Key of a table that numbers its rows.
pub(super) const ROWID: &str = "rowid";

/// The tables whose rows are about one action, by its position. They are read together.
pub(super) const JOURNAL: [&str; 3] = ["actions", "jobs", "outcomes"];

pub(super) fn is_journal(table: &Columns) -> bool {
    JOURNAL.contains(&table.table.as_str())
}

pub(super) fn is_flows(table: &Columns) -> bool {
    table.table == "flows"
}

pub(super) fn position(table: &Columns, row: &[Cell]) -> Option<i64> {
    let place = table.names.iter().position(|name| name == "seq")?;
    match row.get(place) {
        Some(Cell::Integer(seq)) => Some(*seq),
        _ => None,
    }
}

/// The tables of a database, whole.
pub(in crate::sqlite) fn all_tables(connection: &Connection) -> Result<Vec<Columns>> {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let names = connection
        .prepare(names)?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    names
        .into_iter()
        .map(|table| columns_of(connection, table))
        .collect()
}

fn columns_of(connection: &Connection, table: String) -> Result<Columns> {
    let mut select =
        connection.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let found = select
        .query_map([&table], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, i64)>>>()?;
    let numbers_rows = "SELECT EXISTS (SELECT 1 FROM pragma_table_list WHERE name = ?1 AND wr = 0)";
    let numbers_rows: bool = connection.query_row(numbers_rows, [&table], |row| row.get(0))?;
    let mut key: Vec<(i64, String)> = found
        .iter()
        .filter(|(_, place)| *place > 0)
        .map(|(name, place)| (*place, name.clone()))
        .collect();
    key.sort_unstable();
    let key = if numbers_rows {
        vec![ROWID.into()]
    } else {
        key.into_iter().map(|(_, name)| name).collect()
    };
    Ok(Columns {
        table,
        names: found.into_iter().map(|(name, _)| name).collect(),
        key,
    })
}

/// Some columns of a table, with its key.
pub(in crate::sqlite) fn some_columns(
    connection: &Connection,
    table: &str,
    names: &[&str],
) -> Result<Columns> {
    let whole = columns_of(connection, table.to_owned())?;
    Ok(Columns {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..whole
    })
}
