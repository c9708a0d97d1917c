//! Sends of the recent past, for the budgets of a new process.

use acteon_core::{ProviderName, Timestamp};
use rusqlite::{Connection, Row, params};

use super::disk::Disk;
use super::{Result, damage};
use crate::StoreError;
use crate::history::Cursor;
use crate::model::{ActionState, RecentSend, RecentSends, Seq};
use crate::raw::recipients;
use crate::rows::state_number;

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
                disk.count_damage(&why);
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
        damage::newest_readable(connection)?
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

/// Row of a walk through recent sends, if it was sent, and after `since`. A row that cannot be read is not counted.
fn recent_send(row: &Row<'_>, since: Timestamp) -> Result<Option<RecentSend>> {
    let finished_at = row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis);
    let sent = row.get::<_, Option<i64>>(3)? == Some(state_number(ActionState::Done))
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
