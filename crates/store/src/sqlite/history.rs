//! Looking back. A list walks the journal from its newest end, tests each row by its narrow columns, and stops after a bounded number.

use std::sync::Arc;

use acteon_core::limits::{MAX_LOOK, MAX_LOOKS};
use acteon_core::{ActionId, ProviderName, Scope, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params};

use super::disk::Disk;
use super::rows::{maybe_text, record, text};
use super::{Result, damage};
use crate::StoreError;
use crate::history::{
    Cursor, Glance, HistoryFilter, HistoryPage, Narrow, Order, PageMaker, PageRequest, Walked,
};
use crate::model::{RecentSend, RecentSends, Record, Seq, State};
use crate::raw::{RawRecord, outcome_text, recipients};
use crate::rows::{self, MAX_OF_AN_ID, dead_share, open_share, state_number, within};
use crate::shares::{DeadShare, OpenShare};

pub(super) fn find(connection: &Connection, scope: &Scope, id: &ActionId) -> Result<Vec<Record>> {
    let (condition, mut values) = within(scope, '?', 1);
    values.insert(0, id.to_string());
    let select = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE a.id = ?1 AND a.superseded = 0 AND {condition} ORDER BY a.seq LIMIT {MAX_OF_AN_ID}"
    );
    let mut select = connection.prepare_cached(&select)?;
    let found = select.query_map(rusqlite::params_from_iter(&values), record)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

const COLUMNS: &str = RawRecord::COLUMNS;
const TABLES: &str = RawRecord::TABLES;

/// The columns that a filter tests.
const NARROW: &str = "a.seq, a.accepted_at, a.namespace, a.tenant, a.provider, a.action_type, a.caller, a.verdict, a.rule";

