//! Jobs: rows that wait for work, and which process has them.

use acteon_core::{BoxFuture, ProviderName, Timestamp};

use super::store::{MemoryStore, ready};
use super::tables::{JournalRow, Tables};
use crate::StoreError;
use crate::model::{Claim, Claimed, Freed, Hasten, Hold, OwnerId, Seq};
use crate::shares::OpenShare;
use crate::store::Jobs;

impl Jobs for MemoryStore {
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<Vec<Claimed>, StoreError>> {
        ready(Ok(self.lock().claim(&claim)))
    }

    fn next_due(
        &self,
        providers: &[ProviderName],
    ) -> BoxFuture<'_, Result<Option<Timestamp>, StoreError>> {
        let tables = self.lock();
        let waits =
            |entry: &&JournalRow| entry.owner == 0 && providers.contains(&entry.record.provider);
        ready(Ok(tables
            .open()
            .filter(waits)
            .map(|entry| entry.record.due_at)
            .min()))
    }

    fn owned(
        &self,
        owner: OwnerId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Hold>, StoreError>> {
        let tables = self.lock();
        let later = tables
            .entries
            .range(after.0.saturating_add(1)..)
            .map(|(_, entry)| entry);
        ready(Ok(later
            .filter(|entry| entry.owner == owner.0 && owner.0 != 0)
            .take(limit)
            .map(JournalRow::hold)
            .collect()))
    }

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> BoxFuture<'_, Result<Freed, StoreError>> {
        ready(Ok(self
            .lock()
            .free(now, |entry, _| holds.contains(&entry.hold()))))
    }

    fn hasten(&self, hasten: Hasten) -> BoxFuture<'_, Result<usize, StoreError>> {
        ready(Ok(self.lock().hasten(&hasten)))
    }

    fn open_shares(&self, due: Timestamp) -> BoxFuture<'_, Result<Vec<OpenShare>, StoreError>> {
        ready(Ok(self.lock().open_shares(due)))
    }
}

impl Tables {
    fn open_shares(&self, due: Timestamp) -> Vec<OpenShare> {
        let mut shares: Vec<OpenShare> = Vec::new();
        for entry in self.open() {
            let (tenant, provider) = (&entry.record.action.tenant, &entry.record.provider);
            let is_later = entry.record.not_before > due;
            let (now, later) = (usize::from(!is_later), usize::from(is_later));
            let oldest = Some(entry.record.accepted_at).filter(|_| !is_later);
            match shares
                .iter_mut()
                .find(|share| share.tenant == *tenant && share.provider == *provider)
            {
                Some(share) => {
                    (share.count, share.later, share.oldest) = (
                        share.count + now,
                        share.later + later,
                        share.oldest.into_iter().chain(oldest).min(),
                    );
                }
                None => shares.push(OpenShare {
                    tenant: tenant.clone(),
                    provider: provider.clone(),
                    count: now,
                    later,
                    oldest,
                }),
            }
        }
        shares
    }
}
