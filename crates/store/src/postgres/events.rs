//! Events: in the order of their transactions, each of which is told once those before it are over.
//!
//! What one statement ended is one row, in arrays. Its events have the places behind the row's, in the order of the arrays.

pub(super) mod tell;

use acteon_core::limits::{MAX_EVENTS_BYTES, MAX_PRUNED_EVENTS};
use acteon_core::{BoxFuture, Timestamp};
use deadpool_postgres::Pool;
use tokio_postgres::Row;

use super::calls;
use super::connect::{Conn, in_time};
use super::error::Failure;
use super::store::PostgresStore;
use crate::StoreError;
use crate::event::{Event, EventAction, EventId, EventKind, EventPosition, EventsKept, EventsPage};
use crate::flow_event::FlowEvent;
use crate::model::Seq;
use crate::raw::outcome_text;
use crate::store::Events;

impl Events for PostgresStore {
    fn events(
        &self,
        after: EventPosition,
        limit: usize,
    ) -> BoxFuture<'_, Result<EventsPage, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => look(conn, after, limit)) })
    }

    fn newest_event(&self) -> BoxFuture<'_, Result<EventId, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => newest_with_instant(conn)) })
    }

    fn oldest_event(&self) -> BoxFuture<'_, Result<EventPosition, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => oldest(conn)) })
    }

    fn has_event(&self, id: EventId) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => has(conn, id)) })
    }

    fn prune_events(&self, kept: EventsKept) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => prune(conn, kept)) })
    }
}

/// Bits of a position that are the place within a transaction. The others are the transaction's number.
const PLACE_BITS: u32 = 26;
/// Number of the first transaction that is not known to be over.
const SETTLED: &str = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
/// Number of the first transaction that has not begun.
const NOT_BEGUN: &str = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint";

/// Forgets the events of another database that this one was made of: their transactions are yet to come here, and would be for a long time.
pub(super) async fn forget_foreign(pool: &Pool) -> Result<(), StoreError> {
    let delete = format!("DELETE FROM events WHERE xid >= {NOT_BEGUN}");
    call!(pool, conn => async { Ok::<_, Failure>(conn.execute(&delete, &[]).await?) }).map(drop)
}

/// Number of a transaction and place in it.
fn parts(position: EventPosition) -> (i64, i64) {
    let number = position.number();
    (
        i64::try_from(number >> PLACE_BITS).unwrap_or(i64::MAX),
        (number & ((1 << PLACE_BITS) - 1)) as i64,
    )
}

fn position(xid: i64, place: i64) -> EventPosition {
    let (xid, place) = (
        u128::from(xid.max(0).unsigned_abs()),
        u128::from(place.max(0).unsigned_abs()),
    );
    EventPosition::of((xid << PLACE_BITS) | place)
}

/// Last position before those of a transaction.
fn before(xid: i64) -> EventPosition {
    position(xid - 1, (1 << PLACE_BITS) - 1)
}

async fn newest(conn: &Conn) -> Result<EventPosition, Failure> {
    let select = conn.prepare_cached(&format!("SELECT {SETTLED}")).await?;
    Ok(before(conn.query_one(&select, &[]).await?.try_get(0)?))
}

async fn newest_with_instant(conn: &Conn) -> Result<EventId, Failure> {
    let select = format!(
        "SELECT {SETTLED}, (SELECT ats[cardinality(ats)] FROM events WHERE xid < {SETTLED} ORDER BY xid DESC, pos DESC LIMIT 1)"
    );
    let select = conn.prepare_cached(&select).await?;
    let row = conn.query_one(&select, &[]).await?;
    let at: Option<i64> = row.try_get(1)?;
    let at = at.map_or(Timestamp::default(), Timestamp::from_millis);
    Ok(EventId::of_position(at, before(row.try_get(0)?)))
}

async fn oldest(conn: &Conn) -> Result<EventPosition, Failure> {
    let select = conn
        .prepare_cached("SELECT xid, pos + 1 FROM events ORDER BY xid, pos LIMIT 1")
        .await?;
    let Some(row) = conn.query_opt(&select, &[]).await? else {
        return Ok(EventPosition::START);
    };
    Ok(position(row.try_get(0)?, row.try_get(1)?))
}

