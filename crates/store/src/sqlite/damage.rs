//! Pages that cannot be read: going on past them, and what can still be said of a row that lies on one.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension as _};

use super::Result;
use super::rows::record;
use crate::StoreError;
use crate::model::{Record, Seq};
use crate::raw::RawRecord;
use crate::tables::{ACTIONS, Kind};

/// Most rows that are stepped over one by one before a damaged part of a table is given up.
const WIDEST: i64 = 1 << 40;

/// Beginning of what is said about a row that lies on such a page.
pub(super) const UNREADABLE_PAGE: &str = "a page of the database is damaged";

/// Finds the nearest place beyond `from`, upwards for 1 and downwards for -1, from which `reads` succeeds. What lies between is on pages that
/// cannot be read.
pub(super) fn beyond(
    from: i64,
    direction: i64,
    mut reads: impl FnMut(i64) -> Result<()>,
) -> Result<i64> {
    let place = |step: i64| from.saturating_add(direction * step);
    let (mut bad, mut good) = (0, 1);
    // Wider and wider steps, and then back to the edge.
    loop {
        match reads(place(good)) {
            Ok(()) => break,
            Err(StoreError::Damaged(_)) if good < WIDEST => (bad, good) = (good, good * 2),
            Err(error) => return Err(error),
        }
    }
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        match reads(place(middle)) {
            Ok(()) => good = middle,
            Err(StoreError::Damaged(_)) => bad = middle,
            Err(error) => return Err(error),
        }
    }
    Ok(place(good))
}

