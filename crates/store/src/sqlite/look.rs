//! Looks at the journal. A look walks from its newest end, tests each row by its narrow columns, and stops after a bounded number.

use std::sync::Arc;

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_LOOK, MAX_LOOKS};
use rusqlite::{Connection, Row, Statement, params};

use super::disk::Disk;
use super::rows::{maybe_text, text};
use super::{Result, damage};
use crate::StoreError;
use crate::history::{
    CoverageRow, Cursor, HistoryFilter, HistoryPage, Order, PageMaker, PageRequest, Walked,
};
use crate::model::{ActionState, Record, Seq};
use crate::narrow::{NARROW, Narrow, NarrowRow};

/// The statement of a walk. A search for what is below a position looks at the page of that position; one up to the position before does not, and
/// so finds what lies just beside a damaged page. Its parameters are the cursor that it goes on from, a time and a position, and the time that it ends with.
fn walk(filter: &HistoryFilter) -> String {
    let class = filter.class_column();
    // Dead letters have an index of their own.
    if filter.state == Some(ActionState::Dead) {
        let range = match filter.order {
            Order::NewestFirst => "o.seq <= ?2 - 1 AND ?1 = ?1 AND ?3 = ?3 ORDER BY o.seq DESC",
            Order::OldestFirst => "o.seq >= ?2 + 1 AND ?1 = ?1 AND ?3 = ?3 ORDER BY o.seq",
        };
        return format!(
            "SELECT {NARROW}, o.state, 'failed', o.code, {class} FROM outcomes o CROSS JOIN actions a ON a.seq = o.seq \
             WHERE o.state = 2 AND {range}"
        );
    }
    let range = match (filter.is_by_time(), filter.order) {
        (true, Order::NewestFirst) => {
            "a.accepted_at <= ?1 AND a.accepted_at >= ?3 AND (a.accepted_at < ?1 OR a.seq < ?2) ORDER BY a.accepted_at DESC, a.seq DESC"
        }
        (true, Order::OldestFirst) => {
            "a.accepted_at >= ?1 AND a.accepted_at <= ?3 AND (a.accepted_at > ?1 OR a.seq > ?2) ORDER BY a.accepted_at, a.seq"
        }
        // As they were written, which needs no index.
        (false, Order::NewestFirst) => {
            "a.seq <= ?2 - 1 AND ?1 = ?1 AND ?3 = ?3 ORDER BY a.seq DESC"
        }
        (false, Order::OldestFirst) => "a.seq >= ?2 + 1 AND ?1 = ?1 AND ?3 = ?3 ORDER BY a.seq",
    };
    if filter.needs_outcome() {
        format!(
            "SELECT {NARROW}, o.state, o.tag, o.code, {class} FROM actions a LEFT JOIN outcomes o ON o.seq = a.seq WHERE {range}"
        )
    } else {
        format!("SELECT {NARROW}, NULL, NULL, NULL, NULL FROM actions a WHERE {range}")
    }
}