async fn has(conn: &Conn, id: EventId) -> Result<bool, Failure> {
    let (xid, place) = parts(id.position());
    let at = if id.is_of_position() {
        if id.position() > newest(conn).await? {
            return Ok(false);
        }
        // Of the newest event up to there: of an earlier transaction it is the last.
        "SELECT ats[CASE WHEN xid = $1 THEN LEAST($2 - pos, cardinality(ats)) ELSE cardinality(ats) END] FROM events \
         WHERE (xid, pos) < ($1, $2) ORDER BY xid DESC, pos DESC LIMIT 1"
    } else {
        "SELECT ats[LEAST($2 - pos, cardinality(ats) + 1)] FROM events WHERE xid = $1 AND pos < $2 ORDER BY pos DESC LIMIT 1"
    };
    let select = conn.prepare_cached(at).await?;
    let found = conn.query_opt(&select, &[&xid, &place]).await?;
    let at: Option<i64> = match found {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    let is_of = |at| id.is_of(Timestamp::from_millis(at));
    Ok(at.map_or(id.is_of_position(), is_of))
}

/// Statement of a look. Its parameters are the position that it begins after, how many events, and how many bytes. It has a row also where there is
/// no event, which says how far everything is settled, of when the first event is that waits for that, and how many events were looked at. The row of
/// the position that it begins after may have events behind it. Rows are read in their order, and no more than hold so many events.
fn look_statement() -> String {
    format!(
        "\
WITH settled AS MATERIALIZED (
  SELECT {SETTLED} AS xid
), first AS MATERIALIZED (
  SELECT COALESCE((SELECT pos FROM events WHERE xid = $1 AND pos <= $2 ORDER BY pos DESC LIMIT 1), $2) AS pos
), page AS MATERIALIZED (
  SELECT e.xid, e.pos + each_event.place AS pos, each_event.at, e.kind, each_event.seq, e.namespace, e.tenant, e.subject, e.body
  FROM events e CROSS JOIN LATERAL unnest(e.ats, e.seqs) WITH ORDINALITY AS each_event (at, seq, place)
  WHERE (e.xid, e.pos) >= ($1, (SELECT pos FROM first)) AND e.xid < (SELECT xid FROM settled) AND (e.xid > $1 OR e.pos + each_event.place > $2)
  ORDER BY e.xid, e.pos, each_event.place LIMIT $3
), found AS (
  SELECT p.xid, p.pos, p.at, p.kind, p.seq, a.id, COALESCE(a.namespace, p.namespace) AS namespace, COALESCE(a.tenant, p.tenant) AS tenant,
    a.provider, a.action_type, o.outcome, p.subject, p.body,
    SUM(COALESCE(octet_length(o.outcome), octet_length(p.body), 0)) OVER (ORDER BY p.xid, p.pos)
      - COALESCE(octet_length(o.outcome), octet_length(p.body), 0) AS bytes_before
  FROM page p LEFT JOIN actions a ON a.seq = p.seq LEFT JOIN outcomes o ON o.seq = p.seq
)
SELECT (SELECT xid FROM settled), (SELECT ats[1] FROM events WHERE xid >= (SELECT xid FROM settled) ORDER BY xid, pos LIMIT 1), (SELECT COUNT(*) FROM page),
  f.xid, f.pos, f.at, f.kind, f.seq, f.id, f.namespace, f.tenant, f.provider, f.action_type, f.outcome, f.subject, f.body
FROM (SELECT 1) AS one LEFT JOIN found f ON f.bytes_before < $4 ORDER BY f.xid, f.pos"
    )
}

