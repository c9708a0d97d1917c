//! Audit trail: records, pages, dead letters and recent sends.

use acteon_core::{ActionId, BoxFuture, Scope, Timestamp};

use super::store::{MemoryStore, ready};
use super::tables::{JournalRow, Tables};
use crate::StoreError;
use crate::history::{CoverageRow, Cursor, HistoryFilter, HistoryPage, PageMaker, PageRequest};
use crate::model::{ActionState, RecentSend, RecentSends, Record, Seq};
use crate::scheduled::{ScheduledPage, ScheduledRequest};
use crate::shares::DeadShare;
use crate::store::{History, SettledOutcome};

impl History for MemoryStore {
    fn records(&self, seqs: Vec<Seq>) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        let tables = self.lock();
        ready(Ok(seqs
            .iter()
            .filter_map(|seq| tables.entries.get(&seq.0))
            .map(|entry| entry.record.clone())
            .collect()))
    }

    fn first_records(
        &self,
        seqs: Vec<Seq>,
    ) -> BoxFuture<'_, Result<(Vec<Record>, usize), StoreError>> {
        let (tables, mut maker) = (self.lock(), PageMaker::of(&seqs));
        let records =
            maker.fill(|seq| Ok(tables.entries.get(&seq.0).map(|entry| entry.record.clone())));
        ready(records.map(|records| (records, maker.seqs().count())))
    }

    fn find(&self, scope: &Scope, id: &ActionId) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        let tables = self.lock();
        let is_it = |entry: &&JournalRow| {
            let action = &entry.record.action;
            !entry.superseded
                && action.id == *id
                && scope.covers(
                    action.namespace.as_str(),
                    action.tenant.as_str(),
                    action.provider.as_str(),
                    action.action_type.as_str(),
                )
        };
        ready(Ok(tables
            .entries
            .values()
            .filter(is_it)
            .map(|entry| entry.record.clone())
            .collect()))
    }

    fn history(
        &self,
        filter: HistoryFilter,
        page: PageRequest,
    ) -> BoxFuture<'_, Result<HistoryPage, StoreError>> {
        let tables = self.lock();
        let mut maker = PageMaker::new(page);
        let stopped = tables.look(&filter, page.after, |_, cursor| maker.goes_on(cursor));
        let records =
            maker.fill(|seq| Ok(tables.entries.get(&seq.0).map(|entry| entry.record.clone())));
        ready(records.map(|records| maker.page(records, stopped)))
    }

    fn newest(&self) -> BoxFuture<'_, Result<Seq, StoreError>> {
        ready(Ok(Seq(self
            .lock()
            .entries
            .keys()
            .next_back()
            .copied()
            .unwrap_or(0))))
    }

    fn coverage(
        &self,
        filter: HistoryFilter,
        limit: usize,
    ) -> BoxFuture<'_, Result<(Vec<CoverageRow>, bool), StoreError>> {
        let mut found = Vec::new();
        let stopped = self.lock().look(&filter, None, |entry, _| {
            found.push(entry.coverage_row());
            found.len() < limit
        });
        ready(Ok((found, stopped.is_some())))
    }

    fn discard(&self, letters: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>> {
        let mut tables = self.lock();
        let mut discarded = 0;
        for seq in letters {
            if let Some(entry) = tables
                .entries
                .get_mut(&seq.0)
                .filter(|entry| entry.record.state == ActionState::Dead)
            {
                entry.record.state = ActionState::Discarded;
                discarded += 1;
            }
        }
        ready(Ok(discarded))
    }

    fn count_dead(&self, scope: &Scope, limit: usize) -> BoxFuture<'_, Result<usize, StoreError>> {
        let filter = HistoryFilter {
            state: Some(ActionState::Dead),
            ..HistoryFilter::of(scope.clone())
        };
        let mut count = 0;
        self.lock().look(&filter, None, |_, _| {
            count += 1;
            count < limit
        });
        ready(Ok(count))
    }

    fn recent_sends(
        &self,
        since: Timestamp,
        before: Option<Cursor>,
        limit: usize,
    ) -> BoxFuture<'_, Result<RecentSends, StoreError>> {
        let tables = self.lock();
        let send = |record: &Record| {
            let finished_at = record.finished_at.filter(|at| {
                *at > since && record.state == ActionState::Done && record.attempts > 0
            })?;
            let recipients = record
                .prepared
                .as_ref()
                .map(|prepared| prepared.recipients.clone())
                .unwrap_or_default();
            Some(RecentSend {
                provider: record.provider.clone(),
                recipients,
                finished_at,
            })
        };
        let before = before.map_or(i64::MAX, |cursor| cursor.seq.0);
        let page = || {
            tables
                .entries
                .range(..before)
                .map(|(_, entry)| &entry.record)
                .rev()
                .take(limit)
        };
        let last = page().last().filter(|_| page().count() == limit);
        let next = last.map(|record| Cursor {
            at: record.accepted_at,
            seq: record.seq,
        });
        ready(Ok(RecentSends {
            sends: page().filter_map(send).collect(),
            next,
        }))
    }

    fn dead_shares(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadShare>, StoreError>> {
        ready(Ok(self.lock().dead_shares(limit)))
    }

    fn scheduled(
        &self,
        request: ScheduledRequest,
    ) -> BoxFuture<'_, Result<ScheduledPage, StoreError>> {
        ready(Ok(self.lock().scheduled(&request)))
    }

    fn outcomes_of(
        &self,
        seqs: Vec<Seq>,
    ) -> BoxFuture<'_, Result<Vec<SettledOutcome>, StoreError>> {
        ready(Ok(self.lock().outcomes_of(&seqs)))
    }
}

impl Tables {
    fn dead_shares(&self, limit: usize) -> Vec<DeadShare> {
        let mut shares: Vec<DeadShare> = Vec::new();
        for entry in self
            .entries
            .values()
            .rev()
            .filter(|entry| entry.record.state == ActionState::Dead)
            .take(limit)
        {
            let (provider, code) = (
                &entry.record.provider,
                entry.code.clone().unwrap_or_default(),
            );
            match shares
                .iter_mut()
                .find(|share| share.provider == *provider && share.code == code)
            {
                Some(share) => share.count += 1,
                None => shares.push(DeadShare {
                    provider: provider.clone(),
                    code,
                    count: 1,
                }),
            }
        }
        shares
    }

    fn outcomes_of(&self, seqs: &[Seq]) -> Vec<SettledOutcome> {
        let ended = |seq: &Seq| {
            self.entries
                .get(&seq.0)
                .filter(|entry| entry.record.state != ActionState::Open)
        };
        seqs.iter()
            .filter_map(|seq| Some((*seq, ended(seq)?.record.outcome.clone()?)))
            .collect()
    }
}
