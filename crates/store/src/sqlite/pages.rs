//! Reading everything that a database keeps, beside a server that works on it, in pages.
//!
//! Whoever reads in one transaction for minutes keeps the write-ahead log from being used again, and takes the disk from those who commit. So
//! each *page* is a transaction of its own, which ends before a byte of it is passed on, and after each there is a pause of several times as
//! long as it took.
//!
//! What that promises: everything that was accepted before the first page is there once, each action whole, that is with its job or with its
//! outcome as they stood when its page was read; nothing that was accepted later is there. Counters may already count what was accepted later,
//! and documents are as their page found them.

use std::time::{Duration, Instant};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Transaction, params_from_iter};

use super::faults::{FaultPoint, FaultPoints};
use super::{Result, damage, look};
use crate::StoreError;

/// A page ends after so many rows, or so many bytes.
const PAGE_ROWS: usize = 500;
const PAGE_BYTES: usize = 1 << 20;
/// A pause is so many times as long as the reading before it,
const PAUSE_TIMES: u32 = 4;
/// and at least this long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// A table and the columns of it that are read.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) table: String,
    pub(super) names: Vec<String>,
    /// The columns of its key, in order.
    pub(super) key: Vec<String>,
}

/// Rows of a table.
pub(super) struct Page {
    /// Which of the tables.
    pub(super) table: usize,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// A value of a row. A text is kept as its bytes: one that a disk damaged may be no UTF-8, and no copy of everything fails for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(bytes) => Self::Text(bytes.to_owned()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_owned()),
        }
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The tables whose rows are about one action, by its position. They are read together.
const JOURNAL: [&str; 3] = ["actions", "jobs", "outcomes"];

/// What becomes of rows on pages that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Nothing is read any more: what is not whole is no copy.
    Ends,
    /// They are left out, and the log says which.
    LeftOut,
}

/// Reads pages.
pub(super) struct Pages<'a> {
    connection: &'a Connection,
    tables: &'a [Columns],
    faults: FaultPoints,
    unreadable: Unreadable,
    /// The last position that is read.
    newest: i64,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        tables: &'a [Columns],
        faults: FaultPoints,
        unreadable: Unreadable,
    ) -> Result<Self> {
        let newest = match look::newest(connection) {
            Err(StoreError::Damaged(_)) if unreadable == Unreadable::LeftOut => {
                damage::newest_readable(connection)?
            }
            newest => newest?.0,
        };
        Ok(Self {
            connection,
            tables,
            faults,
            unreadable,
            newest,
        })
    }

    /// Passes every page on.
    pub(super) fn each(&self, mut take: impl FnMut(Page) -> Result<()>) -> Result<()> {
        self.journal(&mut take)?;
        for (index, table) in self
            .tables
            .iter()
            .enumerate()
            .filter(|(_, table)| !is_journal(table))
        {
            self.table(index, table, &mut take)?;
        }
        Ok(())
    }

    fn journal(&self, take: &mut impl FnMut(Page) -> Result<()>) -> Result<()> {
        let Some((actions, table)) = self
            .tables
            .iter()
            .enumerate()
            .find(|(_, table)| table.table == JOURNAL[0])
        else {
            return Ok(());
        };
        let mut after = i64::MIN;
        while after < self.newest {
            let pages = self.in_a_transaction(|transaction| {
                let Part { rows, rest } = range(transaction, table, (after, self.newest))?;
                if let (true, Rest::Unreadable(why)) = (rows.is_empty(), &rest) {
                    after = self.step_over(transaction, table, (after, self.newest), why)?;
                    return Ok(Vec::new());
                }
                let last = rows
                    .last()
                    .filter(|_| rest != Rest::Nothing)
                    .and_then(|row| position(table, row));
                let end = last.unwrap_or(self.newest);
                let mut pages = vec![Page {
                    table: actions,
                    rows,
                }];
                for (index, table) in self
                    .tables
                    .iter()
                    .enumerate()
                    .filter(|(index, table)| is_journal(table) && *index != actions)
                {
                    pages.push(Page {
                        table: index,
                        rows: self.whole_range(transaction, table, (after, end))?,
                    });
                }
                after = end;
                Ok(pages)
            })?;
            pages.into_iter().try_for_each(&mut *take)?;
        }
        Ok(())
    }

    /// The rows of one of the journal's other tables between two positions.
    fn whole_range(
        &self,
        transaction: &Transaction<'_>,
        table: &Columns,
        (mut after, end): (i64, i64),
    ) -> Result<Vec<Vec<Cell>>> {
        let mut all = Vec::new();
        loop {
            let Part { rows, rest } = range(transaction, table, (after, end))?;
            let last = rows.last().and_then(|row| position(table, row));
            all.extend(rows);
            let Rest::Unreadable(why) = rest else {
                return Ok(all);
            };
            after = self.step_over(transaction, table, (last.unwrap_or(after), end), &why)?;
            if after >= end {
                return Ok(all);
            }
        }
    }

    /// The position behind what cannot be read, unless that is an error.
    fn step_over(
        &self,
        transaction: &Transaction<'_>,
        table: &Columns,
        (after, end): (i64, i64),
        why: &str,
    ) -> Result<i64> {
        if self.unreadable == Unreadable::Ends {
            return Err(StoreError::Damaged(why.to_owned()));
        }
        let reads = |place: i64| match range(transaction, table, (place, end))? {
            Part {
                rows,
                rest: Rest::Unreadable(why),
            } if rows.is_empty() => Err(StoreError::Damaged(why)),
            Part { .. } => Ok(()),
        };
        let next = damage::beyond(after.max(0), 1, reads)?.min(end);
        tracing::warn!(
            table = table.table,
            after,
            up_to = next,
            why,
            "rows cannot be read and are left out"
        );
        Ok(next)
    }

    fn table(
        &self,
        index: usize,
        table: &Columns,
        take: &mut impl FnMut(Page) -> Result<()>,
    ) -> Result<()> {
        let key = table.key.join(", ");
        let places: Vec<String> = (1..=table.key.len())
            .map(|place| format!("?{place}"))
            .collect();
        let mut after: Option<Vec<Cell>> = None;
        loop {
            let from = after.as_ref().map_or_else(String::new, |_| {
                format!("WHERE ({key}) > ({})", places.join(", "))
            });
            let select = format!(
                "SELECT {}, {key} FROM {} {from} ORDER BY {key}",
                table.names.join(", "),
                table.table
            );
            let values = after.take().unwrap_or_default();
            let Part { mut rows, rest } =
                self.in_a_transaction(|transaction| read(transaction, table, &select, values))?;
            if let Rest::Unreadable(why) = &rest {
                if self.unreadable == Unreadable::Ends {
                    return Err(StoreError::Damaged(why.clone()));
                }
                tracing::warn!(
                    table = table.table,
                    why,
                    "the rest of the table cannot be read and is left out"
                );
            }
            for row in &mut rows {
                after = Some(row.split_off(table.names.len()));
            }
            if table.table == "dedup_keys" {
                // Keys that an action holds which is not read.
                rows.retain(|row| position(table, row).is_none_or(|seq| seq <= self.newest));
            }
            take(Page { table: index, rows })?;
            if rest != Rest::More {
                return Ok(());
            }
        }
    }

    /// Reads in one transaction, and rests for a multiple of the time that it took.
    #[expect(
        clippy::disallowed_methods,
        reason = "the pace of a command beside a server, which decides no outcome"
    )]
    fn in_a_transaction<T>(&self, read: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.faults.meet(FaultPoint::CopyPage)?;
        let began = Instant::now();
        let transaction = self.connection.unchecked_transaction()?;
        let read = read(&transaction)?;
        // Nothing was written; and after a page that cannot be read a commit fails.
        drop(transaction);
        std::thread::sleep((began.elapsed() * PAUSE_TIMES).max(SHORTEST_PAUSE));
        Ok(read)
    }
}