async fn look(conn: &Conn, after: EventPosition, limit: usize) -> Result<EventsPage, Failure> {
    let (xid, place) = parts(after);
    let select = conn.prepare_cached(&look_statement()).await?;
    let (limit, bytes) = (
        i64::try_from(limit).unwrap_or(i64::MAX),
        MAX_EVENTS_BYTES as i64,
    );
    let rows = conn.query(&select, &[&xid, &place, &limit, &bytes]).await?;
    let mut page = EventsPage::begin(after, after);
    let (mut looked, mut read) = (0, 0);
    for row in &rows {
        page.settled = before(row.try_get(0)?);
        let pending: Option<i64> = row.try_get(1)?;
        page.pending = pending.map(Timestamp::from_millis);
        looked = row.try_get(2)?;
        if let (Some(xid), Some(place)) = (row.try_get(3)?, row.try_get(4)?) {
            read += 1;
            page.looked_to = position(xid, place);
            page.last = row.try_get(5).map(|at| Some(Timestamp::from_millis(at)))?;
            page.events.extend(event(row, page.looked_to)?);
        }
    }
    page.more = looked == limit || read < looked;
    Ok(page)
}

/// Event of a row; `None` where the journal has its action no more, and of a kind that a later version wrote.
fn event(row: &Row, position: EventPosition) -> Result<Option<Event>, Failure> {
    let at = Timestamp::from_millis(row.try_get(5)?);
    let kind = EventKind::of_number(row.try_get(6)?);
    let (flow, body): (Option<String>, Option<String>) = (row.try_get(14)?, row.try_get(15)?);
    if let (Some(kind), Some(flow), Some(body)) = (kind, flow, body) {
        let event = FlowEvent {
            kind,
            at,
            flow: flow.into(),
            namespace: row.try_get(9)?,
            tenant: row.try_get(10)?,
            body,
        };
        return Ok(event.read_at(position));
    }
    let (seq, id): (Option<i64>, Option<String>) = (row.try_get(7)?, row.try_get(8)?);
    let outcome: Option<String> = row.try_get(13)?;
    let (Some(kind), Some(seq), Some(id), Some(outcome)) = (kind, seq, id, outcome) else {
        return Ok(None);
    };
    Ok(Some(Event {
        position,
        at,
        kind,
        flow: None,
        action: EventAction {
            seq: Seq(seq),
            id,
            namespace: row.try_get(9)?,
            tenant: row.try_get(10)?,
            provider: row.try_get(11)?,
            action_type: row.try_get(12)?,
            outcome: outcome_text(outcome),
        },
    }))
}

/// Deletes rows up to the first with an event that is kept, as far as so many events; says how many events they had. Rows are
/// found by where they lie: by their keys all others would be read as well, as soon as the planner takes the table for a small one.
const PRUNE: &str = "\
WITH kept AS MATERIALIZED (
  SELECT xid, pos FROM (SELECT xid, pos, ats FROM events ORDER BY xid, pos LIMIT $1) AS first
  WHERE EXISTS (SELECT 1 FROM unnest(ats) AS each_event (at) WHERE at BETWEEN $2 AND $3) ORDER BY xid, pos LIMIT 1
), oldest AS MATERIALIZED (
  SELECT row, SUM(events) OVER (ORDER BY xid, pos) - events AS events_before
  FROM (SELECT ctid AS row, xid, pos, cardinality(ats) AS events FROM events ORDER BY xid, pos LIMIT $1) AS first
), deleted AS (
  DELETE FROM events e WHERE e.ctid = ANY (ARRAY(SELECT row FROM oldest WHERE events_before < $1))
    AND COALESCE((e.xid, e.pos) < (SELECT xid, pos FROM kept), true)
    AND (e.xid, e.pos) <> (SELECT xid, pos FROM events ORDER BY xid DESC, pos DESC LIMIT 1)
  RETURNING cardinality(e.ats) AS events
)
SELECT COALESCE(SUM(events), 0) FROM deleted";

async fn prune(conn: &Conn, kept: EventsKept) -> Result<usize, Failure> {
    let most = MAX_PRUNED_EVENTS as i64;
    let (from, to) = (kept.from.as_millis(), kept.to.as_millis());
    let deleted: i64 = conn
        .query_one(PRUNE, &[&most, &from, &to])
        .await?
        .try_get(0)?;
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}
