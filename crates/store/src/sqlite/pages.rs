//! Reading everything that a database keeps, beside a server that works on it, in pages.
//!
//! Whoever reads in one transaction for minutes keeps the write-ahead log from being used again, and takes the disk from those who commit. So
//! each *page* is a transaction of its own, which ends before a byte of it is passed on, and after each there is a pause of several times as
//! long as it took.
//!
//! What that promises: everything that was accepted before the first page is there once, each action whole, that is with its job or with its
//! outcome as they stood when its page was read; nothing that was accepted later is there. Counters may already count what was accepted later,
//! and documents are as their page found them.
//!
//! Flows are read before the actions that they want: what a flow says that it admitted is there. Its actions may be further than the flow knows, so
//! that whoever goes on with a copy pokes those of which an action ended since their last step.

mod cell;
mod columns;

use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, params_from_iter};

use self::cell::size_of;
use self::columns::{JOURNAL, ROWID, is_flows, is_journal, position};
use super::faults::{FaultPoint, FaultPoints};
use super::{Result, damage, look};
use crate::{Cause, StoreError};

pub(super) use self::cell::Cell;
pub(super) use self::columns::{Columns, all_tables, some_columns};

/// A page ends after so many rows, or so many bytes.
const PAGE_ROWS: usize = 500;
const PAGE_BYTES: usize = 1 << 20;
/// A pause is so many times as long as the reading before it,
const PAUSE_TIMES: u32 = 4;
/// and at least this long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Rows of a table.
pub(super) struct Page {
    /// Which of the tables.
    pub(super) table: usize,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// Treatment of rows on pages that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Nothing is read any more: what is not whole is no copy.
    Ends,
    /// They are left out, and the log says which.
    LeftOut,
}

/// Reader of everything that a database keeps, page by page.
pub(super) struct Pages<'a> {
    connection: &'a Connection,
    tables: &'a [Columns],
    faults: FaultPoints,
    unreadable: Unreadable,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        tables: &'a [Columns],
        faults: FaultPoints,
        unreadable: Unreadable,
    ) -> Self {
        Self {
            connection,
            tables,
            faults,
            unreadable,
        }
    }

    /// Passes every page on.
    pub(super) fn each(&self, mut take: impl FnMut(Page) -> Result<()>) -> Result<()> {
        let of = |wanted: fn(&Columns) -> bool| {
            let tables = self.tables.iter().enumerate();
            tables.filter(move |(_, table)| wanted(table))
        };
        for (index, table) in of(is_flows) {
            self.table(index, table, i64::MAX, &mut take)?;
        }
        let newest = self.newest()?;
        self.journal(newest, &mut take)?;
        for (index, table) in of(|table| !is_journal(table) && !is_flows(table)) {
            self.table(index, table, newest, &mut take)?;
        }
        Ok(())
    }

    /// The last position that is read.
    fn newest(&self) -> Result<i64> {
        match look::newest(self.connection) {
            Err(StoreError::Damaged(_)) if self.unreadable == Unreadable::LeftOut => {
                damage::newest_readable(self.connection)
            }
            newest => Ok(newest?.0),
        }
    }

    fn journal(&self, newest: i64, take: &mut impl FnMut(Page) -> Result<()>) -> Result<()> {
        let Some((actions, table)) = self
            .tables
            .iter()
            .enumerate()
            .find(|(_, table)| table.table == JOURNAL[0])
        else {
            return Ok(());
        };
        let mut after = i64::MIN;
        while after < newest {
            let pages = self.in_a_transaction(|transaction| {
                let Part { rows, rest } = range(transaction, table, (after, newest))?;
                if let (true, Rest::Unreadable(why)) = (rows.is_empty(), &rest) {
                    after = self.step_over(transaction, table, (after, newest), why)?;
                    return Ok(Vec::new());
                }
                let last = rows
                    .last()
                    .filter(|_| rest != Rest::Nothing)
                    .and_then(|row| position(table, row));
                let end = last.unwrap_or(newest);
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
        why: &Cause,
    ) -> Result<i64> {
        if self.unreadable == Unreadable::Ends {
            return Err(StoreError::Damaged(why.clone()));
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
            why = format!("{why:#}"),
            "rows cannot be read and are left out"
        );
        Ok(next)
    }

    fn table(
        &self,
        index: usize,
        table: &Columns,
        newest: i64,
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
            let values = after.clone().unwrap_or_default();
            let Part { mut rows, rest } =
                self.in_a_transaction(|transaction| read(transaction, table, &select, values))?;
            for row in &mut rows {
                after = Some(row.split_off(table.names.len()));
            }
            let goes_on = match &rest {
                Rest::Nothing => false,
                Rest::More => true,
                Rest::Unreadable(why) => {
                    let beyond = self.beyond(table, after.as_deref(), why)?;
                    after = beyond.map(|rowid| vec![Cell::Integer(rowid)]);
                    after.is_some()
                }
            };
            if table.table == "dedup_keys" {
                // Keys that an action holds which is not read.
                rows.retain(|row| position(table, row).is_none_or(|seq| seq <= newest));
            }
            take(Page { table: index, rows })?;
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// The row number behind what cannot be read of a table, unless that is an error; `None` where the rest of the table is left out.
    fn beyond(&self, table: &Columns, after: Option<&[Cell]>, why: &Cause) -> Result<Option<i64>> {
        if self.unreadable == Unreadable::Ends {
            return Err(StoreError::Damaged(why.clone()));
        }
        if table.key == [ROWID] {
            let from = match after {
                Some([Cell::Integer(rowid)]) => *rowid,
                _ => 0,
            };
            let next = self.in_a_transaction(|transaction| {
                self.step_over(transaction, table, (from, i64::MAX), why)
            });
            match next {
                Err(StoreError::Damaged(_)) => {}
                next => return next.map(Some),
            }
        }
        tracing::warn!(
            table = table.table,
            why = format!("{why:#}"),
            "the rest of the table cannot be read and is left out"
        );
        Ok(None)
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

/// The rows of a table between two row numbers, which in the journal are positions. A page of actions is cut; of the others there is at most one row an
/// action.
fn range(transaction: &Transaction<'_>, table: &Columns, (after, end): (i64, i64)) -> Result<Part> {
    let select = format!(
        "SELECT {} FROM {} WHERE rowid >= ?1 + 1 AND rowid <= ?2 ORDER BY rowid",
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

/// Reads rows of a statement, as many as a page takes.
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

/// Rows that were read, and what lies behind them.
struct Part {
    rows: Vec<Vec<Cell>>,
    rest: Rest,
}

/// State of the rows behind a part.
#[derive(Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// There may be more, which is for the next page.
    More,
    /// The next row cannot be read, for this reason.
    Unreadable(Cause),
}