/// The statement of a walk. A search for what is below a position looks at the page of that position; one up to the position before does not, and
/// so finds what lies just beside a damaged page. Its parameters are the cursor that it goes on from, a time and a position, and the time that it ends with.
fn walk(filter: &HistoryFilter) -> String {
    let class = filter.class_column();
    // Dead letters have an index of their own.
    if filter.state == Some(State::Dead) {
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
                    disk.note_damage(&why);
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
            let goes_on = !filter.lets_through(&narrow(row)?) || found(row, from)?;
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

/// Where a walk goes on past pages that cannot be read; `None` where they are the last.
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
    let by_time = filter.is_by_time() && filter.state != Some(State::Dead);
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

/// What stands for a text that is no UTF-8.
const DAMAGED: &str = "\u{fffd}";

fn narrow<'a>(row: &'a Row<'_>) -> rusqlite::Result<Narrow<'a>> {
    // What is damaged is nobody's and matches nothing, and the look goes on.
    let text = |column: usize| {
        let value = row.get_ref(column)?;
        Ok::<_, rusqlite::Error>(
            value
                .as_str_or_null()
                .map_or(DAMAGED, Option::unwrap_or_default),
        )
    };
    Ok(Narrow {
        seq: Seq(row.get(0)?),
        accepted_at: Timestamp::from_millis(row.get(1)?),
        namespace: text(2)?,
        tenant: text(3)?,
        provider: text(4)?,
        action_type: text(5)?,
        caller: text(6)?,
        verdict: text(7)?,
        rule: text(8)?,
        state: row.get(9)?,
        tag: text(10)?,
        code: text(11)?,
        class: text(12)?,
    })
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

/// The actions at these positions.
pub(super) fn records(connection: &Connection, disk: &Disk, seqs: &[Seq]) -> Result<Vec<Record>> {
    let mut records = Vec::with_capacity(seqs.len());
    for seq in seqs {
        records.extend(readable(connection, disk, *seq)?);
    }
    Ok(records)
}

/// An action's record, as far as it can be read.
fn readable(connection: &Connection, disk: &Disk, seq: Seq) -> Result<Option<Record>> {
    let found = damage::record_of(connection, seq);
    match &found {
        Ok(Some(Record {
            unreadable: Some(why),
            ..
        })) if why.starts_with(damage::UNREADABLE_PAGE) => disk.note_damage(why),
        Err(StoreError::Damaged(why)) => {
            disk.note_damage(why);
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

/// What matches among the newest rows, and whether there may be more.
pub(super) fn glance(
    connection: &Connection,
    disk: &Disk,
    filter: &HistoryFilter,
    limit: usize,
) -> Result<(Vec<Glance>, bool)> {
    let mut found = Vec::new();
    let mut after = None;
    for _ in 0..MAX_LOOKS {
        after = look((connection, disk), filter, after, |row, _| {
            let word = |column: usize| text(row, column).map(Arc::from);
            let rule = maybe_text(row, 8)?.map(Arc::from);
            found.push(Glance {
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

pub(super) fn count_dead(
    connection: &Connection,
    disk: &Disk,
    scope: &Scope,
    limit: usize,
) -> Result<usize> {
    if scope.is_everything() {
        let mut select =
            connection.prepare_cached("SELECT COUNT(*) FROM outcomes WHERE state = 2")?;
        return Ok(select
            .query_row([], |row| row.get::<_, i64>(0))
            .map(|count| usize::try_from(count).unwrap_or(0))?);
    }
    let filter = HistoryFilter {
        state: Some(State::Dead),
        ..HistoryFilter::of(scope.clone())
    };
    Ok(glance(connection, disk, &filter, limit)?.0.len())
}

/// Whether this is a dead letter.
pub(super) fn is_dead(connection: &Connection, letter: Seq) -> Result<bool> {
    let mut select =
        connection.prepare_cached("SELECT COUNT(*) FROM outcomes WHERE seq = ?1 AND state = ?2")?;
    Ok(
        select.query_row([letter.0, state_number(State::Dead)], |row| {
            row.get::<_, i64>(0)
        })? == 1,
    )
}

pub(super) fn discard(connection: &Connection, letters: &[Seq]) -> Result<usize> {
    let mut update = connection
        .prepare_cached("UPDATE outcomes SET state = ?2 WHERE seq = ?1 AND state = ?3")?;
    let mut discarded = 0;
    for seq in letters {
        discarded += update.execute(params![
            seq.0,
            state_number(State::Discarded),
            state_number(State::Dead)
        ])?;
    }
    Ok(discarded)
}

/// Walks back from the newest row, or from `before`, and stops at the first accepted an hour before `since`: retries may end long after they
/// began, but a budget looks back only so far. Reads nothing wide. A page ends before what cannot be read, and the next begins behind it.
pub(super) fn recent_sends(
    connection: &Connection,
    disk: &Disk,
    since: Timestamp,
    before: Option<Cursor>,
    limit: usize,
) -> Result<RecentSends> {
    let mut select = connection.prepare_cached(
        "SELECT a.accepted_at, coalesce(a.through, a.provider), a.request_facts, o.state, o.attempts, o.finished_at, a.seq \
         FROM actions a LEFT JOIN outcomes o ON o.seq = a.seq WHERE a.seq <= ?2 - 1 ORDER BY a.seq DESC LIMIT ?1",
    )?;
    let oldest = since - std::time::Duration::from_hours(1);
    let mut page = RecentSends::default();
    let mut walked = 0;
    let mut last = before.map_or(i64::MAX, |cursor| cursor.seq.0);
    let mut rows = select.query(params![limit as i64, last])?;
    loop {
        let row = match rows.next().map_err(StoreError::from) {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(page),
            Err(StoreError::Damaged(why)) => {
                disk.note_damage(&why);
                break;
            }
            Err(error) => return Err(error),
        };
        let accepted_at = row.get::<_, i64>(0)?;
        if accepted_at < oldest.as_millis() {
            return Ok(page);
        }
        walked += 1;
        last = row.get(6)?;
        page.next = (walked == limit).then_some(Cursor {
            at: Timestamp::from_millis(accepted_at),
            seq: Seq(last),
        });
        page.sends.extend(recent_send(row, since)?);
    }
    drop(rows);
    let newest = if last == i64::MAX {
        newest_readable(connection)?
    } else {
        last
    };
    let reads = |place: i64| Ok(select.query(params![1, place])?.next().map(drop)?);
    // Where nothing before can be read, there is no next page.
    let next = damage::beyond(newest, -1, reads).ok();
    page.next = next.map(|place| Cursor {
        at: since,
        seq: Seq(place),
    });
    Ok(page)
}

/// A row of a walk through recent sends, if it was sent, and after `since`. What cannot be read counts for nobody.
fn recent_send(row: &Row<'_>, since: Timestamp) -> Result<Option<RecentSend>> {
    let finished_at = row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis);
    let sent = row.get::<_, Option<i64>>(3)? == Some(state_number(State::Done))
        && row.get::<_, Option<i64>>(4)?.is_some_and(|count| count > 0);
    let (true, Some(finished_at)) = (sent, finished_at.filter(|at| *at > since)) else {
        return Ok(None);
    };
    let texts = (row.get_ref(1)?.as_str(), row.get_ref(2)?.as_str_or_null());
    let (Ok(provider), Ok(facts)) = texts else {
        return Ok(None);
    };
    let (Ok(provider), Ok(recipients)) = (ProviderName::parse(provider), recipients(facts)) else {
        return Ok(None);
    };
    Ok(Some(RecentSend {
        provider,
        recipients,
        finished_at,
    }))
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

/// How many rows are open, by tenant and provider.
pub(super) fn open_shares(connection: &Connection, due: Timestamp) -> Result<Vec<OpenShare>> {
    let mut select = connection.prepare_cached(&rows::open_shares('?'))?;
    let mut shares = Vec::new();
    for row in select.query_map([due.as_millis()], |row| {
        Ok((
            text(row, 0)?,
            text(row, 1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, Option<i64>>(3)?,
        ))
    })? {
        let (tenant, provider, count, oldest) = row?;
        shares.extend(open_share(&tenant, &provider, count, oldest));
    }
    Ok(shares)
}

/// How many dead letters there are by provider and code, among the newest `limit`.
pub(super) fn dead_shares(connection: &Connection, limit: usize) -> Result<Vec<DeadShare>> {
    let mut select = connection.prepare_cached(&rows::dead_shares('?'))?;
    let mut shares = Vec::new();
    for row in select.query_map([limit as i64], |row| {
        Ok((text(row, 0)?, text(row, 1)?, row.get::<_, i64>(2)?))
    })? {
        let (provider, code, count) = row?;
        shares.extend(dead_share(&provider, code, count));
    }
    Ok(shares)
}

/// The outcomes of those that are over.
pub(super) fn outcomes_of(connection: &Connection, seqs: &[Seq]) -> Result<Vec<(Seq, Arc<str>)>> {
    let mut select = connection.prepare_cached("SELECT outcome FROM outcomes WHERE seq = ?1")?;
    let mut outcomes = Vec::new();
    for seq in seqs {
        let outcome = select.query_row([seq.0], |row| text(row, 0)).optional()?;
        outcomes.extend(outcome.map(|outcome| (*seq, outcome_text(outcome))));
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use acteon_core::limits::MAX_PAGE_BYTES;

    use super::*;

    #[test]
    fn a_page_that_has_its_bytes_goes_on_behind_what_was_passed_over() {
        let connection = Connection::open_in_memory().expect("a database");
        let columns = format!(
            "'a', 't', 'n', 'p', 'x', '{{}}', 'api', zeroblob(?2), NULL, 0, '', '', ''{}",
            ", NULL".repeat(19)
        );
        let row = |seq: Seq| {
            connection.query_row(
                &format!("SELECT ?1, {columns}"),
                [seq.0, MAX_PAGE_BYTES as i64 / 2],
                record,
            )
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
            .fill(|seq| (seq.0 > 2).then(|| row(seq)).transpose())
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