/// The rows of a journal's table between two positions. A page of actions is cut; of the others there is at most one row an action.
fn range(transaction: &Transaction<'_>, table: &Columns, (after, end): (i64, i64)) -> Result<Part> {
    let select = format!(
        "SELECT {} FROM {} WHERE seq >= ?1 + 1 AND seq <= ?2 ORDER BY seq",
        table.names.join(", "),
        table.table
    );
    read(
        transaction,
        table,
        &select,
        vec![Cell::Integer(after), Cell::Integer(end)],
    )
}

/// What a statement finds, as far as a page goes.
fn read(
    transaction: &Transaction<'_>,
    table: &Columns,
    select: &str,
    values: Vec<Cell>,
) -> Result<Part> {
    let mut statement = transaction.prepare_cached(select)?;
    let columns = statement.column_count();
    let cuts = table.table == JOURNAL[0] || !is_journal(table);
    let mut rows = statement.query(params_from_iter(values))?;
    let mut read = Vec::new();
    let mut bytes = 0;
    loop {
        let row = match rows.next().map_err(StoreError::from) {
            Ok(Some(row)) => row,
            Ok(None) => {
                return Ok(Part {
                    rows: read,
                    rest: Rest::Nothing,
                });
            }
            Err(StoreError::Damaged(why)) => {
                return Ok(Part {
                    rows: read,
                    rest: Rest::Unreadable(why),
                });
            }
            Err(error) => return Err(error),
        };
        let row = (0..columns)
            .map(|column| row.get_ref(column).map(Cell::from))
            .collect::<rusqlite::Result<Vec<Cell>>>()?;
        bytes += size_of(std::slice::from_ref(&row));
        read.push(row);
        if cuts && (read.len() == PAGE_ROWS || bytes >= PAGE_BYTES) {
            return Ok(Part {
                rows: read,
                rest: Rest::More,
            });
        }
    }
}

/// What was read of what a statement finds.
struct Part {
    rows: Vec<Vec<Cell>>,
    rest: Rest,
}

/// What lies behind it.
#[derive(Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// There may be more, which is for the next page.
    More,
    /// It cannot be read, for this reason.
    Unreadable(String),
}

fn is_journal(table: &Columns) -> bool {
    JOURNAL.contains(&table.table.as_str())
}

fn position(table: &Columns, row: &[Cell]) -> Option<i64> {
    let place = table.names.iter().position(|name| name == "seq")?;
    match row.get(place) {
        Some(Cell::Integer(seq)) => Some(*seq),
        _ => None,
    }
}

fn size_of(rows: &[Vec<Cell>]) -> usize {
    let size = |value: &Cell| match value {
        Cell::Text(bytes) | Cell::Blob(bytes) => bytes.len(),
        Cell::Null | Cell::Integer(_) | Cell::Real(_) => 8,
    };
    rows.iter().flatten().map(size).sum()
}

/// The tables of a database, whole.
pub(super) fn all_tables(connection: &Connection) -> Result<Vec<Columns>> {
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
    let mut key: Vec<(i64, String)> = found
        .iter()
        .filter(|(_, place)| *place > 0)
        .map(|(name, place)| (*place, name.clone()))
        .collect();
    key.sort_unstable();
    let mut key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
    if key.is_empty() {
        key.push("rowid".into());
    }
    Ok(Columns {
        table,
        names: found.into_iter().map(|(name, _)| name).collect(),
        key,
    })
}

/// Some columns of a table, with its key.
pub(super) fn some_columns(
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
