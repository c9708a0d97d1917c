//! Audit trail: records, pages, dead letters and recent sends.

use acteon_core::{ActionId, BoxFuture, Scope, Timestamp};

use super::connect::{Conn, in_time};
use super::error::Failure;
use super::rows::record;
use super::scheduled::scheduled;
use super::store::PostgresStore;
use super::{calls, letters, look, sends};
use crate::StoreError;
use crate::history::{CoverageRow, Cursor, HistoryFilter, HistoryPage, PageRequest};
use crate::model::{RecentSends, Record, Seq};
use crate::raw::{RawRecord, outcome_text};
use crate::rows::{MAX_OF_AN_ID, within};
use crate::scheduled::{ScheduledPage, ScheduledRequest};
use crate::shares::DeadShare;
use crate::store::{History, SettledOutcome};

impl History for PostgresStore {
    fn records(&self, seqs: Vec<Seq>) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        Box::pin(async move { call!(self.own, conn => records(conn, &seqs)) })
    }

    fn first_records(
        &self,
        seqs: Vec<Seq>,
    ) -> BoxFuture<'_, Result<(Vec<Record>, usize), StoreError>> {
        Box::pin(async move { call!(self.pool, conn => look::first_records(conn, &seqs)) })
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        let (scope, id) = (scope.clone(), id.clone());
        Box::pin(async move { call!(self.pool, conn => find(conn, &scope, &id)) })
    }

    fn history(
        &self,
        filter: HistoryFilter,
        page: PageRequest,
    ) -> BoxFuture<'_, Result<HistoryPage, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => look::page(conn, &filter, page)) })
    }

    fn newest(&self) -> BoxFuture<'_, Result<Seq, StoreError>> {
        Box::pin(async move {
            let newest = call!(self.pool, conn => look::newest(conn))?;
            // Positions follow this gateway's clock, which may be behind that of whoever made this one.
            self.positions.go_beyond(newest);
            Ok(newest)
        })
    }

    fn coverage(
        &self,
        filter: HistoryFilter,
        limit: usize,
    ) -> BoxFuture<'_, Result<(Vec<CoverageRow>, bool), StoreError>> {
        Box::pin(async move { call!(self.pool, conn => look::coverage(conn, &filter, limit)) })
    }

    fn discard(&self, letters: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            change!(self.pool, conn, again => letters::discard(conn, &letters, again))
        })
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        let scope = scope.clone();
        Box::pin(async move { call!(self.pool, conn => letters::count_dead(conn, &scope, limit)) })
    }

    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<RecentSends, StoreError>> {
        Box::pin(async move {
            call!(self.pool, conn => sends::recent_sends(conn, since, before, limit))
        })
    }

    fn dead_shares(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadShare>, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => letters::dead_shares(conn, limit)) })
    }

    fn scheduled(
        &self,
        request: ScheduledRequest,
    ) -> BoxFuture<'_, Result<ScheduledPage, StoreError>> {
        Box::pin(async move { call!(self.pool, conn => scheduled(conn, &request)) })
    }

    fn outcomes_of(
        &self,
        seqs: Vec<Seq>,
    ) -> BoxFuture<'_, Result<Vec<SettledOutcome>, StoreError>> {
        Box::pin(async move { call!(self.own, conn => outcomes_of(conn, &seqs)) })
    }
}

const COLUMNS: &str = RawRecord::COLUMNS;

const TABLES: &str = RawRecord::TABLES;

pub(super) async fn find(
    conn: &Conn,
    scope: &Scope,
    id: &ActionId,
) -> Result<Vec<Record>, Failure> {
    let (condition, mut values) = within(scope, '$', 1);
    values.insert(0, id.to_string());
    let select = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE a.id = $1 AND NOT a.superseded AND {condition} ORDER BY a.seq LIMIT {MAX_OF_AN_ID}"
    );
    let select = conn.prepare_cached(&select).await?;
    let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        values.iter().map(|value| value as _).collect();
    conn.query(&select, &values)
        .await?
        .iter()
        .map(record)
        .collect()
}

/// The actions at these positions.
async fn records(conn: &Conn, seqs: &[Seq]) -> Result<Vec<Record>, Failure> {
    let seqs: Vec<i64> = seqs.iter().map(|seq| seq.0).collect();
    let select = conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM {TABLES} WHERE a.seq = ANY($1)"
        ))
        .await?;
    conn.query(&select, &[&seqs])
        .await?
        .iter()
        .map(record)
        .collect()
}

/// The outcomes of those that are over.
async fn outcomes_of(conn: &Conn, seqs: &[Seq]) -> Result<Vec<SettledOutcome>, Failure> {
    let seqs: Vec<i64> = seqs.iter().map(|seq| seq.0).collect();
    let select = conn
        .prepare_cached("SELECT seq, outcome FROM outcomes WHERE seq = ANY($1)")
        .await?;
    let rows = conn.query(&select, &[&seqs]).await?;
    rows.iter()
        .map(|row| Ok((Seq(row.try_get(0)?), outcome_text(row.try_get(1)?))))
        .collect()
}
