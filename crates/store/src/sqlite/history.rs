//! Audit trail: records, pages, dead letters and recent sends.

use std::sync::Arc;

use acteon_core::{ActionId, BoxFuture, Scope, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use super::command::Urgency;
use super::disk::Disk;
use super::look::readable;
use super::rows::{record, text};
use super::scheduled::scheduled;
use super::store::SqliteStore;
use super::{Result, letters, look, sends};
use crate::history::{CoverageRow, Cursor, HistoryFilter, HistoryPage, PageMaker, PageRequest};
use crate::model::{RecentSends, Record, Seq};
use crate::raw::{RawRecord, outcome_text};
use crate::rows::{MAX_OF_AN_ID, within};
use crate::scheduled::{ScheduledPage, ScheduledRequest};
use crate::shares::DeadShare;
use crate::store::{History, SettledOutcome};

impl History for SqliteStore {
    fn records(&self, seqs: Vec<Seq>) -> BoxFuture<'_, Result<Vec<Record>>> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .own(move |connection| records(connection, &disk, &seqs))
    }

    fn first_records(&self, seqs: Vec<Seq>) -> BoxFuture<'_, Result<(Vec<Record>, usize)>> {
        let disk = Arc::clone(&self.disk);
        self.readers.callers(move |connection| {
            let mut maker = PageMaker::of(&seqs);
            let records = maker.fill(|seq| readable(connection, &disk, seq))?;
            Ok((records, maker.seqs().count()))
        })
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> BoxFuture<'_, Result<Vec<Record>>> {
        let (scope, id) = (scope.clone(), id.clone());
        self.readers
            .answers(move |connection| find(connection, &scope, &id))
    }

    fn history(
        &self,
        filter: HistoryFilter,
        page: PageRequest,
    ) -> BoxFuture<'_, Result<HistoryPage>> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .callers(move |connection| look::page(connection, &disk, &filter, page))
    }

    fn newest(&self) -> BoxFuture<'_, Result<Seq>> {
        self.readers.callers(look::newest)
    }

    fn coverage(
        &self,
        filter: HistoryFilter,
        limit: usize,
    ) -> BoxFuture<'_, Result<(Vec<CoverageRow>, bool)>> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .callers(move |connection| look::coverage(connection, &disk, &filter, limit))
    }

    fn discard(&self, letters: Vec<Seq>) -> BoxFuture<'_, Result<usize>> {
        self.write(Urgency::Waited, move |connection| {
            letters::discard(connection, &letters)
        })
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> BoxFuture<'_, Result<usize>> {
        let (scope, disk) = (scope.clone(), Arc::clone(&self.disk));
        self.readers
            .callers(move |connection| letters::count_dead(connection, &disk, &scope, limit))
    }

    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<RecentSends>> {
        let disk = Arc::clone(&self.disk);
        self.readers
            .own(move |connection| sends::recent_sends(connection, &disk, since, before, limit))
    }

    fn dead_shares(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadShare>>> {
        self.readers
            .callers(move |connection| letters::dead_shares(connection, limit))
    }

    fn scheduled(&self, request: ScheduledRequest) -> BoxFuture<'_, Result<ScheduledPage>> {
        self.readers
            .callers(move |connection| scheduled(connection, &request))
    }

    fn outcomes_of(&self, seqs: Vec<Seq>) -> BoxFuture<'_, Result<Vec<SettledOutcome>>> {
        self.readers
            .answers(move |connection| outcomes_of(connection, &seqs))
    }
}

const COLUMNS: &str = RawRecord::COLUMNS;

const TABLES: &str = RawRecord::TABLES;

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

/// The actions at these positions.
fn records(connection: &Connection, disk: &Disk, seqs: &[Seq]) -> Result<Vec<Record>> {
    let mut records = Vec::with_capacity(seqs.len());
    for seq in seqs {
        records.extend(readable(connection, disk, *seq)?);
    }
    Ok(records)
}

/// The outcomes of those that are over.
fn outcomes_of(connection: &Connection, seqs: &[Seq]) -> Result<Vec<SettledOutcome>> {
    let mut select = connection.prepare_cached("SELECT outcome FROM outcomes WHERE seq = ?1")?;
    let mut outcomes = Vec::new();
    for seq in seqs {
        let outcome = select.query_row([seq.0], |row| text(row, 0)).optional()?;
        outcomes.extend(outcome.map(|outcome| (*seq, outcome_text(outcome))));
    }
    Ok(outcomes)
}