/// Passes each row that the filter lets through to `found`, which says whether to go on. Returns where the look stopped if it was cut short.
fn look(
    (connection, disk): (&Connection, &Disk),
    filter: &HistoryFilter,
    after: Option<Cursor>,
    mut found: impl FnMut(&Row<'_>, Cursor) -> rusqlite::Result<bool>,
) -> Result<Option<Cursor>> {
    let mut select = connection.prepare_cached(&walk(filter))?;
    let Walked { from, until } = filter.walked(after);
    let mut from = from;
    let mut looked = 0;
    loop {
        let mut rows = select.query(params![from.at.as_millis(), from.seq.0, until.as_millis()])?;
        loop {
            let row = match rows.next().map_err(StoreError::from) {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(None),
                Err(StoreError::Damaged(why)) => {
                    disk.count_damage(&why);
                    break;
                }
                Err(error) => return Err(error),
            };
            from = Cursor {
                seq: Seq(row.get(0)?),
                at: Timestamp::from_millis(row.get(1)?),
            };
            if filter.ends_before(from) {
                return Ok(None);
            }
            looked += 1;
            let goes_on = !filter.lets_through(&Narrow::read(&WalkRow(row))?) || found(row, from)?;
            if !goes_on || looked == MAX_LOOK {
                return Ok(Some(from));
            }
        }
        drop(rows);
        let Some(beyond) = beyond_damage(&mut select, filter, from, until)? else {
            return Ok(None);
        };
        from = beyond;
    }
}

/// Place where a walk goes on past pages that cannot be read; `None` where they are the last.
fn beyond_damage(
    select: &mut Statement<'_>,
    filter: &HistoryFilter,
    from: Cursor,
    until: Timestamp,
) -> Result<Option<Cursor>> {
    let direction = match filter.order {
        Order::NewestFirst => -1,
        Order::OldestFirst => 1,
    };
    let by_time = filter.is_by_time() && filter.state != Some(ActionState::Dead);
    // Before the first of all or after the last of all at a time: what was accepted then was walked past, or cannot be read.
    let edge = Seq(if direction < 0 { i64::MIN } else { i64::MAX });
    let cursor = |place: i64| {
        if by_time {
            Cursor {
                at: Timestamp::from_millis(place),
                seq: edge,
            }
        } else {
            Cursor {
                at: from.at,
                seq: Seq(place),
            }
        }
    };
    let start = if by_time {
        from.at.as_millis()
    } else {
        from.seq.0
    };
    let reads = |place: i64| {
        let Cursor { at, seq } = cursor(place);
        Ok(select
            .query(params![at.as_millis(), seq.0, until.as_millis()])?
            .next()
            .map(drop)?)
    };
    match damage::beyond(start, direction, reads) {
        Ok(place) => Ok(Some(cursor(place))),
        Err(StoreError::Damaged(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Stand-in for a text that is not UTF-8.
const DAMAGED: &str = "\u{fffd}";

/// Row of a walk. A damaged text matches nothing, and the look goes on.
struct WalkRow<'a>(&'a Row<'a>);

impl<'a> NarrowRow<'a> for WalkRow<'a> {
    type Error = rusqlite::Error;

    fn number(&self, place: usize) -> rusqlite::Result<i64> {
        self.0.get(place)
    }

    fn maybe_number(&self, place: usize) -> rusqlite::Result<Option<i64>> {
        self.0.get(place)
    }

    fn text(&self, place: usize) -> rusqlite::Result<&'a str> {
        let text = self.0.get_ref(place)?.as_str_or_null();
        Ok(text.map_or(DAMAGED, Option::unwrap_or_default))
    }
}

pub(super) fn page(
    connection: &Connection,
    disk: &Disk,
    filter: &HistoryFilter,
    request: PageRequest,
) -> Result<HistoryPage> {
    let mut maker = PageMaker::new(request);
    let stopped = look((connection, disk), filter, request.after, |_, cursor| {
        Ok(maker.goes_on(cursor))
    })?;
    // What was deleted meanwhile cannot be shown, nor what no part of can be read.
    let records = maker.fill(|seq| readable(connection, disk, seq))?;
    Ok(maker.page(records, stopped))
}

/// An action's record, as far as it can be read.
pub(super) fn readable(connection: &Connection, disk: &Disk, seq: Seq) -> Result<Option<Record>> {
    let found = damage::record_of(connection, seq);
    match &found {
        Ok(Some(Record {
            unreadable: Some(why),
            ..
        })) if why.starts_with(damage::UNREADABLE_PAGE) => disk.count_damage(why),
        Err(StoreError::Damaged(why)) => {
            disk.count_damage(why);
            return Ok(None);
        }
        Ok(_) | Err(_) => {}
    }
    found
}

/// Highest position there is; zero in an empty journal.
pub(super) fn newest(connection: &Connection) -> Result<Seq> {
    let newest: Option<i64> =
        connection.query_row("SELECT MAX(seq) FROM actions", [], |row| row.get(0))?;
    Ok(Seq(newest.unwrap_or(0)))
}

/// Matches among the newest rows, and whether there may be more.
pub(super) fn coverage(
    connection: &Connection,
    disk: &Disk,
    filter: &HistoryFilter,
    limit: usize,
) -> Result<(Vec<CoverageRow>, bool)> {
    let mut found = Vec::new();
    let mut after = None;
    for _ in 0..MAX_LOOKS {
        after = look((connection, disk), filter, after, |row, _| {
            let word = |column: usize| text(row, column).map(Arc::from);
            let rule = maybe_text(row, 8)?.map(Arc::from);
            found.push(CoverageRow {
                namespace: word(2)?,
                tenant: word(3)?,
                provider: word(4)?,
                action_type: word(5)?,
                rule,
            });
            Ok(found.len() < limit)
        })?;
        if after.is_none() || found.len() >= limit {
            break;
        }
    }
    Ok((found, after.is_some()))
}

#[cfg(test)]
mod tests {
    use acteon_core::limits::MAX_PAGE_BYTES;

    use super::*;
    use crate::sqlite::open;
    use crate::sqlite::options::SqliteOptions;

    #[test]
    fn a_page_that_has_its_bytes_goes_on_behind_what_was_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteOptions {
            path: folder.path().join("test.db"),
            ..SqliteOptions::default()
        };
        let connection = open::writer(&options, &Disk::new()).expect("a database");
        let row = |seq: Seq| {
            connection.execute(
                "INSERT INTO actions (seq, id, tenant, namespace, accepted_at, provider, action_type, origin, caller, auth_method, verdict, action, request) \
                 VALUES (?1, ?1, 't', 'n', 0, 'p', 'x', 'api', '', '', '', '{}', zeroblob(?2))",
                [seq.0, MAX_PAGE_BYTES as i64 / 2],
            )?;
            damage::record_of(&connection, seq)
        };
        let mut maker = PageMaker::new(PageRequest {
            after: None,
            offset: 0,
            limit: 10,
            count: false,
        });
        for seq in 1..=6 {
            maker.goes_on(Cursor {
                at: Timestamp::default(),
                seq: Seq(seq),
            });
        }
        // The first two cannot be read, and two others fill a page.
        let records = maker
            .fill(|seq| if seq.0 > 2 { row(seq) } else { Ok(None) })
            .expect("records");
        let page = maker.page(records, None);
        assert_eq!(
            page.records
                .iter()
                .map(|record| record.seq.0)
                .collect::<Vec<_>>(),
            [3, 4]
        );
        assert_eq!(page.next.map(|cursor| cursor.seq), Some(Seq(4)));
    }
}
