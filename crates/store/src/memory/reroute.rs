//! Rows that change to another provider, or become due earlier.

use std::sync::Arc;

use super::tables::Tables;
use crate::StoreError;
use crate::gate::Counters as _;
use crate::model::{ActionState, Charges, Hasten, Reroute, Rerouted};

impl Tables {
    pub(super) fn reroute(&mut self, change: &Reroute) -> Result<Rerouted, StoreError> {
        let seq = change.hold.seq;
        let is_held = self.entries.get(&seq.0).is_some_and(|entry| {
            entry.record.state == ActionState::Open && entry.hold() == change.hold
        });
        if !is_held {
            return Ok(Rerouted::Fenced);
        }
        for quota in change.needed() {
            if self.used(&quota.counter)? >= quota.max_actions {
                return Ok(Rerouted::NoRoom);
            }
        }
        self.charge_quotas(&change.quotas);
        self.refund(
            seq,
            &Charges {
                counters: change.refund.clone(),
                dedup: None,
            },
        );
        if let Some(entry) = self.entries.get_mut(&seq.0) {
            let record = &mut entry.record;
            record.provider = change.provider.clone();
            record.prepared = Some(Arc::clone(&change.prepared));
            record.charges = change.charges.clone();
            (record.in_flight, record.late_mark) = (false, None);
        }
        Ok(Rerouted::Written)
    }

    pub(super) fn hasten(&mut self, hasten: &Hasten) -> usize {
        let waits = |record: &crate::model::Record| {
            record.provider == hasten.provider
                && record.due_at > hasten.now
                && (record.attempts > 0 || record.not_before != record.due_at)
                && (hasten.maybe_sent || !record.possible_duplicate)
        };
        let unowned = self
            .open()
            .filter(|entry| entry.hold().owner.0 == 0 && waits(&entry.record));
        let mut found: Vec<_> = unowned
            .map(|entry| (entry.record.priority, entry.record.seq.0))
            .collect();
        found.sort_unstable();
        found.truncate(hasten.limit);
        for (_, seq) in &found {
            if let Some(entry) = self.entries.get_mut(seq) {
                entry.record.due_at = hasten.now;
            }
        }
        found.len()
    }
}
