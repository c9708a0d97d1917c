//! Looks at the journal. A look walks from its newest end, tests each row by its narrow columns, and stops after a bounded number.

use std::collections::HashMap;

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_LOOK, MAX_LOOKS};
use tokio_postgres::Row;

use super::connect::Conn;
use super::error::Failure;
use super::rows::record;
use crate::history::{
    CoverageRow, Cursor, HistoryFilter, HistoryPage, Order, PageMaker, PageRequest, Walked,
};
use crate::model::{ActionState, Record, Seq};
use crate::narrow::{NARROW, Narrow, NarrowRow};
use crate::raw::RawRecord;

const COLUMNS: &str = RawRecord::COLUMNS;

const TABLES: &str = RawRecord::TABLES;

/// Rows of the first and of every further fetch of a look: most pages are found among the first.
const FETCH: (usize, usize) = (200, 2000);

/// The statement of a walk: from a cursor, as many rows as are asked for. Its four parameters are a time, a position, another time, a number.
fn walk(filter: &HistoryFilter) -> String {
    let (beyond, direction) = match filter.order {
        Order::NewestFirst => ("<", " DESC"),
        Order::OldestFirst => (">", ""),
    };
    let class = filter.class_column();
    if filter.state == Some(ActionState::Dead) {
        // Without the class an index has all of them.
        let columns = if filter.class.is_some() {
            "seq, state, code, class"
        } else {
            "seq, state, code"
        };
        return format!(
            "SELECT {NARROW}, o.state, 'failed', o.code, {class} FROM (SELECT {columns} FROM outcomes \
             WHERE state = 2 AND seq {beyond} $2 AND $1::bigint = $1 AND $3::bigint = $3 ORDER BY seq{direction} LIMIT $4) o \
             JOIN actions a ON a.seq = o.seq ORDER BY o.seq{direction}"
        );
    }
    let (range, order) = if filter.is_by_time() {
        let until = if filter.order == Order::NewestFirst {
            ">="
        } else {
            "<="
        };
        let range = format!("(accepted_at, seq) {beyond} ($1, $2) AND accepted_at {until} $3");
        (range, format!("accepted_at{direction}, seq{direction}"))
    } else {
        (
            format!("seq {beyond} $2 AND $1::bigint = $1 AND $3::bigint = $3"),
            format!("seq{direction}"),
        )
    };
    let rows = format!("(SELECT * FROM actions WHERE {range} ORDER BY {order} LIMIT $4) a");
    if filter.needs_outcome() {
        let order = order
            .replace("accepted_at", "a.accepted_at")
            .replace("seq", "a.seq");
        format!(
            "SELECT {NARROW}, o.state, o.tag, o.code, {class} FROM {rows} LEFT JOIN outcomes o ON o.seq = a.seq ORDER BY {order}"
        )
    } else {
        format!("SELECT {NARROW}, NULL::bigint, NULL::text, NULL::text, NULL::text FROM {rows}")
    }
}

/// Passes each row that the filter lets through to `found`, which says whether to go on. Returns where the look stopped if it was cut short.
async fn look(
    conn: &Conn,
    filter: &HistoryFilter,
    after: Option<Cursor>,
    mut found: impl FnMut(&Row, Cursor) -> Result<bool, Failure> + Send,
) -> Result<Option<Cursor>, Failure> {
    let select = conn.prepare_cached(&walk(filter)).await?;
    let Walked { mut from, until } = filter.walked(after);
    let (mut looked, mut fetch) = (0, FETCH.0);
    loop {
        let limit = fetch.min(MAX_LOOK - looked) as i64;
        let rows = conn
            .query(
                &select,
                &[
                    &from.at.as_millis(),
                    &from.seq.0,
                    &until.as_millis(),
                    &limit,
                ],
            )
            .await?;
        for row in &rows {
            from = Cursor {
                seq: Seq(row.try_get(0)?),
                at: Timestamp::from_millis(row.try_get(1)?),
            };
            looked += 1;
            if filter.ends_before(from) {
                return Ok(None);
            }
            if (filter.lets_through(&Narrow::read(&WalkRow(row))?) && !found(row, from)?)
                || looked == MAX_LOOK
            {
                return Ok(Some(from));
            }
        }
        if (rows.len() as i64) < limit {
            return Ok(None);
        }
        fetch = FETCH.1;
    }
}

/// Row of a walk.
struct WalkRow<'a>(&'a Row);