/// The positions of a table's rows, in order, past pages that cannot be read, and what of it could not be.
pub(super) fn positions(
    connection: &Connection,
    table: &str,
) -> Result<(Vec<i64>, Option<StoreError>)> {
    let select =
        format!("SELECT rowid FROM {table} NOT INDEXED WHERE rowid >= ?1 + 1 ORDER BY rowid");
    let mut damage = None;
    let mut found = Vec::new();
    let mut after = i64::MIN;
    loop {
        let mut select = connection.prepare_cached(&select)?;
        let mut rows = select.query([after])?;
        loop {
            match rows.next().map_err(StoreError::from) {
                Ok(Some(row)) => {
                    after = row.get(0)?;
                    found.push(after);
                }
                Ok(None) => return Ok((found, damage)),
                Err(error @ StoreError::Damaged(_)) => {
                    damage.get_or_insert(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        drop(rows);
        let reads = |place: i64| {
            select
                .query([place])?
                .next()
                .map(drop)
                .map_err(StoreError::from)
        };
        match beyond(after.max(0), 1, reads) {
            Ok(next) => after = next,
            Err(StoreError::Damaged(_)) => return Ok((found, damage)),
            Err(error) => return Err(error),
        }
    }
}

/// An action's record; where a part of it is on a page that cannot be read, one that says so, with what the other parts say.
pub(super) fn record_of(connection: &Connection, seq: Seq) -> Result<Option<Record>> {
    let why = match whole(connection, seq) {
        Err(StoreError::Damaged(why)) => why,
        result => return result,
    };
    for actions in [names(), indexed(), stand_in(&WITHOUT_ROW, "")] {
        for (jobs, outcomes) in [
            ("jobs", "outcomes"),
            ("jobs", NO_OUTCOMES),
            (NO_JOBS, "outcomes"),
            (NO_JOBS, NO_OUTCOMES),
        ] {
            match parts(connection, seq, (&actions, jobs, outcomes)) {
                Ok(found) => {
                    let unreadable = format!("{UNREADABLE_PAGE}: {why:#}");
                    return Ok(found.map(|record| Record {
                        unreadable: Some(unreadable),
                        ..record
                    }));
                }
                Err(StoreError::Damaged(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Err(StoreError::Damaged(why))
}

fn whole(connection: &Connection, seq: Seq) -> Result<Option<Record>> {
    static SELECT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {} FROM {} WHERE a.seq = ?1",
            RawRecord::COLUMNS,
            RawRecord::TABLES
        )
    });
    Ok(connection
        .prepare_cached(&SELECT)?
        .query_row([seq.0], record)
        .optional()?)
}

/// The first column of `actions` whose text may go on on other pages than its row begins on, so that it and those behind it are not asked for.
const FIRST_WIDE: &str = "charges";

/// Table that stands for `actions` in [`parts`], with its columns: each of `known` by the SQL that finds it, and the others empty.
fn stand_in(known: &[(&str, &str)], from: &str) -> String {
    let column = |(name, kind): &(&str, Kind)| {
        let found = known.iter().find(|(column, _)| column == name);
        let sql = found.map_or(
            match kind {
                Kind::Integer | Kind::Flag => "0",
                Kind::Text | Kind::Bytes => "NULL",
            },
            |(_, sql)| sql,
        );
        format!("{sql} AS {name}")
    };
    let columns: Vec<String> = ACTIONS.columns.iter().map(column).collect();
    format!("(SELECT {}{from})", columns.join(", "))
}

/// First columns of an action, which its row begins with.
fn names() -> String {
    let narrow = ACTIONS.columns.iter().map(|(name, _)| (*name, *name));
    let narrow: Vec<_> = narrow.take_while(|(name, _)| *name != FIRST_WIDE).collect();
    stand_in(&narrow, " FROM actions WHERE seq = ?1")
}

/// Columns of an action that can be told without its row.
const WITHOUT_ROW: [(&str, &str); 3] = [
    ("seq", "?1"),
    ("origin", "'api'"),
    ("through", "(SELECT provider FROM jobs WHERE seq = ?1)"),
];

/// Columns of an action that an index has: a walk through all of it, so that it is known whose action it was.
fn indexed() -> String {
    let named = ["id", "tenant", "namespace"].map(|name| (name, name));
    stand_in(
        &[&WITHOUT_ROW[..], &named].concat(),
        " FROM actions INDEXED BY actions_by_id WHERE superseded = 0 AND +rowid = ?1",
    )
}

const NO_JOBS: &str = "(SELECT * FROM jobs WHERE 0)";
const NO_OUTCOMES: &str = "(SELECT * FROM outcomes WHERE 0)";

fn parts(
    connection: &Connection,
    seq: Seq,
    (actions, jobs, outcomes): (&str, &str, &str),
) -> Result<Option<Record>> {
    let tables = format!(
        "{actions} a LEFT JOIN {jobs} j ON j.seq = a.seq LEFT JOIN {outcomes} o ON o.seq = a.seq"
    );
    let select = format!("SELECT {} FROM {tables}", RawRecord::COLUMNS);
    Ok(connection
        .prepare(&select)?
        .query_row([seq.0], record)
        .optional()?)
}

/// A position behind the newest of all, where the newest cannot be read: positions have an index of their own among the names.
pub(super) fn newest_readable(connection: &Connection) -> Result<i64> {
    let newest: Option<i64> = connection.query_row(
        "SELECT MAX(rowid) FROM actions INDEXED BY actions_by_time",
        [],
        |row| row.get(0),
    )?;
    Ok(newest.unwrap_or(0).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_outside(bad: std::ops::Range<i64>) -> impl FnMut(i64) -> Result<()> {
        move |place| {
            if bad.contains(&place) {
                Err(StoreError::Damaged("simulated".into()))
            } else {
                Ok(())
            }
        }
    }

    #[test]
    fn the_edge_of_what_cannot_be_read_is_found_on_both_sides() {
        for (from, bad) in [
            (10, 10..11),
            (10, 8..15),
            (10, 5..1000),
            (0, 0..1),
            (7, 1..70_000),
        ] {
            assert_eq!(
                beyond(from, 1, reads_outside(bad.clone())),
                Ok(bad.end.max(from + 1)),
                "{bad:?} upwards"
            );
            assert_eq!(
                beyond(from, -1, reads_outside(bad.clone())),
                Ok((bad.start - 1).min(from - 1)),
                "{bad:?} downwards"
            );
        }
        assert!(
            matches!(
                beyond(1, 1, reads_outside(0..i64::MAX)),
                Err(StoreError::Damaged(_))
            ),
            "it ends"
        );
        let mut away = |_| Err(StoreError::Closed);
        assert_eq!(beyond(1, 1, &mut away), Err(StoreError::Closed));
    }
}
