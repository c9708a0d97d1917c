//! Jobs: rows that wait for work, and which process has them.

use acteon_core::{ProviderName, Timestamp};

use super::store::{MemoryStore, ready};
use super::tables::{JournalRow, Tables};
use crate::model::{Claim, Claimed, Freed, Hasten, Hold, OwnerId, Seq};
use crate::shares::OpenShare;
use crate::store::{Jobs, Later};

impl Jobs for MemoryStore {
    fn claim(&self, claim: Claim) -> Later<'_, Vec<Claimed>> {
        ready(Ok(self.lock().claim(&claim)))
    }

    fn next_due(&self, providers: &[ProviderName]) -> Later<'_, Option<Timestamp>> {
        let tables = self.lock();
        let waits =
            |entry: &&JournalRow| entry.owner == 0 && providers.contains(&entry.record.provider);
        ready(Ok(tables
            .open()
            .filter(waits)
            .map(|entry| entry.record.due_at)
            .min()))
    }

    fn owned(&self, owner: OwnerId, after: Seq, limit: usize) -> Later<'_, Vec<Hold>> {
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

    fn free(&self, holds: Vec<Hold>, now: Timestamp) -> Later<'_, Freed> {
        ready(Ok(self
            .lock()
            .free(now, |entry, _| holds.contains(&entry.hold()))))
    }

    fn hasten(&self, hasten: Hasten) -> Later<'_, usize> {
        ready(Ok(self.lock().hasten(&hasten)))
    }

    fn open_shares(&self, due: Timestamp) -> Later<'_, Vec<OpenShare>> {
        ready(Ok(self.lock().open_shares(due)))
    }
}

impl Tables {
    fn open_shares(&self, due: Timestamp) -> Vec<OpenShare> {
        let mut shares: Vec<OpenShare> = Vec::new();
        for entry in self.open() {
            let (tenant, provider) = (&entry.record.action.tenant, &entry.record.provider);
            let oldest = Some(entry.record.accepted_at).filter(|_| entry.record.not_before <= due);
            match shares
                .iter_mut()
                .find(|share| share.tenant == *tenant && share.provider == *provider)
            {
                Some(share) => {
                    (share.count, share.oldest) = (
                        share.count + 1,
                        share.oldest.into_iter().chain(oldest).min(),
                    );
                }
                None => shares.push(OpenShare {
                    tenant: tenant.clone(),
                    provider: provider.clone(),
                    count: 1,
                    oldest,
                }),
            }
        }
        shares
    }
}