impl<'a> NarrowRow<'a> for WalkRow<'a> {
    type Error = tokio_postgres::Error;

    fn number(&self, place: usize) -> Result<i64, Self::Error> {
        self.0.try_get(place)
    }

    fn maybe_number(&self, place: usize) -> Result<Option<i64>, Self::Error> {
        self.0.try_get(place)
    }

    fn text(&self, place: usize) -> Result<&'a str, Self::Error> {
        let text: Option<&str> = self.0.try_get(place)?;
        Ok(text.unwrap_or_default())
    }
}

pub(super) async fn page(
    conn: &Conn,
    filter: &HistoryFilter,
    request: PageRequest,
) -> Result<HistoryPage, Failure> {
    let mut maker = PageMaker::new(request);
    let stopped = look(conn, filter, request.after, |_, cursor| {
        Ok(maker.goes_on(cursor))
    })
    .await?;
    let records = fill(conn, &mut maker).await?;
    Ok(maker.page(records, stopped))
}

/// Records of the first of these actions, and how many positions that are.
pub(super) async fn first_records(
    conn: &Conn,
    seqs: &[Seq],
) -> Result<(Vec<Record>, usize), Failure> {
    let mut maker = PageMaker::of(seqs);
    let records = fill(conn, &mut maker).await?;
    Ok((records, maker.seqs().count()))
}

/// Reads the rows of a page, until it has its bytes.
async fn fill(conn: &Conn, maker: &mut PageMaker) -> Result<Vec<Record>, Failure> {
    end_by_size(conn, maker).await?;
    let seqs: Vec<i64> = maker.seqs().map(|seq| seq.0).collect();
    let select = format!(
        "SELECT {COLUMNS} FROM {TABLES} JOIN unnest($1::bigint[]) WITH ORDINALITY AS w (seq, place) ON w.seq = a.seq ORDER BY w.place"
    );
    let select = conn.prepare_cached(&select).await?;
    let rows = conn.query(&select, &[&seqs]).await?;
    rows.iter().map(record).collect()
}

/// Ends a page where it has its bytes. Sizes are asked for first: rows come from the server all at once.
async fn end_by_size(conn: &Conn, maker: &mut PageMaker) -> Result<(), Failure> {
    let seqs: Vec<i64> = maker.seqs().map(|seq| seq.0).collect();
    let select = "SELECT a.seq, octet_length(a.action)::bigint + coalesce(octet_length(a.request), 0) \
         + coalesce(octet_length(o.history), octet_length(j.history), 0) + coalesce(octet_length(o.outcome), octet_length(j.outcome), 0) \
         FROM actions a LEFT JOIN outcomes o ON o.seq = a.seq LEFT JOIN jobs j ON j.seq = a.seq WHERE a.seq = ANY($1)";
    let select = conn.prepare_cached(select).await?;
    let mut sizes = HashMap::with_capacity(seqs.len());
    for row in conn.query(&select, &[&seqs]).await? {
        sizes.insert(row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?);
    }
    let mut bytes = 0;
    for (place, seq) in seqs.iter().enumerate() {
        bytes += sizes
            .get(seq)
            .and_then(|size| usize::try_from(*size).ok())
            .unwrap_or(0);
        if maker.ends_at(place + 1, bytes) {
            break;
        }
    }
    Ok(())
}

/// Highest position there is; zero in an empty journal.
pub(super) async fn newest(conn: &Conn) -> Result<Seq, Failure> {
    let newest: Option<i64> = conn
        .query_one("SELECT MAX(seq) FROM actions", &[])
        .await?
        .try_get(0)?;
    Ok(Seq(newest.unwrap_or(0)))
}

/// Matches among the newest rows, and whether there may be more.
pub(super) async fn coverage(
    conn: &Conn,
    filter: &HistoryFilter,
    limit: usize,
) -> Result<(Vec<CoverageRow>, bool), Failure> {
    let mut found = Vec::new();
    let mut after = None;
    for _ in 0..MAX_LOOKS {
        after = look(conn, filter, after, |row, _| {
            let text = |column: usize| row.try_get::<_, &str>(column).map(Into::into);
            let rule = row.try_get::<_, Option<&str>>(8)?.map(Into::into);
            found.push(CoverageRow {
                namespace: text(2)?,
                tenant: text(3)?,
                provider: text(4)?,
                action_type: text(5)?,
                rule,
            });
            Ok(found.len() < limit)
        })
        .await?;
        if after.is_none() || found.len() >= limit {
            break;
        }
    }
    Ok((found, after.is_some()))
}
